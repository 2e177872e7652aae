"""Sessions: an opaque token in a host-only cookie, its hash here; idle and absolute expiry; a secret against CSRF."""

from __future__ import annotations

import hashlib
import hmac
import secrets
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
IDLE = {PATIENT_PORTAL: timedelta(minutes=60), STAFF_PORTAL: timedelta(minutes=30)}
ABSOLUTE = {PATIENT_PORTAL: timedelta(hours=12), STAFF_PORTAL: timedelta(hours=12)}
_SLIDE_AFTER = timedelta(seconds=60)


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

    def actor(self, origin: str = "") -> Actor:
        """The actor that this session's requests are made as."""
        return Actor(person=self.person, role=self.role, session=self.id, origin=origin)


class Sessions(Repository):
    """Opening and closing sessions within a scope."""

    def open(self, account: str, portal: str) -> tuple[str, SessionView]:
        """A new session of the account; returns its token, which is told this once, and the session."""
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
        )
        self._session.add(session)
        self._work.note(Act.SIGN_IN, session.id, account=row.id, portal=portal)
        self._session.flush()
        secret = self._work.ring.current(self._session, self._work.clinic, Purpose.SESSIONS)
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
        row = self._work.row(Account, account)
        if self._work.actor.role != Role.SYSTEM and self._work.actor.person != row.person:
            self._work.refuse(Act.SIGN_OUT, account)
        self._work.note(Act.SIGN_OUT, account)
        open_ones = self._session.scalars(
            select(SessionRow).where(
                SessionRow.account == account, SessionRow.clinic == self._work.clinic, SessionRow.closed_at.is_(None)
            )
        ).all()
        for session in open_ones:
            session.closed_at = self._work.now
        self._session.flush()
        return len(open_ones)


class SessionDoor:
    """Finds the session of a cookie before there is an actor; the one read of records that needs none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def resolve(self, clinic: str, token: str, portal: str) -> SessionView | None:
        """The open session of that token in that clinic and portal, else None; keeps it from going idle."""
        if not clinic or not token or portal not in IDLE:
            return None
        now = self._database.now()
        with self._database.reading() as session:
            row = _find(session, clinic, token, portal)
            if row is None or not _is_open(row, now):
                return None
            secret = self._database.ring.current(session, clinic, Purpose.SESSIONS)
            view = _view(row, secret.value, token)
        if now - row.seen_at > _SLIDE_AFTER:
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
    return row.closed_at is None and now < row.expires_at and now < row.seen_at + IDLE[row.portal]


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
        idle_until=row.seen_at + IDLE[row.portal],
        expires_at=row.expires_at,
    )
