"""A clinic's look as files of its own host: the colours computed from its one colour, and its logo."""

from __future__ import annotations

import base64

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.colour import HOUSE_COLOUR, brand_css
from portals.base.requests import deps_of
from portals.base.visitor import visitor

router = APIRouter(include_in_schema=False)
# A picture that somebody opens by itself runs nothing, loads nothing and is in no window of ours.
SEALED = "default-src 'none'; sandbox"
FOR_EVER = "public, max-age=31536000, immutable"


def picture(request: Request) -> str:
    """The clinic's logo written out as an address of its own, for papers that fetch nothing; empty without one."""
    clinic = visitor(request).clinic
    found = deps_of(request).content().clinic(clinic.slug).brand.logo if clinic else None
    if found is None:
        return ""
    return f"data:{found.media_type};base64,{base64.b64encode(found.content).decode()}"


@router.get("/brand.css")
async def brand_sheet(request: Request) -> Response:
    """The brand's colours in light, dark and print."""
    clinic = visitor(request).clinic
    css = brand_css(clinic.brand_colour if clinic else HOUSE_COLOUR)
    return Response(css, media_type="text/css", headers={"cache-control": "no-cache"})


@router.get("/brand/logo")
async def logo(request: Request, v: str = "") -> Response:
    """The clinic's picture, kept for ever when it was asked for by its digest."""
    clinic = visitor(request).clinic
    found = deps_of(request).content().clinic(clinic.slug).brand.logo if clinic else None
    if found is None:
        raise HTTPException(404)
    kept = FOR_EVER if v and found.digest.startswith(v) else "no-cache"
    headers = {"content-security-policy": SEALED, "cache-control": kept}
    return Response(found.content, media_type=found.media_type, headers=headers)
