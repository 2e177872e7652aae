"""Messages with the care team, as a patient and whoever writes for them read, begin and answer them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.texts import text_in
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.badge import just_read
from portals.base.files import hand_out_said
from portals.base.i18n import translator
from portals.base.requests import deps_of, field, form_of, in_scope, new_request_id
from portals.base.said import answered, kept, taken_back
from portals.base.templating import go, render
from portals.base.visitor import visitor
from records.access import Role
from records.blobs import MOST_BYTES
from records.conversation_rows import ConversationView, SaidView, Typed
from records.conversations import LONGEST, LONGEST_SUBJECT, SILENT, TooManyMessages, is_over
from records.errors import AlreadyDone, NotYetBegun
from records.relationships import Ward
from records.scope import Scope
from records.visits import VisitView

router = APIRouter()
READS, WRITES = frozenset({"write", "see_record"}), "write"
GENERAL = "general:"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Section:
    """The conversations of one patient; ``ward`` is None for one's own."""

    ward: Ward | None
    conversations: tuple[ConversationView, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Choice:
    """What a new message may be about: a visit or, with `GENERAL` before it, the team of its specialty."""

    value: str
    visit: VisitView
    provider: str
    for_whom: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Shown:
    """One conversation as its page shows it."""

    conversation: ConversationView
    messages: tuple[SaidView, ...]
    typed: Typed
    mine: str
    acting: str
    may_write: bool


@router.get("/messages")
async def messages_page(request: Request) -> Response:
    """Every conversation, one's own and those of each one writes or reads for."""
    session = require_patient(request)

    def read(scope: Scope) -> tuple[Section, ...]:
        wards = [one for one in scope.relationships.mine() if READS & one.scopes]
        own = [Section(ward=None, conversations=scope.conversations.of_patient(session.person))]
        theirs = [Section(ward=one, conversations=scope.conversations.of_patient(one.patient)) for one in wards]
        return (*(own if session.role == Role.PATIENT else ()), *theirs)

    sections = await in_scope(request, read)
    return render(request, "patient/messages.html", sections=sections, now=_now(request), **_about(request))


@router.get("/messages/new")
async def new_page(request: Request) -> Response:
    """What the message is about; the visit one came from is chosen."""
    require_patient(request)
    choices = await in_scope(request, lambda scope: _choices(request, scope))
    said, words = said_again(request), translator(visitor(request).language)
    errors = tuple((name, words(key)) for name, key in said.errors)
    wanted = said.values.get("about") or request.query_params.get("visit", "")
    page = render(
        request,
        "patient/message_new.html",
        said.status,
        choices=choices,
        errors=errors,
        wanted=wanted,
        titles=_titles(request, choices),
        **_about(request),
    )
    return once(request, page)


@router.post("/messages/new")
async def new_post(request: Request) -> Response:
    """Begins it; nobody sees it before the first message is sent."""
    require_patient(request)
    about = field(await form_of(request), "about")
    visit, is_general = about.removeprefix(GENERAL), about.startswith(GENERAL)
    if not visit:
        return _new_again(request, "messages.error.about")
    try:
        made = await in_scope(request, lambda scope: scope.conversations.begin(visit, about_visit=not is_general))
    except NotYetBegun:
        return _new_again(request, "messages.error.about")
    except TooManyMessages:
        return _new_again(request, "messages.error.begun")
    return go(f"/messages/{made}")


@router.get("/messages/{conversation}")
async def conversation_page(request: Request, conversation: str) -> Response:
    """What was said, and what one has typed."""
    require_patient(request)
    return await _page(request, conversation, said_again(request))


@router.post("/messages/{conversation}")
async def conversation_post(request: Request, conversation: str) -> Response:
    """Sends what is typed, or keeps it with a file."""
    require_patient(request)
    answer = await answered(request, conversation, f"/messages/{conversation}")
    return await _page(request, conversation, answer) if isinstance(answer, Said) else answer


@router.post("/messages/{conversation}/draft")
async def conversation_draft(request: Request, conversation: str) -> Response:
    """Keeps what is typed so far."""
    require_patient(request)
    return await kept(request, conversation)


@router.post("/messages/{conversation}/close")
async def conversation_close(request: Request, conversation: str) -> Response:
    """Nothing more is needed."""
    require_patient(request)
    await form_of(request)
    await in_scope(request, lambda scope: scope.conversations.close(conversation))
    return go(f"/messages/{conversation}?said=closed")


@router.post("/messages/{conversation}/drop")
async def conversation_drop(request: Request, conversation: str) -> Response:
    """Lets go what was begun and never sent."""
    require_patient(request)
    await form_of(request)
    with contextlib.suppress(AlreadyDone):
        await in_scope(request, lambda scope: scope.conversations.drop(conversation))
    return go("/messages")


@router.get("/messages/{conversation}/files/{blob}")
async def conversation_file(request: Request, conversation: str, blob: str) -> Response:
    """A file of it."""
    require_patient(request)
    return await hand_out_said(request, conversation, blob)


@router.post("/messages/{conversation}/files/{blob}/remove")
async def conversation_file_remove(request: Request, conversation: str, blob: str) -> Response:
    """Takes back a file that was not sent."""
    require_patient(request)
    await taken_back(request, conversation, blob)
    return go(f"/messages/{conversation}")


async def _page(request: Request, conversation: str, said: Said) -> Response:
    shown = await in_scope(request, lambda scope: _read(request, scope, conversation))
    words, one = translator(visitor(request).language), shown.conversation
    just_read(request, one.unread)
    answer = render(
        request,
        "patient/message.html",
        said.status,
        shown=shown,
        one=one,
        acting=shown.acting,
        zone=one.time_zone or visitor(request).here.time_zone,
        late=is_over(one, _now(request)),
        errors=tuple((name, words(key)) for name, key in said.errors),
        text=said.values.get("text", shown.typed.text),
        subject=said.values.get("subject", shown.typed.subject),
        said=request.query_params.get("said", "") if not said.errors else "",
        request_id=new_request_id(),
        longest=LONGEST,
        longest_subject=LONGEST_SUBJECT,
        megabytes=MOST_BYTES >> 20,
        specialty=_specialty(request, one.specialty),
        **_about(request, one.specialty),
    )
    return once(request, answer)


def _read(request: Request, scope: Scope, conversation: str) -> Shown:
    one = scope.conversations.get(conversation)
    messages = scope.conversations.messages(conversation)
    session = require_patient(request)
    own = one.patient == session.person
    ward = None if own else next((w for w in scope.relationships.mine() if w.patient == one.patient), None)
    scope.conversations.read(conversation)
    return Shown(
        conversation=one,
        messages=messages,
        typed=scope.conversations.typed(conversation),
        mine=session.person,
        acting="" if own else one.patient_name,
        may_write=own or (ward is not None and WRITES in ward.scopes),
    )


def _choices(request: Request, scope: Scope) -> tuple[Choice, ...]:
    """Each visit that was or will be held, and once for each specialty its team."""
    session = require_patient(request)
    people = [(session.person, "")] if session.role == Role.PATIENT else []
    people += [(one.patient, one.name) for one in scope.relationships.mine() if WRITES in one.scopes]
    return tuple(choice for patient, name in people for choice in _of_person(scope, patient, name))


def _of_person(scope: Scope, patient: str, name: str) -> Iterable[Choice]:
    general: dict[str, Choice] = {}
    for visit in scope.visits.for_patient(patient):
        if visit.stage in SILENT or not visit.provider:
            continue
        provider = scope.people.called(visit.provider).display_name
        yield Choice(value=visit.visit, visit=visit, provider=provider, for_whom=name)
        team = Choice(value=GENERAL + visit.visit, visit=visit, provider=provider, for_whom=name)
        general.setdefault(visit.specialty, team)
    yield from general.values()


def _new_again(request: Request, key: str) -> Response:
    return send_again(request, Said(errors=(("about", key),), status=422)) or go("/messages/new")


def _about(request: Request, specialty: str = "") -> dict[str, Any]:
    """What every page of messages says first: how soon somebody answers, and where to turn when it cannot wait."""
    content, language = deps_of(request).content(), visitor(request).language
    file, known = content.clinic(visitor(request).here.slug), content.specialties.get(specialty)
    return {
        "answer_seconds": file.terms.answer_seconds,
        "emergency": text_in(file.emergency, language),
        "worse": text_in(known.texts.get("worse", {}), language) if known is not None else "",
    }


def _titles(request: Request, choices: Iterable[Choice]) -> dict[str, str]:
    return {one.visit.specialty: _specialty(request, one.visit.specialty) for one in choices}


def _specialty(request: Request, name: str) -> str:
    known = deps_of(request).content().specialties.get(name)
    return text_in(known.title, visitor(request).language) if known is not None else ""


def _now(request: Request) -> Any:
    return deps_of(request).clock.now()
