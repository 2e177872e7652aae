"""Sessions: an opaque token in a host-only cookie, its hash here; idle and absolute expiry; a secret against CSRF."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.access import Role
from records.acts import Act
from records.codes import b64, new_id
from records.errors import NotFound
from records.key_ring import Purpose
from records.tables.people import Account, SessionRow
from records.work import Actor, Repository

if TYPE_CHECKING:
    from records.database import Database

PATIENT_PORTAL = "patient"
STAFF_PORTAL = "staff"
# Idle and absolute life by portal: staff see many charts, so their screens close sooner.
IDLE = {PATIENT_PORTAL: timedelta(minutes=60), STAFF_PORTAL: timedelta(minutes=30)}  # where no rules were told
ABSOLUTE = {PATIENT_PORTAL: timedelta(hours=12), STAFF_PORTAL: timedelta(hours=12)}
_SLIDE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a session begins: a rough code of its browser, how it was proved, and its idle time (0: the portal's)."""

    browser: str = ""
    method: str = "password"
    idle_seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SessionView:
    """A signed-in browser; ``csrf`` goes into every form of it and comes back with every change."""

    id: str
    account: str
    person: str
    role: str
    portal: str
    csrf: str
    created_at: datetime
    idle_until: datetime
    expires_at: datetime
    idle_seconds: int
    proved_at: datetime | None
    method: str

    def actor(self, origin: str = "") -> Actor:
        """The actor that this session's requests are made as."""
        return Actor(person=self.person, role=self.role, session=self.id, origin=origin)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One line of "where you are signed in"; ``here`` is the actor's own session."""

    id: str
    browser: str
    method: str
    portal: str
    created_at: datetime
    seen_at: datetime
    here: bool


class Sessions(Repository):
    """Opening and closing sessions within a scope."""

    def open(self, account: str, portal: str, opening: Opening | None = None) -> tuple[str, SessionView]:
        """A new session of the account; returns its token, which is told this once, and the session."""
        begun = opening or Opening()
        self._work.lock(Account, account)  # whoever closes the log-in, or every session of it, comes before or after
        row = self._work.row(Account, account)
        role = role_for(row.roles, portal)
        if row.disabled or role is None:
            raise NotFound(f"account {account}")
        token, now = secrets.token_urlsafe(32), self._work.now
        session = SessionRow(
            id=new_id("ses"),
            clinic=self._work.clinic,
            token_hash=_hash(token),
            account=row.id,
            person=row.person,
            role=role,
            portal=portal,
            created_at=now,
            seen_at=now,
            expires_at=now + ABSOLUTE[portal],
            browser=begun.browser or None,
            method=begun.method,
            idle_seconds=begun.idle_seconds or None,
            proved_at=now,
        )
        self._session.add(session)
        self._work.note(Act.SIGN_IN, session.id, account=row.id, portal=portal, method=begun.method)
        self._session.flush()
        secret = self._work.ring.at(self._session, self._work.clinic, Purpose.SESSIONS, session.created_at)
        return token, _view(session, secret.value, token)

    def close(self, session: str) -> None:
        """Signs one session out; one's own unless the system does it."""
        row = self._work.row(SessionRow, session)
        if self._work.actor.role != Role.SYSTEM and self._work.actor.person != row.person:
            self._work.refuse(Act.SIGN_OUT, session)
        self._work.note(Act.SIGN_OUT, session)
        row.closed_at = self._work.now
        self._session.flush()

    def close_all(self, account: str) -> int:
        """Signs every browser of the account out; returns how many."""
        return self._close(account, keep="")

    def close_others(self, account: str) -> int:
        """Signs every browser of the account out but the actor's; returns how many."""
        return self._close(account, keep=self._work.actor.session)

    def of_account(self, account: str) -> tuple[OpenSession, ...]:
        """Where the account is signed in now, the newest use first."""
        self._own(account, Act.SESSIONS_VIEWED)
        rows = [row for row in self._open_ones(account) if _is_open(row, self._work.now)]
        here = self._work.actor.session
        return tuple(_line(row, here) for row in sorted(rows, key=lambda row: row.seen_at, reverse=True))

    def prove(self, session: str) -> None:
        """Notes that the session's owner has just proved who they are."""
        row = self._work.row(SessionRow, session)
        self._own(row.account, Act.SESSION_PROVED, session)
        row.proved_at = self._work.now
        self._session.flush()

    def _close(self, account: str, keep: str) -> int:
        self._work.lock(Account, account)
        self._own(account, Act.SIGN_OUT)
        closed = [row for row in self._open_ones(account) if row.id != keep]
        for session in closed:
            session.closed_at = self._work.now
        self._session.flush()
        return len(closed)

    def _own(self, account: str, act: Act, subject: str = "") -> None:
        row = self._work.row(Account, account)
        if self._work.actor.role != Role.SYSTEM and self._work.actor.person != row.person:
            self._work.refuse(act, subject or account)
        self._work.note(act, subject or account)

    def _open_ones(self, account: str) -> Sequence[SessionRow]:
        query = select(SessionRow).where(
            SessionRow.account == account, SessionRow.clinic == self._work.clinic, SessionRow.closed_at.is_(None)
        )
        return self._session.scalars(query).all()


