"""Consent: the text that the law of the attested place asks for, who asks for each part, signing it by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from engine.consent_text import ConsentAbout, ConsentText, assemble_consent
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.asked_by import AskedBy, asked_by, askers_of
from portals.patient.journey import consent_kinds
from portals.patient.names import same_name
from portals.patient.visit import VisitPage, begun, read_page
from records.consents import ConsentDraft
from records.scope import Scope
from records.stages import IN_LINE

router = APIRouter()
OPEN_STAGES = frozenset({"booked", "preparing", "ready", *IN_LINE})
TOPICS = ("consent", "recording", "privacy")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What is to be signed: the visit, the assembled text, who asks for which part, the patient's own name."""

    page: VisitPage
    text: ConsentText
    asked_by: tuple[AskedBy, ...]
    name: str


@router.get("/visits/{visit_id}/consent")
async def consent_page(request: Request, visit_id: str) -> Response:
    """The clauses to read and sign."""
    asked = await _asked(request, visit_id)
    if asked is None:
        return go(f"/visits/{visit_id}")
    return once(request, _form(request, asked, said_again(request)))


@router.post("/visits/{visit_id}/consent")
async def consent_post(request: Request, visit_id: str) -> Response:
    """Signs exactly the text that was shown; a text that changed meanwhile is shown again."""
    asked, form = await _asked(request, visit_id), await form_of(request, LONGEST_CHECKED)
    if asked is None:
        return go(f"/visits/{visit_id}")
    signature = field(form, "signature")
    errors = []
    if field(form, "digest") != asked.text.digest:
        errors.append(("signature", "consent.error.changed"))
    elif not signature:
        errors.append(("signature", "consent.error.signature"))
    elif not same_name(signature, asked.name):
        errors.append(("signature", "consent.error.name"))
    if field(form, "agree") != "yes":
        errors.append(("agree", "consent.error.agree"))
    if errors:
        said = Said(values={"signature": signature}, errors=tuple(errors), status=422)
        return send_again(request, said) or _form(request, asked, said)
    language = visitor(request).language
    await in_scope(request, lambda scope: _sign(scope, visit_id, asked.text, (signature, language)))
    return go(f"/visits/{visit_id}")


def _sign(scope: Scope, visit_id: str, text: ConsentText, signed: tuple[str, str]) -> None:
    """One row for each kind the text covers; all in one transaction."""
    signature, language = signed
    for kind in text.kinds:
        scope.consents.sign(
            ConsentDraft(
                visit=visit_id,
                kind=kind,
                form=text.form,
                jurisdiction=text.jurisdiction,
                clauses=text.refs_of(kind),
                text=text.text,
                language=language,
                signature=signature,
            )
        )


async def _asked(request: Request, visit_id: str) -> Asked | None:
    session, who = require_patient(request), visitor(request)
    deps = deps_of(request)
    content = deps.content()
    at = deps.clock.now()

    def read(scope: Scope) -> tuple[VisitPage, Any, str]:
        page = begun(read_page(scope, visit_id))
        scope.parts.leads_to(visit_id, "consent")
        return page, scope.visits.dossier(visit_id), scope.people.name(session.person)

    page, dossier, name = await in_scope(request, read)
    place = page.visit.attested_place
    if page.visit.stage not in OPEN_STAGES or place is None or place.state is None:
        return None
    record = await run_in_threadpool(deps.gates.ask, dossier, "join", at)
    about = ConsentAbout(
        language=who.language,
        jurisdiction=f"{place.country}/{place.state.lower()}",
        clinic=content.clinic(who.here.slug),
        kinds=tuple(sorted(consent_kinds(page.plan))),
        guardian=page.guardian,
        modality=page.plan.modality,
    )
    decisions = {topic: record.decisions[topic] for topic in TOPICS if topic in record.decisions}
    text = assemble_consent(decisions, content.clauses, about)
    return Asked(page=page, text=text, asked_by=asked_by(decisions, content.clauses, text.kinds), name=name)


def _form(request: Request, asked: Asked, said: Said) -> Response:
    return render(
        request,
        "patient/consent.html",
        said.status,
        page=asked.page,
        visit=asked.page.visit,
        text=asked.text,
        asked_by=asked.asked_by,
        askers_of=askers_of,
        name=asked.name,
        signature=said.values.get("signature", ""),
        errors=said.errors,
    )
