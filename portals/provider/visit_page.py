"""Everything about one visit on one screen, read in one transaction of the clinician who opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from engine.consent_text import GUARDIAN
from engine.drugs import DrugNames
from portals.base.check_words import check_words
from portals.provider.alerts import alert_views, gate_views
from portals.provider.chart import ChartSource, PatientCard, chart_view, fact_words
from portals.provider.desk import Desk, held_by, visit_type_title
from portals.provider.drug_safety import not_compared_words, pharmacist, safety_cards, source_words
from portals.provider.duties import duties_made, duty_forms
from portals.provider.formulary import BaseDrug
from portals.provider.law import GateView, LawWords, law_panel
from portals.provider.lists_panel import lists_view
from portals.provider.monitoring_panel import monitoring_panel
from portals.provider.note_form import missing_fields, note_sections
from portals.provider.offers import handed_view
from portals.provider.orders_page import RxSource, prescribe_view
from portals.provider.told import answered_forms
from portals.provider.views import (
    ENDED,
    AlertView,
    CallView,
    CaseLine,
    CaseView,
    DutyForm,
    NoteVersion,
    NoteView,
    OrderView,
    TaskView,
    VisitView,
)
from portals.provider.words import day_in, say_in
from records.stages import DOCUMENTING, HANDED, IN_LINE
from records.tech_checks import KeptCheck

JOINABLE = ("in_call",)
OPEN_CASES = ("submitted", "in_review", "more_asked", "documenting", "blocked")
CARE = ("in_call", "in_review", "more_asked", "documenting")
BEFORE_CARE = ("draft", "held", "booked", "preparing", "ready", *IN_LINE, "submitted", "blocked")
OVER = ("documenting", "completed", "cancelled", "no_show", "escalated", "refused", "expired")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Shown:
    """What the address or a post adds to the screen: a drug search, a form sent back, text kept from a conflict."""

    query: str = ""
    pick: str = ""
    change: str = ""
    rx_form: Mapping[str, str] | None = None
    rx_problems: Mapping[str, str] = field(default_factory=dict)
    note_kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the screen takes from the installation rather than from the visit.

    ``taken_up`` is the signed note that the visit's workflow knows of, None where it did not answer;
    ``lifts`` is which facts that a prescriber may state lift a rule.
    """

    words: LawWords
    drugs: Mapping[str, BaseDrug]
    names: DrugNames
    pharmacies: Sequence[Any]
    finished: frozenset[str] | None = None
    open_steps: frozenset[str] = frozenset()
    taken_up: str | None = None
    lifts: Callable[[str], Sequence[str]] = lambda _rule: ()


def place_of(visit: Any) -> str:
    """The code of the state that the patient is in as far as they said, empty while nobody did."""
    place = visit.attested_place or visit.booked_place
    return (place.state or "") if place else ""


