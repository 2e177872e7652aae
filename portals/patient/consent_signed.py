"""What a patient signed for a visit, word for word, and taking it back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.requests import form_of, in_scope
from portals.base.templating import go, render
from portals.patient.consent import OPEN_STAGES
from portals.patient.visit import VisitPage, page_of, read_page
from records.consents import ConsentView, Signer
from records.scope import Scope

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SignedText:
    """One text as it was signed: the kinds of consent it gave, the typed name, when, and when it was taken back."""

    kinds: tuple[str, ...]
    text: str
    signature: str
    at: datetime
    revoked_at: datetime | None
    signer: Signer | None


@router.get("/visits/{visit_id}/consent/signed")
async def signed_page(request: Request, visit_id: str) -> Response:
    """What was signed, by which name and when, with the text itself."""
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, tuple[SignedText, ...]]:
        return read_page(scope, visit_id), _signed(scope, scope.consents.for_visit(visit_id))

    page, texts = await in_scope(request, read)
    return render(
        request,
        "patient/consent_signed.html",
        page=page,
        visit=page.visit,
        texts=texts,
        holds=any(one.revoked_at is None for one in texts),
        may_sign=page.visit.stage in OPEN_STAGES,
    )


@router.get("/visits/{visit_id}/consent/take-back")
async def take_back_page(request: Request, visit_id: str) -> Response:
    """What taking the consent back means, before it is done."""
    require_patient(request)
    page = await page_of(request, visit_id)
    held = await in_scope(request, lambda scope: _held(scope, visit_id))
    if not held:
        return go(f"/visits/{visit_id}/consent/signed")
    return render(request, "patient/consent_take_back.html", page=page, visit=page.visit)


@router.post("/visits/{visit_id}/consent/take-back")
async def take_back_post(request: Request, visit_id: str) -> Response:
    """Takes back every consent of the visit that holds; a second submit finds none and changes nothing."""
    require_patient(request)
    await form_of(request)

    def revoke(scope: Scope) -> None:
        for consent in _held(scope, visit_id):
            scope.consents.revoke(consent)

    await in_scope(request, revoke)
    return go(f"/visits/{visit_id}/consent/signed")


def _held(scope: Scope, visit_id: str) -> tuple[str, ...]:
    return tuple(one.id for one in scope.consents.for_visit(visit_id) if one.revoked_at is None)


def _signed(scope: Scope, consents: Iterable[ConsentView]) -> tuple[SignedText, ...]:
    """The kinds that were signed as one text at one time are one document."""
    documents: dict[tuple[str, datetime, datetime | None], list[ConsentView]] = {}
    for one in consents:
        documents.setdefault((one.text_digest, one.at, one.revoked_at), []).append(one)
    return tuple(
        SignedText(
            kinds=tuple(one.kind for one in group),
            text=scope.consents.text(group[0].id),
            signature=scope.consents.signature(group[0].id),
            at=at,
            revoked_at=revoked_at,
            signer=scope.consents.signed_for(group[0].id),
        )
        for (_, at, revoked_at), group in documents.items()
    )
