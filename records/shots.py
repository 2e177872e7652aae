"""Which files do a visit's answers name, and are they still there?

The answer to a question about photos is the id of one file for each shot (`engine.photos`). A file's row is the truth:
what ends it takes it out of the answers in the same transaction, so that no answer shows what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from records.acts import Act
from records.blobs import KEPT
from records.codes import new_id
from records.tables.blobs import BlobRow
from records.tables.clinical import AnswerRow, SubmissionRow
from records.tables.visits import Visit
from records.work import Work

_OF_BLOBS = "blb_"


def shots_in(value: Any) -> dict[str, str]:
    """The file of each shot in an answer; empty for an answer to any other question."""
    told = value.items() if isinstance(value, dict) else ()
    return {shot: blob for shot, blob in told if isinstance(blob, str) and blob.startswith(_OF_BLOBS)}


def is_named(work: Work, visit: str, blob: str) -> bool:
    """Whether an answer of the visit names the file now."""
    return any(blob in shots_in(value).values() for _, value in newest_answers(work, visit))


def newest_answers(work: Work, visit: str) -> list[tuple[AnswerRow, Any]]:
    """The newest version of every answer of a visit's forms, opened."""
    query = select(AnswerRow).where(AnswerRow.visit == visit).order_by(AnswerRow.version)
    rows = {(row.form, row.item): row for row in work.session.scalars(query)}.values()
    return [(row, work.open(("answers", "value", row.id), row.value)) for row in rows]


def gone(work: Work, visit: str, blobs: Iterable[str]) -> set[str]:
    """Those of the files that are not kept with the visit: never were, were removed, or refused by their check."""
    asked = set(blobs)
    if not asked:
        return asked
    query = select(BlobRow.id).where(BlobRow.visit == visit, BlobRow.id.in_(asked), BlobRow.state.in_(KEPT))
    return asked - set(work.session.scalars(query))


def handed_in(work: Work, visit: str) -> set[str]:
    """The forms of the visit whose answers are final."""
    return set(work.session.scalars(select(SubmissionRow.form).where(SubmissionRow.visit == visit)))


def is_handed_in(work: Work, visit: str, blob: str) -> bool:
    """Whether an answer of a form that was handed in names the file."""
    final = handed_in(work, visit)
    rows = newest_answers(work, visit) if final else []
    return any(row.form in final and blob in shots_in(value).values() for row, value in rows)


def drop(work: Work, visit: Visit, blob: str) -> None:
    """Takes a file that ends out of the answers: the shot is open again. What was handed in stays as it was.

    The caller holds the visit.
    """
    final = handed_in(work, visit.id)
    for row, value in newest_answers(work, visit.id):
        if row.form not in final and blob in shots_in(value).values():
            left = {shot: other for shot, other in value.items() if other != blob}
            _write(work, visit, row, left or None)


def _write(work: Work, visit: Visit, old: AnswerRow, value: Any) -> None:
    row_id, version = new_id("ans"), old.version + 1
    row = AnswerRow(
        id=row_id,
        clinic=work.clinic,
        visit=visit.id,
        form=old.form,
        item=old.item,
        version=version,
        client_key=row_id,
        at=work.at,
        actor=work.actor.person,
        value=work.seal(("answers", "value", row_id), value, visit.patient),
    )
    work.session.add(row)
    work.record(Act.ANSWER_SAVED, row_id, visit.id, form=old.form, item=old.item, version=version)
    work.session.flush()
