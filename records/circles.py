"""Who acts for whom, by number: as the officer for law and privacy sees it, who may end it with a reason.

Nobody's name is shown here. A person is found by their number, by a visit's, or by the address of their account, which
is compared and never shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from records.acting import GUARDIAN, content_of, is_active, rows_of, scopes_of, state_of
from records.acts import Act
from records.codes import as_code
from records.ending import close
from records.errors import AlreadyDone, Erased, NotFound
from records.mails import MailDraft, queue_mail
from records.proofs import contact_of
from records.sign_in import account_of
from records.tables.people import Account, Person
from records.tables.relationships import RelationshipRow
from records.tables.visits import Visit
from records.work import Repository, Work

REASONS = ("court_order", "dispute", "asked_by_patient", "safety", "not_who_they_said", "other")
HELPER, PATIENT = "helper", "patient"
Compose = Callable[[str, str, str], MailDraft]
"""Makes the mail out of whom it goes to (`HELPER` or `PATIENT`), the address and the person's language."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CircleView:
    """A relationship by numbers; ``state`` is open, active, ended or over, ``reason`` why the clinic ended it."""

    id: str
    patient: str
    person: str
    kind: str
    scopes: tuple[str, ...]
    state: str
    granted_at: datetime
    until: datetime | None
    ended_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndDraft:
    """Why a relationship is ended: a code of `REASONS`, and in words."""

    relationship: str
    reason: str
    words: str


class Circles(Repository):
    """Who acts for whom at the clinic, for whoever watches over it."""

    def around(self, who: str) -> tuple[CircleView, ...]:
        """Everybody who acts or was invited to act for somebody, and whom they act for, the newest first.

        ``who`` is a person's number, a visit's, or the address of an account; nothing is found for anybody else.
        """
        work = self._work
        work.whole_clinic(Act.CIRCLE_VIEWED)
        person = _person(work, who.strip())
        work.note(Act.CIRCLE_VIEWED, person or work.clinic)
        about = (RelationshipRow.patient == person) | (RelationshipRow.person == person)
        query = select(RelationshipRow).where(RelationshipRow.clinic == work.clinic, about)
        found = self._session.scalars(query.order_by(RelationshipRow.granted_at.desc(), RelationshipRow.id))
        return tuple(_view(work, row) for row in found) if person else ()

    def one(self, relationship: str) -> CircleView:
        """One of them."""
        self._work.whole_clinic(Act.CIRCLE_VIEWED)
        row = self._work.row(RelationshipRow, relationship)
        self._work.note(Act.CIRCLE_VIEWED, row.patient)
        return _view(self._work, row)

    def end(self, draft: EndDraft, compose: Compose) -> None:
        """Ends it at once with what its holder had granted; the reason is kept sealed, and everybody gets a mail.

        Raises:
            ValueError: the reason is none of `REASONS`, or has no words.
            AlreadyDone: it has ended.
        """
        work, row = self._work, self._work.row(RelationshipRow, draft.relationship)
        work.whole_clinic(Act.RELATIONSHIP_ENDED)
        work.patient(row.patient, Act.RELATIONSHIP_ENDED)
        if draft.reason not in REASONS or not draft.words.strip():
            raise ValueError("a relationship is ended for a reason")
        if row.revoked_at is not None:
            raise AlreadyDone(row.id)
        work.note(Act.RELATIONSHIP_ENDED, row.patient, kind=row.kind, relationship=row.id, reason=as_code(draft.reason))
        before = {one.id for one in rows_of(work, row.patient) if one.revoked_at is None}
        close(work, row)
        content = content_of(work, row) | {"ended_for": draft.reason, "ended_words": draft.words}
        with suppress(Erased):
            row.content = work.seal(("relationships", "content", row.id), content, row.patient)
        self._session.flush()
        work.forget_standings()
        ended = [one for one in rows_of(work, row.patient) if one.id in before and one.revoked_at is not None]
        self._tell(row.patient, ended, compose)

    def _tell(self, patient: str, ended: Iterable[RelationshipRow], compose: Compose) -> None:
        """A mail to everybody whose relationship ended, and to the patient, or to a minor's other guardians."""
        work = self._work
        for holder in sorted({row.person for row in ended if row.person}):
            _mail(work, holder, HELPER, compose)
        if not _mail(work, patient, PATIENT, compose):
            rows = (one for one in rows_of(work, patient) if one.kind == GUARDIAN and is_active(work, one))
            for guardian in sorted({row.person for row in rows if row.person}):
                _mail(work, guardian, PATIENT, compose)


def _person(work: Work, who: str) -> str:
    """Whose number it is; empty when that is nobody's of this clinic."""
    if "@" in who:
        account = account_of(work, who)
        return account.person if account is not None else ""
    with suppress(NotFound):
        return work.row(Visit, who).patient
    with suppress(NotFound):  # anything else may be a name or a telephone: it must not stand in the audit
        return work.row(Person, who).id
    return ""


def _view(work: Work, row: RelationshipRow) -> CircleView:
    return CircleView(
        id=row.id,
        patient=row.patient,
        person=row.person or "",
        kind=row.kind,
        scopes=tuple(sorted(scopes_of(row))),
        state=state_of(work, row),
        granted_at=row.granted_at,
        until=row.until,
        ended_at=row.revoked_at,
        reason=content_of(work, row).get("ended_for", "") if row.revoked_at else "",
    )


def _mail(work: Work, person: str, to: str, compose: Compose) -> bool:
    """Queues the mail to somebody's own address; False when they have no log-in."""
    query = select(Account).where(Account.clinic == work.clinic, Account.person == person, Account.disabled.is_(False))
    account = work.session.scalars(query).first()
    if account is None:
        return False
    with suppress(Erased):
        queue_mail(work, compose(to, *contact_of(work, account)), person)
    return True
