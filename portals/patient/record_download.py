"""A copy of the whole record to take home: pages to read, FHIR for another clinic's program, and every file.

It is written while it is sent: nothing of it lies anywhere, no link to it exists, and its name says nothing.
"""

from __future__ import annotations

import io
import json
import logging
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from engine.clinic_recordings import RecordingRules
from engine.content import Content
from integrations.fhir.elements import Json
from integrations.fhir.records import (
    FhirConsent,
    FhirMessage,
    FhirOrder,
    FhirPaper,
    FhirPatient,
    FhirRecord,
    FhirVisit,
    bundle,
)
from integrations.fhir.responses import About, questionnaire_response
from portals.auth.guards import require_fresh, require_patient
from portals.base.colour import brand_css
from portals.base.files import store_of
from portals.base.requests import actor_of, deps_of, field, form_of, in_scope
from portals.base.templating import STATIC, render
from portals.base.visitor import visitor
from portals.call.playing import rules_of
from portals.patient.record import RecordPage, read_record
from portals.patient.summary_view import SummaryView, summary_view
from records.blob_sniff import ENDINGS
from records.conversation_rows import SaidView
from records.errors import RecordsError
from records.people import PatientView
from records.recording_store import RecordingStore
from records.scope import Scope

router = APIRouter()
_LOG = logging.getLogger(__name__)
BASE = "urn:clinic"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Signed:
    """A consent as it was signed, word for word."""

    kind: str
    text: str
    signature: str
    at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CopiedFile:
    """A file of the copy: its id, its name there, and the conversation it was sent in (empty: its visit's own)."""

    id: str
    name: str
    media_type: str
    visit: str
    conversation: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CopiedPart:
    """A part of a recording in the copy's list: whose, from when and how long, its hash; its file's name, or empty."""

    id: str
    visit: str
    role: str
    label: str
    begun_at: datetime
    offset_ms: int
    duration_ms: int
    digest: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Copy:
    """Everything that the copy holds, as it was read in one transaction."""

    patient: PatientView
    page: RecordPage
    summaries: Mapping[str, Mapping[str, Any]]
    signed: Mapping[str, Signed]
    said: Mapping[str, tuple[SaidView, ...]]
    files: tuple[CopiedFile, ...]
    responses: tuple[Json, ...]
    recordings: tuple[CopiedPart, ...]


@router.get("/record/download")
async def download_page(request: Request) -> Response:
    """What the copy holds, and that it is one's own to keep safe."""
    session = require_patient(request)
    of, said = request.query_params.get("of", ""), (deps_of(request).content(), visitor(request).language)
    page = await in_scope(request, lambda scope: read_record(scope, session, of, said))
    acting = page.ward.name if page.ward else ""
    return render(request, "patient/record_download.html", page=page, of=of, acting=acting)


@router.post("/record/download")
async def download(request: Request) -> Response:
    """The copy, after a fresh proof; asked for again it is made anew and audited anew."""
    session = require_patient(request)
    await require_fresh(request, "download_record")
    of, content = field(await form_of(request), "of"), deps_of(request).content()
    language = visitor(request).language

    def read(scope: Scope) -> Copy:
        page = read_record(scope, session, of, (content, language))
        scope.record_copies.take(page.patient)
        return _copy(scope, page, content, rules_of(request))

    copy = await in_scope(request, read)
    parts = await run_in_threadpool(_papers, request, copy)
    headers = {"content-disposition": 'attachment; filename="record.zip"', "cache-control": "no-store"}
    return StreamingResponse(_zipped(request, copy, parts), media_type="application/zip", headers=headers)


