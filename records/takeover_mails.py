"""Who is told, at the addresses that records had before, that somebody gets a log-in for a record kept for them.

Whoever kept the record would know first if the wrong person took it. The mails name nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import select

from records.acting import GUARDIAN, rows_of
from records.errors import Erased
from records.mails import MailDraft, queue_mail
from records.proofs import contact_of
from records.tables.people import Account, Person
from records.work import Work

Tell = Callable[[str, str], MailDraft]
"""Makes the mail out of the address and its reader's language."""


def tell_keepers(work: Work, person: str, tell: Tell) -> None:
    """A mail to everybody who was a guardian of the person, and to the address in the record; each address once.

    Whose part somebody ended, as a court or the clinic does, is told nothing.
    """
    told: set[str] = set()
    kept = [row for row in rows_of(work, person) if row.kind == GUARDIAN and row.revoked_at is None]
    for guardian in sorted({row.person for row in kept if row.person}):
        query = select(Account).where(Account.clinic == work.clinic, Account.person == guardian)
        account = work.session.scalars(query.where(Account.disabled.is_(False))).first()
        if account is not None:
            with suppress(Erased):
                address, language = contact_of(work, account)
                _tell(work, told, tell(address, language), guardian)
    with suppress(Erased):
        contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
        if contact.get("email"):
            _tell(work, told, tell(str(contact["email"]), str(contact.get("language") or "")), person)


def _tell(work: Work, told: set[str], mail: MailDraft, person: str) -> None:
    address = mail.address.strip().casefold()
    if address not in told:
        told.add(address)
        queue_mail(work, mail, person)
