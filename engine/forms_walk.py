"""Which items does a form show for these answers?

One walk, stratum by stratum: an item is shown when its condition is true of the answers of items already known to be
shown. A hidden item's answer counts as untold, so nothing shown is ever retracted by an answer that nobody sees.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.forms import Answers, Form, Item, Score
from engine.values import BadValue, Facts, Value


@dataclass(frozen=True, slots=True, repr=False)
class Walk:
    """What a form shows: the items shown in order, those still undecided, and the facts their answers give."""

    shown: tuple[Item, ...]
    undecided: tuple[Item, ...]
    facts: Facts


def walk(form: Form, answers: Answers) -> Walk:
    """Walk a form; an answer that does not fit its item counts as none."""
    facts: dict[str, Value] = {}
    shown: list[Item] = []
    undecided: list[Item] = []
    open_items: set[str] = set()
    for item in form.items:  # the order of the file respects the strata: nothing waits for an item further down
        holds = item.shows(facts) if item.shows else True
        if holds:
            shown.append(item)
            if item.id not in answers:
                open_items.add(item.id)
            told(item, answers, facts)
            tell_scores((score for score in form.scores if score.items[-1] == item.id), facts)
        elif holds is None and open_items.intersection(item.needs):
            undecided.append(item)
            open_items.add(item.id)
    return Walk(tuple(shown), tuple(undecided), facts)


def told(item: Item, answers: Answers, facts: dict[str, Value]) -> None:
    """Put an item's answer among the facts, where there is one that fits."""
    value = fact_of(item, answers.get(item.id))
    if value is not None:
        facts[item.path] = value


def tell_scores(scores: Iterable[Score], facts: dict[str, Value]) -> None:
    """Put the sums among the facts, and the bands they fall in, where every item of a score has its answer."""
    for score in scores:
        chosen = [weights.get(str(facts.get(path))) for path, weights in score.weights.items()]
        counted = [weight for weight in chosen if weight is not None]
        if len(counted) == len(chosen):
            facts[score.path] = total = sum(counted)
            band = score.band_of(total)
            if band is not None:
                facts[score.band_path] = band.id


def fact_of(item: Item, answer: Any) -> Value:
    """The answer as a fact; None where it is blank (an empty text is), does not fit or does not count."""
    kind = item.fact_type
    if kind is None or answer is None or answer == "":
        return None
    try:
        return kind.read(answer)
    except BadValue:
        return None


def is_required(item: Item, facts: Facts) -> bool:
    """Whether a shown item must be answered; a condition that cannot be told yet does not ask for it."""
    if item.requires is not None:
        return item.requires(facts) is True
    return not item.optional


def live_answers(form: Form, answers: Answers) -> Mapping[str, Any]:
    """The answers of shown items only: what decisions and submissions may see."""
    return {item.id: answers[item.id] for item in walk(form, answers).shown if item.id in answers}
