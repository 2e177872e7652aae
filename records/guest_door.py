"""What happens at the door of an invitation into a call: a link used once, in one browser, by somebody with a name.

Who stands there has no account. The browser is known by the hash of its cookie's secret; whatever is refused is
audited, also a link that never was.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, select, update

from records.acts import Act
from records.errors import LinkRefused
from records.guests import GUEST, name_of
from records.proofs import token_hash
from records.tables.visits import GuestRow, Visit
from records.work import Actor, Work

if TYPE_CHECKING:
    from records.database import Database

# How long a guest may come back into the room from the browser that used the link.
PASS_LIFE = timedelta(hours=4)
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestEntry:
    """What was handed in at the door: the link's token, the browser's secret, the name."""

    token: str = field(repr=False)
    secret: str = field(repr=False)
    name: str = field(repr=False)
    origin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestPass:
    """What a browser holds by a link it used; ``room`` is None while there is none, ``over`` when the visit is."""

    guest: str
    visit: str
    role: str
    name: str = field(repr=False)
    until: datetime
    admitted: bool
    stage: str
    room: str | None
    endpoint: str | None


def enter_as_guest(database: Database, clinic: str, entry: GuestEntry) -> str:
    """Uses the link up for this browser and returns the guest's id; the same browser may send it again.

    Raises:
        LinkRefused: audited; ``unknown``, ``revoked``, ``expired``, ``early`` or ``used``.
    """
    with database.work(clinic, visiting(entry.origin)) as work:
        row = of_token(work, entry.token)
        code = why_not(work, row, entry)
        if row is not None and not code and row.used_at is None:
            code = "" if use_link(work, row, entry) else "used"
        if row is None or code:
            work.record(Act.LINK_REFUSED, row.id if row else "unknown", row.visit if row else "", code=code)
            guest = ""
        else:
            guest = row.id
    if not guest:
        raise LinkRefused(code)
    return guest


def guest_pass(database: Database, clinic: str, secret: str) -> GuestPass | None:
    """What this browser may enter, the newest; None without a link it used, and once that was taken back or is over."""
    with database.glance(clinic, Actor.system("guests")) as scope:
        return scope.links.guest_pass(holder_of(secret))


def pass_of(work: Work, holder: str) -> GuestPass | None:
    """The newest pass of a browser by the hash of its secret."""
    query = select(GuestRow).where(
        GuestRow.clinic == work.clinic,
        GuestRow.holder == holder,
        GuestRow.revoked_at.is_(None),
        GuestRow.until > work.now,
    )
    row = work.session.scalars(query.order_by(GuestRow.used_at.desc(), GuestRow.id).limit(1)).first()
    if row is None or row.until is None:
        return None
    visit = work.row(Visit, row.visit)
    return GuestPass(
        guest=row.id,
        visit=row.visit,
        role=row.role,
        name=name_of(work, row),
        until=row.until,
        admitted=row.admitted_at is not None,
        stage=visit.stage,
        room=visit.room,
        endpoint=visit.endpoint,
    )


def note_admission(database: Database, clinic: str, guest: str, *, admitted: bool) -> None:
    """Remembers that a guest was let into the room, so that another node lets them in again; or that they were not."""
    with database.work(clinic, Actor.system("rooms")) as work:
        row = work.row(GuestRow, guest)
        row.admitted_at = work.now if admitted else None


def holder_of(secret: str) -> str:
    """What is kept of a browser's secret."""
    return "sha256:" + hashlib.sha256(b"guest|" + secret.encode()).hexdigest()


def visiting(origin: str) -> Actor:
    """Who stands at the door, of whom nothing is known."""
    return Actor(person="guest", role="visitor", origin=origin)


def of_token(work: Work, token: str) -> GuestRow | None:
    """The clinic's invitation with this token."""
    query = select(GuestRow).where(GuestRow.clinic == work.clinic, GuestRow.token_hash == token_hash(token))
    return work.session.scalars(query).first() if token else None


def why_not(work: Work, row: GuestRow | None, entry: GuestEntry) -> str:
    """The code of why it opens nothing for them; empty when it does."""
    if row is None:
        return "unknown"
    if row.revoked_at is not None:
        return "revoked"
    if row.used_at is not None:
        return "" if row.holder == holder_of(entry.secret) else "used"
    if row.expires_at <= work.now:
        return "expired"
    return "early" if row.opens_at > work.now else ""


def use_link(work: Work, row: GuestRow, entry: GuestEntry) -> bool:
    """Uses it up; of two browsers at once one succeeds."""
    patient = work.row(Visit, row.visit).patient
    name = entry.name.strip()[:LONGEST_NAME]
    values = {
        "used_at": work.now,
        "holder": holder_of(entry.secret),
        "name": work.seal(("guests", "name", row.id), name, patient),
        "until": work.now + PASS_LIFE,
    }
    query = (
        update(GuestRow)
        .where(GuestRow.id == row.id, GuestRow.used_at.is_(None), GuestRow.revoked_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session="fetch")
    )
    used = bool(cast(CursorResult[Any], work.session.execute(query)).rowcount)
    if used:
        work.record(Act.LINK_CONSUMED, row.id, row.visit, kind=GUEST)
    return used
