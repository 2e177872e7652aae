"""Do the cases notice when the law is changed in one thing? A variant that no case notices is a case still to write.

A case is asked only where it could notice: its topic and place are reached by the change, and on its day, with its
facts, a changed rule says something else than before. Only the closures are asked: no case opens a gate.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.conditions import Always, Condition, Every, Negation, Some
from engine.conditions_closures import Closure, compile_condition
from engine.decide import decide
from engine.decisions import Question
from engine.diagnostics import BrokenInput
from engine.evaluators import ClosuresOnly
from engine.instances import Instance
from engine.law import Case, LawFile, Require
from engine.law_cases import asked_alone, expected, question, seen
from engine.mutations import Variant
from engine.periods import Certainty
from engine.questions import read_question
from engine.reading import Node
from engine.rulebook import LawPack, Rulebook, join
from engine.told_drugs import disputed
from engine.values import Facts

_CLOSURES = ClosuresOnly()


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a variant: the case that noticed it; `same` where no rule that could apply says anything else."""

    variant: Variant
    noticed: Case | None
    same: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    """A case ready to be asked again and again: its place, and the facts of each day that it asks about."""

    case: Case
    question: Question
    wanted: Mapping[str, object]
    jurisdiction: str
    days: Sequence[tuple[str, Facts]]


@dataclass(frozen=True, slots=True)
class _Judged:
    """An instance with its closures, to say what it adds to a decision."""

    instance: Instance
    condition: Closure
    met: tuple[Closure | None, ...]

    def says(self, day: str, facts: Facts) -> object:
        """What the instance adds on a day; None for nothing. An undecided one adds something of its own each time."""
        certainty = self.instance.period.on(day)
        if certainty is Certainty.NO:
            return None
        truth = self.condition(facts)
        if truth is False:
            return None
        if truth is None:
            return object()
        met = tuple(closure(facts) if closure else None for closure in self.met)
        plain = tuple(_without_met(effect) for effect in self.instance.effects)
        return self.instance.id, certainty, met, plain, self.instance.cited


class Trials:
    """The law, the cases, and which of them hold as the law stands."""

    def __init__(
        self, law: LawPack, cases: Iterable[Case], known: Mapping[str, Node], files: Sequence[LawFile] | None = None
    ) -> None:
        """`files`: those whose variants will be tried, all of the law where not given; other cases are not asked."""
        self._law = law
        self._rulebook = join(law)
        self._asked: dict[str, dict[str, list[_Asked]]] = {}
        self._noticed_in: dict[tuple[str, str], str] = {}  # by rule: where its last change was, asked first
        self.broken: list[Case] = []
        tried = [(file.topic, file.jurisdiction) for file in (law.files if files is None else files)]
        topics = {topic for topic, _ in tried}
        for case in (case for case in cases if case.topic in topics):
            self._add(case, known, [place for topic, place in tried if topic == case.topic])

    def of(self, variant: Variant) -> Trial:
        """Whether a case notices a variant; those of its own file are asked first."""
        file = next(file for file in self._law.files if file.file == variant.file.file)
        files = tuple(variant.file if one is file else one for one in self._law.files)
        rescheduled = variant.file.schedules != file.schedules  # that is no rule, and changes the facts themselves
        changed, same = join(replace(self._law, files=files)), not rescheduled
        places = self._asked.get(file.topic, {})
        about = (variant.file.file, variant.subject)
        for place in sorted(places, key=lambda name: name != self._noticed_in.get(about)):
            if not _reaches(file.jurisdiction, place):
                continue
            before, after = self._difference(changed, file.topic, place)
            same = same and not before and not after
            for one in sorted(places[place], key=lambda a: a.case.file != file.file):
                if (rescheduled or _could_notice(one, before, after)) and not _holds(one, changed):
                    self._noticed_in[about] = place
                    return Trial(variant, one.case)
        return Trial(variant, None, same)

    def _add(self, case: Case, known: Mapping[str, Node], tried: Sequence[str]) -> None:
        try:
            asked = question(case, known)
            read = read_question(self._rulebook, asked)
        except (BrokenInput, KeyError):  # an example that is not there, a fact that is none
            self.broken.append(case)
            return
        if not any(_reaches(place, read.jurisdiction or "") for place in tried):
            return
        days = tuple((day, read.on(day)) for day in read.days)
        ready = _Asked(case, asked, expected(case), read.jurisdiction or "", days)
        if not _holds(ready, self._rulebook):
            self.broken.append(case)
            return
        self._asked.setdefault(case.topic, {}).setdefault(ready.jurisdiction, []).append(ready)

    def _difference(self, changed: Rulebook, topic: str, place: str) -> tuple[list[_Judged], list[_Judged]]:
        """The instances that are only in the law as it stands, and only in the changed one.

        One without an effect, or that no facts can make apply (its law value says so), adds nothing and is left out.
        """
        before, after = (
            [one for one in book.instances(topic, place) if one.effects and _settled(one.condition) is not False]
            for book in (self._rulebook, changed)
        )
        gone = [_judged(one) for one in before if one not in after]
        return gone, [_judged(one) for one in after if one not in before]


def _reaches(jurisdiction: str, place: str) -> bool:
    """Whether a file's law can count in a place; the country's and what is common to all states does everywhere."""
    country = jurisdiction.partition("/")[0]
    everywhere = jurisdiction in (country, f"{country}/common")
    return place == jurisdiction or (everywhere and place.partition("/")[0] == country)


def _judged(instance: Instance) -> _Judged:
    met = tuple(e.met_by if isinstance(e, Require) else None for e in instance.effects)
    closures = tuple(compile_condition(condition) if condition is not None else None for condition in met)
    return _Judged(instance, compile_condition(instance.condition), closures)


def _settled(condition: Condition) -> bool | None:
    """Whether a condition holds or fails whatever the facts; None where they decide."""
    if isinstance(condition, Always):
        return condition.holds
    if isinstance(condition, Negation):
        part = _settled(condition.part)
        return None if part is None else not part
    if isinstance(condition, Every | Some):
        parts, decisive = {_settled(part) for part in condition.parts}, isinstance(condition, Some)
        return decisive if decisive in parts else None if None in parts else not decisive
    return None


def _without_met(effect: object) -> object:
    return replace(effect, met_by=None) if isinstance(effect, Require) else effect


def _could_notice(one: _Asked, before: Sequence[_Judged], after: Sequence[_Judged]) -> bool:
    """A question that tells a drug otherwise than the drug base has rules read in a way of its own: it is asked."""
    if any(disputed(facts) for _, facts in one.days):
        return bool(before or after)
    return any(
        [said for judged in before if (said := judged.says(day, facts)) is not None]
        != [said for judged in after if (said := judged.says(day, facts)) is not None]
        for day, facts in one.days
    )


def _holds(one: _Asked, rulebook: Rulebook) -> bool:
    book = rulebook.alone(asked_alone(one.case))
    return seen(decide(book, one.question, _CLOSURES), one.wanted) == one.wanted