class _Sink(io.RawIOBase):
    """Where the archive is written: what has come is taken out and sent on, and nothing is kept."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held


def _zipped(request: Request, copy: Copy, papers: Mapping[str, bytes]) -> Iterator[bytes]:
    """The archive piece by piece; a file that cannot be read leaves a gap that the list of files names."""
    sink, store, rules = _Sink(), store_of(request), rules_of(request)
    recorded = RecordingStore(deps_of(request).database, deps_of(request).settings.files_dir)
    clinic, actor = visitor(request).here.slug, actor_of(request)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in papers.items():
            archive.writestr(name, content)
            yield sink.taken()
        for one in copy.files:
            opened = (
                store.open_said(clinic, actor, one.id, one.conversation)
                if one.conversation
                else store.open(clinic, actor, one.id)
            )
            try:
                with opened as (_, pieces), archive.open(one.name, "w") as entry:
                    for piece in pieces:
                        entry.write(piece)
                        yield sink.taken()
            except RecordsError as fault:
                _LOG.error("a file is missing in a copy: %s", fault)
        for part in (each for each in copy.recordings if each.name):
            try:
                with (
                    recorded.open(clinic, actor, part.id, part.visit, rules) as (_, reader),
                    archive.open(zipfile.ZipInfo(part.name), "w", force_zip64=True) as entry,
                ):
                    for piece in reader.read():
                        entry.write(piece)
                        yield sink.taken()
            except RecordsError as fault:
                _LOG.error("a recording is missing in a copy: %s", fault)
    yield sink.taken()


def _papers(request: Request, copy: Copy) -> dict[str, bytes]:
    """The pages to read and the bundle, by name."""
    who, content = visitor(request), deps_of(request).content()
    sheet = brand_css(who.here.brand_colour) + (STATIC / "css" / "document.css").read_text(encoding="utf-8")
    views: dict[str, SummaryView] = {
        visit: summary_view(told, content, who.language) for visit, told in copy.summaries.items()
    }
    shown = render(
        request,
        "patient/record_document.html",
        copy=copy,
        page=copy.page,
        views=views,
        zone=who.here.time_zone,
        now=deps_of(request).clock.now(),
        sheet=sheet,
    )
    made = bundle(_fhir(copy, who.here.name, deps_of(request).clock.now(), views))
    return {
        "index.html": bytes(shown.body),
        "record.fhir.json": json.dumps(made, ensure_ascii=False, indent=2).encode(),
    }


def _copy(scope: Scope, page: RecordPage, content: Content, rules: RecordingRules) -> Copy:
    summaries = {
        part.visit.visit: scope.documents.copy_of(part.summary.id) for part in page.visits if part.summary is not None
    }
    said = {one.id: scope.conversations.messages(one.id) for one in page.conversations if one.state != "begun"}
    return Copy(
        patient=scope.people.patient(page.patient),
        page=page,
        summaries=summaries,
        signed={
            one.id: Signed(
                kind=one.kind,
                text=scope.consents.text(one.id),
                signature=scope.consents.signature(one.id),
                at=one.at,
                revoked_at=one.revoked_at,
            )
            for one in page.consents
        },
        said=said,
        files=tuple(_files(page, said)),
        responses=tuple(_responses(scope, page, content)),
        recordings=tuple(_recordings(scope, page, rules)),
    )


def _recordings(scope: Scope, page: RecordPage, rules: RecordingRules) -> Iterator[CopiedPart]:
    """Every part that plays; its file goes along where the clinic's rules say so and the patient may play it."""
    number = 0
    for part in page.visits:
        for one in scope.recordings.for_visit(part.visit.visit, rules) if part.recordings else ():
            for piece in one.parts:
                if one.begun_at is None or not piece.plays:
                    continue
                number += 1
                taken = rules.copies and one.plays_until is not None
                ending = "webm" if piece.media_type.endswith("webm") else "mkv"
                yield CopiedPart(
                    id=piece.id,
                    visit=part.visit.visit,
                    role=piece.role,
                    label=piece.label,
                    begun_at=one.begun_at,
                    offset_ms=piece.offset_ms,
                    duration_ms=piece.duration_ms,
                    digest=scope.recordings.digest(part.visit.visit, piece.id),
                    name=f"recordings/{number:03d}.{ending}" if taken else "",
                )


