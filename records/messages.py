"""Notices: which template waits to go to whom; the words carry no PHI and the address is looked up when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from records.access import sees
from records.acts import Act
from records.course import TEXT
from records.errors import RecordsError
from records.links import returning
from records.standing import standing_to
from records.tables.people import Person
from records.tables.visits import MessageRow, Visit, VisitEventRow
from records.text_wishes import phone_of, wants_texts
from records.work import Actor, Repository, Work

if TYPE_CHECKING:
    from records.database import Database

CHANGES = ("visit_moved", "visit_cancelled")
CALLED_BACK_NOTICE = "call_back_ready"
QUEUED, SENT, REFUSED = "queued", "sent", "refused"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MessageView:
    """A notice: template, audience (patient or provider), channel (mail or text), and whether it was sent.

    ``starts_at`` and ``ends_at`` are the visit's, ``changes`` how often it was moved or cancelled. ``address`` and
    ``language`` are empty for a reader who may not know how people are reached, and so is ``link``: the token by which
    somebody who is called back returns, for ``minutes`` from when the notice was made. ``modality`` is the visit's.
    """

    id: str
    clinic: str
    visit: str
    audience: str
    channel: str
    template: str
    address: str
    language: str
    state: str
    at: datetime
    starts_at: datetime
    ends_at: datetime
    changes: int
    modality: str = ""
    link: str = ""
    minutes: int = 0


class Messages(Repository):
    """The clinic's notices, as the visible outbox of a demo shows them."""

    def outbox(self, limit: int = 50) -> tuple[MessageView, ...]:
        """The newest notices first."""
        self._work.note(Act.MESSAGES_VIEWED, self._work.clinic)
        query = select(MessageRow).where(MessageRow.clinic == self._work.clinic)
        rows = self._session.scalars(query.order_by(MessageRow.number.desc()).limit(limit)).all()
        return tuple(_view(self._work, row) for row in rows)

    def sent(self, message: str) -> None:
        """Notes that a notice went out; a second time changes nothing."""
        self._settle(message, SENT, Act.MESSAGE_SENT)

    def refused(self, message: str) -> None:
        """Notes that nobody will ever take this notice for its address; it stays readable in the portal."""
        self._settle(message, REFUSED, Act.MESSAGE_REFUSED)

    def _settle(self, message: str, state: str, act: Act) -> None:
        row = self._session.scalars(
            select(MessageRow).where(MessageRow.id == message, MessageRow.clinic == self._work.clinic)
        ).first()
        if row is None or row.state != QUEUED:
            return
        self._work.note(act, message, row.visit)
        row.state, row.sent_at = state, self._work.now if state == SENT else None
        self._session.flush()


class MessageQueue:
    """Every clinic's notices that wait, for the program that sends them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, limit: int, without: Sequence[str] = ()) -> tuple[MessageView, ...]:
        """The oldest waiting notices with their addresses; each look at an address is audited."""
        with self._database.reading() as session:
            query = select(MessageRow.clinic, MessageRow.id)
            query = query.where(MessageRow.state == QUEUED, MessageRow.id.not_in(without))
            spoken = or_(MessageRow.not_before.is_(None), MessageRow.not_before <= self._database.visit_time())
            query = query.where(spoken)
            found = session.execute(query.order_by(MessageRow.number).limit(limit)).all()
        by_clinic: dict[str, list[str]] = {}
        for clinic, message in found:
            by_clinic.setdefault(clinic, []).append(message)
        return tuple(view for clinic, ids in by_clinic.items() for view in self._views(clinic, ids))

    def sent(self, message: MessageView) -> None:
        with self._database.work(message.clinic, Actor.system("notices")) as work:
            Messages(work).sent(message.id)

    def refused(self, message: MessageView) -> None:
        with self._database.work(message.clinic, Actor.system("notices")) as work:
            Messages(work).refused(message.id)

    def _views(self, clinic: str, ids: list[str]) -> list[MessageView]:
        with self._database.work(clinic, Actor.system("notices")) as work:
            work.note(Act.MESSAGES_VIEWED, clinic, count=len(ids))
            query = select(MessageRow).where(MessageRow.id.in_(ids)).order_by(MessageRow.number)
            return [_view(work, row) for row in work.session.scalars(query).all()]


def _view(work: Work, row: MessageRow) -> MessageView:
    visit = work.row(Visit, row.visit)
    seen = sees(standing_to(work, row.person), "message")
    named = "address" in seen
    link, minutes = _link(work, row) if named else ("", 0)
    address, language = _address(work, row) if named else ("", "")
    return MessageView(
        id=row.id,
        clinic=row.clinic,
        visit=row.visit,
        audience=row.audience,
        channel=row.channel,
        template=row.template,
        address=address,
        language=language,
        state=row.state,
        at=row.at,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        changes=_changes(work, row.visit),
        modality=visit.modality if "modality" in seen else "",
        link=link,
        minutes=minutes,
    )


def _link(work: Work, row: MessageRow) -> tuple[str, int]:
    """The token by which the notice's person returns, and for how many minutes from then; nothing for other notices."""
    found = returning(work, row.visit, row.person) if row.template == CALLED_BACK_NOTICE else None
    return (found[0], max(0, round((found[1] - row.at).total_seconds() / 60))) if found is not None else ("", 0)


def _changes(work: Work, visit: str) -> int:
    query = select(func.count()).where(VisitEventRow.visit == visit, VisitEventRow.event.in_(CHANGES))
    return work.session.scalar(query) or 0


def _address(work: Work, row: MessageRow) -> tuple[str, str]:
    """The person's address and language; nothing for a person whose key was shredded."""
    person = work.row(Person, row.person)
    try:
        contact = work.open(("persons", "contact", person.id), person.contact)
    except RecordsError:
        return "", "en"
    if row.channel == TEXT:  # who answered STOP since gets no more
        return phone_of(work, person.id) if wants_texts(work, person.id) else "", contact["language"]
    return contact["email"], contact["language"]
