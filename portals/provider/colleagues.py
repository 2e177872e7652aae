"""Which colleague may take a visit, and who of them is free now; of each who may or is not, why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.plans import VisitPlan
from engine.ports import GateKeeper
from engine.slots import Span, Working
from engine.visits_asynchronous import WITHOUT_A_CALL
from portals.provider.chart import language_name
from portals.provider.desk import Desk
from portals.provider.held import Held
from portals.provider.law import GateView, LawWords, law_card
from portals.provider.words import day_in, say_in
from records.handoffs import Load
from records.people import ProviderView
from records.stages import CASES, IN_LINE

NOW_STAGES = frozenset({*IN_LINE, "blocked", *CASES})
SHORTLY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Colleague:
    """A clinician of the clinic. ``why`` says what keeps them from it, empty for one who may be asked; ``note`` what to
    know of one who may; ``fits`` that the law lets them see this patient now."""

    person: str
    name: str
    profession: str
    languages: str
    why: str = ""
    note: str = ""
    fits: bool = False
    speaks: bool = False

    @property
    def free(self) -> bool:
        return not self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for: the visit and its plan, and when it is to be seen; ``opening`` are the clinic's hours."""

    visit: Any
    plan: VisitPlan
    language: str
    span: Span
    meets: bool
    is_now: bool


def wanted(desk: Desk, visit: Any) -> Wanted:
    """The visit, and the stretch of time that a colleague would need for it."""
    is_now = visit.stage in NOW_STAGES or visit.starts_at <= desk.now
    start = desk.now if is_now else visit.starts_at
    return Wanted(
        visit=visit,
        plan=desk.scope.visits.plan(visit.visit),
        language=desk.scope.people.patient(visit.patient).language,
        span=Span(start, start + (SHORTLY if is_now else visit.ends_at - visit.starts_at)),
        meets=visit.modality not in WITHOUT_A_CALL,
        is_now=is_now,
    )


def colleagues(
    desk: Desk,
    sought: Wanted,
    law: tuple[GateKeeper, LawWords],
    known: tuple[Mapping[str, Load], Mapping[str, Working]],
) -> tuple[Colleague, ...]:
    """Everybody but whoever has the visit: first who is free, of these first who speaks the patient's language."""
    loads, hours = known
    found = [
        _colleague(desk, sought, one, (law, loads.get(one.person, Load()), hours.get(one.person)))
        for one in desk.scope.people.providers()
        if one.active and one.person != desk.person
    ]
    return tuple(sorted(found, key=lambda one: (not one.free, not one.fits, not one.speaks, one.name)))


def _colleague(
    desk: Desk,
    sought: Wanted,
    one: ProviderView,
    around: tuple[tuple[GateKeeper, LawWords], Load, Working | None],
) -> Colleague:
    law, load, working = around
    refusal = _practice(desk, sought, one) or _lawful(desk, sought, one, law)
    why = refusal or _time(desk, sought, one, (load, working))
    return Colleague(
        person=one.person,
        name=one.display_name,
        profession=one.profession,
        languages=", ".join(language_name(code, desk.fmt.language) for code in one.languages),
        why=why,
        note="" if why else _note(desk, sought, load),
        fits=not refusal,
        speaks=sought.language in one.languages,
    )


def _practice(desk: Desk, sought: Wanted, one: ProviderView) -> str:
    plan = sought.plan
    if plan.professions and one.profession not in plan.professions:
        return desk.t("handing.why.profession", profession=one.profession)
    if one.visit_types and f"{plan.specialty}/{plan.visit_type}" not in one.visit_types:
        return desk.t("handing.why.visit_type")
    return ""


def _lawful(desk: Desk, sought: Wanted, one: ProviderView, law: tuple[GateKeeper, LawWords]) -> str:
    """What the law says of this colleague, in a sentence; empty where it lets them. Closures only: nothing opens."""
    gates, words = law
    gate = "join" if sought.visit.stage in (*IN_LINE, *CASES) else "book"
    record = gates.ask(desk.scope.visits.dossier_with(sought.visit.visit, one.person), gate, desk.now)
    if record.open:
        return ""
    held = Held(profession=one.profession, licenses=one.licenses)
    view = GateView(record="", gate=gate, open=False, decisions=record.decisions, held=held)
    card = law_card(view, words, say_in(desk.fmt.language), day_in(desk.fmt))
    return next((reason.text for reason in card.reasons), card.verdict)


def _time(desk: Desk, sought: Wanted, one: ProviderView, at: tuple[Load, Working | None]) -> str:
    load, working = at
    if not sought.meets:
        return ""
    if working is not None and not working.covers(sought.span):
        return desk.t("handing.why.hours_now" if sought.is_now else "handing.why.hours_then")
    if sought.is_now:
        return desk.t("handing.why.in_call") if load.in_call else ""
    taken = desk.scope.slots.taken(one.person, sought.span.start, sought.span.end)
    busy = any(slot.starts_at < sought.span.end and sought.span.start < slot.ends_at for slot in taken)
    return desk.t("handing.why.taken") if busy else ""


def _note(desk: Desk, sought: Wanted, load: Load) -> str:
    if not sought.meets:
        return desk.t("handing.note.cases", count=load.cases)
    if sought.is_now:
        return desk.t("handing.note.waiting", count=load.waiting) if load.waiting else desk.t("handing.note.free")
    return desk.t("handing.note.free_then")


def working_hours(offered: Mapping[str, Any], clinic: Any) -> dict[str, Working]:
    """When each clinician works; the clinic's own hours where they have none of theirs."""
    return {person: one.working(clinic.hours, clinic.time_zone) for person, one in offered.items()}
