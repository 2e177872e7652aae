"""The database of a whole installation: opens it safely, and hands out scopes, keys and sessions."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.ports import Clock, KeyProvider
from records.acts import Act
from records.anchors import AnchorKeeper, anchors_for
from records.audit_group import AuditGroup
from records.codes import machine_now
from records.engines import CONNECTIONS, open_engine, reader, writer
from records.errors import Overtaken
from records.journal import SIGNED, Entry, Journal, Who
from records.key_ring import DOOMED, KeyRing, Purpose
from records.key_shares import shares_at
from records.postgres import lost_a_race
from records.scope import Scope
from records.sealing import Secret
from records.sessions import SessionDoor
from records.tables.vault import AuditEntry
from records.turns import take_turn, turns_for
from records.work import Actor, Work

INSTALLATION = "_installation"
_SURVIVES = frozenset({"viewed", "refused"})


class Database:
    """One database with all clinics in it; safe for threads. Its schema is made by ``records.migrate.upgrade(url)``.

    ``now`` is the machine's time (audit, sessions, keys, links); ``clock`` the time that visits and the law go by,
    the same unless given.
    """

    def __init__(
        self,
        url: str,
        keys: KeyProvider,
        *,
        now: Callable[[], datetime] = machine_now,
        clock: Clock | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self.url = url
        self.keys = keys
        self.now = now
        self.ring = KeyRing(keys, shares_at(keys.folder, keys.shares_url), secrets.token_bytes, now)
        self.engine = open_engine(url, connections)
        self._visit_time = clock.now if clock is not None else now
        self._writer, self._reader = writer(self.engine), reader(self.engine)
        self._turns = turns_for(self.engine)
        self.anchors = anchors_for(keys, self._audit_hash)
        self.audited = AuditGroup(self.writing, self.ring, now)
        self._inside = threading.local()
        self._prepared: set[str] = set()
        self.sessions = SessionDoor(self)

    @contextmanager
    def scope(self, clinic: str, actor: Actor) -> Iterator[Scope]:
        """One transaction of one actor in one clinic, committed with its audit entries when the block ends.

        When the block fails everything is rolled back, but what was viewed or refused in it is still audited.

        Raises:
            ScopeMissing: clinic or actor is missing.
            Overtaken: another transaction was quicker or in the way, and this one was undone; it may be tried again.
            RuntimeError: this thread is inside another scope already.
        """
        with self.work(clinic, actor) as work:
            yield Scope(work)

    @contextmanager
    def glance(self, clinic: str, actor: Actor) -> Iterator[Scope]:
        """A scope that only reads what needs no audit (numbers, digests) and waits for no writer: for polling pages.

        A refusal is audited all the same; a call that would have to be audited raises `RuntimeError`.
        """
        if clinic and actor is not None:
            self._prepare(clinic)
        with self.reading() as session:
            work = Work(session, self.ring, clinic, actor, (self.now(), self._visit_time()))
            work.only_glances = True
            try:
                yield Scope(work)
            finally:
                session.rollback()
                work.end()
                if work.entries:
                    self.audited.append(clinic, work.who(), work.entries)

    @contextmanager
    def work(self, clinic: str, actor: Actor) -> Iterator[Work]:
        """The same for adapters of this room, without repositories."""
        if clinic and actor is not None and clinic not in self._prepared:
            self._prepare(clinic)
        with self.writing() as session:
            work = Work(session, self.ring, clinic, actor, (self.now(), self._visit_time()))
            try:
                yield work
                session.flush()
                work.write_audit()
                session.commit()
            except BaseException as error:
                session.rollback()
                self.ring.forget()
                _keep_accesses(session, work)
                if lost_a_race(error):
                    raise Overtaken("another transaction was quicker") from error
                raise
            finally:
                work.end()

    def visit_time(self) -> datetime:
        """The instant visits and the law go by."""
        return self._visit_time()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in a writing transaction; the caller commits.

        On SQLite there is one at a time. On PostgreSQL many write at once, each seeing what others have committed: who
        changes a row that others may change locks it first (`Work.visit`, `Work.patient`, `Work.alone`).
        """
        if getattr(self._inside, "scope", False):
            raise RuntimeError("a scope was opened inside another scope of the same thread")
        self._inside.scope = True
        try:
            with self._turns.turn(), _WritingSession(self._writer, self.anchors, self.ring) as session:
                yield session
        finally:
            self._inside.scope = False

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, from one snapshot, and waits for no writer."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def secret(self, clinic: str, purpose: Purpose) -> Secret:
        """The clinic's current key of a purpose; made, with the clinic's other keys, at first use.

        Without a clinic it is the installation's own.
        """
        owner = clinic or self._installation()
        self._prepare(owner)
        with self.reading() as session:
            return self.ring.current(session, owner, purpose)

    def secrets(self, clinic: str, purpose: Purpose) -> tuple[Secret, ...]:
        """Every generation of that key, the newest first."""
        owner = clinic or self._installation()
        self._prepare(owner)
        with self.reading() as session:
            return self.ring.all(session, owner, purpose)

    def secret_by_id(self, clinic: str, key_id: str, purpose: Purpose) -> Secret:
        """A key that once sealed something. Raises `Unreadable` when it is not known or was shredded."""
        with self.reading() as session:
            return self.ring.by_id(session, clinic, key_id, purpose)

    def close(self) -> None:
        self.anchors.close()
        self.ring.close()
        self.engine.dispose()
        self._turns.close()

    def _audit_hash(self, clinic: str, sequence: int) -> str | None:
        with self.reading() as session:
            return session.scalar(
                select(AuditEntry.hash).where(AuditEntry.clinic == clinic, AuditEntry.sequence == sequence)
            )

    def _installation(self) -> str:
        """Whose the installation's keys are; older data folders keep some under no name, and go on using those."""
        with self.reading() as session:
            return "" if self.ring.has_clinic(session, "") else INSTALLATION

    def _prepare(self, clinic: str) -> None:
        if clinic in self._prepared:
            return
        with self.reading() as session:
            known = self.ring.has_clinic(session, clinic)
        if not known:
            self._make_keys(clinic)
        self._prepared.add(clinic)

    def _make_keys(self, clinic: str) -> None:
        with self.writing() as session:
            take_turn(session.connection(), f"keys|{clinic}")
            if not self.ring.has_clinic(session, clinic):
                self.ring.make_clinic(session, clinic)
                who = Who(person="system", role="system", session="", origin="")
                journal = Journal(ring=self.ring, clinic=clinic, now=self.now())
                journal.append(session, who, [Entry(act=Act.KEYS_CREATED, subject=clinic)])
            session.commit()


