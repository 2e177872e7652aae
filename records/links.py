"""Links into a visit: shown as often as one likes, consumed once, bound to one participant.

A link to join binds the room to one browser session; one to return leads back to the waiting room and opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from records.access import Role
from records.acting import may_join
from records.acts import Act
from records.codes import b64, new_id
from records.errors import LinkRefused, NotFound
from records.guest_door import GuestPass, pass_of
from records.guests import guest_stays, is_guest
from records.key_ring import Purpose
from records.sealing import Secret
from records.tables.visits import JoinLink, ParticipantRow, RoomPassRow, Visit
from records.work import Repository, Work

# What a link is for, as its id says.
JOIN, CALL_BACK = "lnk", "bck"
# How long the session that consumed a link may come back into the room.
PASS_LIFE = timedelta(hours=4)
# How long that session may send the same use again: its answer may have been lost on the way.
REPEAT_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """A join link as its page shows it; ``used`` says that the actor's session can do nothing with it any more."""

    id: str
    visit: str
    participant: str
    expires_at: datetime
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomPass:
    """What a consumed link gives this browser session: a part in the visit's room until then (machine time)."""

    visit: str
    participant: str
    role: str
    until: datetime


class Links(Repository):
    """The clinic's join links."""

    def address(self, link: str) -> str:
        """The token that goes into the link's address; only for the participant it was issued to."""
        row = self._reached(link, Act.LINK_VIEWED)
        return token_of(self._work, row.id)

    def peek(self, token: str) -> LinkView:
        """What a link is, changing nothing. Raises `LinkRefused` (unknown, expired)."""
        row = self._link(token, Act.LINK_VIEWED, JOIN)
        if row.expires_at <= self._work.now:
            raise self._refused(row, "expired")
        return self._view(row)

    def consume(self, token: str) -> RoomPass:
        """Uses the link for the actor's session; the same session may repeat that for a short while.

        A repeat is audited as one and gives the pass of the first time, which lasts no longer for it. Raises
        `LinkRefused` (unknown, expired, used); that is audited.
        """
        row = self._link(token, Act.LINK_CONSUMED, JOIN)
        if row.consumed_at is not None:
            return self._again(row)
        if row.expires_at <= self._work.now:
            raise self._refused(row, "expired")
        if not self._work.actor.session:
            raise self._refused(row, "unknown")
        row.consumed_at = self._work.now
        self._work.note(Act.LINK_CONSUMED, row.id, row.visit)
        return self._pass(row)

    def peek_call_back(self, token: str) -> LinkView:
        """The same of a link by which somebody who was called back returns. Raises `LinkRefused`."""
        return self._view(self._alive(token, Act.LINK_VIEWED))

    def use_call_back(self, token: str) -> str:
        """Uses it up and returns its visit; it opens no room, for which the join gate is asked as for everybody.

        Raises `LinkRefused` (unknown, expired, used); that is audited.
        """
        row = self._alive(token, Act.LINK_CONSUMED)
        if row.consumed_at is not None:
            raise self._refused(row, "used")
        row.consumed_at = self._work.now
        self._work.note(Act.LINK_CONSUMED, row.id, row.visit)
        self._session.flush()
        return row.visit

    def room_pass(self, visit: str) -> RoomPass | None:
        """The pass that the actor's session holds for the visit, None when it has none or it is over."""
        self._work.visit(visit, Act.LINK_VIEWED, audited=False)
        row = self._session.get(RoomPassRow, (self._work.actor.session, visit))
        if row is None or row.clinic != self._work.clinic or row.until <= self._work.now:
            return None
        return RoomPass(visit=visit, participant=row.participant, role=row.role, until=row.until)

    def admits(self, visit: str, participant: str) -> bool:
        """Whether the participant may be in the visit's room at this instant; it discloses nothing and is no audit's.

        Who is there for the patient may be so while a relationship lets them join; everybody else by their part.
        """
        row = self._work.visit(visit, Act.LINK_VIEWED, audited=False)
        if is_guest(participant):
            return guest_stays(self._work, visit, participant)
        part = self._work.row(ParticipantRow, participant)
        if part.visit != visit:
            return False
        return part.role != Role.CAREGIVER or may_join(self._work, row.patient, part.person)

    def guest_pass(self, holder: str) -> GuestPass | None:
        """What the browser with that hash holds as a guest; only the house itself asks."""
        self._work.whole_clinic(Act.LINK_CONSUMED)
        return pass_of(self._work, holder)

    def _alive(self, token: str, act: Act) -> JoinLink:
        row = self._link(token, act, CALL_BACK)
        if row.expires_at <= self._work.now:
            raise self._refused(row, "expired")
        return row

    def _view(self, row: JoinLink) -> LinkView:
        return LinkView(
            id=row.id,
            visit=row.visit,
            participant=row.participant,
            expires_at=row.expires_at,
            used=row.consumed_at is not None and self._repeated(row) is None,
        )

    def _again(self, link: JoinLink) -> RoomPass:
        given = self._repeated(link)
        if given is None:
            raise self._refused(link, "used")
        self._work.note(Act.LINK_CONSUMED, link.id, link.visit, again=True)
        return RoomPass(visit=link.visit, participant=given.participant, role=given.role, until=given.until)

    def _repeated(self, link: JoinLink) -> RoomPassRow | None:
        """The pass that this very link gave the actor's session just now; the instant they share tells that."""
        given = self._session.get(RoomPassRow, (self._work.actor.session, link.visit))
        if link.consumed_at is None or given is None or self._work.now >= link.consumed_at + REPEAT_WITHIN:
            return None
        same = given.participant == link.participant and given.until == link.consumed_at + PASS_LIFE
        return given if same else None

    def _pass(self, link: JoinLink) -> RoomPass:
        part = self._work.row(ParticipantRow, link.participant)
        until = self._work.now + PASS_LIFE
        self._session.merge(
            RoomPassRow(
                session=self._work.actor.session,
                visit=link.visit,
                clinic=self._work.clinic,
                participant=part.id,
                role=part.role,
                until=until,
            )
        )
        self._session.flush()
        return RoomPass(visit=link.visit, participant=part.id, role=part.role, until=until)

    def _link(self, token: str, act: Act, purpose: str) -> JoinLink:
        link, _, code = token.partition(".")
        if not (link.startswith(f"{purpose}_") and self._is_ours(link, code)):
            self._work.record(Act.LINK_REFUSED, "unknown", code="unknown")
            raise LinkRefused("unknown")
        return self._reached(link, act)

    def _reached(self, link: str, act: Act) -> JoinLink:
        """The link, when it was issued to the actor. Raises `LinkRefused` as for a link that never was."""
        try:
            row = self._work.row(JoinLink, link)
        except NotFound:
            raise LinkRefused("unknown") from None
        self._work.visit(row.visit, act, audited=False)
        part = self._work.row(ParticipantRow, row.participant)
        if self._work.actor.role != Role.SYSTEM and part.person != self._work.actor.person:
            raise self._refused(row, "unknown")
        return row

    def _refused(self, row: JoinLink, code: str) -> LinkRefused:
        self._work.record(Act.LINK_REFUSED, row.id, row.visit, code=code)
        return LinkRefused(code)

    def _is_ours(self, link: str, code: str) -> bool:
        """Whether any of our keys made the code, the newest first: a link in a mail outlives a rotation."""
        kept = self._work.ring.all(self._session, self._work.clinic, Purpose.LINKS)
        return any(hmac.compare_digest(code.encode(), self._code(link, secret).encode()) for secret in kept)

    def _code(self, link: str, secret: Secret) -> str:
        return _code(self._work.clinic, link, secret)


