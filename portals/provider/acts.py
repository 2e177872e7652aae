"""What a clinician does to a visit: let in, join, end, write, prescribe, sign. Every act works without a script.

After a change the browser is sent to the visit's screen with the code of a sentence (``?said=``), never with a text.
What the clinician asks of the visit goes to its workflow; what they write goes to records first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.safety import Finding
from portals.auth.guards import require_fresh
from portals.base.again import Said, send_again
from portals.base.i18n import translator
from portals.base.requests import deps_of, field, form_of, request_id, rulebook_of
from portals.base.templating import go
from portals.base.visitor import visitor
from portals.call.entering import take_link
from portals.law.plain import PlainLaw
from portals.provider.alerts import gate_views
from portals.provider.asking import ask, at_order
from portals.provider.desk import Desk
from portals.provider.drug_base import drugs_of
from portals.provider.drug_safety import acknowledged, pharmacist, refuses, stops
from portals.provider.duties import Marked, mark
from portals.provider.formulary import BaseDrug
from portals.provider.monitoring_panel import could_not_be_asked
from portals.provider.note_form import note_key, read_note
from portals.provider.opening import at_desk, only_texts, provider_session, visit_screen
from portals.provider.orders_page import chosen_drug, order_values
from portals.provider.prescription_form import TypedPrescription, read_prescription
from portals.provider.rx_amounts import amount_warnings, amounts_acknowledged
from portals.provider.safety import unread_allergies
from portals.provider.visit_page import Shown, note_view, place_of
from records.errors import AlreadyDone, Conflict, LinkRefused
from records.notes import NoteDraft, NoteSaved
from records.orders import OrderDraft
from records.stages import IN_REVIEW, MORE_ASKED, SUBMITTED
from workflows.contracts import Answer, Ask, finishing

_LABELS = {"drug": "search", "pdmp": "pdmp_not"}  # whose label is called otherwise than its field

router = APIRouter(prefix="/visits/{visit}", include_in_schema=False)


@router.post("/admit")
async def admit(request: Request, visit: str) -> Response:
    """Lets the patient in: the gate is asked, a room is opened."""
    has_room = await at_desk(request, lambda desk: desk.scope.visits.get(visit).stage != SUBMITTED)
    answer = await _ask(request, visit, "admit")
    return _back(visit, ("admitted" if has_room else "case_opened") if answer.done else answer.code, "call")


@router.post("/call-back")
async def call_back(request: Request, visit: str) -> Response:
    """Tells a patient who left the waiting room that it is their turn."""
    answer = await _ask(request, visit, "call_back")
    return _back(visit, "called_back" if answer.done else answer.code, "call")


@router.post("/join")
async def join(request: Request, visit: str) -> Response:
    """Asks to join and takes the single-use link at once: it is the same person, session and post."""
    session = provider_session(request)
    participant = await at_desk(request, lambda desk: desk.scope.visits.participant_of(visit, session.person).id)
    answer = await _ask(request, visit, "join", participant)
    if not answer.done:
        return _back(visit, answer.code, "call")
    with contextlib.suppress(LinkRefused):  # the same press twice: the first one used the link and left the pass
        await at_desk(request, lambda desk: take_link(desk.scope, answer.made))
    return _back(visit, "", "call")


@router.post("/end")
async def end(request: Request, visit: str) -> Response:
    """Ends the call for everybody."""
    answer = await _ask(request, visit, "end_call")
    return _back(visit, "ended" if answer.done else answer.code, "note")


@router.post("/note")
async def note(request: Request, visit: str) -> Response:
    """Saves the note as a new version. A script gets JSON; a conflict keeps what was typed and shows both."""
    provider_session(request)
    typed = only_texts(await request.form())
    wants_json = "application/json" in request.headers.get("accept", "")
    try:
        saved = await at_desk(request, lambda desk: _save_note(desk, visit, typed))
    except AlreadyDone:
        return JSONResponse({"code": "signed"}, status_code=409) if wants_json else _back(visit, "conflict", "note")
    except Conflict as conflict:
        if wants_json:
            return JSONResponse({"code": "conflict", "version": conflict.current}, status_code=409)
        said = Said(values={"note_kept": typed}, status=409)
        again = send_again(request, said, f"/staff/visits/{visit}?said=conflict#note")
        return again or await visit_screen(request, visit, Shown(note_kept=typed), "conflict", 409)
    if not wants_json:
        return _back(visit, "saved", "note")
    return JSONResponse(
        {"version": saved.version, "saved": await at_desk(request, lambda desk: _saved_words(desk, saved))}
    )


@router.post("/addendum")
async def addendum(request: Request, visit: str) -> Response:
    """Adds to the signed note."""
    provider_session(request)
    form = await form_of(request)
    text, key = field(form, "text"), request_id(form)  # the same form twice is one addition
    if not text:
        return _back(visit, "empty", "note")
    added = await at_desk(request, lambda desk: _add(desk, visit, text, key))
    return _back(visit, "added" if added else "not_now", "note")


@router.post("/orders")
async def draft_order(request: Request, visit: str) -> Response:
    """Keeps a prescription as a draft; nothing is sent, no law asked yet."""
    provider_session(request)
    typed = only_texts(await form_of(request))
    read = read_prescription(typed)
    problems, amounts = read.problems, dict[str, str]()
    if read.typed is not None:
        prescription = read.typed
        sent = (prescription, request_id(typed), typed.get("replaces", ""))  # the same form twice is one prescription
        amounts = {} if prescription.amounts_reason else amount_warnings(prescription, visitor(request).language)
        problems = {} if amounts else await at_desk(request, lambda desk: _draft(request, desk, visit, sent))
        if not problems and not amounts:
            return _back(visit, "drafted", "prescribe")
    words = {**_problem_words(request, problems), **amounts}
    said = Said(values={"rx_form": typed, "rx_problems": words}, status=422)
    again = send_again(request, said, f"/staff/visits/{visit}#prescribe")
    return again or await visit_screen(request, visit, Shown(rx_form=typed, rx_problems=words), "", 422)


@router.post("/orders/{order}/send")
async def send_order(request: Request, visit: str, order: str) -> Response:
    """Asks the law, then the simulated network; a warning that nobody has acknowledged stops it before."""
    provider_session(request)
    await require_fresh(request, "send_prescription")
    if await at_desk(request, lambda desk: _unread(request, desk, visit, order)):
        return at_order(visit, order, "allergy_unread")
    answer = await _ask(request, visit, "prescribe", order)
    return at_order(visit, order, answer.code or ("sent" if answer.done else "not_now"))


@router.post("/orders/{order}/discard")
async def discard_order(request: Request, visit: str, order: str) -> Response:
    """Drops a draft."""
    provider_session(request)
    try:
        await at_desk(request, lambda desk: desk.scope.orders.discard(order))
    except AlreadyDone:
        return _back(visit, "too_late", "prescribe")
    return _back(visit, "discarded", "prescribe")


@router.post("/sign")
async def sign(request: Request, visit: str) -> Response:
    """Signs the newest version of the note; the gate decides about money and orders, never about the note."""
    provider_session(request)
    await require_fresh(request, "sign_note")
    current = await at_desk(request, lambda desk: note_view(desk, desk.scope.visits.get(visit), {}))
    if not current.id or current.missing:
        return _back(visit, "missing", "sign")
    if await at_desk(request, lambda desk: _unread(request, desk, visit)):
        return _back(visit, "allergy_unread", "prescribe")
    await _finish_case(request, visit)
    return _after_signing(visit, await _ask(request, visit, "sign", current.id))


@router.post("/finish")
async def finish(request: Request, visit: str) -> Response:
    """Tells the visit once more of a note that is signed on record: all that was to follow follows, once."""
    provider_session(request)
    await form_of(request)
    current = await at_desk(request, lambda desk: note_view(desk, desk.scope.visits.get(visit), {}))
    if not current.signed:
        return _back(visit, "not_now", "sign")
    return _after_signing(visit, await ask(request, visit, finishing(current.id, current.signer)))


@router.post("/recheck")
async def recheck(request: Request, visit: str) -> Response:
    """Asks a shut gate again."""
    answer = await _ask(request, visit, "recheck")
    return _back(visit, answer.code or "rechecked", "law")


@router.post("/duties")
async def duty_done(request: Request, visit: str) -> Response:
    """Keeps that something the law asks for was done; a gate that waited for it is asked again."""
    provider_session(request)
    form = only_texts(await form_of(request))
    sent = {**form, "request": request_id(form)}
    words = PlainLaw(rulebook_of(request), visitor(request).language)

    def keep(desk: Desk) -> Marked:
        return mark(desk, visit, gate_views(desk.scope.gates.for_visit(visit)), words, sent)

    marked = await at_desk(request, keep)
    if marked.opens:
        await _ask(request, visit, "recheck")
    return _back(visit, marked.code, "law")


def _after_signing(visit: str, answer: Answer) -> Response:
    if answer.done:
        return _back(visit, f"sign_{answer.code}" if answer.code == "gate_shut" else answer.code or "signed", "sign")
    return _back(visit, "sign_unreachable" if answer.code == "unreachable" else answer.code, "sign")


async def _finish_case(request: Request, visit: str) -> None:
    """Signing the note of a case also says that it was read: one press, and the same press again does no more."""
    stage = await at_desk(request, lambda desk: desk.scope.visits.get(visit).stage)
    if stage in (IN_REVIEW, MORE_ASKED):
        session, form = provider_session(request), await form_of(request)
        finished = Ask(request=f"{request_id(form)}-read", act="end_call", actor=session.person)
        await ask(request, visit, finished)


async def _ask(request: Request, visit: str, act: str, subject: str = "") -> Answer:
    """Asks the visit's workflow, once the clinician is known to reach the visit."""
    session, form = provider_session(request), await form_of(request)
    await at_desk(request, lambda desk: desk.scope.visits.get(visit))
    message = Ask(request=request_id(form), act=act, actor=session.person, subject=subject)
    return await ask(request, visit, message)