def visit_view(desk: Desk, visit_id: str, house: House, shown: Shown) -> VisitView:
    """The whole screen."""
    visit = desk.scope.visits.get(visit_id)
    gates = gate_views(desk.scope.gates.for_visit(visit_id), held_by(desk))
    source = chart_source(desk, visit, desk.scope.people.patient(visit.patient))
    note = note_view(desk, visit, shown.note_kept)
    say = say_in(desk.fmt.language)
    place, care, kept = place_of(visit), visit.stage in CARE and not note.signed, _kept_check(desk, visit)
    monitoring = monitoring_panel(desk, visit_id, place, house.drugs, care)
    looker = pharmacist(desk, visit, house.names)
    allergy_words, codes = _list_words(source, desk.fmt.language)
    rx = RxSource(
        formulary=desk.of_visit(visit_id).specialty.formulary,
        base=house.drugs,
        pharmacies=house.pharmacies,
        orders=looker.orders,
        gates=gates,
        allergy_words=allergy_words,
        pharmacist=looker,
        cards=lambda found: safety_cards(found, codes, desk),
        care=care,
        place=place,
        lifts=house.lifts,
        not_compared=not_compared_words(looker.not_compared, desk, codes),
        from_where=source_words(desk),
        looked=monitoring.asked if monitoring.counts else "",
        query=shown.query,
        pick=shown.pick,
        change=shown.change,
        form=shown.rx_form,
        problems=shown.rx_problems,
    )
    prescribe = prescribe_view(_with_course(desk, visit_id, rx), house.words, say, desk.fmt)
    alerts = alert_views(desk, desk.scope.alerts.open(visit_id), house.words)
    return VisitView(
        id=visit_id,
        stage=visit.stage,
        visit_type=visit_type_title(desk.content, visit, desk.fmt.language),
        starts=desk.fmt.moment(visit.starts_at, desk.zone) if visit.starts_at else "",
        chart=chart_view(source, desk.t, desk.fmt),
        acted=_acted(desk, visit_id),
        handed=handed_view(desk, visit_id),
        may_hand_off=visit.stage in HANDED,
        has_requests=_has_requests(desk, visit_id),
        call=_call(desk, visit, kept),
        case=_case(desk, visit),
        messages=desk.scope.conversations.at_visit(visit_id),
        law=law_panel(_standing(gates, looker.orders), house.words, say, day_in(desk.fmt)),
        note=note,
        unfinished=bool(note.signed) and visit.stage == DOCUMENTING and house.taken_up == "",
        prescribe=prescribe,
        lists=lists_view(desk, looker, codes, visit.stage in (*BEFORE_CARE, *CARE)),
        monitoring=monitoring if care or monitoring.outcome else None,
        tasks=_tasks(desk, visit, house, prescribe.orders, tried=kept is not None and not kept.check.is_skipped),
        alerts=alerts,
        duties=_uncalled(duty_forms(desk, visit_id, gates, house.words), alerts),
        duties_made=duties_made(desk, visit_id, house.words),
        will_happen=_will_happen(desk, visit, prescribe.orders),
        revision=desk.scope.visits.changes(visit_id),
    )


def _with_course(desk: Desk, visit: str, rx: RxSource) -> RxSource:
    """With what the patient was prescribed at other visits, and how times and names are said."""
    return replace(
        rx,
        earlier=desk.scope.orders.of_patient(visit, with_cancelled=True),
        moment=lambda at: desk.fmt.moment(at, desk.zone),
        name=desk.scope.people.name,
    )


def _uncalled(forms: Sequence[DutyForm], alerts: Sequence[AlertView]) -> tuple[DutyForm, ...]:
    """The duties that no task above calls for."""
    called = {one.key for alert in alerts for one in alert.duties}
    return tuple(one for one in forms if one.key not in called)


def _has_requests(desk: Desk, visit: str) -> bool:
    """Whether the visit's plan issues referrals or tests."""
    return any(step.kind in ("refer", "order") for step in desk.scope.visits.plan(visit).steps)


def _list_words(source: ChartSource, language: str) -> tuple[dict[str, str], dict[str, str]]:
    """The forms' own words for allergies, and for medicines and allergies together."""
    forms = [form for form, _ in source.forms]
    allergies = fact_words(forms, "patient.allergies", language)
    return allergies, fact_words(forms, "patient.medications", language) | allergies


def _acted(desk: Desk, visit: str) -> str:
    """Who acts for the patient at this visit and as what, in a sentence; empty where the patient acts alone."""
    found = desk.scope.relationships.at_visit(visit)
    if found is None:
        return ""
    kind, relation = desk.t(f"acting.kinds.{found.kind}"), desk.t(f"acting.relations.{found.relation}")
    if found.kind == GUARDIAN and found.holds:
        return desk.t("acting.at_desk_guardian", name=found.name, relation=relation.lower())
    return desk.t(
        "acting.at_desk" if found.holds else "acting.at_desk_over", name=found.name, kind=kind, relation=relation
    )


