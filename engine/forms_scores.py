"""What do a form's answers add up to, and may its scores be added up at all?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.diagnostics import Location, Problems, listed, nearest
from engine.forms import BAND_SUFFIX, Answers, Band, Code, Form, Item, Score
from engine.forms_walk import walk
from engine.reading import Node
from engine.texts import read_texts, require_languages
from engine.values import FactType, Kind


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tally:
    """A score of some answers: `total` and `band` are None until all `of` items have an answer that counts."""

    score: Score
    total: int | None
    band: Band | None
    answered: int
    of: int


def tallies(form: Form, answers: Answers) -> tuple[Tally, ...]:
    """Every score of a form, in its order. An item that is hidden has no answer, so what counts it has no sum."""
    facts = walk(form, answers).facts
    found = []
    for score in form.scores:
        total = facts.get(score.path)
        known = total if isinstance(total, int) else None
        band = score.band_of(known) if known is not None else None
        answered = sum(path in facts for path in score.weights)
        found.append(Tally(score=score, total=known, band=band, answered=answered, of=len(score.weights)))
    return tuple(found)


def score_types(scores: tuple[Score, ...]) -> dict[str, FactType]:
    """The facts that scores add to those of the items, by their own names."""
    sums = {score.id: FactType(Kind.NUMBER) for score in scores}
    bands = {s.id + BAND_SUFFIX: FactType(Kind.CHOICE, tuple(b.id for b in s.bands)) for s in scores if s.bands}
    return sums | bands


def compile_scores(document: Node, prefix: str, items: tuple[Item, ...], problems: Problems) -> tuple[Score, ...]:
    """The scores of a form's file; everything wrong is reported. One without sense keeps its name."""
    languages, known = document.texts("languages"), {item.id: item for item in items}
    _check_weights(document, known, problems)
    nodes = {node.text("id"): node for node in document["items"]}
    found = []
    for node in document.get("scores") or ():
        require_languages(node["title"], languages, problems)
        counted, whole = set(node.texts("items")), _can_be_counted(node, known, nodes, problems)
        score = Score(
            id=node.text("id"),
            path=f"{prefix}{node.text('id')}",
            title=read_texts(node["title"]),
            items=tuple(item.id for item in items if item.id in counted),
            weights={item.path: _weights(item) for item in items if item.id in counted},
            bands=tuple(_band(band, languages, problems) for band in node.get("bands") or ()),
            codes=read_codes(node),
        )
        if whole:
            _check_bands(score, node, problems)
        found.append(score)
    return tuple(found)


def read_codes(node: Node) -> tuple[Code, ...]:
    """The codes of an item or a score."""
    return tuple(Code(system=part.text("system"), code=part.text("code")) for part in node.get("codes") or ())


def report_twice(named: Iterable[tuple[str, Node]], problems: Problems) -> None:
    """Report every name that stands a second time, at the node that says it again."""
    seen: dict[str, Node] = {}
    for name, node in named:
        first = seen.setdefault(name, node)
        if first is not node:
            problems.report("FORM001", node.at, id=name, line=first.at.line)


def _can_be_counted(node: Node, known: Mapping[str, Item], nodes: Mapping[str, Node], problems: Problems) -> bool:
    """Whether every item of a score can be added up; each that cannot is reported."""
    whole = True
    report_twice(((part.raw, part) for part in node["items"]), problems)
    for part in node["items"]:
        item = known.get(part.raw)
        if item is None:
            hint, allowed = nearest(part.raw, known), listed(known, 30)
            problems.report("FORM020", part.at, item=part.raw, score=node.text("id"), hint=hint, allowed=allowed)
        elif not _is_weighted(item):
            _report_weightless(nodes[item.id], part.at, problems)
        whole = whole and item is not None and _is_weighted(item)
    return whole


def _report_weightless(item: Node, otherwise: Location, problems: Problems) -> None:
    """Every choice without a weight among those with one, where it stands; else the item, where it is counted."""
    choices = tuple(item.get("choices") or ())
    bare = [choice for choice in choices if "weight" not in choice]
    mixed = item.text("type") == "choice" and len(bare) < len(choices)
    for at in [choice.at for choice in bare] if mixed else [otherwise]:
        problems.report("FORM021", at, item=item.text("id"))


def _is_weighted(item: Item) -> bool:
    return item.type == "choice" and bool(item.choices) and all(choice.weight is not None for choice in item.choices)


def _weights(item: Item) -> dict[str, int]:
    return {choice.id: choice.weight for choice in item.choices if choice.weight is not None}


def _check_weights(document: Node, known: Mapping[str, Item], problems: Problems) -> None:
    """Weights stand on every choice of an item or on none, only where one is chosen, and some score counts them."""
    counted = {part.raw for score in document.get("scores") or () for part in score["items"]}
    for node in document["items"]:
        weighted = [choice for choice in node.get("choices") or () if "weight" in choice]
        item = known[node.text("id")]
        if weighted and item.type != "choice":
            problems.report("FORM007", weighted[0].entries["weight"].key_at, key="weight", type=item.type)
        elif weighted and item.id not in counted:
            at = weighted[0].entries["weight"].key_at
            if _is_weighted(item):
                problems.report("FORM023", at, item=item.id)
            else:
                _report_weightless(node, at, problems)


def _band(node: Node, languages: tuple[str, ...], problems: Problems) -> Band:
    require_languages(node["text"], languages, problems)
    return Band(id=node.text("id"), least=node.integer("from") or 0, text=read_texts(node["text"]))


def _check_bands(score: Score, node: Node, problems: Problems) -> None:
    """The first band begins at the least sum, each next one higher, and all of them where sums can be."""
    floor = score.least
    for place, (band, written) in enumerate(zip(score.bands, node.get("bands") or (), strict=True)):
        if not floor <= band.least <= score.most or (place == 0 and band.least != floor):
            limits = {"least": score.least, "most": score.most}
            problems.report("FORM022", written["from"].at, band=band.id, found=band.least, **limits)
        floor = band.least + 1
