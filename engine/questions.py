"""What exactly is being asked? A question is read, typed and completed before any rule sees it."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, cast

from engine.amounts import amounts
from engine.decisions import Question
from engine.diagnostics import BrokenInput, Location, Problems, listed, nearest
from engine.happened import check_happened
from engine.known import check_known
from engine.local_dates import is_zone, last_instant, local_date, offset
from engine.rulebook import Rulebook
from engine.schedules import DRUG, FEDERAL, OF_THE_STATE, Scheduled, scheduled, with_state_schedule
from engine.told_drugs import APPROVED, CLASSES, TOLD, differing
from engine.values import BadValue, Facts, FactType, Kind, Value, instant_text, read_instant
from engine.vocabulary import read_facts
from engine.zones import zip_place

STATE = "patient.location.state"
COUNTRY = "patient.location.country"
ZONE = "patient.location.time_zone"
POSTAL_CODE = "patient.location.postal_code"
ATTESTED = "patient.location.attested"
STAGE = "encounter.stage"
HOME_COUNTRY = "us"
"""The country of every state that the vocabulary lists: a told state tells it; without one it is unknown."""

_A_COUNTRY = re.compile(r"[a-z]{2}\Z")
BEFORE_ATTESTING = "book"
"""The only stage at which a place counts that nobody attested: an attestation is never presumed."""
_KEYS = tuple(part.name for part in fields(Question))
_WORKED_OUT = frozenset(
    {"patient.jurisdiction", "patient.age", "encounter.date", "encounter.year", "encounter.instant"}
)
_DERIVED_FROM = {"patient.age": "patient.birth_date", OF_THE_STATE: FEDERAL}


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A question ready to be judged. `moments` holds one local date, or several where the time zone is untold.

    With each day stands the last instant that is asked about. Without a jurisdiction, `place_missing` is the fact to
    tell; none where the place was told to be unattested. `stage_untold`: no topic of a gate may go by the place.
    """

    topic: str
    facts: Facts
    presumed: Mapping[str, Value]
    jurisdiction: str | None
    moments: Mapping[str, str]
    place_missing: str = ""
    stage_untold: bool = False
    unknown_drug: bool = False
    scheduled: tuple[Scheduled, ...] = ()

    @property
    def days(self) -> tuple[str, ...]:
        """The local dates, in order."""
        return tuple(self.moments)

    def on(self, day: str) -> dict[str, Value]:
        """The facts with those that depend on the day."""
        moment: dict[str, Value] = {
            "encounter.date": day,
            "encounter.year": int(day[:4]),
            "encounter.instant": self.moments[day],
        }
        facts = {**self.facts, **moment}
        facts.update(with_state_schedule(facts, self.scheduled, day))
        born = self.facts.get("patient.birth_date")
        if born is not None:
            facts["patient.age"] = age(str(born), day)
        return facts


def age(born: str, day: str) -> int:
    """Completed years on a day; a birthday on 29 February is completed on 1 March in other years."""
    return int(day[:4]) - int(born[:4]) - (day[5:] < born[5:])


def told_path(path: str) -> str:
    """The path that a person can tell, for one that the engine works out."""
    return _DERIVED_FROM.get(path, path)


def read_question(rulebook: Rulebook, question: Question | Mapping[str, Any]) -> Asked:
    """Check and complete a question; raises `BrokenInput` with every problem."""
    try:
        return _read(rulebook, question)
    except BrokenInput:
        _check_readable(question)
        raise


def _read(rulebook: Rulebook, question: Question | Mapping[str, Any]) -> Asked:
    problems = Problems()
    given = question if isinstance(question, Question) else _from_json(question, problems)
    if given is not None and not isinstance(question, Question):
        _check_clinic(rulebook, given, problems)
    problems.stop_if_broken()
    assert given is not None
    if given.topic not in rulebook.topics.topics:
        known = rulebook.topics.topics
        at, hint = Location("question", path="topic"), nearest(given.topic, known)
        problems.report("LAW001", at, topic=given.topic, hint=hint, allowed=listed(known))
    if given.known_at is not None:
        check_known(rulebook.law.known, given.known_at, problems)
    facts = read_facts(rulebook.vocabulary, given.facts, problems)
    if not _plain((given.clinic, *facts.values())):
        _check_readable(question)
    for path, value in rulebook.overlay.told.items() if rulebook.overlay else ():
        facts.setdefault(path, value)
    unknown_drug = _complete_drug(rulebook, facts, problems)
    _complete_amounts(rulebook, facts, problems)
    presumed = {f.path: f.presumed for f in rulebook.vocabulary.presumptions if f.may_be_presumed(facts)}
    facts.update(presumed)
    state = facts.get(STATE)
    country = str(facts.setdefault(COUNTRY, HOME_COUNTRY)) if state is not None else str(facts.get(COUNTRY, ""))
    if COUNTRY in facts and not _A_COUNTRY.match(country):
        _wrong(problems, COUNTRY, "it is no code of a country", "give two small letters, such as us")
    moments = _moments(rulebook, given.on, facts, problems)
    if moments:
        check_happened(rulebook.vocabulary.happened, facts, max(moments), problems)
        place = f"{country}/{str(state).lower()}" if state else ""
        _check_derived(facts, moments, given.on, place, problems)
        _check_state_schedule(rulebook, facts, moments, place, problems)
    problems.stop_if_broken()
    if country not in (HOME_COUNTRY, ""):
        return Asked(given.topic, facts, presumed, country, moments, unknown_drug=unknown_drug)
    unattested = _unattested(rulebook, facts)
    if state is None or (unattested and STAGE in facts):
        lacks = STATE if state is None else "" if ATTESTED in facts else ATTESTED
        return Asked(given.topic, facts, presumed, None, moments, lacks)
    jurisdiction = f"{country}/{str(state).lower()}"
    facts["patient.jurisdiction"] = jurisdiction
    own = scheduled(rulebook.law.scheduling, jurisdiction, facts.get(DRUG))
    return Asked(given.topic, facts, presumed, jurisdiction, moments, "", unattested, unknown_drug, own)


