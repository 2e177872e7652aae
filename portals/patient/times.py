"""Which times a patient is offered: free slots of clinicians whose ``book`` gate is open for the stated place.

The search asks the law once per clinician and local day (closures only: nothing is opened here; booking asks both
engines again). When nobody may see the patient, the nearest refusal is handed back with its law.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.dossier import Dossier, PatientFacts, Place, ProviderFacts
from engine.hours_blocks import LIMITS
from engine.plans import VisitPlan
from engine.ports import GateKeeper, GateRecord
from engine.slots import USUAL_AHEAD, Kind, SlotQuery, Span, WeekHours, Working, open_slots
from records.people import ProviderView

PAGE_DAYS = 7
MOST_WEEKS = -(-LIMITS["days_ahead"] // PAGE_DAYS)
AHEAD = timedelta(days=LIMITS["days_ahead"])
BACK = timedelta(days=7)
LEAD = timedelta(minutes=2)
GRACE = timedelta(minutes=30)
"""How much later than a clinician's notice a time may be booked that was offered in time: somebody had to sign up."""
SOONEST = 6
# Far enough from the calendar's ends that an instant of them can be shown in any zone and counted with.
YEARS = range(2000, 3000)
WORST_FIRST = ("forbidden", "incomplete", "review", "permitted_with_duties", "permitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """One free time with one clinician."""

    provider: str
    name: str
    profession: str
    start: datetime

    @property
    def value(self) -> str:
        """What the form sends: the clinician's id and the start in UTC."""
        return f"{self.provider}|{self.start.astimezone(UTC).isoformat()}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sought:
    """The patient a time is looked for, as far as the law asks at booking."""

    person: str
    birth_date: date | None
    residence_state: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Search:
    """What is looked for: who offers, what, where the patient will be, and in which week from now (0 the next days).

    ``day`` wants every time of one local day, ``only`` the times of one clinician.
    """

    clinic: str
    plan: VisitPlan
    place: Place
    hours: WeekHours
    time_zone: str
    now: datetime
    patient: Sought | None = None
    working: Mapping[str, Working] = field(default_factory=dict)
    week: int = 0
    day: date | None = None
    only: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The patient's own."""
        return ZoneInfo(self.place.time_zone or self.time_zone)

    @property
    def window(self) -> Span:
        """What is looked through: whole days of the patient's calendar, and of today what is left."""
        today = self.now.astimezone(self.zone).date()
        begins, ends = (_midnight(today, PAGE_DAYS * week, self.zone) for week in (self.week, self.week + 1))
        return Span(max(begins, self.now), ends)

    @property
    def furthest(self) -> int:
        """The last week in which anybody can be booked."""
        days = max((one.limits.days_ahead for one in self.working.values()), default=USUAL_AHEAD)
        return min(days, LIMITS["days_ahead"]) // PAGE_DAYS

    def works(self, provider: str) -> Working:
        """When a clinician works; the clinic's hours where nothing else is known."""
        return self.working.get(provider) or Working(hours=self.hours, time_zone=self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The soonest times, some for each local day of the patient, and the refusal when the law leaves none.

    With ``day`` every time of that day. ``clinicians`` are the ids and names of all who have a time in the week.
    """

    soonest: tuple[Time, ...]
    days: Mapping[date, tuple[Time, ...]]
    refusal: GateRecord | None
    week: int = 0
    furthest: int = 0
    jumped: bool = False
    day: date | None = None
    only: str = ""
    clinicians: tuple[tuple[str, str], ...] = ()


def find_times(
    search: Search, providers: Sequence[ProviderView], taken: Mapping[str, Sequence[Span]], gates: GateKeeper
) -> Found:
    """The times offered. ``taken`` holds what each clinician's calendar already has."""
    zone = search.zone
    refusals: list[GateRecord] = []
    times: list[Time] = []
    for provider in providers:
        asked: dict[date, bool] = {}
        for slot in _free(search, provider, taken.get(provider.person, ())):
            day = slot.start.astimezone(zone).date()
            if day not in asked:
                record = book_gate(search, provider, slot.start, gates)
                asked[day] = record.open
                refusals.extend([] if record.open else [record])
            if asked[day]:
                times.append(_time(provider, slot))
    times.sort(key=lambda one: (one.start, one.name))
    shown = [one for one in times if search.only in ("", one.provider)]
    return Found(
        soonest=tuple(shown[:SOONEST]),
        days=_whole_day(shown, zone, search.day) if search.day else _by_day(shown, zone),
        refusal=None if times else nearest_refusal(refusals),
        week=search.week,
        furthest=search.furthest,
        day=search.day,
        only=search.only,
        clinicians=tuple(sorted({(one.provider, one.name) for one in times}, key=lambda one: (one[1], one[0]))),
    )


def find_next_times(
    search: Search, providers: Sequence[ProviderView], taken: Mapping[str, Sequence[Span]], gates: GateKeeper
) -> Found:
    """The times of the first week from the one that is asked for in which anybody is free; the last one's without."""
    if search.only not in {one.person for one in providers}:
        search = replace(search, only="")
    found = find_times(search, providers, taken, gates)
    if search.day and not found.days:
        search = replace(search, day=None)
        found = find_times(search, providers, taken, gates)
    while not found.days and found.refusal is None and found.week < found.furthest:
        search = replace(search, week=search.week + 1)
        found = replace(find_times(search, providers, taken, gates), jumped=True)
    return found


def week_of(search: Search, wanted: datetime) -> int:
    """In which week of a search an instant lies."""
    days = (wanted.astimezone(search.zone).date() - search.now.astimezone(search.zone).date()).days
    return min(max(days // PAGE_DAYS, 0), MOST_WEEKS)


def week_named(search: Search, text: str) -> int:
    """The week that an address names; the first where it names none."""
    return min(int(text), search.furthest) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def narrowed(search: Search, week: str, day: str, only: str) -> Search:
    """The search as an address narrows it: to a week, to every time of a day within reach, to one clinician."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        return replace(search, week=week_named(search, week), only=only)
    ahead = (wanted - search.now.astimezone(search.zone).date()).days
    if not 0 <= ahead // PAGE_DAYS <= search.furthest:
        return replace(search, week=week_named(search, week), only=only)
    return replace(search, week=ahead // PAGE_DAYS, day=wanted, only=only)


def next_best(found: Found, wanted: datetime) -> Time | None:
    """The offered time that is nearest to one that is not to be had; the earlier of two."""
    times = {
        (one.start, one.provider): one for one in (*found.soonest, *(one for day in found.days.values() for one in day))
    }
    return min(times.values(), key=lambda one: (abs(one.start - wanted), one.start, one.name), default=None)


def book_gate(search: Search, provider: ProviderView, start: datetime, gates: GateKeeper) -> GateRecord:
    """What the law says of such a visit with a clinician, beginning at an instant."""
    return gates.ask(_dossier(search, provider, start), "book", search.now)


def search_span(search: Search) -> Span:
    """The part of the calendar that a search looks at, and what comes after it where it finds nobody free."""
    window = search.window
    last = timedelta(days=PAGE_DAYS * max(search.furthest - search.week, 0) + 1)
    return Span(window.start - timedelta(days=1), window.end + last)


def _free(search: Search, provider: ProviderView, taken: Sequence[Span]) -> tuple[Span, ...]:
    if not offers(search.plan, provider):
        return ()
    working, window = search.works(provider.person), search.window
    limits = working.limits
    earliest = search.now + max(LEAD, timedelta(minutes=limits.notice))
    latest = min(window.end, search.now + timedelta(days=limits.days_ahead))
    query = SlotQuery(
        hours=working.hours.only(kind_of(search.plan)),
        time_zone=working.time_zone,
        duration=timedelta(seconds=search.plan.duration_seconds),
        now=window.start,
        horizon=latest - window.start,
        lead=max(earliest - window.start, timedelta(0)),
        buffer=max(timedelta(seconds=search.plan.buffer_seconds), timedelta(minutes=limits.after)),
        before=timedelta(minutes=limits.before),
        full=_full_days(working, taken),
    )
    return tuple(one for one in open_slots(query, (*taken, *working.off)) if one.start < window.end)


def _full_days(working: Working, taken: Sequence[Span]) -> frozenset[date]:
    """The days of the clinician's calendar that have as many visits as they want."""
    if not working.limits.daily:
        return frozenset()
    before = timedelta(minutes=working.limits.before)
    visits = Counter(working.day_of(one.start + before) for one in taken)
    return frozenset(day for day, count in visits.items() if count >= working.limits.daily)


def kind_of(plan: VisitPlan) -> Kind:
    """What is booked, as hours of work tell visits apart."""
    return Kind(visit_type=f"{plan.specialty}/{plan.visit_type}", modality=plan.modality)


def typed_instant(text: str) -> datetime | None:
    """The instant, in UTC, that a form or a cookie names; nothing for anything but an ISO instant of our years."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo and found.year in YEARS else None


def is_within_reach(start: datetime, now: datetime) -> bool:
    """Whether the search looks that far ahead; a time is never much older than the page it was taken from."""
    return now - BACK <= start <= now + AHEAD


def gives_out(working: Working, plan: VisitPlan, start: datetime, now: datetime | None = None) -> bool:
    """Whether a visit of that plan can begin at that instant, other visits aside: within the hours, and on the grid.

    With ``now`` also whether it is neither sooner nor further ahead than the clinician wants.
    """
    if now is not None and not _in_good_time(working, start, now):
        return False
    query = SlotQuery(
        hours=working.hours.only(kind_of(plan)),
        time_zone=working.time_zone,
        duration=timedelta(seconds=plan.duration_seconds),
        now=start,
        horizon=timedelta(days=1),  # so that hours which go on after midnight are seen whole
        lead=timedelta(0),
    )
    return any(slot.start == start for slot in open_slots(query, working.off))


def _in_good_time(working: Working, start: datetime, now: datetime) -> bool:
    soonest = now + max(timedelta(minutes=working.limits.notice) - GRACE, timedelta(0))
    return soonest <= start <= now + timedelta(days=working.limits.days_ahead)


def _midnight(today: date, days: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(today + timedelta(days=days), time(), zone).astimezone(UTC)


def offers(plan: VisitPlan, provider: ProviderView) -> bool:
    """Whether a clinician offers such a visit at all."""
    offers_it = not provider.visit_types or f"{plan.specialty}/{plan.visit_type}" in provider.visit_types
    return provider.active and offers_it and (not plan.professions or provider.profession in plan.professions)


def _dossier(search: Search, provider: ProviderView, start: datetime) -> Dossier:
    patient = search.patient
    return Dossier(
        clinic=search.clinic,
        visit="",
        specialty=search.plan.specialty,
        visit_type=search.plan.visit_type,
        modality=search.plan.modality,
        encounter_kind="new",
        payer="self_pay",
        recording=search.plan.recording,
        starts_at=start,
        encounter_at=None,
        patient=PatientFacts(
            person=patient.person if patient else "",
            birth_date=patient.birth_date if patient else None,
            residence_state=patient.residence_state if patient else None,
            booked_place=search.place,
            attested_place=None,
        ),
        provider=ProviderFacts(
            person=provider.person,
            profession=provider.profession,
            home_state=provider.home_state,
            place=provider.place,
            licenses=provider.licenses,
            dea=provider.dea,
            extra=provider.extra,
        ),
        consents=(),
        established=False,
        established_via=None,
    )


def _time(provider: ProviderView, slot: Span) -> Time:
    return Time(provider=provider.person, name=provider.display_name, profession=provider.profession, start=slot.start)


def _by_day(times: Sequence[Time], zone: ZoneInfo) -> dict[date, tuple[Time, ...]]:
    """One time for each hour of each day, shared out among the clinicians who have one.

    Whose it is depends on the hour and on who is free in it, on nothing else: the same page, loaded again, says the
    same, and a time that was taken changes no other hour.
    """
    hours: dict[datetime, list[Time]] = {}
    for one in times:
        local = one.start.astimezone(zone)
        hours.setdefault(local.replace(minute=0, second=0, microsecond=0), []).append(one)
    days: dict[date, list[Time]] = {}
    for hour, offered in hours.items():
        who = sorted({one.provider for one in offered})
        turn = who[(hour.toordinal() + hour.hour) % len(who)]
        days.setdefault(hour.date(), []).append(next(one for one in offered if one.provider == turn))
    return {day: tuple(found) for day, found in days.items()}


def _whole_day(times: Sequence[Time], zone: ZoneInfo, day: date) -> dict[date, tuple[Time, ...]]:
    found = tuple(one for one in times if one.start.astimezone(zone).date() == day)
    return {day: found} if found else {}


def nearest_refusal(refusals: Sequence[GateRecord]) -> GateRecord | None:
    """The mildest refusal: what a person could still settle comes before what the law forbids."""

    def mildness(record: GateRecord) -> int:
        outcomes = {str(decision.get("outcome", "review")) for decision in record.decisions.values()} or {"review"}
        return next(index for index, outcome in enumerate(WORST_FIRST) if outcome in outcomes)

    return max(refusals, key=mildness, default=None)