class _WritingSession(Session):
    """A session that acts on what it has committed, and on no other: audit heads are anchored, shares destroyed."""

    def __init__(self, writer: Engine, anchors: AnchorKeeper, ring: KeyRing) -> None:
        super().__init__(writer, expire_on_commit=False)
        self._anchors = anchors
        self._ring = ring

    def commit(self) -> None:
        super().commit()
        self._ring.destroy(self.info.pop(DOOMED, ()))
        for head in self.info.pop(SIGNED, {}).values():
            self._anchors.committed(head)

    def rollback(self) -> None:
        super().rollback()
        self.info.pop(SIGNED, None)
        self.info.pop(DOOMED, None)


class PayloadKeys:
    """The keys of workflow payloads, one current and all old ones, as the payload codec asks for them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def current(self) -> tuple[str, bytes]:
        secret = self._database.secret(INSTALLATION, Purpose.PAYLOADS)
        return secret.id, secret.value

    def key(self, key_id: str) -> bytes:
        return self._database.secret_by_id(INSTALLATION, key_id, Purpose.PAYLOADS).value


def _keep_accesses(session: Session, work: Work) -> None:
    """Audits, in a transaction of its own, what a failed block had already seen or been refused."""
    seen = [entry for entry in work.entries if entry.act.action in _SURVIVES]
    if seen:
        work.journal().append(session, work.who(), seen)
        session.commit()
