"""Messages of patients as clinicians read, answer, hand over and close them; what waits comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.texts import text_in
from portals.base.again import Said, once, said_again
from portals.base.badge import just_read
from portals.base.files import hand_out_said
from portals.base.i18n import translator
from portals.base.requests import field, form_of, in_scope, new_request_id
from portals.base.said import answered, kept, taken_back
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.provider.desk import Desk
from portals.provider.opening import at_desk, provider_session
from records.blobs import MOST_BYTES
from records.conversation_rows import ConversationView, CoverView, SaidView, Typed
from records.conversations import LONGEST, LONGEST_SUBJECT, is_over
from records.errors import AlreadyDone, NoLicense, NotYetBegun
from records.people import ProviderView

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class InboxView:
    """The clinician's conversations, and what waits too long with others."""

    desk: Desk
    mine: tuple[ConversationView, ...]
    overdue: tuple[CoverView, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Opened:
    """One conversation at the desk. ``fits`` says whether the clinician is licensed where the patient said they are,
    ``colleagues`` who else is, and ``treats`` whether the visit's page is theirs."""

    desk: Desk
    conversation: ConversationView
    messages: tuple[SaidView, ...]
    typed: Typed
    fits: bool
    colleagues: tuple[ProviderView, ...]
    treats: bool


@router.get("/messages")
async def inbox_page(request: Request) -> Response:
    """What waits for an answer, and everything else."""
    provider_session(request)

    def look(desk: Desk) -> InboxView:
        return InboxView(desk=desk, mine=desk.scope.conversations.inbox(), overdue=desk.scope.conversations.overdue())

    view = await at_desk(request, look)
    return render(
        request,
        "provider/messages.html",
        view=view,
        desk=view.desk,
        late={one.id for one in view.mine if is_over(one, view.desk.now)},
        titles=_titles(view.desk),
        said=request.query_params.get("said", ""),
    )


@router.get("/messages/{conversation}")
async def conversation_page(request: Request, conversation: str) -> Response:
    """What was said, and what one has typed."""
    provider_session(request)
    return await _page(request, conversation, said_again(request))


@router.post("/messages/{conversation}")
async def conversation_post(request: Request, conversation: str) -> Response:
    """Sends what is typed, or keeps it with a file."""
    provider_session(request)
    answer = await answered(request, conversation, f"/staff/messages/{conversation}")
    return await _page(request, conversation, answer) if isinstance(answer, Said) else answer


@router.post("/messages/{conversation}/draft")
async def conversation_draft(request: Request, conversation: str) -> Response:
    """Keeps what is typed so far."""
    provider_session(request)
    return await kept(request, conversation)


@router.post("/messages/{conversation}/close")
async def conversation_close(request: Request, conversation: str) -> Response:
    """It is settled."""
    provider_session(request)
    await form_of(request)
    await in_scope(request, lambda scope: scope.conversations.close(conversation))
    return go(f"/staff/messages/{conversation}?said=closed")


@router.post("/messages/{conversation}/hand-over")
async def conversation_hand_over(request: Request, conversation: str) -> Response:
    """A colleague who is licensed where the patient is answers from now on."""
    session = provider_session(request)
    to = field(await form_of(request), "to")
    try:
        await in_scope(request, lambda scope: scope.conversations.hand_over(conversation, to))
    except (AlreadyDone, NoLicense):
        return go(f"/staff/messages/{conversation}?said=not_now")
    return go(f"/staff/messages?said={'taken' if to == session.person else 'handed'}")


@router.post("/messages/{conversation}/take")
async def conversation_take(request: Request, conversation: str) -> Response:
    """Takes over what waits too long with a colleague."""
    provider_session(request)
    await form_of(request)
    try:
        await in_scope(request, lambda scope: scope.conversations.take(conversation))
    except (AlreadyDone, NoLicense):
        return go("/staff/messages?said=not_now")
    return go(f"/staff/messages/{conversation}?said=taken")


@router.get("/messages/{conversation}/files/{blob}")
async def conversation_file(request: Request, conversation: str, blob: str) -> Response:
    """A file of it."""
    provider_session(request)
    return await hand_out_said(request, conversation, blob)


@router.post("/messages/{conversation}/files/{blob}/remove")
async def conversation_file_remove(request: Request, conversation: str, blob: str) -> Response:
    """Takes back a file that was not sent."""
    provider_session(request)
    await taken_back(request, conversation, blob)
    return go(f"/staff/messages/{conversation}")


@router.post("/visits/{visit}/messages")
async def begin(request: Request, visit: str) -> Response:
    """Begins a conversation about the visit; the patient sees it with its first message."""
    provider_session(request)
    await form_of(request)
    try:
        made = await in_scope(request, lambda scope: scope.conversations.begin(visit))
    except NotYetBegun:
        return go(f"/staff/visits/{visit}?said=not_now")
    return go(f"/staff/messages/{made}")


async def _page(request: Request, conversation: str, said: Said) -> Response:
    opened = await at_desk(request, lambda desk: _open(desk, conversation))
    words, one = translator(visitor(request).language), opened.conversation
    just_read(request, one.unread)
    answer = render(
        request,
        "provider/message.html",
        said.status,
        opened=opened,
        one=one,
        desk=opened.desk,
        zone=opened.desk.zone,
        late=is_over(one, opened.desk.now),
        errors=tuple((name, words(key)) for name, key in said.errors),
        text=said.values.get("text", opened.typed.text),
        subject=said.values.get("subject", opened.typed.subject),
        said=request.query_params.get("said", "") if not said.errors else "",
        request_id=new_request_id(),
        longest=LONGEST,
        longest_subject=LONGEST_SUBJECT,
        megabytes=MOST_BYTES >> 20,
        specialty=_titles(opened.desk).get(one.specialty, ""),
    )
    return once(request, answer)


def _open(desk: Desk, conversation: str) -> Opened:
    scope = desk.scope
    one, messages = scope.conversations.get(conversation), scope.conversations.messages(conversation)
    scope.conversations.read(conversation)
    licensed = [held for held in scope.people.providers() if _is_licensed(held, one.place_state, desk)]
    return Opened(
        desk=desk,
        conversation=one,
        messages=messages,
        typed=scope.conversations.typed(conversation),
        fits=desk.person in {held.person for held in licensed},
        colleagues=tuple(held for held in licensed if held.person != one.clinician),
        treats=one.treats,
    )


def _is_licensed(provider: ProviderView, state: str, desk: Desk) -> bool:
    today = desk.now.date()
    return any(
        one.state == state and one.status == "active" and (one.expires is None or one.expires >= today)
        for one in provider.licenses
    )


def _titles(desk: Desk) -> Mapping[str, Any]:
    return {name: text_in(one.title, desk.fmt.language) for name, one in desk.content.specialties.items()}
