"""What of the law can an officer vouch for on a day, and what is wrong with what somebody is about to attest?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.attestations import Ground, recorded_faults
from engine.diagnostics import Diagnostic
from engine.law import Cited, LawFile
from engine.law_ordinary import WEAK
from engine.periods import Certainty, Period
from engine.reading import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A rule, or a value of a jurisdiction, as the law says it on a day: `told` is the value, `title` the rule's."""

    topic: str
    jurisdiction: str
    rule: str = ""
    title: str = ""
    value: str = ""
    told: Any = None
    cited: Cited
    period: Period

    def unsure(self, day: str) -> bool:
        """Whether vouching for it changes anything: it is of low confidence, or only perhaps in force."""
        return self.cited.confidence in WEAK or self.period.on(day) is Certainty.PERHAPS


def subjects(files: tuple[LawFile, ...], jurisdiction: str, day: str) -> Iterator[Subject]:
    """Everything of a jurisdiction's files that is in force on a day, surely or perhaps, and stands on a source."""
    for file in files:
        if file.jurisdiction != jurisdiction:
            continue
        place = {"topic": file.topic, "jurisdiction": jurisdiction}
        for one in file.values:
            if one.cited.sources and one.period.on(day) is not Certainty.NO:
                told = list(one.value) if isinstance(one.value, tuple) else one.value
                yield Subject(**place, value=one.name, told=told, cited=one.cited, period=one.period)
        for rule in file.rules:
            if rule.cited.sources and rule.period.on(day) is not Certainty.NO:
                yield Subject(**place, rule=rule.id, title=rule.title, cited=rule.cited, period=rule.period)


def subject(files: tuple[LawFile, ...], jurisdiction: str, name: str, day: str) -> Subject | None:
    """The rule of that id, or the value of that name, on a day; None where there is none."""
    found = (one for one in subjects(files, jurisdiction, day) if name in (one.rule, one.value))
    return next(found, None)


def faults(node: Node, ground: Ground) -> tuple[Diagnostic, ...]:
    """Why what is about to be attested attests nothing."""
    return recorded_faults(node, ground)
