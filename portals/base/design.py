"""The living page: every component with its states, made by the same macros that all pages use (demo mode only).

A sheet for each family of components, with an address of its own: none is heavy on a slow phone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.colour import HOUSE_COLOUR, pairs_of
from portals.base.design_samples import samples
from portals.base.requests import deps_of
from portals.base.templating import STATIC, render
from portals.base.visitor import visitor

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of the living page: its template's name, its heading, what it is about, its own styles."""

    name: str
    title: str
    lead: str
    styles: tuple[str, ...] = ("design",)

    @property
    def path(self) -> str:
        return "/design" if self is SHEETS[0] else f"/design/{self.name}"


SHEETS = (
    Sheet(name="foundations", title="Design system", lead="Type, colour, space and icons: what everything is made of."),
    Sheet(
        name="controls",
        title="Controls",
        lead="Buttons and fields. Hover and focus are real: use the mouse and the Tab key.",
        styles=("design", "files"),
    ),
    Sheet(
        name="messages",
        title="Messages",
        lead="What happened, why, and what to do.",
        styles=("design", "parts"),
    ),
    Sheet(name="ways", title="Ways", lead="Where am I, what is next, what was.", styles=("design", "parts")),
    Sheet(name="content", title="Content", lead="Cards, facts, tables and charts.", styles=("design", "parts")),
    Sheet(name="talking", title="Talking", lead="Messages and the call.", styles=("design", "parts", "call")),
    Sheet(
        name="law", title="Law", lead="The verdict, the reason, the source, the way out.", styles=("design", "parts")
    ),
    Sheet(
        name="code", title="Code", lead="Files, what is wrong in them, and what changed.", styles=("design", "parts")
    ),
)


@router.get("/design")
async def design_page(request: Request) -> Response:
    """The first sheet."""
    return _sheet(request, SHEETS[0])


@router.get("/design/{sheet}")
async def design_sheet(request: Request, sheet: str) -> Response:
    """One sheet, in light or dark as the browser asks, left to right or (``?dir=rtl``) right to left."""
    found = next((one for one in SHEETS[1:] if one.name == sheet), None)
    if found is None:
        raise HTTPException(404)
    return _sheet(request, found)


def _sheet(request: Request, sheet: Sheet) -> Response:
    if not deps_of(request).settings.demo:
        raise HTTPException(404)
    clinic = visitor(request).clinic
    return render(
        request,
        f"base/design/{sheet.name}.html",
        sheet=sheet,
        sheets=SHEETS,
        direction="rtl" if request.query_params.get("dir") == "rtl" else "ltr",
        pairs=pairs_of(clinic.brand_colour if clinic else HOUSE_COLOUR),
        icons=_icons(),
        **samples(sheet.name),
    )


@cache
def _icons() -> tuple[str, ...]:
    """The names in the set of icons."""
    return tuple(re.findall(r'symbol id="([\w-]+)"', (STATIC / "icons" / "icons.svg").read_text(encoding="utf-8")))
