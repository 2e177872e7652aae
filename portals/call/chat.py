"""The chat of a call, for both sides: read, written, with a file; it stays among the visit's messages."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from portals.auth.guards import require_patient, require_session
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import in_scope, request_id
from portals.base.said import sent_of
from portals.base.visitor import STAFF, visitor
from records.call_chat import ChatLine
from records.conversation_rows import SaidView
from records.conversations import LONGEST, TooManyMessages
from records.errors import AlreadyDone
from records.scope import Scope

router = APIRouter(include_in_schema=False)


@router.get("/visits/{visit}/chat")
async def patient_reads(request: Request, visit: str) -> Response:
    """What was written in the call, for the patient's side."""
    require_patient(request)
    return await _read(request, visit)


@router.get("/staff/visits/{visit}/chat")
async def staff_reads(request: Request, visit: str) -> Response:
    """The same for the clinician."""
    require_session(request, "provider")
    return await _read(request, visit)


@router.post("/visits/{visit}/chat")
async def patient_writes(request: Request, visit: str) -> Response:
    """A line, or a file, from the patient's side."""
    require_patient(request)
    return await _write(request, visit)


@router.post("/staff/visits/{visit}/chat")
async def staff_writes(request: Request, visit: str) -> Response:
    """The same from the clinician."""
    require_session(request, "provider")
    return await _write(request, visit)


async def _read(request: Request, visit: str) -> Response:
    def read(scope: Scope) -> dict[str, Any]:
        conversation, lines = scope.chats.read(visit)
        return {"lines": [_line(request, conversation, one) for one in lines]}

    return JSONResponse(await in_scope(request, read))


async def _write(request: Request, visit: str) -> Response:
    subject = translator(visitor(request).language)("call.chat.subject")
    try:
        conversation = await in_scope(request, lambda scope: scope.chats.open(visit, subject))
        sent = await sent_of(request, conversation)
        text = str(sent.fields.get("text", ""))
        if sent.refused:
            return _no(translator(visitor(request).language)(f"files.refused.{sent.refused}"))
        if len(text) > LONGEST:
            return _no(translator(visitor(request).language)("messages.error.long"))
        line = ChatLine(conversation=conversation, text=text, key=request_id(sent.fields))
        await in_scope(request, lambda scope: scope.chats.say(line))
    except TooManyMessages:
        return _no(translator(visitor(request).language)("messages.error.hour"))
    except AlreadyDone:
        return _no(translator(visitor(request).language)("call.chat.over"))
    except ValueError:
        return _no(translator(visitor(request).language)("messages.error.empty"))
    return await _read(request, visit)


def _line(request: Request, conversation: str, line: SaidView) -> dict[str, Any]:
    who, session = visitor(request), visitor(request).session
    door = "/staff" if who.portal == STAFF else ""
    t = translator(who.language)
    return {
        "id": line.id,
        "mine": session is not None and line.author == session.person,
        "name": line.name,
        "text": line.text,
        "at": Formats(visitor(request).language).time(line.at, who.here.time_zone),
        "files": [
            {
                "name": t("call.chat.file", number=number),
                "state": one.state,
                "href": f"{door}/messages/{conversation}/files/{one.id}",
            }
            for number, one in enumerate(line.files, start=1)
        ],
    }


def _no(words: str) -> Response:
    return JSONResponse({"error": {"words": words}}, status_code=422)