def _place_by(desk: Desk, visit: Any) -> str:
    """The name of who told the patient's place for them; empty where the patient did, or nobody yet."""
    told = [one.actor for one in desk.scope.visits.events(visit.visit) if one.event == "place_attested"]
    if not told or told[-1] == visit.patient:
        return ""
    found = desk.scope.relationships.at_visit(visit.visit)
    return found.name if found else ""


def _standing(gates: Sequence[GateView], orders: Sequence[Any]) -> tuple[GateView, ...]:
    """The gates that still say something: not those of prescriptions that were taken back or refused."""
    ended = {one.order for one in orders if one.stands in ENDED}
    return tuple(gate for gate in gates if gate.order not in ended)


def note_view(desk: Desk, visit: Any, kept: Mapping[str, str]) -> NoteView:
    """The note as it stands, with the template of the visit's specialty."""
    note = desk.scope.notes.current(visit.visit)
    sections = note_sections(desk.of_visit(visit.visit).specialty.note, note.fields if note else {}, desk.fmt.language)
    labels = {field.name: field.label for _, fields in sections for field in fields}
    saved = {field.name: field.value for _, fields in sections for field in fields}
    conflict = {labels[name]: text for name, text in kept.items() if name in labels and not _same(text, saved[name])}
    if note is None:
        return NoteView(id="", version=0, sections=sections, missing=missing_fields(sections), conflict=conflict)
    signed = note.state == "signed"
    return NoteView(
        id=note.note,
        version=note.version,
        sections=sections,
        saved=desk.fmt.time(note.saved_at, desk.zone),
        signed=desk.fmt.moment(note.signed_at, desk.zone) if signed and note.signed_at else "",
        signed_by=desk.scope.people.name(note.signed_by) if signed and note.signed_by else "",
        signer=note.signed_by or "",
        missing=missing_fields(sections),
        versions=_versions(desk, note.note),
        addenda=tuple(
            (desk.fmt.moment(one.at, desk.zone), desk.scope.people.name(one.author), one.text) for one in note.addenda
        ),
        conflict=conflict,
    )


def _same(typed: str, saved: str) -> bool:
    return typed.replace("\r\n", "\n").strip() == saved.strip()


def _versions(desk: Desk, note: str) -> tuple[NoteVersion, ...]:
    earlier = sorted(desk.scope.notes.versions(note), key=lambda one: -one.version)[1:]
    return tuple(
        NoteVersion(
            number=one.version, at=desk.fmt.time(one.saved_at, desk.zone), by=desk.scope.people.name(one.author)
        )
        for one in earlier
    )


def chart_source(desk: Desk, visit: Any, patient: Any) -> ChartSource:
    """What the chart of a visit is made of."""
    content = desk.of_visit(visit.visit)
    card = PatientCard(name=patient.name, birth_date=patient.birth_date, language=patient.language, phone=patient.phone)
    return ChartSource(
        patient=card,
        booked=visit.booked_place,
        attested=visit.attested_place,
        dossier=desk.scope.visits.dossier(visit.visit),
        forms=answered_forms(desk, visit.visit, content),
        now=desk.now,
        files=desk.scope.blobs.for_visit(visit.visit),
        refused=desk.scope.late_refusals.for_visit(visit.visit),
        place_by=_place_by(desk, visit),
    )


def _call(desk: Desk, visit: Any, kept: KeptCheck | None) -> CallView:
    check = "" if visit.stage in OVER else _check(desk, visit, kept)
    recordable = desk.scope.visits.plan(visit.visit).recordable
    return replace(_call_act(desk, visit), check=check, recordable=recordable)


def _kept_check(desk: Desk, visit: Any) -> KeptCheck | None:
    """The newest check of the patient's device, of a visit with a call."""
    has_call = not desk.scope.visits.plan(visit.visit).answer_within_seconds
    return desk.scope.checks.latest(visit.visit) if has_call else None