def _complete_amounts(rulebook: Rulebook, facts: dict[str, Value], problems: Problems) -> None:
    """Add what the prescription comes to; what was told of that stands only where it is the same."""
    for path, found in amounts(facts).items():
        if path in rulebook.vocabulary.facts and facts.setdefault(path, found) != found:
            _wrong(problems, path, "days, refills or equivalents say otherwise", "leave it out: it is worked out")


def _unattested(rulebook: Rulebook, facts: Facts) -> bool:
    """Whether nobody attested the place and it is not told to be for booking, so that it may count for nothing.

    Where the vocabulary knows no stages, or nothing of attesting, there is nothing to wait for.
    """
    known = rulebook.vocabulary.facts
    if ATTESTED not in known or STAGE not in known:
        return False
    return facts.get(ATTESTED) is not True and facts.get(STAGE) != BEFORE_ATTESTING


def _check_derived(facts: Facts, moments: Mapping[str, str], on: str, jurisdiction: str, problems: Problems) -> None:
    """Report what was told of a fact that the engine works out, where it works out another: it is never overwritten."""
    if _WORKED_OUT.isdisjoint(facts):
        return
    born = facts.get("patient.birth_date")
    instants = (
        [*moments.values()] if len(on) != 10 else [i for i in (facts.get("encounter.instant"),) if _on(i, moments)]
    )
    worked_out: dict[str, Collection[Value]] = {
        "patient.jurisdiction": [jurisdiction] if jurisdiction else [],
        "patient.age": [age(str(born), day) for day in moments] if born is not None else [],
        "encounter.date": moments,
        "encounter.year": [int(day[:4]) for day in moments],
        "encounter.instant": instants or [*moments.values()],
    }
    for path, found in worked_out.items():
        if facts.get(path) is not None and found and facts[path] not in found:
            _wrong(problems, path, "the question itself says otherwise", "leave it out: it is worked out")


def _check_state_schedule(
    rulebook: Rulebook, facts: Facts, moments: Mapping[str, str], jurisdiction: str, problems: Problems
) -> None:
    """Report a schedule in the state that is none there: a milder one would loosen, and a stricter one be lost."""
    if OF_THE_STATE not in facts or not jurisdiction:
        return
    own = scheduled(rulebook.law.files, jurisdiction, facts.get(DRUG))
    found = [with_state_schedule(facts, own, day) for day in moments]
    if not any(facts[OF_THE_STATE] == one.get(OF_THE_STATE, facts[OF_THE_STATE]) for one in found):
        _wrong(problems, OF_THE_STATE, "drug and state give another one", "leave it out: it is worked out")


def _on(instant: Value, moments: Mapping[str, str]) -> bool:
    """Whether an instant lies in one of the local days that end at these moments; a day has 25 hours at most."""
    if instant is None:
        return False
    told, ends = read_instant(str(instant)), map(read_instant, moments.values())
    return any(end - timedelta(hours=25) < told <= end for end in ends)


def _check_clinic(rulebook: Rulebook, given: Question, problems: Problems) -> None:
    """What is a clinic's own is asked of a clinic."""
    topic = rulebook.topics.topics.get(given.topic)
    if topic is not None and topic.carried_by == "clinic" and given.clinic is None:
        reason, fix = "this topic is a clinic's own", "name the clinic"
        problems.report("ASK003", Location("question", path="clinic"), key="clinic", reason=reason, fix=fix)


def _from_json(given: object, problems: Problems) -> Question | None:
    if not isinstance(given, Mapping):
        problems.report("ASK001", Location("question"), found=type(given).__name__)
        return None
    for key in given:
        if key not in _KEYS:
            at, hint = Location("question", path=str(key)), nearest(str(key), _KEYS)
            problems.report("ASK002", at, key=key, hint=hint, allowed=listed(_KEYS))
    expected = {"topic": str, "on": str, "facts": Mapping, "known_at": str | None, "clinic": str | None}
    for key, kind in expected.items():
        if not isinstance(given.get(key), kind):
            reason = "it is missing" if key not in given else "it has the wrong type"
            fix = "see the shape of a question in the docs"
            problems.report("ASK003", Location("question", path=key), key=key, reason=reason, fix=fix)
    if problems.errors:
        return None
    return Question(**cast("dict[str, Any]", dict(given)))


