"""The recordings of a visit's call: a page for who may see them, and their files in the ranges a player asks for.

What is sent is opened chunk by chunk from the sealed file; nothing is kept by any cache, and every request is audited.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.clinic_recordings import RecordingRules
from portals.auth.guards import require_patient, require_session
from portals.base.requests import actor_of, audit_refusal, deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from records.access import Role
from records.errors import AccessRefused, AlreadyDone, NotFound, Unreadable
from records.recording_store import RecordingStore
from records.recordings import RecordingView
from records.scope import Scope

router = APIRouter(include_in_schema=False)
WATCHING = (Role.PROVIDER, Role.COMPLIANCE)
MOST_AT_ONCE = 4 << 20
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


@router.get("/staff/visits/{visit}/recordings")
async def recordings_page(request: Request, visit: str) -> Response:
    """Every recording of the call: when, who agreed, and what can be played."""
    session = require_session(request, WATCHING)

    def read(scope: Scope) -> tuple[tuple[RecordingView, ...], str]:
        zone = scope.people.provider(session.person).place if session.role == Role.PROVIDER else None
        return scope.recordings.for_visit(visit, rules), (zone.time_zone if zone else None) or ""

    rules = rules_of(request)
    found, zone = await in_scope(request, read)
    clinic_zone = deps_of(request).content().clinic(visitor(request).here.slug).time_zone
    back = f"/staff/visits/{visit}" if session.role == Role.PROVIDER else "/staff/oversight"
    return render(
        request,
        "call/recordings.html",
        visit_id=visit,
        recordings=found,
        zone=zone or clinic_zone,
        back=back,
        rules=rules,
        holds=session.role == Role.COMPLIANCE,
    )


@router.post("/staff/visits/{visit}/recordings/{recording}/release")
async def release_recording(request: Request, visit: str, recording: str) -> Response:
    """Lets the patient play it for as long as the clinic's file says, or takes that back."""
    require_session(request, WATCHING)
    on = field(await form_of(request), "on") == "yes"
    until = rules_of(request).released_until(deps_of(request).clock.now())

    def change(scope: Scope) -> None:
        if on:
            scope.recordings.release(visit, recording, until)
        else:
            scope.recordings.end_release(visit, recording)

    await in_scope(request, change)
    return go(f"/staff/visits/{visit}/recordings")


@router.post("/staff/visits/{visit}/recordings/{recording}/hold")
async def hold_recording(request: Request, visit: str, recording: str) -> Response:
    """Keeps it from being destroyed, or lets go of it; done twice it is done."""
    require_session(request, (Role.COMPLIANCE,))
    on = field(await form_of(request), "on") == "yes"

    def change(scope: Scope) -> None:
        with contextlib.suppress(AlreadyDone):
            scope.recordings.hold(visit, recording, on=on)

    await in_scope(request, change)
    return go(f"/staff/visits/{visit}/recordings")


@router.get("/visits/{visit}/recordings")
async def own_recordings(request: Request, visit: str) -> Response:
    """What was recorded of one's own call, and until when it can be played; else whom to ask."""
    require_patient(request)
    rules = rules_of(request)

    def read(scope: Scope) -> tuple[tuple[RecordingView, ...], str]:
        row = scope.visits.get(visit)
        place = row.attested_place or row.booked_place
        found = scope.recordings.for_visit(visit, rules)
        return tuple(one for one in found if one.begun_at is not None), (place.time_zone if place else None) or "UTC"

    found, zone = await in_scope(request, read)
    return render(request, "call/recordings_own.html", visit_id=visit, recordings=found, zone=zone)


@router.get("/visits/{visit}/recordings/{part}")
async def own_part(request: Request, visit: str, part: str) -> Response:
    """A part's bytes for its patient, while it is released to them."""
    require_patient(request)
    return await _ranged(request, visit, part)


@router.get("/staff/visits/{visit}/recordings/{part}")
async def recording_part(request: Request, visit: str, part: str) -> Response:
    """A part's bytes, as many as were asked for and no more than a few seconds at a time."""
    require_session(request, WATCHING)
    return await _ranged(request, visit, part)


async def _ranged(request: Request, visit: str, part: str) -> Response:
    clinic, actor, held = visitor(request).here.slug, actor_of(request), contextlib.ExitStack()
    deps = deps_of(request)
    store, rules = RecordingStore(deps.database, deps.settings.files_dir), rules_of(request)
    try:
        found = store.open(clinic, actor, part, visit, rules)
        opened, reader = await run_in_threadpool(lambda: held.enter_context(found))
    except (AccessRefused, Unreadable):
        raise HTTPException(404) from None
    except NotFound:
        await audit_refusal(request, "unknown")
        raise HTTPException(404) from None
    wanted = asked_range(request.headers.get("range", ""), opened.size)
    if wanted is None:
        held.close()
        return Response(status_code=416, headers={"content-range": f"bytes */{opened.size}"})
    start, end, partial = wanted
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "no-store",
        "content-length": str(end - start),
        "content-disposition": "inline",
    }
    if partial:
        headers["content-range"] = f"bytes {start}-{end - 1}/{opened.size}"
    pieces = _closing(held, reader.read(start, end))
    return StreamingResponse(pieces, 206 if partial else 200, headers, media_type=opened.media_type)


def rules_of(request: Request) -> RecordingRules:
    """The clinic's own rules for recordings, as in force now."""
    rules: RecordingRules = deps_of(request).content().clinic(visitor(request).here.slug).recordings
    return rules


def asked_range(header: str, size: int) -> tuple[int, int, bool] | None:
    """Start, end (not with it) and whether it is a part, of what a ``Range`` asks for; None when that is not there.

    >>> asked_range("bytes=10-19", 100), asked_range("", 100), asked_range("bytes=200-", 100)
    ((10, 20, True), (0, 100, False), None)
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return 0, size, False
    start = int(found[1])
    end = min(int(found[2]) + 1 if found[2] else size, size, start + MOST_AT_ONCE)
    return (start, end, True) if start < end else None


def _closing(held: contextlib.ExitStack, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with held:
        yield from pieces
