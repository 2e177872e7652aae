"""Which schedule does a drug have where the patient is? A state may schedule what the country does not, or stricter.

The federal rules go by the federal schedule; a state's own rules, the common ones and a clinic's go by the stricter of
both (`drug.state_schedule`), where the state schedules anything itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from engine.conditions import Condition, Reference, Test, rewrite
from engine.diagnostics import Problems, nearest
from engine.drugs import Drug, stricter
from engine.law import SCHEDULES, Effect, LawFile, LawValue, Require, Rule
from engine.periods import Certainty
from engine.topics import Topics
from engine.values import Facts, Value

DRUG = "drug.name"
FEDERAL = "drug.schedule"
OF_THE_STATE = "drug.state_schedule"


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What a jurisdiction says of one drug: its dated entries."""

    jurisdiction: str
    topic: str
    entries: tuple[LawValue, ...]

    def on(self, day: str, certainty: Certainty) -> LawValue | None:
        """The entry that is so certainly in force on a day, the strictest where several are."""
        found = [entry for entry in self.entries if entry.period.on(day) is certainty]
        return min(found, key=lambda entry: SCHEDULES.index(str(entry.value)), default=None)


def scheduled(files: Iterable[LawFile], jurisdiction: str, drug: object) -> tuple[Scheduled, ...]:
    """What the files of a jurisdiction say of a drug."""
    found = []
    for file in files:
        if file.schedules and file.jurisdiction == jurisdiction:
            entries = tuple(entry for entry in file.schedules if entry.name == drug)
            found += [Scheduled(jurisdiction, file.topic, entries)] if entries else []
    return tuple(found)


def with_state_schedule(facts: Facts, found: Iterable[Scheduled], day: str) -> Mapping[str, Value]:
    """The fact that rules of the state go by; nothing where even the federal schedule is untold."""
    if FEDERAL not in facts:
        return {}
    strictest = cast("str | None", facts[FEDERAL])
    for one in found:
        entry = one.on(day, Certainty.SURE)
        strictest = stricter(strictest, str(entry.value) if entry else None)
    return {OF_THE_STATE: strictest}


def schedules_drugs(files: Iterable[LawFile], jurisdiction: str) -> bool:
    """Whether a jurisdiction schedules any drug itself."""
    return any(file.schedules for file in files if file.jurisdiction == jurisdiction)


def by_state_schedule(rule: Rule) -> Rule:
    """A rule that asks for the state's schedule where it asked for the schedule; the country's own stay as they are."""
    if "/" not in rule.jurisdiction and rule.jurisdiction != "clinic":
        return rule
    return replace(rule, condition=_asking(rule.condition), effects=tuple(map(_asked, rule.effects)))


def _asked(effect: Effect) -> Effect:
    if isinstance(effect, Require) and effect.met_by is not None:
        return replace(effect, met_by=_asking(effect.met_by))
    return effect


def _asking(condition: Condition) -> Condition:
    return rewrite(condition, _changed)


def _changed(part: Condition) -> Condition:
    if not isinstance(part, Test):
        return part
    if part.path == FEDERAL and not part.of_item:
        part = replace(part, path=OF_THE_STATE)
    if isinstance(part.operand, Reference) and part.operand.path == FEDERAL:
        part = replace(part, operand=replace(part.operand, path=OF_THE_STATE))
    return part


def check_schedules(files: Iterable[LawFile], topics: Topics, drugs: Mapping[str, Drug], problems: Problems) -> None:
    """Report schedules of drugs that nobody could ask about."""
    for file in files:
        for entry in file.schedules:
            if DRUG not in topics.topics[file.topic].inputs:
                reason, fix = f"the topic `{file.topic}` asks about no drug", "move it to the file on prescribing"
            elif entry.name not in drugs:
                reason = f"the drug base holds no `{entry.name}`{nearest(entry.name, drugs)}"
                fix = "use the generic name, small letters"
            elif "/" not in file.jurisdiction or file.jurisdiction.endswith("/common"):
                reason, fix = "this is no state", "a federal schedule stands in the drug base"
            else:
                continue
            problems.report("LAW024", entry.at, reason=reason, fix=fix)