def _save_note(desk: Desk, visit: str, form: dict[str, str]) -> NoteSaved:
    template = desk.of_visit(visit).specialty.note
    current = desk.scope.notes.current(visit)
    fields = {**(current.fields if current else {}), **read_note(template, form)}
    version = int(form.get("version", "0")) if form.get("version", "0").isdigit() else 0
    key = note_key(form.get("key", ""))
    draft = NoteDraft(visit=visit, template=template.id, fields=fields, version=version, key=key)
    return desk.scope.notes.save(draft)


def _add(desk: Desk, visit: str, text: str, key: str) -> bool:
    """Adds to the note once it is signed."""
    current = desk.scope.notes.current(visit)
    if current is None or current.state != "signed":
        return False
    desk.scope.notes.addendum(current.note, text, key)
    return True


def _draft(request: Request, desk: Desk, visit: str, sent: tuple[TypedPrescription, str, str]) -> Mapping[str, str]:
    """Keeps the draft; problems by field when the drug is gone or the specialty's list allows fewer refills."""
    (typed, key, replaces), row = sent, desk.scope.visits.get(visit)
    formulary, base = desk.of_visit(visit).specialty.formulary, _drug_base(request)
    drug = chosen_drug(formulary, base, typed.drug)
    if drug is None:
        return {"drug": "required"}
    if drug.on_formulary and typed.refills > drug.refills_most:
        return {"refills": "refills_most"}
    looker = pharmacist(desk, row, rulebook_of(request).law.drug_names, replaces)
    hits = looker.allergic(drug.name)
    if hits and not typed.allergy_reason:
        return {"allergy_reason": "allergy_reason"}
    found = looker.look(drug.name)
    problem = _warned(found, typed)
    if problem:
        return problem
    if _told_too_early(desk, row, typed.statements):
        return {"pdmp": "ask_first"}
    if replaces and not _drop_replaced(desk, visit, replaces):
        return {"sig": "too_late"}
    pharmacies = deps_of(request).content().clinic(visitor(request).here.slug).pharmacies
    values = order_values(visit, typed, drug, pharmacies)
    values["statements"] = _placed(typed.statements, row)
    values["acknowledged"] = {
        **({"allergies": list(hits), "reason": typed.allergy_reason} if hits else {}),
        **acknowledged(found, typed.finding_reason),
        **amounts_acknowledged(typed),
    }
    desk.scope.orders.draft(OrderDraft(**values, key=key))
    return {}


