"""Whether these records were made as a demonstration, and what time its visits and its law go by.

A demonstration lets anybody at this machine in with one click and lets them move the clock. Records of real people
must never be one: it is said once, while there is nobody in them, and no setting says it afterwards. So that no real
person comes into one either, nothing runs on a demonstration's records as if they were none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, inspect, select
from sqlalchemy.orm import Session

from engine.settings import Settings
from records.codes import machine_now
from records.database import INSTALLATION, Database
from records.key_providers import key_provider
from records.tables.people import Patient, Person, SeedMark

FARTHEST = timedelta(days=10 * 366)
_MARK = "demo"
_FILE = "demo-clock.json"
# What was told of a new demonstration's story, and what stands there while it shows the clinic's past.
STORY_FILE, STORY_CLOCK = "demo-story.json", "clock-moved"


class NotADemo(Exception):
    """These records hold people and were not made as a demonstration."""


class MadeAsDemo(Exception):
    """These records were made as a demonstration, and somebody asked to run them as none."""

    def __init__(self) -> None:
        super().__init__(
            "these records were made as a demo, and real people must never come into one: "
            "run it with CLINIC_DEMO=1, or give real people a new data folder, keys and database"
        )


class DemoClock:
    """The machine's time, moved by what stands in the data folder; every program of the installation reads it there.

    Visits and the law go by it. Audit, sessions, keys, tokens and links go by the machine's own time.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime] = machine_now, *, may_move: bool = True) -> None:
        self._file = folder / _FILE
        self._now = now
        self._seen: tuple[int, int] = (0, 0)
        self._moved = timedelta(0)
        self.may_move = may_move

    def now(self) -> datetime:
        """The instant visits and the law go by."""
        return self._now() + self.moved()

    def moved(self) -> timedelta:
        """How far the clock is ahead of the machine's (behind when negative)."""
        if not self.may_move:
            return timedelta(0)
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return timedelta(0)
        seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self._moved, self._seen = _read(self._file), seen
        return self._moved

    def is_telling(self) -> bool:
        """Whether a new demonstration's own story has moved the clock, and not a person who looks at it."""
        try:
            return STORY_CLOCK in json.loads(self._file.with_name(STORY_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):
            return False

    def set(self, instant: datetime) -> timedelta:
        """Lets the clock show an aware instant now; returns how far that moves it.

        Raises:
            NotADemo: this clock may not be moved.
            ValueError: the instant is more than ten years away.
        """
        if not self.may_move:
            raise NotADemo
        moved = instant - self._now()
        if abs(moved) > FARTHEST:
            raise ValueError("farther than ten years away")
        draft = self._file.with_suffix(".tmp")
        draft.write_text(json.dumps({"seconds": round(moved.total_seconds())}), encoding="utf-8")
        draft.replace(self._file)
        return timedelta(seconds=round(moved.total_seconds()))

    def reset(self) -> None:
        """Back to the machine's time."""
        self._file.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An installation's records, the clock they go by, and the settings with `demo` only where it may be."""

    database: Database
    clock: DemoClock
    settings: Settings


def open_records(settings: Settings) -> Opened:
    """Opens the records of an installation; a demonstration is one only where they were made as one.

    The tables must be there when the settings ask for a demonstration.

    Raises:
        MadeAsDemo: the settings ask for none, and the records are one.
    """
    clock = DemoClock(settings.data_dir, may_move=False)
    database = Database(
        settings.database_url, key_provider(settings), clock=clock, connections=settings.database_connections
    )
    made_as_demo = is_demo(database)
    if made_as_demo and not settings.demo:
        database.close()
        raise MadeAsDemo
    demo = clock.may_move = settings.demo and made_as_demo
    return Opened(database=database, clock=clock, settings=replace(settings, demo=demo))


def is_demo(database: Database) -> bool:
    """Whether the records were made as a demonstration; those whose tables are still to come were not."""
    with database.reading() as session:
        if not inspect(session.connection()).has_table(SeedMark.__tablename__):
            return False
        return session.get(SeedMark, (INSTALLATION, _MARK)) is not None


def refuse_demo(database: Database) -> None:
    """Lets nobody go on whose records are a demonstration, one from before there was a mark too.

    Raises:
        MadeAsDemo: they are.
    """
    with database.reading() as session:
        if session.get(SeedMark, (INSTALLATION, _MARK)) is not None or _began_as_demo(session):
            raise MadeAsDemo


def make_demo(database: Database) -> bool:
    """Says that empty records are a demonstration's, once; whether they were empty, and so a new one.

    Raises:
        NotADemo: somebody is in the records already.
    """
    with database.writing() as session:
        if session.get(SeedMark, (INSTALLATION, _MARK)) is not None:
            return False
        is_new = session.scalar(select(Person.id).limit(1)) is None
        if not is_new and not _began_as_demo(session):
            raise NotADemo
        session.add(SeedMark(clinic=INSTALLATION, key=_MARK, at=database.now()))
        session.commit()
    return is_new


def ids_of_seeded(database: Database, clinic: str) -> dict[str, str]:
    """The id of each person who was loaded from the clinic's file, by the name they have in it."""
    query = select(Person.seed_key, Person.id).where(Person.clinic == clinic, Person.seed_key.is_not(None))
    with database.reading() as session:
        return {str(key): person for key, person in session.execute(query)}


def _began_as_demo(session: Session) -> bool:
    """Whether a file's patients came with the very first people, as in a demonstration older than its mark."""
    first = select(func.min(Person.created_at)).scalar_subquery()
    query = select(Patient.person).join(Person, Person.id == Patient.person)
    came_first = query.where(Person.seed_key.is_not(None), Person.created_at == first)
    return session.scalar(came_first.limit(1)) is not None


def _read(file: Path) -> timedelta:
    """How far the file moves the clock; not at all when it cannot be read."""
    try:
        return timedelta(seconds=int(json.loads(file.read_text(encoding="utf-8"))["seconds"]))
    except (OSError, ValueError, TypeError, KeyError):
        return timedelta(0)
