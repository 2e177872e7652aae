"""Photos that their check refused after the answers that name them were handed in: asked for again, and sent again.

What was handed in stays as it was; beside it stands which photo is none any more, why, and what was sent in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from records.acts import Act
from records.blobs import KEPT, REFUSED
from records.course import append_event, queue_message, raise_alert
from records.errors import AlreadyDone
from records.shots import handed_in, newest_answers, shots_in
from records.stages import CASES, DRAFT, FINAL, IN_CALL, IN_LINE, READY
from records.tables.blobs import BlobRow
from records.tables.visits import Visit, VisitEventRow
from records.work import Repository, Work

NOTICE = "photo_refused"
TOLD, AGAIN = "photo_refused", "photo_sent_again"
ASKED_FOR = frozenset({"held", "booked", "preparing", READY, "blocked", IN_CALL}) | IN_LINE | CASES


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRefusal:
    """A refused photo: the form's item and shot that it was, why (a code), and what was sent in its place, if it was.

    ``open`` says that it can still be sent again.
    """

    blob: str
    form: str
    item: str
    shot: str
    code: str
    by: str
    open: bool


class LateRefusals(Repository):
    """The refused photos of the clinic's visits."""

    def for_visit(self, visit: str) -> tuple[LateRefusal, ...]:
        """Every photo that handed-in answers name and that was refused, in the order of the answers.

        Audited where there is one: that there is none tells nothing.
        """
        row = self._work.visit(visit, Act.FILES_LISTED, audited=False)
        found = _of(self._work, row)
        if found:
            self._work.note(Act.FILES_LISTED, visit, visit)
        return found

    def send_again(self, visit: str, refused: str, blob: str) -> None:
        """Keeps that ``blob``, a file of the visit that is kept, stands for the refused photo from now on.

        Raises:
            AlreadyDone: it is not asked for (any more), or the file is none that is kept.
        """
        row = self._work.visit(visit, Act.FILE_ADDED)
        kept = self._session.scalar(
            select(BlobRow.id).where(
                BlobRow.id == blob,
                BlobRow.visit == visit,
                BlobRow.conversation.is_(None),
                BlobRow.state.in_(KEPT),
            )
        )
        asked = next((one for one in _of(self._work, row) if one.blob == refused and one.open), None)
        if asked is None or kept is None:
            raise AlreadyDone("photo")
        append_event(self._work, row, AGAIN, detail={"file": refused, "by": blob})


def tell_of(work: Work, row: Visit, blob: str, code: str) -> None:
    """A photo that was handed in is refused: the clinician gets a task, the patient a notice; the same once."""
    append_event(work, row, TOLD, detail={"file": blob, "code": code})
    if row.stage not in (*FINAL, DRAFT):
        raise_alert(work, row.id, TOLD, blob)
    if row.stage in ASKED_FOR:
        queue_message(work, row, NOTICE, "patient")


def _of(work: Work, row: Visit) -> tuple[LateRefusal, ...]:
    query = select(BlobRow.id, BlobRow.reason).where(BlobRow.visit == row.id, BlobRow.state == REFUSED)
    reasons: dict[str, str] = {one.id: one.reason for one in work.session.execute(query)}
    final = handed_in(work, row.id) if reasons else set()
    named = [
        (answer.form, answer.item, shot, blob)
        for answer, value in (newest_answers(work, row.id) if final else [])
        if answer.form in final
        for shot, blob in shots_in(value).items()
    ]
    again = _sent_again(work, row.id, reasons)
    return tuple(
        LateRefusal(
            blob=blob,
            form=form,
            item=item,
            shot=shot,
            code=reasons[blob],
            by=again.get(blob, ""),
            open=blob not in again and row.stage in ASKED_FOR,
        )
        for form, item, shot, blob in named
        if blob in reasons
    )


def _sent_again(work: Work, visit: str, refused: dict[str, Any]) -> dict[str, str]:
    """What stands for each refused photo; one that was refused in its turn stands for nothing."""
    query = select(VisitEventRow.detail).where(VisitEventRow.visit == visit, VisitEventRow.event == AGAIN)
    rows = work.session.scalars(query.order_by(VisitEventRow.sequence))
    return {str(one["file"]): str(one["by"]) for one in rows if one["by"] not in refused}
