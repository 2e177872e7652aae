"""The living page: every component with its states, made by the same macros that all pages use (demo mode only)."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.colour import HOUSE_COLOUR, pairs_of
from portals.base.requests import deps_of
from portals.base.templating import render
from portals.base.visitor import visitor

router = APIRouter(include_in_schema=False)
LONG = (
    "A very long text that somebody wrote into this place without thinking of how wide a phone is, "
    "and_one_word_that_has_no_place_to_break_anywhere_in_it_and_still_must_not_widen_the_page"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStep:
    """A step for the step list."""

    state: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCitation:
    """A source for the law card."""

    law: str
    url: str
    checked: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleLaw:
    """A law card's content."""

    open: bool
    final: bool
    verdict: str
    reasons: tuple[str, ...]
    citations: tuple[SampleCitation, ...]
    remedies: tuple[str, ...]
    others: tuple[SampleCitation, ...] = ()


STEPS = (
    SampleStep(state="done", title="A step that is done", text="What came of it."),
    SampleStep(state="now", title="The step to take now", text="What it takes."),
    SampleStep(state="later", title="A step for later", text=LONG),
    SampleStep(state="shut", title="A step that is stopped", text="Why, in a word."),
)
SOURCES = (SampleCitation(law="Example Code 1.23(4)", url="https://example.org/", checked="March 5, 2026"),)
OTHERS = (SampleCitation(law="Example Code 9.8", url="https://example.net/", checked="March 5, 2026", title=LONG),)
LAWS = (
    SampleLaw(
        open=True,
        final=False,
        verdict="It is possible.",
        reasons=("Every duty is met.",),
        citations=SOURCES,
        remedies=(),
    ),
    SampleLaw(
        open=False,
        final=False,
        verdict="A person has to check this.",
        reasons=("The source is not certain.",),
        citations=SOURCES,
        remedies=("Somebody at the clinic reads it.",),
    ),
    SampleLaw(
        open=False,
        final=True,
        verdict="The law does not allow it.",
        reasons=("No license is valid on that day.",),
        citations=SOURCES,
        remedies=("Choose another day.", LONG),
        others=OTHERS,
    ),
)


@router.get("/design")
async def design_page(request: Request) -> Response:
    """All components, in light or dark as the browser asks, left to right or (``?dir=rtl``) right to left."""
    if not deps_of(request).settings.demo:
        raise HTTPException(404)
    direction = "rtl" if request.query_params.get("dir") == "rtl" else "ltr"
    clinic = visitor(request).clinic
    pairs = pairs_of(clinic.brand_colour if clinic else HOUSE_COLOUR)
    return render(request, "base/design.html", steps=STEPS, laws=LAWS, long=LONG, direction=direction, pairs=pairs)
