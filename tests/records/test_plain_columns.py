"""A stolen database file shows nothing that a person typed, said or was told by the law about themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import LargeBinary, text

from records.database import Database
from records.sealing import key_id_of
from records.sign_in import SignUp, sign_up
from records.tables.all import METADATA
from tests.records.helpers_journey import marked_patient, walk

MARK = "Zx9Canary"


def files_of(database: Database, folder: Path) -> Iterable[Path]:
    """Everything the database has on disk, its write-ahead log included."""
    if database.engine.dialect.name == "sqlite":
        return [path for path in folder.rglob("*") if path.is_file()]
    with database.engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        place = connection.execute(
            text("SELECT oid, current_setting('data_directory') FROM pg_database WHERE datname = current_database()")
        ).one()
    data = Path(place[1])
    return [
        *(data / "base" / str(place[0])).iterdir(),
        *(path for path in (data / "pg_wal").iterdir() if path.is_file()),
    ]


def found(database: Database, folder: Path, mark: str) -> list[str]:
    files = list(files_of(database, folder))
    assert sum(path.stat().st_size for path in files) > 100_000
    return [path.name for path in files if mark.encode().lower() in path.read_bytes().lower()]


def test_no_marked_text_is_in_the_files_of_the_database(database: Database, tmp_path: Path) -> None:
    walk(database, "palmetto", MARK)
    sign_up(
        database, SignUp(clinic="cedar", patient=marked_patient(MARK), password=f"{MARK}password", origin=f"{MARK}ip")
    )
    assert found(database, tmp_path, MARK) == []


def test_the_scan_would_see_a_plain_text(database: Database, tmp_path: Path) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO seed_marks VALUES ('palmetto', 'Qw7Planted', '2026-01-01 00:00:00')"))
    assert found(database, tmp_path, "Qw7Planted") != []


def test_the_birth_date_is_not_there_either(database: Database, tmp_path: Path) -> None:
    walk(database, "palmetto", MARK)
    assert found(database, tmp_path, "1990-04-02") == []


def test_the_walk_fills_every_sealed_column_and_each_is_sealed_under_a_key_of_ours(database: Database) -> None:
    walk(database, "palmetto", MARK)
    empty = set()
    with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for column in table.columns:
                if not isinstance(column.type, LargeBinary) or table.name in ("data_keys", "audit_heads"):
                    continue
                if column.name == "signature":  # anybody may read one; what it signs is sealed beside it
                    continue
                values = [value for (value,) in connection.execute(table.select().with_only_columns(column)) if value]
                empty |= set() if values else {column}
                assert all(key_id_of(value).startswith("key_") for value in values)
    assert empty == set()
