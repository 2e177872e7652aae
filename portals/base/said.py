"""What somebody sends in a conversation: words and perhaps a file in one form, kept whatever is wrong with either."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from portals.base import requests as asking
from portals.base.again import Said, send_again
from portals.base.files import check_sent, in_store
from portals.base.multipart import BadUpload, FileForm, TooLong, drain, take_file
from portals.base.requests import LONGEST_CHECKED, deps_of, form_of, in_scope, request_id
from portals.base.templating import go
from portals.base.visitor import visitor
from records.blob_rows import TooMany
from records.blob_store import FileRefused, Upload
from records.blobs import MOST_BYTES
from records.conversations import LONGEST, LONGEST_SUBJECT, MessageDraft, TooManyMessages
from records.errors import AlreadyDone
from records.scope import Scope

FILE = "file"
SEND, ATTACH = "send", "attach"
_AROUND = 64 * 1024
_HEARD_OUT = 4 * MOST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sent:
    """A form as it came: its fields, and why its file was refused (empty: it was taken, or there was none)."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""


async def sent_of(request: Request, conversation: str) -> Sent:
    """Reads the form; a file in it is kept with what is typed. Raises `HTTPException` for what is no such form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        form = await form_of(request, LONGEST_CHECKED)
        return Sent(fields={name: value for name, value in form.items() if isinstance(value, str)})
    stream = request.stream()
    try:
        form_read = FileForm(request.headers.get("content-type", ""), FILE, LONGEST_CHECKED)
        sent = await _read(request, conversation, stream, form_read)
        if sent.refused:
            await drain(stream, _HEARD_OUT)
        return sent
    except (ClientDisconnect, BadUpload):
        raise HTTPException(400) from None


async def _read(request: Request, conversation: str, stream: Any, form: FileForm) -> Sent:
    begun: list[Upload] = []

    async def take(piece: bytes) -> None:
        if not piece:
            return
        if not begun:
            clinic, actor = visitor(request).here.slug, asking.actor_of(request)
            begun.append(await in_store(request, lambda store: store.begin_said(clinic, actor, conversation)))
        await run_in_threadpool(begun[0].write, piece)

    try:
        await take_file(stream, form, take, MOST_BYTES + _AROUND)
        if begun:
            blob, is_new = await in_store(request, lambda store: store.take(begun[0]))
            if is_new:
                await check_sent(request, blob)
    except TooLong:
        return Sent(fields=form.fields, refused="size")
    except FileRefused as refused:
        return Sent(fields=form.fields, refused=refused.code)
    except AlreadyDone as done:
        return Sent(fields=form.fields, refused="too_many" if isinstance(done, TooMany) else "late")
    finally:
        if begun:
            await run_in_threadpool(begun[0].discard)
    return Sent(fields=form.fields)


async def answered(request: Request, conversation: str, here: str) -> Response | Said:
    """Keeps what was typed, and sends it where that was asked; leads back to the conversation with what came of it.

    A `Said` is for the caller to show at once: it is too long to be carried there.
    """
    sent = await sent_of(request, conversation)
    text, subject = str(sent.fields.get("text", "")).strip(), str(sent.fields.get("subject", "")).strip()
    wants = str(sent.fields.get("act", SEND))
    code = await _tried(request, conversation, sent, (subject, text, wants))
    if not code:
        return go(f"{here}?said={'sent' if wants == SEND else 'kept'}#newest")
    name = FILE if code.startswith("files.") else "subject" if code.endswith("subject") else "text"
    said = Said(values={"text": text, "subject": subject}, errors=((name, code),), status=422)
    return send_again(request, said, here) or said


async def _tried(request: Request, conversation: str, sent: Sent, typed: tuple[str, str, str]) -> str:
    """What is wrong with it, as the key of a sentence; empty when nothing is."""
    subject, text, wants = typed
    if len(text) > LONGEST or len(subject) > LONGEST_SUBJECT:
        return "messages.error.long"
    try:
        await in_scope(request, lambda scope: scope.conversations.type(conversation, subject, text))
        if sent.refused:
            return f"files.refused.{sent.refused}"
        if wants == SEND:
            draft = draft_of(request, conversation, sent.fields)
            return await in_scope(request, lambda scope: _sent(scope, draft))
    except AlreadyDone:
        return await _repeated(request, conversation, sent.fields)
    except TooManyMessages:
        return "messages.error.hour"
    return ""


def _sent(scope: Scope, draft: MessageDraft) -> str:
    if not draft.text:
        return "messages.error.empty"
    if not draft.subject and scope.conversations.get(draft.conversation).state == "begun":
        return "messages.error.subject"
    scope.conversations.send(draft)
    return ""


async def _repeated(request: Request, conversation: str, fields: Mapping[str, Any]) -> str:
    """A second press of a message that was sent before the conversation ended is no trouble."""
    draft = draft_of(request, conversation, fields)
    try:
        await in_scope(request, lambda scope: scope.conversations.send(draft))
    except (AlreadyDone, TooManyMessages, ValueError):
        return "messages.error.closed"
    return ""


def draft_of(request: Request, conversation: str, fields: Mapping[str, Any]) -> MessageDraft:
    """The message of a form, with what the clinic promises and when it is quiet."""
    terms = deps_of(request).content().clinic(visitor(request).here.slug).terms
    return MessageDraft(
        conversation=conversation,
        subject=str(fields.get("subject", "")).strip(),
        text=str(fields.get("text", "")).strip(),
        key=request_id(fields),
        answer_seconds=terms.answer_seconds,
        night=terms.quiet,
    )


async def kept(request: Request, conversation: str) -> Response:
    """Keeps what is typed while it is typed; the page's script calls it."""
    form = await form_of(request, LONGEST_CHECKED)
    subject, text = asking.field(form, "subject"), str(form.get("text", ""))
    if len(text) > LONGEST or len(subject) > LONGEST_SUBJECT:
        raise HTTPException(413)
    with contextlib.suppress(AlreadyDone):
        await in_scope(request, lambda scope: scope.conversations.type(conversation, subject, text))
        return JSONResponse({"saved": True})
    return JSONResponse({"saved": False}, status_code=409)


async def taken_back(request: Request, conversation: str, blob: str) -> None:
    """Takes back a file that was not sent; one that was stays. What is typed beside it is kept."""
    form = await form_of(request, LONGEST_CHECKED)
    subject, text = asking.field(form, "subject"), asking.field(form, "text")
    clinic, actor = visitor(request).here.slug, asking.actor_of(request)
    with contextlib.suppress(AlreadyDone):
        await in_scope(request, lambda scope: scope.conversations.type(conversation, subject, text))
        await in_store(request, lambda store: store.remove_said(clinic, actor, blob, conversation))
