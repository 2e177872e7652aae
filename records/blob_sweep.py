"""Removes what no row names: files of uploads that a crash cut off, and of rows that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, update

from records.blob_folder import BlobFolder
from records.blobs import ERASED, KEPT
from records.database import Database
from records.tables.blobs import BlobRow

# Longer than any upload takes: what is younger may be about to get its row.
GRACE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What lies in the folder: ``kept`` is named by rows, ``missing`` is named and gone, ``stray`` is not named."""

    kept: int
    quarantined: int
    missing: int
    stray: int


def sweep(database: Database, folder: Path, grace_seconds: float = GRACE_SECONDS) -> int:
    """Removes what nobody names and nobody has written to for the grace; returns how many files that were."""
    files, removed = BlobFolder(folder), remove_erased(database, folder)
    for path in files.older_than(grace_seconds):
        if not path.name.startswith(".") and _is_named(database, path.name):
            continue
        path.unlink(missing_ok=True)
        removed += 1
    return removed


def remove_erased(database: Database, folder: Path) -> int:
    """Removes the files of erased people at once; returns how many. What a crash leaves, the next call removes."""
    erased = select(BlobRow.file).where(BlobRow.state == ERASED, BlobRow.file != "").distinct()
    with database.reading() as session:
        names = session.scalars(erased).all()
    for name in names:
        BlobFolder(folder).remove(name)
    if names:
        with database.writing() as session:
            session.execute(update(BlobRow).where(BlobRow.state == ERASED).values(file=""))
            session.commit()
    return len(names)


def census(database: Database, folder: Path) -> Census:
    """Counts files against rows; nothing is opened."""
    lying = set(BlobFolder(folder).names())
    with database.reading() as session:
        named = set(session.scalars(select(BlobRow.file).where(BlobRow.state.in_(KEPT))))
        waiting = session.scalar(select(func.count()).select_from(BlobRow).where(BlobRow.state == "quarantined"))
    return Census(
        kept=len(named & lying), quarantined=waiting or 0, missing=len(named - lying), stray=len(lying - named)
    )


def _is_named(database: Database, name: str) -> bool:
    with database.reading() as session:
        query = select(BlobRow.id).where(BlobRow.file == name, BlobRow.state.in_(KEPT)).limit(1)
        return session.scalar(query) is not None
