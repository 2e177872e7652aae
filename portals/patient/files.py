"""Photos and papers of a visit, as the patient adds them, looks at them and takes them back."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.files import check_sent, hand_out, in_store
from portals.base.i18n import translator
from portals.base.multipart import BadUpload, FileForm, TooLong, drain, take_file
from portals.base.requests import actor_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.visit import VisitPage, begun, read_page
from records.blob_rows import ADDING, REMOVING, TooMany
from records.blob_store import FileRefused
from records.blobs import MOST_BYTES, MOST_FILES, BlobView
from records.errors import AlreadyDone, NotYetBegun
from records.scope import Scope
from records.shots import shots_in

router = APIRouter()
FIELD = "file"
# What the answer's status is when a file is refused for that reason; every other one is a 422.
STATUS = {"type": 415, "heif": 415, "size": 413, "pixels": 413, "too_many": 409, "late": 409, "busy": 429}
_AROUND = 64 * 1024  # what a form has beside its file
AT_ONCE = 3  # files of one person that are coming in; the page sends one after the other
HEARD_OUT = 4 * MOST_BYTES
MEGABYTE = 1 << 20
_SENDING: Counter[str] = Counter()  # only ever touched by the event loop


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPage:
    """What the page shows: the visit, its files, and what may be done now."""

    page: VisitPage
    files: tuple[BlobView, ...]
    handed_in: frozenset[str] = frozenset()
    """Those that belong to answers which were handed in: they stay."""

    @property
    def may_add(self) -> bool:
        kept = sum(1 for one in self.files if one.state != "refused")
        return self.page.visit.stage in ADDING and kept < MOST_FILES

    @property
    def may_remove(self) -> bool:
        return self.page.visit.stage in REMOVING


@router.get("/visits/{visit_id}/files")
async def files_page(request: Request, visit_id: str) -> Response:
    """What was sent so far, and a way to send more."""
    require_patient(request)

    def read(scope: Scope) -> FilesPage:
        page = begun(read_page(scope, visit_id))
        forms = scope.forms.submitted(visit_id) if page.lets("intake") and page.visit.stage in REMOVING else ()
        named = (blob for form in forms for value in form.answers.values() for blob in shots_in(value).values())
        return FilesPage(page=page, files=scope.blobs.for_visit(visit_id), handed_in=frozenset(named))

    shown, said = await in_scope(request, read), said_again(request)
    words = translator(visitor(request).language)
    error = next((words(f"files.refused.{code}") for name, code in said.errors if name == FIELD), "")
    answer = render(
        request,
        "patient/files.html",
        said.status,
        page=shown.page,
        visit=shown.page.visit,
        shown=shown,
        error=error,
        added=request.query_params.get("said") == "added" and not error,
        most=MOST_BYTES,
        megabytes=MOST_BYTES // MEGABYTE,
        most_files=MOST_FILES,
    )
    return once(request, answer)


@router.post("/visits/{visit_id}/files")
async def add_file(request: Request, visit_id: str) -> Response:
    """Takes one file in as it comes, checks it, and says at once what is wrong with it."""
    require_patient(request)
    stream = request.stream()
    try:
        code = (await taken(request, visit_id, stream)).code
        if code:
            await drain(stream, HEARD_OUT)
    except (ClientDisconnect, BadUpload):
        raise HTTPException(400) from None
    if code:
        return _refused(request, visit_id, code)
    if wants_json(request):
        return JSONResponse({"added": True})
    return go(f"/visits/{visit_id}/files?said=added")


@router.get("/visits/{visit_id}/files/{blob}")
async def see_file(request: Request, visit_id: str, blob: str) -> Response:
    """One file, as it is kept."""
    require_patient(request)
    return await hand_out(request, visit_id, blob)


@router.post("/visits/{visit_id}/files/{blob}/remove")
async def remove_file(request: Request, visit_id: str, blob: str) -> Response:
    """Takes one back; once the call has begun it stays."""
    require_patient(request)
    clinic, actor = visitor(request).here.slug, actor_of(request)
    with contextlib.suppress(AlreadyDone):  # the page shows what is still there, and that it stays
        await in_store(request, lambda store: store.remove(clinic, actor, blob))
    return go(f"/visits/{visit_id}/files")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Taken:
    """What became of a file that was sent: why it was refused, or its id and what the form said beside it."""

    code: str = ""
    blob: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


async def taken(request: Request, visit_id: str, stream: AsyncIterator[bytes], *, for_shot: bool = False) -> Taken:
    """Takes the file in, or says why not.

    ``for_shot``: it is sent as a photo that a form asks for. Raises `BadUpload`, `NotYetBegun`.
    """
    try:
        with _under_way(actor_of(request).person):
            return await _take(request, visit_id, stream, for_shot=for_shot)
    except FileRefused as refused:
        return Taken(code=refused.code)
    except NotYetBegun:
        raise
    except AlreadyDone as done:
        return Taken(code="too_many" if isinstance(done, TooMany) else "late")


async def _take(request: Request, visit_id: str, stream: AsyncIterator[bytes], *, for_shot: bool) -> Taken:
    clinic, actor = visitor(request).here.slug, actor_of(request)
    upload = await in_store(request, lambda store: store.begin(clinic, actor, visit_id))
    try:
        if _told_length(request) > MOST_BYTES + _AROUND:
            raise FileRefused("size")
        form = FileForm(request.headers.get("content-type", ""), FIELD)
        most = MOST_BYTES + _AROUND
        await take_file(stream, form, lambda piece: run_in_threadpool(upload.write, piece), most)
        blob, is_new = await in_store(request, lambda store: store.take(upload, for_shot=for_shot))
    except TooLong:
        raise FileRefused("size") from None
    finally:
        await run_in_threadpool(upload.discard)
    if is_new:
        await check_sent(request, blob)
    return Taken(blob=blob, fields=form.fields)


@contextlib.contextmanager
def _under_way(person: str) -> Iterator[None]:
    """Counts what a person is sending to this program. Raises `FileRefused` when that is enough."""
    if _SENDING[person] >= AT_ONCE:
        raise FileRefused("busy")
    _SENDING[person] += 1
    try:
        yield
    finally:
        _SENDING[person] -= 1
        if not _SENDING[person]:
            del _SENDING[person]


def _refused(request: Request, visit_id: str, code: str) -> Response:
    status = STATUS.get(code, 422)
    if wants_json(request):
        words = translator(visitor(request).language)(f"files.refused.{code}")
        return JSONResponse({"problem": words}, status_code=status)
    said = Said(errors=((FIELD, code),), status=status)
    return send_again(request, said) or go(f"/visits/{visit_id}/files")


def _told_length(request: Request) -> int:
    told = request.headers.get("content-length", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 18 else 0


def wants_json(request: Request) -> bool:
    """Whether a script asks, which shows the answer in the page it is on."""
    return "application/json" in request.headers.get("accept", "")
