"""Who is invited into a visit's call without an account: by whom, as what, until when, and whether they came.

A link is bound to visit, clinic, role and a window of time, and works once, in one browser. Its token is never kept,
only its hash. What happens at the guest's own door is in :mod:`records.guest_door`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from engine.room_roles import rights_of
from engine.rooms import RoomRole
from records.access import Role
from records.acts import Act
from records.codes import is_code, new_id
from records.errors import AlreadyDone, Erased, NotFound, NotYetBegun
from records.proofs import token_hash
from records.stages import DRAFT, FINAL
from records.tables.visits import GuestRow, ParticipantRow, Visit
from records.work import Repository, Work

OPEN, USED, REVOKED, OVER = "open", "used", "revoked", "over"
GUEST = "gst"
MOST_OPEN = 5
EARLIEST, LATEST = timedelta(minutes=30), timedelta(hours=1)
LEAST_LIFE = timedelta(minutes=30)


class TooManyGuests(AlreadyDone):
    """As many as a room holds are invited already; one has to be taken back first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLink:
    """A link just made; ``token`` is shown this one time."""

    id: str
    token: str = field(repr=False)
    opens_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestView:
    """An invitation as who leads the visit sees it; ``state`` is open, used, revoked or over.

    ``expires_at`` is an instant of the visit's time.
    """

    id: str
    role: str
    state: str
    name: str = field(repr=False)
    expires_at: datetime
    admitted: bool


class Guests(Repository):
    """The guests of the clinic's visits."""

    def invite(self, visit: str, role: str) -> GuestLink:
        """A link for somebody to take part as that role.

        Raises:
            AccessRefused: the actor's own part does not let them invite such a one; audited.
            NotYetBegun, AlreadyDone: the visit is a draft, or over.
            TooManyGuests: enough are invited.
        """
        work = self._work
        row = work.visit(visit, Act.GUEST_INVITED, audited=False)
        if row.stage == DRAFT:
            raise NotYetBegun(visit)
        if row.stage in FINAL:
            raise AlreadyDone(visit)
        if role not in set(RoomRole) or RoomRole(role) not in invited_by(work, row):
            work.refuse(Act.GUEST_INVITED, visit, visit)
        if self._open(visit) >= MOST_OPEN:
            raise TooManyGuests(visit)
        link = _window(work, row, secrets.token_urlsafe(32))
        self._session.add(
            GuestRow(
                id=link.id,
                clinic=work.clinic,
                visit=visit,
                role=role,
                token_hash=token_hash(link.token),
                invited_by=work.actor.person,
                created_at=work.now,
                opens_at=link.opens_at,
                expires_at=link.expires_at,
            )
        )
        self._session.flush()
        work.note(Act.GUEST_INVITED, link.id, visit, role=role)
        return link

    def listed(self, visit: str) -> tuple[GuestView, ...]:
        """Those of a visit, the newest first."""
        self._work.visit(visit, Act.GUESTS_VIEWED)
        query = select(GuestRow).where(GuestRow.clinic == self._work.clinic, GuestRow.visit == visit)
        rows = self._session.scalars(query.order_by(GuestRow.created_at.desc(), GuestRow.id)).all()
        return tuple(_view(self._work, one) for one in rows)

    def revoke(self, visit: str, guest: str) -> None:
        """Takes a link back; who came by it is asked to leave within seconds. A second time changes nothing."""
        self._work.visit(visit, Act.GUEST_REVOKED, audited=False)
        row = self._work.row(GuestRow, guest)
        if row.visit != visit:
            raise NotFound(f"guests {guest[:40]}")
        if row.revoked_at is None:
            row.revoked_at = self._work.now
            self._work.note(Act.GUEST_REVOKED, guest, visit)
            self._session.flush()

    def may_invite(self, visit: str) -> tuple[str, ...]:
        """The roles that the actor may invite to it, in the table's order; it discloses nothing."""
        row = self._work.visit(visit, Act.LINK_VIEWED, audited=False)
        return tuple(role for role in RoomRole if role in invited_by(self._work, row))

    def _open(self, visit: str) -> int:
        query = select(func.count()).where(
            GuestRow.visit == visit,
            GuestRow.revoked_at.is_(None),
            GuestRow.expires_at > self._work.now,
        )
        return self._session.scalar(query) or 0


def invited_by(work: Work, visit: Visit) -> frozenset[RoomRole]:
    """Whom the actor's own part in the visit lets them invite."""
    query = select(ParticipantRow.role).where(
        ParticipantRow.visit == visit.id, ParticipantRow.person == work.actor.person
    )
    role = work.session.scalar(query)
    if role is None and work.actor.role in (Role.PROVIDER, Role.SYSTEM):
        role = Role.PROVIDER
    return rights_of(RoomRole(role)).invites if role is not None else frozenset()


def is_guest(participant: str) -> bool:
    """Whether an id of a room is a guest's."""
    return participant.startswith(f"{GUEST}_") and is_code(participant, 40)


def guest_stays(work: Work, visit: str, guest: str) -> bool:
    """Whether a guest may be in the visit's room now: they came, their time is not over, nobody took it back."""
    row = work.session.get(GuestRow, guest)
    if row is None or row.clinic != work.clinic or row.visit != visit:
        return False
    return row.revoked_at is None and row.until is not None and row.until > work.now


def name_of(work: Work, row: GuestRow) -> str:
    """What the guest calls themselves; empty before they came, and once the patient is erased."""
    try:
        return str(work.open(("guests", "name", row.id), row.name)) if row.name else ""
    except Erased:
        return ""


def _view(work: Work, row: GuestRow) -> GuestView:
    return GuestView(
        id=row.id,
        role=row.role,
        state=state_of(work, row),
        name=name_of(work, row),
        expires_at=row.expires_at - (work.now - work.at),
        admitted=row.admitted_at is not None,
    )


def state_of(work: Work, row: GuestRow) -> str:
    """What has become of an invitation."""
    if row.revoked_at is not None:
        return REVOKED
    if row.used_at is not None:
        return USED
    return OPEN if row.expires_at > work.now else OVER


def _window(work: Work, visit: Visit, token: str) -> GuestLink:
    """The window of time, on the machine's clock, that goes with the visit's own times."""
    ahead = work.now - work.at
    opens = min(visit.starts_at - EARLIEST, work.at) if visit.encounter_at else visit.starts_at - EARLIEST
    expires = max(visit.ends_at + LATEST + ahead, work.now + LEAST_LIFE)
    return GuestLink(id=new_id(GUEST), token=token, opens_at=opens + ahead, expires_at=expires)