def token_of(work: Work, link: str) -> str:
    """What stands in a link's address: its id and a code under the newest key."""
    secret = work.ring.current(work.session, work.clinic, Purpose.LINKS)
    return f"{link}.{_code(work.clinic, link, secret)}"


def _code(clinic: str, link: str, secret: Secret) -> str:
    return b64(hmac.new(secret.value, f"join|{clinic}|{link}".encode(), hashlib.sha256).digest()[:18])


def issue_link(work: Work, visit: Visit, participant: str, until: datetime) -> str:
    """Makes a link for a participant of the visit until an instant of machine time; returns its id."""
    part = work.row(ParticipantRow, participant)
    if part.visit != visit.id:
        raise NotFound(f"participants {participant[:40]}")
    return _issue(work, part, until, JOIN)


def call_back(work: Work, visit: Visit, until: datetime) -> None:
    """Makes a link for everybody on the patient's side, by which they return until an instant of the visit's time."""
    machine = work.now + (until - work.at)
    query = select(ParticipantRow).where(ParticipantRow.visit == visit.id, ParticipantRow.role != str(Role.PROVIDER))
    for part in work.session.scalars(query.order_by(ParticipantRow.id)).all():
        _issue(work, part, machine, CALL_BACK)


def returning(work: Work, visit: str, person: str) -> tuple[str, datetime] | None:
    """The address token of the person's newest link for returning, and until when it may be used; None without one."""
    query = select(JoinLink).join(ParticipantRow, ParticipantRow.id == JoinLink.participant)
    query = query.where(
        JoinLink.visit == visit, ParticipantRow.person == person, JoinLink.id.startswith(f"{CALL_BACK}_")
    )
    row = work.session.scalars(query.order_by(JoinLink.issued_at.desc(), JoinLink.id).limit(1)).first()
    return (token_of(work, row.id), row.expires_at) if row is not None else None


def _issue(work: Work, part: ParticipantRow, until: datetime, purpose: str) -> str:
    row = JoinLink(
        id=new_id(purpose),
        clinic=work.clinic,
        visit=part.visit,
        participant=part.id,
        issued_at=work.now,
        expires_at=until,
    )
    work.session.add(row)
    work.session.flush()
    work.note(Act.LINK_ISSUED, row.id, part.visit)
    return row.id
