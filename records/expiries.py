"""What runs out soon, who is to be told, and that they were: once for each credential, last day, threshold, reader."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time

from sqlalchemy import select

from engine.credentials import AGREEMENT, DEA, EXPIRED, LICENSE, Expiry, Reader, threshold_of
from records.access import Role
from records.acts import Act
from records.database import Database
from records.mails import MailDraft, queue_mail
from records.matters import Matter, open_subjects, put, settle
from records.people import HOLDS, REGISTERED
from records.tables.credentials import AgreementRow, ExpiryNotice
from records.tables.identity import Invitation
from records.tables.people import Account, DeaRow, LicenseRow, Person
from records.work import Actor, Work

TEMPLATE = "credential_expiry"
SOON = 30
"""Days before its last one from which a credential is a matter for the clinic's people."""
_ACTOR = Actor.system("credentials")


class RecordsExpiryBook:
    """`engine.credentials.ExpiryBook` over records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, clinic: str, today: date) -> Sequence[Expiry]:
        """What has passed a threshold on that day and somebody was not told of yet, with those to tell."""
        with self._database.work(clinic, _ACTOR) as work:
            work.note(Act.CREDENTIALS_VIEWED, clinic)
            told, administrators = _told(work), _administrators(work)
            _put_before_people(work, today)
            return tuple(
                found
                for line in _running_out(work)
                for found in _untold(work, _expiry(line, today), administrators, told)
            )

    def tell(self, clinic: str, expiry: Expiry, reader: Reader, words: tuple[str, str]) -> None:
        """Queues the mail and notes it in one transaction; a second time changes nothing."""
        key = (clinic, expiry.credential, expiry.expires, expiry.threshold, reader.person)
        with self._database.work(clinic, _ACTOR) as work:
            work.alone("expiry", expiry.credential, reader.person)
            if work.session.get(ExpiryNotice, key) is not None:
                return
            names = ("clinic", "credential", "expires", "threshold", "reader")
            work.session.add(ExpiryNotice(**dict(zip(names, key, strict=True)), at=work.now))
            work.note(Act.EXPIRY_TOLD, expiry.credential, threshold=expiry.threshold)
            if reader.address:
                queue_mail(work, _mail(reader, words))


def _put_before_people(work: Work, today: date) -> None:
    """What ends within `SOON` comes before the clinic's people; what was renewed leaves them.

    A take-over that nobody released in its time is over by itself.
    """
    soon = {
        (line[0], line[4]): expiry
        for line in _running_out(work)
        if (expiry := _expiry(line, today)) is not None and expiry.kind != AGREEMENT and expiry.threshold <= SOON
    }
    for (credential, expires), expiry in soon.items():
        key = f"{credential}:{expires.isoformat()}"
        ends = datetime.combine(expires, time(), UTC)
        matter = Matter(key=key, kind="credential_expiring", subject=credential, person=expiry.person, due_at=ends)
        put(work, matter)
    still = {credential for credential, _ in soon} | set(_waiting_takeovers(work))
    for subject, kind in open_subjects(work, ("credential_expiring", "takeover")):
        if subject not in still:
            settle(work, kind, subject)


def _waiting_takeovers(work: Work) -> Sequence[str]:
    query = select(Invitation.id).where(Invitation.clinic == work.clinic, Invitation.role == Role.PATIENT)
    over = Invitation.accepted_at.is_(None) & Invitation.revoked_at.is_(None) & (Invitation.expires_at > work.now)
    return work.session.scalars(query.where(over)).all()


_Line = tuple[str, str, str, str, date]
"""Credential, whose it is, kind, state, last day."""


def _running_out(work: Work) -> Iterator[_Line]:
    """Everything active that has a last day."""
    licenses = select(LicenseRow).where(LicenseRow.clinic == work.clinic, LicenseRow.status == "active", HOLDS)
    registrations = select(DeaRow).where(DeaRow.clinic == work.clinic, DeaRow.status == "active", REGISTERED)
    held = select(AgreementRow).where(AgreementRow.clinic == work.clinic, AgreementRow.replaced_at.is_(None))
    rows: list[tuple[str, str, str, str, date | None]] = [
        *((one.credential, one.person, LICENSE, one.state, one.expires) for one in work.session.scalars(licenses)),
        *((one.credential, one.person, DEA, one.state, one.expires) for one in work.session.scalars(registrations)),
        *((one.agreement, one.supervisee, AGREEMENT, one.state, one.until) for one in work.session.scalars(held)),
    ]
    for credential, person, kind, state, expires in rows:
        if expires is not None:
            yield credential, person, kind, state, expires


def _expiry(line: _Line, today: date) -> Expiry | None:
    """An agreement that is over has run its course: nobody needs to be told."""
    credential, person, kind, state, expires = line
    threshold = threshold_of(expires, today)
    if threshold is None or (kind == AGREEMENT and threshold == EXPIRED):
        return None
    return Expiry(credential=credential, person=person, kind=kind, state=state, expires=expires, threshold=threshold)


def _untold(
    work: Work, expiry: Expiry | None, administrators: Sequence[Reader], told: Collection[tuple[str, date, int, str]]
) -> Iterator[Expiry]:
    """The same with whom it is still to be told to: whose it is, and the administrators."""
    if expiry is None:
        return
    readers = {one.person: one for one in (_reader(work, expiry.person), *administrators)}
    key = (expiry.credential, expiry.expires, expiry.threshold)
    left = tuple(one for one in readers.values() if (*key, one.person) not in told)
    if left:
        yield replace(expiry, readers=left)


def _told(work: Work) -> Collection[tuple[str, date, int, str]]:
    query = select(ExpiryNotice).where(ExpiryNotice.clinic == work.clinic)
    return {(row.credential, row.expires, row.threshold, row.reader) for row in work.session.scalars(query)}


def _administrators(work: Work) -> tuple[Reader, ...]:
    query = select(Account).where(Account.clinic == work.clinic, Account.disabled.is_(False)).order_by(Account.person)
    people = [row.person for row in work.session.scalars(query) if Role.CLINIC_ADMIN in row.roles]
    return tuple(_reader(work, person) for person in people)


def _reader(work: Work, person: str) -> Reader:
    contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
    return Reader(person=person, address=contact["email"], language=contact["language"] or "en")


def _mail(reader: Reader, words: tuple[str, str]) -> MailDraft:
    subject, body = words
    return MailDraft(template=TEMPLATE, language=reader.language, address=reader.address, subject=subject, body=body)
