"""How fast is the audit written and checked, beside what the machine needs for the bare hashes and the bare rows?

The floors do the same work without an audit: SHA-256 over the very bytes of every entry, one after the other; and the
same rows inserted into a table of their own in one committed transaction. Writing is measured with one access in each
transaction, as a page does it; with many clinics' accesses at once, whose waiting is shared; and in one transaction.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from records.acts import Act
from records.audit import verify
from records.audit_rows import ENTRY
from records.database import Database
from records.journal import GENESIS, SIGNED, Entry, Journal, Who, canonical_entry, entry_hash, keep_heads
from records.key_ring import Purpose
from records.keys import FileKeyProvider
from records.migrate import upgrade

CLINICS = 16
THREADS = 48
AN_ACCESS = 4  # entries that a page leaves
MILLION = 1_000_000
WHO = Who(
    person="per_0123456789abcdef01234567", role="provider", session="ses_0123456789abcdef01234567", origin="10.1.2.3"
)
VISIT = "vis_0123456789abcdef01234567"
ENTRIES = [Entry(act=Act.VISIT_VIEWED, subject=VISIT, visit=VISIT, detail={"field": "name"})] * AN_ACCESS


def run(folder: Path, seconds: float) -> dict[str, Any]:
    """Everything in entries a second; ratios are ours to the floor of the same work."""
    url = f"sqlite:///{folder / 'records.sqlite3'}"
    upgrade(url)
    database = Database(url, FileKeyProvider(folder / "keys"))
    try:
        for clinic in _names():
            database.secret(clinic, Purpose.LINKS)
        long = MILLION if seconds >= 20 else MILLION // 10
        figures = {
            "one access a transaction": _alone(database, seconds / 8),
            f"{CLINICS} clinics at once": _together(database, seconds / 8),
            "one transaction": _in_one(database, 20_000),
        }
        rows = chain("long", long)
        figures["bare INSERT"] = _rate(long // 5, lambda: _bare_insert(folder, rows[: long // 5]))
        figures["bare SHA-256"] = _rate(long, lambda: _bare_hash(rows))
        _fill(database, "long", rows)
        figures["verified"] = _rate(long, lambda: _verified(database, "long", long))
    finally:
        database.close()
    ratios = {
        "one transaction / bare INSERT": figures["one transaction"] / figures["bare INSERT"],
        "verified / bare SHA-256": figures["verified"] / figures["bare SHA-256"],
    }
    return {"entries_a_second": figures, "million_verified_seconds": MILLION / figures["verified"], "ratios": ratios}


def chain(clinic: str, length: int) -> list[tuple[Any, ...]]:
    """A chain's rows as the journal would have made them, without a database."""
    previous, rows, at = GENESIS, [], datetime(2026, 1, 1, tzinfo=UTC)
    for sequence in range(1, length + 1):
        when = (at + timedelta(seconds=sequence)).isoformat(timespec="microseconds")
        detail = '{"field":"name"}'
        values = (
            clinic,
            sequence,
            when,
            WHO.person,
            WHO.role,
            WHO.session,
            "",
            "visits:visit:viewed",
            VISIT,
            VISIT,
            detail,
        )
        kept = entry_hash((*values, previous))
        rows.append((*values, previous, kept))
        previous = kept
    return rows


def table(measured: dict[str, Any]) -> str:
    """The figures as text columns."""
    lines = [f"{name:<34}{rate:>12,.0f} entries a second" for name, rate in measured["entries_a_second"].items()]
    lines += [f"{name:<34}{ratio:>12.2f}" for name, ratio in measured["ratios"].items()]
    return "\n".join([*lines, f"{'a million verified in':<34}{measured['million_verified_seconds']:>12.1f} s"]) + "\n"


def _names() -> list[str]:
    return [f"clinic-{number}" for number in range(CLINICS)]


def _alone(database: Database, seconds: float) -> float:
    done, end, started = 0, time.perf_counter() + seconds, time.perf_counter()
    while time.perf_counter() < end:
        database.audited.append("clinic-0", WHO, ENTRIES)
        done += AN_ACCESS
    return done / (time.perf_counter() - started)


def _together(database: Database, seconds: float) -> float:
    """Threads that each wait for their own access to be on the disk before they make the next."""
    done, end, started = [0] * THREADS, time.perf_counter() + seconds, time.perf_counter()

    def work(number: int) -> None:
        while time.perf_counter() < end:
            database.audited.append(_names()[number % CLINICS], WHO, ENTRIES)
            done[number] += AN_ACCESS

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.perf_counter() - started)


def _in_one(database: Database, entries: int) -> float:
    return _rate(entries, lambda: database.audited.append("clinic-1", WHO, ENTRIES * (entries // AN_ACCESS)))


def _bare_hash(rows: list[tuple[Any, ...]]) -> None:
    """Each row's bytes hashed; making the bytes is not counted among the floor's work."""
    texts = _texts(rows)
    started = time.perf_counter()
    for text in texts:
        hashlib.sha256(text).hexdigest()
    _COUNTED.append(time.perf_counter() - started)


_COUNTED: list[float] = []


def _texts(rows: list[tuple[Any, ...]]) -> list[bytes]:
    return [canonical_entry(row[:-1]).encode() for row in rows]


def _bare_insert(folder: Path, rows: list[tuple[Any, ...]]) -> None:
    connection = sqlite3.connect(folder / "floor.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    names = ",".join(ENTRY)
    connection.execute(f"CREATE TABLE bare ({names}, PRIMARY KEY (clinic, sequence))")
    started = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO bare ({names}) VALUES ({','.join('?' * 13)})", rows)
    connection.execute("COMMIT")
    _COUNTED.append(time.perf_counter() - started)
    connection.close()


def _fill(database: Database, clinic: str, rows: list[tuple[Any, ...]]) -> None:
    """Puts a chain into the database with a head of ours, as if it had been written entry by entry."""
    database.secret(clinic, Purpose.LINKS)
    with database.writing() as session:
        connection = session.connection().connection.driver_connection
        assert connection is not None
        connection.execute("DROP TRIGGER audit_entries_no_delete")
        connection.execute("DELETE FROM audit_entries WHERE clinic = ?", (clinic,))
        names = ",".join(ENTRY)
        connection.executemany(f"INSERT INTO audit_entries ({names}) VALUES ({','.join('?' * 13)})", rows)
        journal = Journal(ring=database.ring, clinic=clinic, now=datetime.now(UTC))
        keep_heads(session, [journal.signed(session, len(rows), rows[-1][-1])], {clinic})
        session.info.pop(SIGNED)  # no anchor: the chain it stands on is gone
        session.commit()
    (anchor,) = (Path(database.ring.provider.folder) / "anchors").glob(f"{clinic}.json")
    anchor.unlink()


def _verified(database: Database, clinic: str, entries: int) -> None:
    report = verify(database, clinic)
    if not report.ok or report.entries != entries:
        raise SystemExit(f"the chain is not whole: {report.problems[:2]}")


def _rate(entries: int, work: Callable[[], None]) -> float:
    _COUNTED.clear()
    started = time.perf_counter()
    work()
    return entries / (_COUNTED[0] if _COUNTED else time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        measured = run(Path(folder), seconds)
    print(json.dumps({**measured, "table": table(measured)}))


if __name__ == "__main__":
    main()
