"""Paying: the card goes to the simulated processor's browser part, records keep its token and last digits only."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.patient.asking import ask_visit
from portals.patient.cards import CardEntry, read_card
from portals.patient.held import held_until
from portals.patient.journey import PAID
from portals.patient.terms import Priced, terms_line
from portals.patient.visit import VisitPage, page_of
from workflows.contracts import Ask

router = APIRouter()
PAYABLE = frozenset({"held"})


@router.get("/visits/{visit_id}/pay")
async def pay_page(request: Request, visit_id: str) -> Response:
    """The card form, with how long the time is held."""
    page = await page_of(request, visit_id)
    if page.visit.payment_state in PAID or page.visit.stage not in PAYABLE:
        return go(f"/visits/{visit_id}")
    return once(request, await _form(request, page, said_again(request)))


@router.post("/visits/{visit_id}/pay")
async def pay_post(request: Request, visit_id: str) -> Response:
    """Stores the card's token and asks the visit to authorise it; a declined card keeps everything but the number."""
    session, form, page = require_patient(request), await form_of(request), await page_of(request, visit_id)
    if page.visit.payment_state in PAID or page.visit.stage not in PAYABLE:
        return go(f"/visits/{visit_id}")
    entry = read_card(
        {name: field(form, name) for name in ("name", "number", "expires", "code")}, deps_of(request).clock.now()
    )
    if entry.errors:
        return await _again(request, page, entry, entry.errors, 422)
    await in_scope(request, lambda scope: scope.visits.set_payment_method(visit_id, entry.token, entry.label))
    answer = await ask_visit(request, visit_id, Ask(request=request_id(form), act="pay", actor=session.person))
    if answer.done:
        return go(f"/visits/{visit_id}?new=booked")
    return await _refused(request, visit_id, entry, answer.code)


async def _refused(request: Request, visit_id: str, entry: CardEntry, code: str) -> Response:
    page = await page_of(request, visit_id)
    if page.visit.stage not in PAYABLE:
        return go(f"/visits/{visit_id}")
    key = "pay.error.declined" if code == "payment_declined" else "pay.error.later"
    return await _again(request, page, entry, (("number", key),), 402)


async def _again(
    request: Request, page: VisitPage, entry: CardEntry, errors: tuple[tuple[str, str], ...], status: int
) -> Response:
    """The form once more with what may be kept of it; never the number or the code."""
    said = Said(values={"name": entry.name, "expires": entry.expires}, errors=errors, status=status)
    return send_again(request, said) or await _form(request, page, said)


async def _form(request: Request, page: VisitPage, said: Said) -> Response:
    return render(
        request,
        "patient/pay.html",
        said.status,
        page=page,
        visit=page.visit,
        values=said.values,
        errors=said.errors,
        request_id=new_request_id(),
        terms=terms_line(request, _priced(page)),
        until=await held_until(request, page),
    )


def _priced(page: VisitPage) -> Priced:
    visit = page.visit
    return Priced(plan=page.plan, price_cents=visit.price_cents, currency=visit.currency, starts_at=visit.starts_at)
