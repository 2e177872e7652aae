"""Photos that a form asks for: one upload for each shot, checked as every file is, and then the shot's answer.

The file comes first and the answer after it. Should the program die between, the patient sees the photo among their
files and the question still open, and sends it again: the same file twice is one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from engine.forms import Form, Item
from engine.photo_judgements import read_judgement
from engine.photos import shots_for
from portals.base.again import Said, send_again
from portals.base.files import in_store
from portals.base.i18n import has_message, translator
from portals.base.multipart import BadUpload, drain
from portals.base.requests import actor_of, in_scope, new_request_id
from portals.base.templating import go
from portals.base.visitor import visitor
from portals.patient.files import HEARD_OUT, STATUS, Taken, taken, wants_json
from portals.patient.intake import Sitting, read_sitting
from portals.patient.intake_page import number_of
from records.blobs import CLEAN, PHOTO, BlobView
from records.errors import AlreadyDone, Conflict, PhotosGone
from records.forms import AnswerDraft
from records.scope import Scope

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shot:
    """The shot that a photo is sent for, as the form asks for it now."""

    sitting: Sitting
    form: Form
    item: Item
    shot: str

    @property
    def visit(self) -> str:
        return self.sitting.page.visit.visit

    @property
    def taken(self) -> Mapping[str, str]:
        return dict(self.sitting.answers.get(self.item.id) or {})

    @property
    def scale(self) -> bool:
        return any(shot.scale for shot in self.item.shots if shot.id == self.shot)

    @property
    def page(self) -> str:
        return f"{self.sitting.base}/{number_of(self.form, self.sitting.answers, self.item.id)}"


@router.post("/visits/{visit_id}/intake/photos/{item_id}/{shot_id}")
async def send_photo(request: Request, visit_id: str, item_id: str, shot_id: str) -> Response:
    """Takes one photo in; what is wrong with it is said beside its field."""
    asked = _asked(await read_sitting(request, visit_id), item_id, shot_id)
    stream = request.stream()
    if asked is None:  # the form asks for something else by now
        await drain(stream, HEARD_OUT)
        if wants_json(request):
            raise HTTPException(409)
        return go(f"/visits/{visit_id}/intake")
    try:
        sent = await taken(request, visit_id, stream, for_shot=True)
        if sent.code:
            await drain(stream, HEARD_OUT)
    except (ClientDisconnect, BadUpload):
        raise HTTPException(400) from None
    code = sent.code or await _unfit(request, asked, sent.blob)
    if not code:
        code = await _kept(request, asked, sent)
    if code:
        return _refused(request, asked, code)
    if wants_json(request):
        return JSONResponse({"sent": True})
    return go(f"{asked.page}#shot-{shot_id}")


def _asked(sitting: Sitting, item_id: str, shot_id: str) -> _Shot | None:
    """The shot, None when it is none that the form asks for."""
    form = sitting.form
    item = form.item(item_id) if form is not None else None
    if form is None or item is None or not number_of(form, sitting.answers, item_id):
        return None
    if shot_id not in (shot.id for shot in shots_for(item.shots, sitting.answers.get(item.by))):
        return None
    return _Shot(sitting=sitting, form=form, item=item, shot=shot_id)


async def _unfit(request: Request, asked: _Shot, blob: str) -> str:
    """Why a file cannot be this photo, and it is let go; empty when it can."""
    if blob in (other for shot, other in asked.taken.items() if shot != asked.shot):
        return "same"
    views = await in_scope(request, lambda scope: scope.blobs.for_visit(asked.visit))
    view = next((one for one in views if one.id == blob), None)
    code = "lost" if view is None else _wrong(asked.item, view)
    if code:
        await _let_go(request, blob)
    return code


def _wrong(item: Item, view: BlobView) -> str:
    """What the server itself asks of a photo: that it is one, and that it has the pixels.

    A file that still waits for its check is taken: its pixels are not known, and no patient waits for a scanner.
    """
    if view.kind != PHOTO:
        return "type"
    least = item.quality.pixels if item.quality is not None else 0
    return "small" if view.state == CLEAN and min(view.width, view.height) < least else ""


async def _kept(request: Request, asked: _Shot, sent: Taken) -> str:
    """Puts the file into the answer, with what was said of it, and lets the one go that it replaces."""
    blob, judged = sent.blob, read_judgement(sent.fields, scale=asked.scale)
    old = asked.taken.get(asked.shot, "")
    value: dict[str, Any] = {**asked.taken, asked.shot: blob}
    draft = AnswerDraft(
        visit=asked.visit,
        form=asked.form.id,
        item=asked.item.id,
        value=value,
        version=asked.sitting.version(asked.item.id),
        key=new_request_id(),
    )

    def write(scope: Scope) -> None:
        scope.forms.save_answer(draft)
        if judged is not None:
            scope.blobs.judge(asked.visit, blob, judged)

    try:
        await in_scope(request, write)
    except Conflict:
        return "busy"
    except AlreadyDone:
        return "late"
    except PhotosGone:  # it was removed in between
        return "lost"
    if old and old != blob:
        await _let_go(request, old)
    return ""


async def _let_go(request: Request, blob: str) -> None:
    """Removes a file that this shot does not need; what was sent for itself or is named elsewhere stays."""
    clinic, actor = visitor(request).here.slug, actor_of(request)
    with contextlib.suppress(AlreadyDone):
        await in_store(request, lambda store: store.let_go(clinic, actor, blob))


def _refused(request: Request, asked: _Shot, code: str) -> Response:
    language, least = visitor(request).language, asked.item.quality.pixels if asked.item.quality else 0
    key = f"photos.refused.{code}" if has_message(language, f"photos.refused.{code}") else f"files.refused.{code}"
    words = translator(language)(key, least=least)
    if wants_json(request):
        return JSONResponse({"problem": words}, status_code=STATUS.get(code, 422))
    said = Said(values={"value": asked.shot, "error": words}, status=422)
    return send_again(request, said, asked.page) or go(asked.page)
