"""Removes what no row names: files of uploads that a crash cut off, and of rows that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select, update

from records.blob_folder import BlobFolder
from records.blobs import ERASED, KEPT
from records.database import Database
from records.tables.blobs import BlobRow
from records.work import Work

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
    files, removed = BlobFolder(folder), 0
    for path in files.older_than(grace_seconds):
        if not path.name.startswith(".") and _is_named(database, path.name):
            continue
        path.unlink(missing_ok=True)
        removed += 1
    return removed


def census(database: Database, folder: Path) -> Census:
    """Counts files against rows; nothing is opened."""
    lying = set(BlobFolder(folder).names())
    with database.reading() as session:
        named = set(session.scalars(select(BlobRow.file).where(BlobRow.file != "")))
        waiting = session.scalar(select(func.count()).select_from(BlobRow).where(BlobRow.state == "quarantined"))
    return Census(
        kept=len(named & lying), quarantined=waiting or 0, missing=len(named - lying), stray=len(lying - named)
    )


def end_files(work: Work, person: str) -> tuple[str, ...]:
    """Ends every file of an erased person; returns the names to be removed once that is committed."""
    own = (BlobRow.clinic == work.clinic, BlobRow.person == person)
    names = tuple(work.session.scalars(select(BlobRow.file).where(*own, BlobRow.file != "").distinct()))
    ended = {"state": ERASED, "file": "", "key": b"", "digest": ""}
    work.session.execute(update(BlobRow).where(*own).values(**ended, settled_at=work.now))
    return names


def remove_files(folder: Path, names: tuple[str, ...]) -> None:
    """Removes the files; a program that dies before leaves them to the next sweep."""
    files = BlobFolder(folder)
    for name in names:
        files.remove(name)


def _is_named(database: Database, name: str) -> bool:
    with database.reading() as session:
        query = select(BlobRow.id).where(BlobRow.file == name, BlobRow.state.in_(KEPT)).limit(1)
        return session.scalar(query) is not None
