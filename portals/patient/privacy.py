"""The clinic's privacy notice, open to everybody: its own clauses on what is kept, who sees it, and how to complain."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from engine.consent_text import ConsentAbout, read_clauses
from portals.base.requests import deps_of
from portals.base.templating import render
from portals.base.visitor import visitor

router = APIRouter()
KIND = "privacy"
DETAILS = frozenset({"data_storage", "data_disclosure_third_parties", "records_access", "complaint_contact"})


@router.get("/privacy")
async def privacy_page(request: Request) -> Response:
    """The notice in the visitor's language."""
    who = visitor(request)
    if who.clinic is None:
        raise HTTPException(404)
    content = deps_of(request).content()
    about = ConsentAbout(language=who.language, jurisdiction="us", clinic=content.clinic(who.clinic.slug))
    clauses = read_clauses(content.clauses, about, KIND, DETAILS)
    return render(request, "patient/privacy.html", clauses=clauses, address=about.clinic.contact.address)
