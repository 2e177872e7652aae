"""When must a duty be met that the law asks for after a gate, and from when on is the clinic called to it?

A term in minutes or hours counts from the instant of its event. A term in days, weeks, months or years leaves out the
event's own day and ends with its last day, where the patient is (the way of Fed. R. Civ. P. 6(a), but never longer for
a weekend); where the zone is not known, with the zone in which that day ends first.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.decisions import PASSING
from engine.due_points import ENCOUNTER, GATE_OF_EVENT
from engine.gates import GateQuestion, GateVerdict
from engine.local_dates import is_zone, last_instant, local_date
from engine.ports import JSON, DutyDue
from engine.questions import STATE, ZONE
from engine.rulebook import Rulebook
from engine.values import read_duration, read_instant, shift

LONGEST_LEAD = timedelta(days=1)
_LEAD_PART = 4
_TERM = re.compile(r"within (\d+) (minute|hour|day|week|month|year)s? of ([a-z_]+)")
_ELAPSED = {"minute": 60, "hour": 3600}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long after which event: `within 72 hours of encounter`."""

    count: int
    unit: str
    event: str


def read_term(due: str) -> Term | None:
    """The term that a `due` says; None for the point before a gate."""
    match = _TERM.fullmatch(due)
    return Term(count=int(match[1]), unit=match[2], event=match[3]) if match else None


def due_between(term: Term, event: datetime, zones: Iterable[str]) -> tuple[datetime, datetime] | None:
    """From when on the clinic is called to a duty, and from when on it is too late; None beyond the calendar.

    Hours are called for when a quarter of them is left, a day at most; days when the last one begins.
    """
    try:
        if term.unit in _ELAPSED:
            length = timedelta(seconds=term.count * _ELAPSED[term.unit])
            return event + length - min(length / _LEAD_PART, LONGEST_LEAD), event + length
        return min(_last_day(term, event, zone) for zone in zones)
    except (OverflowError, ValueError):  # more than the calendar, or than five digits of a unit
        return None


def _last_day(term: Term, event: datetime, zone: str) -> tuple[datetime, datetime]:
    """The beginning and the end of a term's last day in a zone."""
    day = shift(local_date(event, zone), read_duration(f"{term.count} {term.unit}"), 1)
    before = shift(day, read_duration("1 day"), -1)
    return last_instant(before, (zone,)) + _SECOND, last_instant(day, (zone,)) + _SECOND


def duties_due(rulebook: Rulebook, verdict: GateVerdict, question: GateQuestion) -> tuple[DutyDue, ...]:
    """The duties that an open gate hands on, with their instants (UTC); a shut gate lets nothing happen that owes any.

    A duty whose event stands behind another gate is left to that gate where it asks the same topic. A topic that is
    asked for the duties due at this very gate alone was handed on by the gate that asks it in full.
    """
    if not verdict.open:
        return ()
    asks, found = rulebook.topics.gates[verdict.gate].asks, list[DutyDue]()
    for topic, duty in verdict.handed_on():
        term = read_term(duty["due"])
        if term is None or topic not in asks or _is_left_to_another(rulebook, verdict.gate, topic, term):
            continue
        event = _event(term, asks[topic], question)
        between = due_between(term, event, _zones(rulebook, question.facts))
        if between is not None:
            call_at, over_at = between
            found.append(DutyDue(topic=topic, duty=duty["duty"], due=duty["due"], call_at=call_at, over_at=over_at))
    return tuple(found)


def _is_left_to_another(rulebook: Rulebook, gate: str, topic: str, term: Term) -> bool:
    other = rulebook.topics.gates.get(GATE_OF_EVENT.get(term.event, gate))
    return other is not None and other.name != gate and topic in other.asks


def _event(term: Term, asks: str, question: GateQuestion) -> datetime:
    """When the event is: an encounter that has not begun is at the instant its topic asks about, all else is now."""
    if term.event != ENCOUNTER:
        return read_instant(question.now)
    return read_instant(question.encounter or question.instant(asks))


def _zones(rulebook: Rulebook, facts: JSON) -> tuple[str, ...]:
    """The zone told, else all of the state."""
    told = _told(facts, ZONE)
    return (told,) if is_zone(told) else rulebook.law.zones.of(_told(facts, STATE))


def _told(facts: JSON, path: str) -> str:
    place: object = facts
    for name in path.split("."):
        place = place.get(name) if isinstance(place, Mapping) else None
    return place if isinstance(place, str) else ""


def is_owed(decisions: Mapping[str, JSON], topic: str, duty: str, due: str) -> bool:
    """Whether a gate's decisions (JSON by topic), asked again, leave a duty open that was owed before.

    It is settled only where its own topic was answered and the answer lists it as met, or passes without it: then the
    law, with what is known by now, asks for it no more. A duty that is now due at another time is the same duty. All
    else leaves it open: no answer, another topic's answer, one that forbids, is incomplete or waits for a person.
    """
    decision = decisions.get(topic)
    if decision is None:
        return True
    same = [entry for entry in decision["duties"] if entry["duty"] == duty]
    exactly = [entry for entry in same if entry["due"] == due]
    if same:
        return not all(entry["met"] for entry in exactly or same)
    return decision["outcome"] not in PASSING
