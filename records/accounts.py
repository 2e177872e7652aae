"""Accounts: a login of a person, found by the blind index of its e-mail address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from records.access import Role
from records.acts import Act
from records.codes import new_id
from records.errors import EmailTaken
from records.tables.people import Account, Person
from records.work import Repository, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """A login: whose, in which roles, and whether it is open."""

    account: str
    person: str
    roles: tuple[str, ...]
    disabled: bool


class Accounts(Repository):
    """The clinic's logins. Hashing is slow on purpose and happens before a scope: `records.sign_in.hash_password`."""

    def create(self, person: str, email: str, password_hash: str, roles: Sequence[Role]) -> str:
        """Makes a login. Raises `EmailTaken`; a visitor can make a patient's only, and only their own."""
        self._work.note(Act.ACCOUNT_CREATED, person)
        own = person in self._work.made and list(roles) == [Role.PATIENT]
        if self._work.actor.role == Role.VISITOR and not own:
            self._work.refuse(Act.ACCOUNT_CREATED, person)
        self._work.row(Person, person)
        index = email_index(self._work, email)
        query = select(Account.id).where(Account.clinic == self._work.clinic, Account.email_index == index)
        if self._session.scalar(query) is not None:
            raise EmailTaken("account")
        row = Account(
            id=new_id("acc"),
            clinic=self._work.clinic,
            person=person,
            email_index=index,
            password=password_hash,
            roles=[str(role) for role in roles],
            disabled=False,
            created_at=self._work.now,
        )
        self._session.add(row)
        self._session.flush()
        return row.id

    def address_proved(self, account: str) -> bool:
        """Whether the owner of the account has shown that they read its address; their own account's only."""
        self._work.allow(Act.ACCOUNT_VIEWED, account)
        row = self._work.row(Account, account)
        if self._work.actor.role != Role.SYSTEM and self._work.actor.person != row.person:
            self._work.refuse(Act.ACCOUNT_VIEWED, account)
        return row.address_proved_at is not None

    def of_person(self, person: str) -> AccountView | None:
        self._work.allow(Act.ACCOUNT_VIEWED, person)
        if self._work.actor.role != Role.SYSTEM and self._work.actor.person != person:
            self._work.refuse(Act.ACCOUNT_VIEWED, person)
        query = select(Account).where(Account.clinic == self._work.clinic, Account.person == person)
        row = self._session.scalars(query).first()
        if row is None:
            return None
        return AccountView(account=row.id, person=row.person, roles=tuple(row.roles), disabled=row.disabled)


def email_index(work: Work, email: str) -> str:
    """The blind index of an address; case and outer blanks do not count."""
    return work.blind("email", email.strip().casefold())