def _files(page: RecordPage, said: Mapping[str, tuple[SaidView, ...]]) -> Iterator[CopiedFile]:
    found = [(one, part.visit.visit, "") for part in page.visits for one in part.files]
    where = {one.id: one.visit for one in page.conversations}
    found += [(file, where[talk], talk) for talk, lines in said.items() for one in lines for file in one.files]
    for number, (one, visit, talk) in enumerate((each for each in found if each[0].state == "clean"), 1):
        name = f"files/{number:03d}.{ENDINGS[one.media_type]}"
        yield CopiedFile(id=one.id, name=name, media_type=one.media_type, visit=visit, conversation=talk, at=one.at)


def _responses(scope: Scope, page: RecordPage, content: Content) -> Iterator[Json]:
    """The forms that were handed in, as far as they are carried still."""
    for part in page.visits:
        for one in scope.forms.submitted(part.visit.visit):
            try:
                form = content.form(one.form)
            except KeyError:
                continue
            about = About(subject=page.patient.replace("_", "-"), authored=one.at, status="completed", base=BASE)
            yield questionnaire_response(form, one.answers, about)


def _fhir(copy: Copy, clinic: str, now: datetime, views: Mapping[str, SummaryView]) -> FhirRecord:
    page, of_visit = copy.page, {part.visit.visit: part for part in copy.page.visits}
    return FhirRecord(
        patient=_patient(copy.patient),
        clinic=clinic,
        at=now,
        visits=tuple(
            FhirVisit(
                id=part.visit.visit,
                stage=part.visit.stage,
                kind=part.kind,
                starts_at=part.visit.starts_at,
                ends_at=part.visit.ends_at,
                provider=part.visit.provider,
                provider_name=part.provider,
            )
            for part in page.visits
        ),
        orders=tuple(_orders(page)),
        consents=tuple(
            FhirConsent(
                id=one.id,
                visit=one.visit,
                kind=one.kind,
                text=copy.signed[one.id].text,
                at=one.at,
                holds=one.revoked_at is None,
            )
            for one in page.consents
        ),
        papers=tuple(_fhir_papers(copy, views)),
        messages=tuple(one for one in _messages(copy) if one.visit in of_visit),
        responses=copy.responses,
    )


def _patient(one: PatientView) -> FhirPatient:
    return FhirPatient(
        id=one.person,
        given=one.given,
        family=one.family,
        birth_date=one.birth_date,
        sex=one.sex,
        phone=one.phone,
        email=one.email,
        address={"postal_code": one.postal_code, "state": one.residence_state, **one.address},
        language=one.language,
    )


def _orders(page: RecordPage) -> Iterator[FhirOrder]:
    for part, one in page.orders:
        drug = one.draft.drug
        yield FhirOrder(
            id=one.order,
            visit=one.visit,
            state=one.stands,
            drug=f"{drug['name']} {drug.get('strength', '')}".strip(),
            sig=one.draft.sig,
            quantity=one.draft.quantity,
            unit=one.draft.quantity_unit,
            days=one.draft.days_supply,
            refills=one.draft.refills,
            written_at=one.written_at,
            provider=part.visit.provider,
        )


def _fhir_papers(copy: Copy, views: Mapping[str, SummaryView]) -> Iterator[FhirPaper]:
    for part in copy.page.visits:
        if part.summary is not None:
            lines = views[part.visit.visit].lines
            text = "\n".join(f"{line.label}: {line.text}" if line.label else line.text for line in lines)
            yield FhirPaper(id=part.summary.id, visit=part.visit.visit, title="Summary", at=part.summary.at, text=text)
    for one in copy.files:
        yield FhirPaper(id=one.id, visit=one.visit, title=one.name, at=one.at, name=one.name, media_type=one.media_type)


def _messages(copy: Copy) -> Iterator[FhirMessage]:
    for talk in copy.page.conversations:
        for one in copy.said.get(talk.id, ()):
            team, name = one.side == "team", f"{one.name} ({one.acted_for})" if one.acted_for else ""
            yield FhirMessage(
                id=one.id,
                visit=talk.visit,
                subject=talk.subject,
                text=one.text,
                at=one.at,
                by=one.author if team else "",
                by_name=one.name if team else name,
            )
