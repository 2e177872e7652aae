"""Photos that their check refused after they were handed in: which, why, and one upload for each to send it again."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.i18n import translator
from portals.base.multipart import BadUpload, drain
from portals.base.requests import in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.files import HEARD_OUT, taken
from portals.patient.late_photos import Refused, refused_photos
from portals.patient.visit import VisitPage, read_page
from records.errors import AlreadyDone
from records.scope import Scope

router = APIRouter()


@router.get("/visits/{visit_id}/photos-again")
async def again_page(request: Request, visit_id: str) -> Response:
    """What is to be sent again; when nothing is, that."""
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, tuple[Refused, ...]]:
        page = read_page(scope, visit_id)
        return page, refused_photos(request, scope, visit_id) if page.lets("intake") else ()

    page, photos = await in_scope(request, read)
    if not page.lets("intake"):
        return go(f"/visits/{visit_id}")
    said = said_again(request)
    answer = render(
        request,
        "patient/photos_again.html",
        said.status,
        page=page,
        visit=page.visit,
        photos=photos,
        errors=dict(said.errors),
        sent=request.query_params.get("said") == "sent" and not said.errors,
    )
    return once(request, answer)


@router.post("/visits/{visit_id}/photos-again/{refused}")
async def send_photo_again(request: Request, visit_id: str, refused: str) -> Response:
    """Takes the photo in as every file, and keeps that it stands for the refused one."""
    require_patient(request)
    stream, there = request.stream(), f"/visits/{visit_id}/photos-again"
    try:
        sent = await taken(request, visit_id, stream, for_shot=True)
        if sent.code:
            await drain(stream, HEARD_OUT)
    except (ClientDisconnect, BadUpload):
        raise HTTPException(400) from None
    if not sent.code:
        try:
            await in_scope(request, lambda scope: scope.late_refusals.send_again(visit_id, refused, sent.blob))
        except AlreadyDone:
            return go(there)
        return go(f"{there}?said=sent")
    words = translator(visitor(request).language)(f"files.refused.{sent.code}")
    return send_again(request, Said(errors=((refused, words),), status=422), there) or go(there)
