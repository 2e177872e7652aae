"""Whether a patient wants text messages: asked for here, and ended here or by an answer from the phone.

Where nothing carries texts there is no such page: it would promise what nobody sends.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.auth.guards import require_patient
from portals.base.requests import deps_of, field, form_of, in_demo, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from records.text_wishes import HELPED, STARTED, STOPPED, answered, meant

router = APIRouter()
HEARD = (STOPPED, STARTED, HELPED)


@router.get("/texts")
async def texts_page(request: Request, heard: str = "") -> Response:
    """Whether texts are wanted now, at which number (its last digits), and what the demo's phone was answered."""
    person = require_patient(request).person
    _require_texts(request)
    wish = await in_scope(request, lambda scope: scope.texts.of_person(person))
    return render(
        request, "patient/texts.html", wish=wish, simulated=in_demo(request), heard=heard if heard in HEARD else ""
    )


@router.post("/texts")
async def texts_post(request: Request) -> Response:
    """Keeps the wish."""
    person, form = require_patient(request).person, await form_of(request)
    _require_texts(request)
    await in_scope(request, lambda scope: scope.texts.ask(person, field(form, "wanted") == "yes"))
    return go("/texts")


@router.post("/texts/answer")
async def texts_answer(request: Request) -> Response:
    """The demo's phone answers a text, as the network would hand it in; nowhere else is there such a phone."""
    person, form = require_patient(request).person, await form_of(request)
    if not in_demo(request):
        raise HTTPException(404)
    slug, word = visitor(request).here.slug, field(form, "word")
    phone = await in_scope(request, lambda scope: scope.people.patient(person).phone)
    await run_in_threadpool(answered, deps_of(request).database, slug, phone, word)
    return go(f"/texts?heard={meant(word)}")


def _require_texts(request: Request) -> None:
    if not deps_of(request).settings.has_texts:
        raise HTTPException(404)
