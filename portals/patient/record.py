"""My record: everything that a patient has at the clinic in one place, or that of somebody they read for."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.content import Content
from engine.texts import text_in
from portals.auth.guards import require_patient
from portals.base.requests import deps_of, in_scope
from portals.base.templating import render
from portals.base.visitor import SessionView, visitor
from portals.patient.after import SUMMARY
from portals.patient.journey import OVER, SEEN
from records.access import Role
from records.blobs import BlobView
from records.consents import ConsentView
from records.conversation_rows import ConversationView
from records.documents import DocumentView
from records.errors import NotFound
from records.orders import OrderView
from records.recordings import RecordingView
from records.relationships import Ward
from records.scope import Scope
from records.stages import DRAFT
from records.visits import VisitView

router = APIRouter()
READS = "see_record"
HIDDEN = frozenset({DRAFT, "held"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitPart:
    """One visit and what it left: who saw the patient, the summary (None before it is written), prescriptions, files
    and recordings of its call."""

    visit: VisitView
    kind: str
    provider: str
    summary: DocumentView | None
    orders: tuple[OrderView, ...]
    files: tuple[BlobView, ...]
    recordings: tuple[RecordingView, ...] = ()

    @property
    def zone(self) -> str:
        place = self.visit.attested_place or self.visit.booked_place
        return (place.time_zone if place else None) or "UTC"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RecordPage:
    """The whole record as its page shows it; ``ward`` is None for one's own."""

    patient: str
    ward: Ward | None
    wards: tuple[Ward, ...]
    visits: tuple[VisitPart, ...]
    consents: tuple[ConsentView, ...]
    conversations: tuple[ConversationView, ...]

    def zone_of(self, visit: str) -> str:
        """The zone of a visit's place, empty for one that is not among them."""
        return next((part.zone for part in self.visits if part.visit.visit == visit), "")

    @property
    def orders(self) -> tuple[tuple[VisitPart, OrderView], ...]:
        """Every prescription with its visit, the newest visit's first."""
        return tuple((part, one) for part in self.visits for one in part.orders)


@router.get("/record")
async def record_page(request: Request) -> Response:
    """Visits, summaries, prescriptions, files, consents and messages; ``of`` is the relationship one reads under."""
    session = require_patient(request)
    of, content, language = request.query_params.get("of", ""), deps_of(request).content(), visitor(request).language
    page = await in_scope(request, lambda scope: read_record(scope, session, of, (content, language)))
    return render(
        request,
        "patient/record.html",
        page=page,
        acting=page.ward.name if page.ward else "",
        of=page.ward.relationship if page.ward else "",
        own=session.role == Role.PATIENT,
        over=OVER | SEEN,
    )


def read_record(scope: Scope, session: SessionView, of: str, said: tuple[Content, str]) -> RecordPage:
    """The record of the asker, or of whom they read for under the relationship ``of``.

    Raises:
        NotFound, AccessRefused: for anybody else's, and for who has none.
    """
    wards = tuple(one for one in scope.relationships.mine() if READS in one.scopes)
    ward = next((one for one in wards if one.relationship == of), None)
    if of and ward is None:
        raise NotFound(f"relationships {of[:40]}")
    patient = ward.patient if ward else session.person
    scope.record_copies.may_take(patient)
    visits = tuple(one for one in scope.visits.for_patient(patient) if one.stage not in HIDDEN)
    return RecordPage(
        patient=patient,
        ward=ward,
        wards=wards,
        visits=tuple(_part(scope, one, said) for one in visits),
        consents=tuple(reversed(scope.consents.for_patient(patient))),
        conversations=scope.conversations.of_patient(patient),
    )


def _part(scope: Scope, visit: VisitView, said: tuple[Content, str]) -> VisitPart:
    summaries = [one for one in scope.documents.for_visit(visit.visit) if one.kind == SUMMARY]
    hidden = ("drafted", "discarded")
    return VisitPart(
        visit=visit,
        kind=_kind(visit, *said),
        provider=scope.people.called(visit.provider).display_name if visit.provider else "",
        summary=summaries[-1] if summaries else None,
        orders=tuple(one for one in scope.orders.for_visit(visit.visit) if one.state not in hidden),
        files=tuple(one for one in scope.blobs.for_visit(visit.visit) if one.state == "clean"),
        recordings=tuple(one for one in scope.recordings.for_visit(visit.visit) if one.begun_at is not None),
    )


def _kind(visit: VisitView, content: Content, language: str) -> str:
    try:
        return text_in(content.visit_type(f"{visit.specialty}/{visit.visit_type}").title, language)
    except KeyError:
        return ""
