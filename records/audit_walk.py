"""Walks a stretch of an audit chain: is every entry unchanged, and does each follow the one before it?

A whole chain is one stretch or several side by side, each in a process of its own; whoever joins them looks at the
seams. Rows come as plain tuples a few thousand at a time: a million entries take seconds.

As a program (``python -m records.audit_walk``) it reads what to walk as JSON from standard input and answers in JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from sqlalchemy import Connection, select

from engine.settings import HOME
from records.audit_rows import ENTRY, HASHED
from records.engines import open_engine
from records.journal import GENESIS, entry_hash
from records.tables.vault import AuditEntry

BATCH = 10_000
MOST_PROBLEMS = 20
_SEQUENCE, _PREVIOUS = HASHED.index("sequence"), HASHED.index("previous")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What to walk: a clinic's entries after one number up to another (None: to the end), and an anchor's number."""

    clinic: str
    after: int = 0
    until: int | None = None
    anchor: int = 0


@dataclass(slots=True)
class Stretch:
    """What a walk has found so far: where it began and ended, and at most `MOST_PROBLEMS` problems one by one."""

    entries: int = 0
    first: int = 0
    first_previous: str = ""
    last: int = 0
    last_hash: str = GENESIS
    at_anchor: str = ""  # the hash of the entry with the anchor's number
    problems: list[str] = field(default_factory=list)

    def tell(self, problem: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def follow(self, sequence: int, previous: str) -> None:
        """Notes where the next entry does not follow the last one."""
        if sequence != self.last + 1:
            self.tell(f"entry {self.last + 1} is missing; {sequence} follows {self.last}")
        elif previous != self.last_hash:
            self.tell(f"entry {sequence} does not follow the entry before it")

    def join(self, later: Stretch) -> None:
        """Goes on with a stretch that was walked beside this one."""
        if later.entries == 0:
            return
        if self.entries == 0:
            self.first, self.first_previous = later.first, later.first_previous
        self.follow(later.first, later.first_previous)
        for problem in later.problems:
            self.tell(problem)
        self.entries += later.entries
        self.last, self.last_hash = later.last, later.last_hash
        self.at_anchor = self.at_anchor or later.at_anchor


def walk(connection: Connection, part: Part) -> Stretch:
    """Walks a part of a chain as the connection sees it; the seam before its first entry is the caller's to look at."""
    found = Stretch()
    for rows in rows_of(connection, part):
        for row in rows:
            step(found, row, part.anchor)
    return found


def walk_beside(url: str, parts: Sequence[Part]) -> list[Stretch]:
    """The same in a process for each part, all at once. Raises `OSError` when one of them fails."""
    command = [sys.executable, "-m", "records.audit_walk"]
    programs = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=HOME) for _ in parts]
    with ThreadPoolExecutor(len(parts)) as pool:
        asked = (json.dumps({"url": url, **asdict(part)}).encode() for part in parts)
        answers = list(pool.map(lambda pair: pair[0].communicate(pair[1])[0], zip(programs, asked, strict=True)))
    if any(program.returncode for program in programs):
        raise OSError("a part of the chain could not be walked")
    return [Stretch(**json.loads(answer)) for answer in answers]


def step(found: Stretch, row: Sequence[object], anchor: int) -> None:
    """Takes the next row: the columns of `HASHED`, then the hash."""
    values, kept = row[:-1], cast(str, row[-1])
    sequence, previous = cast(int, values[_SEQUENCE]), cast(str, values[_PREVIOUS])
    if found.entries == 0:
        found.first, found.first_previous = sequence, previous
    elif sequence != found.last + 1 or previous != found.last_hash:
        found.follow(sequence, previous)
    if not _is_unchanged(values, kept):
        found.tell(f"entry {sequence} was changed after it was written")
    found.entries += 1
    found.last, found.last_hash = sequence, kept
    if sequence == anchor:
        found.at_anchor = kept


def _is_unchanged(values: Sequence[object], kept: str) -> bool:
    try:
        return entry_hash(values) == kept
    except TypeError:  # a value of another kind than any entry has
        return False


def rows_of(connection: Connection, part: Part) -> Iterator[Sequence[Sequence[object]]]:
    """The rows in order, a batch at a time, past SQLAlchemy's own row objects."""
    columns = [getattr(AuditEntry, name) for name in ENTRY]
    query = select(*columns).where(AuditEntry.clinic == part.clinic).order_by(AuditEntry.sequence).limit(BATCH)
    if part.until is not None:
        query = query.where(AuditEntry.sequence <= part.until)
    after = part.after
    while True:
        result = connection.execute(query.where(AuditEntry.sequence > after))
        rows: Sequence[Sequence[object]] = result.cursor.fetchall() if result.cursor is not None else ()
        result.close()
        if not rows:
            return
        yield rows
        after = cast(int, rows[-1][_SEQUENCE])


def main() -> int:
    asked: dict[str, Any] = json.load(sys.stdin)
    engine = open_engine(asked.pop("url"))
    try:
        with engine.connect() as connection:
            sys.stdout.write(json.dumps(asdict(walk(connection, Part(**asked)))))
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
