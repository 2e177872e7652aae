"""Files of a visit, as who looks at it sees them: what they are, how far they were checked, never their names."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import select

from engine.photo_judgements import Judgement
from records.acts import Act
from records.course import append_event
from records.tables.blobs import BlobRow
from records.tables.visits import VisitEventRow
from records.work import Repository

QUARANTINED, CLEAN, REFUSED, REMOVED, ERASED = "quarantined", "clean", "refused", "removed", "erased"
KEPT = (QUARANTINED, CLEAN)
PHOTO, DOCUMENT = "photo", "document"
MOST_FILES = 12  # of one visit
MOST_BYTES = 15 << 20
JUDGED = "photo_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobView:
    """A file: ``state`` quarantined | clean | refused; pixels are 0 where it is no picture; ``code`` why refused.

    ``judged`` is what the patient's browser and the patient said of a photo, None where nothing was said.
    """

    id: str
    visit: str
    kind: str
    state: str
    media_type: str
    size: int
    width: int
    height: int
    code: str
    at: datetime
    judged: Judgement | None = None


class Blobs(Repository):
    """The files that patients added to their visits; `records.blob_store` takes them in and opens them."""

    def for_visit(self, visit: str) -> tuple[BlobView, ...]:
        """What is kept of a visit's files, or was refused, the oldest first; not what was sent in a conversation."""
        self._work.visit(visit, Act.FILES_LISTED)
        query = select(BlobRow).where(
            BlobRow.visit == visit, BlobRow.conversation.is_(None), BlobRow.state.in_((*KEPT, REFUSED))
        )
        rows = self._session.scalars(query.order_by(BlobRow.at, BlobRow.id)).all()
        judged = self._judged(visit)
        return tuple(replace(view_of(row), judged=judged.get(row.id)) for row in rows)

    def judge(self, visit: str, blob: str, judged: Judgement) -> None:
        """Keeps what was said of a photo of the visit when it was sent; the newest counts."""
        row = self._work.visit(visit, Act.PHOTO_JUDGED)
        append_event(self._work, row, JUDGED, detail={"blob": blob, **asdict(judged)})

    def _judged(self, visit: str) -> dict[str, Judgement]:
        query = select(VisitEventRow).where(VisitEventRow.visit == visit, VisitEventRow.event == JUDGED)
        told = [dict(row.detail) for row in self._session.scalars(query.order_by(VisitEventRow.sequence))]
        return {one.pop("blob"): Judgement(**one) for one in told}


def view_of(row: BlobRow) -> BlobView:
    return BlobView(
        id=row.id,
        visit=row.visit,
        kind=row.kind,
        state=row.state,
        media_type=row.media_type,
        size=row.size,
        width=row.width,
        height=row.height,
        code=row.reason,
        at=row.at,
    )