def _complete_drug(rulebook: Rulebook, facts: dict[str, Value], problems: Problems) -> bool:
    """Fill in what the drug base knows of the drug that is named; whether a name was told that it does not hold.

    What the question tells otherwise stands beside it (`engine.told_drugs`) and can only tighten. A name that the base
    does not hold is as good as untold, for no rule about a drug could be sure of it.
    """
    for path in TOLD.values():
        facts.pop(path, None)
    written = facts.get(DRUG)
    if written is None:
        return False
    if not str(written).strip():
        _wrong(problems, DRUG, "the name is empty", "give the generic name, or leave it out")
    drug = rulebook.law.drug_names.find(str(written))
    if drug is None:
        del facts[DRUG]
        return True
    if drug.controlled and facts.get(FEDERAL, drug.schedule) is None:
        reason = "the drug base holds this drug as controlled"
        _wrong(problems, FEDERAL, reason, "leave the schedule out, or give it")
    held: Facts = {FEDERAL: drug.schedule, CLASSES: drug.classes, APPROVED: drug.approved_for_oud}
    facts.update({**differing(held, facts, rulebook.classes_asked()), **held, DRUG: drug.name})
    return False


def _wrong(problems: Problems, path: str, reason: str, fix: str) -> None:
    problems.report("VOC002", Location("facts", path=path), path=path, reason=reason, fix=fix)


def _moments(rulebook: Rulebook, on: str, facts: dict[str, Value], problems: Problems) -> Mapping[str, str]:
    """The local dates that are asked about, each with the last instant asked about."""
    try:
        if len(on) == 10:
            day = str(FactType(Kind.DATE).read(on))
            zones = _zones(rulebook, read_instant(f"{day}T12:00:00Z"), facts, problems)
            return {day: instant_text(last_instant(day, zones))} if zones else {}
        instant = read_instant(on)
        zones = _zones(rulebook, instant, facts, problems)
        days = sorted({local_date(instant, name) for name in zones})
        return dict.fromkeys(days, instant_text(instant))
    except (BadValue, OverflowError) as error:
        at = Location("question", path="on")
        problems.report("ASK003", at, key="on", reason=error, fix="write 2026-03-05T10:00:00-05:00 or a local day")
        return {}


def _zones(rulebook: Rulebook, instant: datetime, facts: dict[str, Value], problems: Problems) -> tuple[str, ...]:
    """The zones that the place may be in: that of its ZIP code, else the one told, else all of the state.

    A zone that was told must keep the same time as one of the state's; the ZIP code has the last word.
    """
    state, told = str(facts.get(STATE, "")), facts.get(ZONE)
    if told is not None and not is_zone(str(told)):
        problems.report("VOC005", Location("facts", path=ZONE), zone="the one given")
        return ()
    place = zip_place(str(facts.get(POSTAL_CODE, "")))
    if place is not None and state and place.state != state:
        _wrong(problems, POSTAL_CODE, "it lies in another state than the one told", "correct the ZIP code or the state")
    if place is not None and place.state == state:
        facts[ZONE] = place.time_zone
        return (place.time_zone,)
    zones = rulebook.law.zones.of(state)
    if told is None:
        return zones
    if state in rulebook.law.zones.by_state and offset(instant, str(told)) not in {offset(instant, z) for z in zones}:
        _wrong(problems, ZONE, "no part of the state keeps this time", "leave the zone out, or give the ZIP code")
        return ()
    return (str(told),)


def _plain(values: Iterable[Any]) -> bool:
    """Whether all texts among values as they were read are ASCII, as they nearly always are."""
    for value in values:
        kind = type(value)
        if kind is str:
            if not value.isascii():
                return False
        elif kind is tuple:
            if value and not _plain(value):
                return False
        elif kind is dict and not _plain(value.values()):
            return False
    return True


def _check_readable(question: Question | Mapping[str, Any]) -> None:
    """Refuse a question with a text that cannot be written."""
    told = (question.topic, question.on, question.facts) if isinstance(question, Question) else question
    if not _readable(told):
        problems = Problems()
        problems.report("ASK001", Location("question"), found="text with half a surrogate pair")
        problems.stop_if_broken()


def _readable(given: object) -> bool:
    """Whether every text of a question can be written, however deep it lies: half a surrogate pair cannot."""
    left = [given]
    while left:
        part = left.pop()
        if isinstance(part, str):
            if not part.isascii() and any("\ud800" <= letter <= "\udfff" for letter in part):
                return False
        elif isinstance(part, Mapping):
            left += [*part, *part.values()]
        elif isinstance(part, list | tuple):
            left += part
    return True
