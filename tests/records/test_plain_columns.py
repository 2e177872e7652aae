"""A stolen database file shows nothing that a person typed, said or was told by the law about themselves."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy import LargeBinary

from records.database import Database
from records.sealing import key_id_of
from records.sign_in import SignUp, sign_up
from records.tables.all import METADATA
from tests.records.helpers_journey import marked_patient, walk

MARK = "Zx9Canary"


def test_no_marked_text_is_in_the_files_of_the_database(database: Database, tmp_path: Path) -> None:
    walk(database, "palmetto", MARK)
    sign_up(
        database, SignUp(clinic="cedar", patient=marked_patient(MARK), password=f"{MARK}password", origin=f"{MARK}ip")
    )
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"records.sqlite3", "records.sqlite3-wal"} <= {path.name for path in files}
    hits = [path.name for path in files if MARK.encode().lower() in path.read_bytes().lower()]
    assert hits == []


def test_the_scan_would_see_a_plain_text(database: Database, tmp_path: Path) -> None:
    walk(database, "palmetto", MARK)
    with sqlite3.connect(tmp_path / "records.sqlite3") as plain:
        plain.execute("INSERT INTO seed_marks VALUES ('palmetto', ?, '2026-01-01')", (MARK,))
    assert any(MARK.encode() in path.read_bytes() for path in tmp_path.rglob("records*"))


def test_the_birth_date_is_not_there_either(database: Database, tmp_path: Path) -> None:
    walk(database, "palmetto", MARK)
    assert not any(b"1990-04-02" in path.read_bytes() for path in tmp_path.rglob("records*"))


def test_the_walk_fills_every_sealed_column_and_each_is_sealed_under_a_key_of_ours(database: Database) -> None:
    walk(database, "palmetto", MARK)
    empty = set()
    with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            for column in table.columns:
                if not isinstance(column.type, LargeBinary) or table.name in ("data_keys", "audit_heads"):
                    continue
                values = [value for (value,) in connection.execute(table.select().with_only_columns(column)) if value]
                empty |= set() if values else {column}
                assert all(key_id_of(value).startswith("key_") for value in values)
    assert empty == set()