def _check(desk: Desk, visit: Any, kept: KeptCheck | None) -> str:
    """How the patient's device did when it was tried, in a sentence; empty where there is no call to try it for."""
    if desk.scope.visits.plan(visit.visit).answer_within_seconds:
        return ""
    if kept is None:
        return desk.t("check.at_desk_none")
    return f"{desk.t('check.at_desk', time=desk.fmt.moment(kept.at, desk.zone))}: {check_words(kept.check, desk.t)}"


def _call_act(desk: Desk, visit: Any) -> CallView:
    if visit.stage == "waiting":
        return CallView(act="admit")
    if visit.stage == "away":
        return CallView(act="away")
    if visit.stage == "called_back":
        found = desk.scope.visits.waiting(visit.visit)
        until = desk.fmt.time(found.until, desk.zone) if found and found.until else ""
        return CallView(act="called", until=until)
    if visit.stage == "blocked":
        return CallView(act="blocked")
    if visit.stage in JOINABLE:
        entered = desk.scope.links.room_pass(visit.visit) is not None
        return CallView(act="enter" if entered else "join", entered=entered)
    if visit.stage in OVER:
        return CallView(act="over" if visit.room is not None or visit.encounter_at is not None else "never")
    return CallView(act="wait")


def _case(desk: Desk, visit: Any) -> CaseView | None:
    """The case of a visit without a call, None of one with a call."""
    if not desk.scope.visits.plan(visit.visit).answer_within_seconds:
        return None
    clock = desk.scope.cases.clock(visit.visit)
    due = clock.due if clock is not None and visit.stage in OPEN_CASES else None
    return CaseView(
        due=desk.fmt.moment(due, desk.zone) if due is not None else "",
        late=due is not None and due < desk.now,
        thread=tuple(
            CaseLine(by_patient=one.by_patient, text=one.text, at=desk.fmt.moment(one.at, desk.zone), asked=one.asked)
            for one in desk.scope.cases.thread(visit.visit, unasked=True)
        ),
    )


def _tasks(desk: Desk, visit: Any, house: House, orders: Sequence[OrderView], *, tried: bool) -> tuple[TaskView, ...]:
    """The plan's steps; ``tried``: the patient tried their device, which holds nobody up who did not."""
    if house.finished is None:
        return ()
    unsent = sum(1 for one in orders if one.may_discard)
    lines = []
    for step in desk.scope.visits.plan(visit.visit).steps:
        state = "done" if step.id in house.finished else "now" if step.id in house.open_steps else "later"
        text = desk.t(f"provider.step.{step.kind}")
        if step.kind == "prescribe" and unsent:  # the workflow waits for no prescription; a person has to
            state, text = "now", desk.t("provider.step.prescribe_unsent", count=unsent)
        elif step.kind == "prescribe" and visit.stage in BEFORE_CARE:
            state = "later"
        elif step.kind == "tech_check" and state == "done" and not tried:
            state = "skipped"
        lines.append(TaskView(text=text, state=state))
    return tuple(lines)


def _will_happen(desk: Desk, visit: Any, orders: Sequence[OrderView]) -> tuple[str, ...]:
    t = desk.t
    unsent = sum(1 for one in orders if one.may_send)
    kept = sum(1 for one in orders if one.may_discard and not one.may_send)
    lines = [t("provider.sign.note_kept"), t("provider.sign.gate")]
    if visit.price_cents:
        lines.append(t("provider.sign.pay", amount=desk.fmt.money(visit.price_cents, visit.currency)))
    if unsent:
        lines.append(t("provider.sign.send_one") if unsent == 1 else t("provider.sign.send", count=unsent))
    if kept:
        lines.append(t("provider.sign.kept_one") if kept == 1 else t("provider.sign.kept", count=kept))
    return (*lines, t("provider.sign.summary"), t("provider.sign.shut_note"))
