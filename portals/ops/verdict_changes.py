"""What changed between two verdicts of the same gate: outcomes, duties, rules, what was not known, the law itself.

Everything is told out of the two answers as their reader may see them; where a part is withheld nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.law.plain import PlainLaw
from portals.ops.words import said
from portals.provider.law import place_of, plain
from records.replays import Verdict

JSON = Mapping[str, Any]
_SAID = ("forbids", "permits", "duties", "review", "tried", "limits", "advice")
SHORT = 19  # of a digest: its kind and enough signs to tell it from others


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """In whose words: a language with its formats, the zone of the clock, the law's own words.

    ``names_state`` says whether the place that the law was asked for is named.
    """

    language: str
    zone: str
    words: PlainLaw
    names_state: bool = False

    def say(self, key: str, **values: object) -> str:
        return translator(self.language)(f"replay.change.{key}", **values)


def changes(before: Verdict, after: Verdict, tell: Teller) -> tuple[str, ...]:
    """Each change in a sentence, none when the second verdict says the same."""
    return tuple(_changes(before, after, tell))


def state_of(verdict: Verdict, language: str) -> str:
    """The state whose law was asked, by name; empty where no rule of the answer is one of a state."""
    code = code_of(verdict)
    return said(language, "state", code, code) if code else ""


def code_of(verdict: Verdict) -> str:
    """The same state by its code."""
    rules = (str(entry.get("rule", "")) for one in verdict.decisions.values() for entry in _entries(one, _SAID))
    return next((place.partition("/")[2].upper() for place in map(place_of, rules) if place), "")


def _changes(before: Verdict, after: Verdict, tell: Teller) -> Iterator[str]:
    if tell.names_state:
        old, new = state_of(before, tell.language), state_of(after, tell.language)
        if new and old and new != old:
            yield tell.say("state", before=old, after=new)
    yield from _outcomes(before, after, tell)
    yield from _rules(before, after, tell)
    yield from _duties(before, after, tell)
    yield from _missing(before, after, tell)
    if before.law and after.law and before.law != after.law:
        yield tell.say("law", before=before.law[:SHORT], after=after.law[:SHORT])
    if before.law_time and after.law_time and before.law_time != after.law_time:
        day = Formats(tell.language).iso_day
        yield tell.say("day", before=day(before.law_time), after=day(after.law_time))


def _outcomes(before: Verdict, after: Verdict, tell: Teller) -> Iterator[str]:
    for topic, outcome in after.outcomes.items():
        was = before.outcomes.get(topic, "")
        if was and was != outcome:
            told = {"topic": said(tell.language, "ops.topic", topic)}
            told |= {"before": said(tell.language, "ops.outcome", was)}
            yield tell.say("outcome", after=said(tell.language, "ops.outcome", outcome), **told)


def _rules(before: Verdict, after: Verdict, tell: Teller) -> Iterator[str]:
    """Rules that stop, allow or leave it open in one of the two and not in the other."""
    for part in ("forbids", "permits", "review"):
        old, new = _by(before, part, "rule"), _by(after, part, "rule")
        for rule, entry in new.items():
            if rule not in old:
                yield tell.say(f"{part}_now", rule=_title(rule, entry, tell))
        for rule, entry in old.items():
            if rule not in new:
                yield tell.say(f"{part}_gone", rule=_title(rule, entry, tell))


def _duties(before: Verdict, after: Verdict, tell: Teller) -> Iterator[str]:
    old, new = _by(before, "duties", "duty"), _by(after, "duties", "duty")
    for duty, entry in new.items():
        words = _sentence(tell.words.duty_sentence, duty)
        met, was_met = entry.get("met"), old.get(duty, {}).get("met")
        if duty not in old:
            yield tell.say("duty_new", duty=words)
        elif met is not None and met != was_met:
            yield tell.say("duty_met" if met else "duty_unmet", duty=words)
    for duty in old:
        if duty not in new:
            yield tell.say("duty_gone", duty=_sentence(tell.words.duty_sentence, duty))


def _missing(before: Verdict, after: Verdict, tell: Teller) -> Iterator[str]:
    """Facts that were not known and are now, or the other way."""
    old, new = _lacking(before), _lacking(after)
    for path in sorted(old - new):
        yield tell.say("known", fact=_sentence(tell.words.fact_sentence, path))
    for path in sorted(new - old):
        yield tell.say("unknown", fact=_sentence(tell.words.fact_sentence, path))


def _lacking(verdict: Verdict) -> set[str]:
    return {str(path) for one in verdict.decisions.values() for path in one.get("missing", ())}


def _by(verdict: Verdict, part: str, name: str) -> dict[str, JSON]:
    return {str(entry[name]): entry for one in verdict.decisions.values() for entry in _entries(one, (part,))}


def _entries(decision: JSON, parts: Iterable[str]) -> Iterator[JSON]:
    for part in parts:
        yield from decision.get(part, ())


def _title(rule: str, entry: JSON, tell: Teller) -> str:
    return tell.words.rule_title(rule) or str(entry.get("title") or "") or plain(rule)


def _sentence(find: Callable[[str], str | None], code: str) -> str:
    return (find(code) or plain(code)).rstrip(".")


def asked_before(at: datetime, tell: Teller) -> str:
    """When the gate was asked before, by the clock with its seconds."""
    return tell.say("since", time=Formats(tell.language).seconds(at, tell.zone))