def _warned(found: Sequence[Finding], typed: TypedPrescription) -> Mapping[str, str]:
    """What speaks against the drug and was not answered: nothing answers what is contraindicated."""
    if any(refuses(one) for one in found):
        return {"drug": "contraindicated"}
    if any(stops(one) for one in found) and not typed.finding_reason:
        return {"finding_reason": "finding_reason"}
    return {}


def _told_too_early(desk: Desk, visit: Any, statements: Mapping[str, Any]) -> bool:
    """Whether the programme is said to be out of reach though no attempt to reach it is on record."""
    told = statements.get("pdmp.available") is False
    return told and not could_not_be_asked(desk.scope.monitoring.for_visit(visit.visit), place_of(visit))


def _placed(statements: Mapping[str, Any], visit: Any) -> dict[str, Any]:
    """The statements with the state whose monitoring programme was meant: the one where the patient says they are."""
    place = place_of(visit)
    return {**statements, **({"pdmp.state": place} if place and "pdmp.checked" in statements else {})}


def _drop_replaced(desk: Desk, visit: str, order: str) -> bool:
    """Drops the draft that the new one takes the place of; False when it has been sent in the meantime."""
    old = desk.scope.orders.get(order)
    if old.visit != visit or old.state not in ("drafted", "discarded"):
        return False
    if old.state == "drafted":
        desk.scope.orders.discard(order)
    return True


def _drug_base(request: Request) -> Mapping[str, BaseDrug]:
    return drugs_of(rulebook_of(request))


def _unread(request: Request, desk: Desk, visit: str, only: str = "") -> bool:
    """Whether a draft of the visit (or the one named) runs into a warning that nobody has answered."""
    looker = pharmacist(desk, desk.scope.visits.get(visit), rulebook_of(request).law.drug_names)
    drafts = [one for one in looker.orders if one.state == "drafted" and only in ("", one.order)]
    return any(
        unread_allergies(one.draft, looker.allergic(str(one.draft.drug.get("name", "")))) or looker.unread(one)
        for one in drafts
    )


def _problem_words(request: Request, problems: Mapping[str, str]) -> dict[str, str]:
    t = translator(visitor(request).language)
    labels = {name: t(f"provider.rx.{_LABELS.get(name, name)}") for name in problems}
    return {name: t(f"provider.rx.problem.{code}", label=labels[name]) for name, code in problems.items()}


def _saved_words(desk: Desk, saved: NoteSaved) -> str:
    return desk.t("provider.note.saved", time=desk.fmt.time(saved.at, desk.zone))


def _back(visit: str, code: str, part: str) -> Response:
    return go(f"/staff/visits/{visit}{'?said=' + code if code else ''}#{part}")