class SessionDoor:
    """Finds the session of a cookie before there is an actor; the one read of records that needs none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def resolve(self, clinic: str, token: str, portal: str, *, touch: bool = True) -> SessionView | None:
        """The open session of that token in that clinic and portal, else None; a touch keeps it from going idle."""
        if not clinic or not token or portal not in IDLE:
            return None
        now = self._database.now()
        with self._database.reading() as session:
            row = _find(session, clinic, token, portal)
            if row is None or not _is_open(row, now):
                return None
            secret = self._database.ring.at(session, clinic, Purpose.SESSIONS, row.created_at)
            view = _view(row, secret.value, token)
        if touch and now - row.seen_at > _SLIDE_AFTER:
            self._slide(row.id, now)
        return view

    def _slide(self, session_id: str, now: datetime) -> None:
        with self._database.writing() as session:
            session.execute(update(SessionRow).where(SessionRow.id == session_id).values(seen_at=now))
            session.commit()


def role_for(roles: list[str], portal: str) -> str | None:
    """The role an account takes in a portal: its patient role in the patients' one, its first other role at work."""
    if portal == PATIENT_PORTAL:
        return next((role for role in roles if role in (Role.PATIENT, Role.CAREGIVER)), None)
    return next((role for role in roles if role not in (Role.PATIENT, Role.CAREGIVER)), None)


def _find(session: Session, clinic: str, token: str, portal: str) -> SessionRow | None:
    query = select(SessionRow).where(
        SessionRow.token_hash == _hash(token), SessionRow.clinic == clinic, SessionRow.portal == portal
    )
    return session.scalars(query).first()


def _is_open(row: SessionRow, now: datetime) -> bool:
    return row.closed_at is None and now < row.expires_at and now < _idle_until(row)


def _idle_until(row: SessionRow) -> datetime:
    return row.seen_at + (timedelta(seconds=row.idle_seconds) if row.idle_seconds else IDLE[row.portal])


def _line(row: SessionRow, here: str) -> OpenSession:
    return OpenSession(
        id=row.id,
        browser=row.browser or "",
        method=row.method or "password",
        portal=row.portal,
        created_at=row.created_at,
        seen_at=row.seen_at,
        here=row.id == here,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _view(row: SessionRow, secret: bytes, token: str) -> SessionView:
    csrf = b64(hmac.new(secret, b"csrf|" + token.encode(), hashlib.sha256).digest())
    return SessionView(
        id=row.id,
        account=row.account,
        person=row.person,
        role=row.role,
        portal=row.portal,
        csrf=csrf,
        created_at=row.created_at,
        idle_until=_idle_until(row),
        idle_seconds=int((_idle_until(row) - row.seen_at).total_seconds()),
        expires_at=row.expires_at,
        proved_at=row.proved_at,
        method=row.method or "password",
    )
