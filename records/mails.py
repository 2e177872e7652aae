"""Mails of the house itself (proofs, resets, invitations): sealed until they are sent, shown by the demo's outbox.

They hold a link and no word about anybody's health. The link opens nothing alone: it leads to a page that asks. A
patient's mails are sealed under the patient's own key, to whichever of their addresses they went: who is erased is
nobody's addressee any more. Mails to addresses that belong to nobody, and to staff, are sealed under the clinic's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from records.acts import Act
from records.codes import as_code, new_id
from records.errors import Erased
from records.tables.identity import MailRow
from records.work import Actor, Repository, Work

if TYPE_CHECKING:
    from records.database import Database

QUEUED, SENT, REFUSED = "queued", "sent", "refused"
MOST_AN_HOUR = 5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MailDraft:
    """A mail as composed: a template's name, a language, and the finished words."""

    template: str
    language: str
    address: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MailView:
    """A mail as kept; ``channel`` and ``id`` are what a sender needs beside the words."""

    id: str
    clinic: str
    template: str
    language: str
    address: str
    subject: str
    body: str
    state: str
    at: datetime
    channel: str = "mail"


class Mails(Repository):
    """The clinic's mails, as the visible outbox of a demo shows them."""

    def outbox(self, limit: int = 50) -> tuple[MailView, ...]:
        """The newest mails first."""
        self._work.note(Act.MAILS_VIEWED, self._work.clinic)
        query = select(MailRow).where(MailRow.clinic == self._work.clinic)
        rows = self._session.scalars(query.order_by(MailRow.number.desc()).limit(limit)).all()
        return tuple(_readable(self._work, rows))


class MailQueue:
    """Every clinic's mails that wait, for the program that sends them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pending(self, limit: int, without: Sequence[str] = ()) -> tuple[MailView, ...]:
        """The oldest waiting mails with their words; each look is audited."""
        with self._database.reading() as session:
            query = select(MailRow.clinic, MailRow.id).where(MailRow.state == QUEUED, MailRow.id.not_in(without))
            found = session.execute(query.order_by(MailRow.number).limit(limit)).all()
        by_clinic: dict[str, list[str]] = {}
        for clinic, mail in found:
            by_clinic.setdefault(clinic, []).append(mail)
        return tuple(view for clinic, ids in by_clinic.items() for view in self._views(clinic, ids))

    def sent(self, message: MailView) -> None:
        """Notes that a mail went out; a second time changes nothing."""
        self._settle(message, SENT, Act.MAIL_SENT)

    def refused(self, message: MailView) -> None:
        """Notes that nobody will ever take this mail for its address."""
        self._settle(message, REFUSED, Act.MAIL_REFUSED)

    def _settle(self, mail: MailView, state: str, act: Act) -> None:
        with self._database.work(mail.clinic, Actor.system("mails")) as work:
            row = work.session.scalars(
                select(MailRow).where(MailRow.id == mail.id, MailRow.clinic == mail.clinic)
            ).first()
            if row is None or row.state != QUEUED:
                return
            work.note(act, mail.id)
            row.state, row.sent_at = state, work.now if state == SENT else None

    def _views(self, clinic: str, ids: list[str]) -> list[MailView]:
        with self._database.work(clinic, Actor.system("mails")) as work:
            work.note(Act.MAILS_VIEWED, clinic, count=len(ids))
            query = select(MailRow).where(MailRow.id.in_(ids)).order_by(MailRow.number)
            return _readable(work, work.session.scalars(query).all())


def queue_mail(work: Work, draft: MailDraft, person: str = "") -> str:
    """Keeps a mail to be sent with whatever caused it, sealed for the person whose address it is; returns its id."""
    mail = new_id("mai")
    content = {"address": draft.address, "subject": draft.subject, "body": draft.body}
    work.session.add(
        MailRow(
            id=mail,
            clinic=work.clinic,
            address_index=address_index(work, draft.address),
            template=as_code(draft.template),
            language=as_code(draft.language),
            content=work.seal(("mails", "content", mail), content, work.keyed(person)),
            state=QUEUED,
            at=work.now,
        )
    )
    work.session.flush()
    work.record(Act.MAIL_QUEUED, mail, template=draft.template)
    return mail


def too_many(work: Work, address: str) -> bool:
    """Whether the address had its mails of this hour: nobody's letter box is filled through us."""
    query = select(func.count()).where(
        MailRow.clinic == work.clinic,
        MailRow.address_index == address_index(work, address),
        MailRow.at > work.now - timedelta(hours=1),
    )
    return (work.session.scalar(query) or 0) >= MOST_AN_HOUR


def address_index(work: Work, address: str) -> str:
    """The blind index of an address, for counting only."""
    return work.blind("mail", address.strip().casefold())


def _readable(work: Work, rows: Iterable[MailRow]) -> list[MailView]:
    """The mails of those who are not erased."""
    found = []
    for row in rows:
        with suppress(Erased):
            found.append(_view(work, row))
    return found


def _view(work: Work, row: MailRow) -> MailView:
    content = work.open(("mails", "content", row.id), row.content)
    return MailView(
        id=row.id,
        clinic=row.clinic,
        template=row.template,
        language=row.language,
        address=content["address"],
        subject=content["subject"],
        body=content["body"],
        state=row.state,
        at=row.at,
    )
