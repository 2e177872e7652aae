"""Removes what no row names: files of uploads that a crash cut off, and of rows that have ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update

from records.blob_folder import BlobFolder
from records.blobs import ERASED, KEPT, QUARANTINED
from records.database import Database
from records.engines import open_engine
from records.recording_rows import LYING
from records.tables.blobs import BlobRow
from records.tables.recordings import RecordingPartRow

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
    removed = 0
    for table in (BlobRow, RecordingPartRow):
        erased = select(table.file).where(table.state == ERASED, table.file != "").distinct()
        with database.reading() as session:
            names = session.scalars(erased).all()
        for name in names:
            BlobFolder(folder).remove(name)
        if names:
            with database.writing() as session:
                session.execute(update(table).where(table.state == ERASED).values(file=""))
                session.commit()
        removed += len(names)
    return removed


def census(url: str, folder: Path) -> Census:
    """Counts the files of a database of this program's schema against its rows; no key is needed, nothing is opened."""
    lying = set(BlobFolder(folder).names())
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(select(BlobRow.file, BlobRow.state).where(BlobRow.state.in_(KEPT))).all()
            parts = connection.scalars(select(RecordingPartRow.file).where(RecordingPartRow.state.in_(LYING))).all()
    finally:
        engine.dispose()
    named = {*parts, *(row.file for row in rows)}
    return Census(
        kept=len(named & lying),
        quarantined=sum(row.state == QUARANTINED for row in rows),
        missing=len(named - lying),
        stray=len(lying - named),
    )


def _is_named(database: Database, name: str) -> bool:
    with database.reading() as session:
        query = select(BlobRow.id).where(BlobRow.file == name, BlobRow.state.in_(KEPT)).limit(1)
        parts = select(RecordingPartRow.id).where(RecordingPartRow.file == name, RecordingPartRow.state.in_(LYING))
        return session.scalar(query) is not None or session.scalar(parts.limit(1)) is not None
