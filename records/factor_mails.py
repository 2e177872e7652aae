"""The mail that tells an account's owner that a way to prove it was added or taken away, with the change itself."""

from __future__ import annotations

from collections.abc import Callable

from records.acts import Act
from records.factors import own_account
from records.mails import MailDraft, queue_mail
from records.proofs import contact_of
from records.tables.people import Account
from records.work import Repository, Work

Compose = Callable[[str, str, str], MailDraft]
"""Makes the mail out of a token (none), the address and the person's language."""


class FactorMails(Repository):
    """What the owner of an account is told; only they cause it, or the system while they sign in."""

    def tell(self, account: str, compose: Compose) -> None:
        """Queues the mail in the transaction that makes the change."""
        own_account(self._work, account, Act.FACTORS_VIEWED, audited=False)
        tell_owner(self._work, account, compose)


def tell_owner(work: Work, account: str, compose: Compose) -> None:
    """The same, where the caller has asked whose account it is."""
    row = work.row(Account, account)
    queue_mail(work, compose("", *contact_of(work, row)), row.person)
