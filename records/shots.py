"""Which files do a visit's answers name, and are they still there?

The answer to a question about photos is the id of one file for each shot (`engine.photos`). A file's row is the truth:
what ends it takes it out of the answers in the same transaction, so that no answer shows what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from records.blobs import KEPT
from records.tables.blobs import BlobRow
from records.tables.clinical import AnswerRow
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
