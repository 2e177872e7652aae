"""Everybody who works for the clinic: in which roles, with which factors, when they last came; whose log-in ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from records.access import STAFF, Role
from records.acts import Act
from records.errors import AlreadyDone, NotFound, StillOpen, Unreadable
from records.sessions import STAFF_PORTAL
from records.stages import DRAFT, FINAL
from records.tables.identity import Invitation, Passkey, SecondFactor
from records.tables.people import Account, Patient, Person, Provider, SessionRow
from records.tables.relationships import RelationshipRow
from records.tables.visits import Visit
from records.work import Repository

ACTIVE, SHUT, INVITED, WITHOUT = "active", "shut", "invited", "without"


class LastOfThem(AlreadyDone):
    """Nobody would be left who runs the clinic."""

    code = "last_of_them"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StaffView:
    """Somebody who works for the clinic. ``state`` is active, shut (the log-in), invited or without a log-in."""

    person: str
    name: str
    email: str
    roles: tuple[str, ...]
    state: str
    clinician: bool
    practises: bool
    app: bool
    passkeys: int
    last_sign_in: datetime | None

    @property
    def second_factor(self) -> bool:
        """Whether signing in takes more than a password."""
        return self.app or self.passkeys > 0


class Roster(Repository):
    """The clinic's own people."""

    def everybody(self) -> tuple[StaffView, ...]:
        """All of them by name."""
        work = self._work
        work.whole_clinic(Act.STAFF_VIEWED)
        work.note(Act.STAFF_VIEWED, work.clinic)
        known = _Known(
            accounts={row.person: row for row in self._all(Account)},
            providers={row.person: row for row in self._all(Provider)},
            factors=self._counts(SecondFactor, SecondFactor.confirmed_at.is_not(None)),
            passkeys=self._counts(Passkey),
            seen=self._last_sign_ins(),
            invited=frozenset(self._session.scalars(self._invitations())),
        )
        found = [self._view(row, known) for row in self._all(Person) if self._works(row, known)]
        return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.person)))

    def names(self) -> Mapping[str, str]:
        """What each of them is called."""
        return {one.person: one.name for one in self.everybody()}

    def shut(self, person: str) -> None:
        """Shuts somebody's log-in, ends what they have open, and offers no more of a clinician's time.

        Raises:
            AlreadyDone: it is one's own, or shut already.
            LastOfThem: nobody would be left who runs the clinic.
            StillOpen: patients are booked with them; those visits are handed over or called off first.
        """
        row = self._account(person)
        if row.disabled or person == self._work.actor.person:
            raise AlreadyDone("account")
        if Role.CLINIC_ADMIN in row.roles and not self._other_admins(person):
            raise LastOfThem("account")
        self._no_open_visit(person)
        self._work.note(Act.STAFF_CHANGED, person, state=SHUT)
        row.disabled = True
        still_open = (SessionRow.account == row.id, SessionRow.closed_at.is_(None))
        self._session.execute(update(SessionRow).where(*still_open).values(closed_at=self._work.now))
        self._practise(person, active=False)

    def reopen(self, person: str) -> None:
        """Opens a log-in that was shut; a clinician's time is offered again. Raises `AlreadyDone` when it is open."""
        row = self._account(person)
        if not row.disabled:
            raise AlreadyDone("account")
        self._work.note(Act.STAFF_CHANGED, person, state=ACTIVE)
        row.disabled = False
        self._practise(person, active=True)

    def _all(self, table: Any) -> Sequence[Any]:
        return self._session.scalars(select(table).where(table.clinic == self._work.clinic)).all()

    def _account(self, person: str) -> Account:
        work = self._work
        work.whole_clinic(Act.STAFF_CHANGED)
        work.row(Person, person)
        work.lock(Person, person)
        work.alone("roster")
        query = select(Account).where(Account.clinic == work.clinic, Account.person == person)
        row = self._session.scalars(query).first()
        if row is None or not STAFF.intersection(row.roles):
            raise NotFound(f"persons {person[:40]}")
        return row

    def _other_admins(self, person: str) -> bool:
        query = select(Account).where(Account.clinic == self._work.clinic, Account.disabled.is_(False))
        return any(Role.CLINIC_ADMIN in one.roles for one in self._session.scalars(query) if one.person != person)

    def _no_open_visit(self, person: str) -> None:
        mine = (Visit.clinic == self._work.clinic, Visit.provider == person)
        query = select(Visit.id).where(*mine, Visit.stage.not_in({*FINAL, DRAFT})).limit(1)
        visit = self._session.scalar(query)
        if visit is not None:
            raise StillOpen(visit)

    def _practise(self, person: str, *, active: bool) -> None:
        provider = self._session.get(Provider, person)
        if provider is not None:
            provider.active = active
        self._session.flush()

    def _works(self, row: Person, known: _Known) -> bool:
        """Whether the person works here: by a role, as a clinician, or by the clinic's file before any log-in."""
        account = known.accounts.get(row.id)
        if account is not None:
            return bool(STAFF.intersection(account.roles))
        if row.id in known.providers:
            return True
        helps = select(RelationshipRow.id).where(RelationshipRow.person == row.id).limit(1)
        return self._session.get(Patient, row.id) is None and self._session.scalar(helps) is None

    def _view(self, row: Person, known: _Known) -> StaffView:
        account, provider = known.accounts.get(row.id), known.providers.get(row.id)
        try:
            contact = self._work.open(("persons", "contact", row.id), row.contact)
        except Unreadable:
            contact = {"given": "", "family": "", "email": ""}
        key = account.id if account else ""
        return StaffView(
            person=row.id,
            name=provider.display_name if provider else f"{contact['given']} {contact['family']}".strip(),
            email=contact["email"],
            roles=tuple(account.roles) if account else ((str(Role.PROVIDER),) if provider else ()),
            state=_state(account, row.id in known.invited),
            clinician=provider is not None,
            practises=provider is not None and provider.active,
            app=known.factors.get(key, 0) > 0,
            passkeys=known.passkeys.get(key, 0),
            last_sign_in=known.seen.get(key),
        )

    def _counts(self, table: Any, *which: Any) -> Mapping[str, int]:
        query = select(table.account, func.count()).where(table.clinic == self._work.clinic, *which)
        return {row[0]: row[1] for row in self._session.execute(query.group_by(table.account))}

    def _last_sign_ins(self) -> Mapping[str, datetime]:
        query = select(SessionRow.account, func.max(SessionRow.created_at))
        query = query.where(SessionRow.clinic == self._work.clinic, SessionRow.portal == STAFF_PORTAL)
        return {row[0]: row[1] for row in self._session.execute(query.group_by(SessionRow.account))}

    def _invitations(self) -> Any:
        return select(Invitation.person).where(
            Invitation.clinic == self._work.clinic,
            Invitation.person.is_not(None),
            Invitation.role != Role.PATIENT,
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > self._work.now,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Known:
    """What is on record about everybody, by person (accounts, clinicians) or by account."""

    accounts: Mapping[str, Account]
    providers: Mapping[str, Provider]
    factors: Mapping[str, int]
    passkeys: Mapping[str, int]
    seen: Mapping[str, datetime]
    invited: frozenset[str]


def _state(account: Account | None, invited: bool) -> str:
    if account is None:
        return INVITED if invited else WITHOUT
    return SHUT if account.disabled else ACTIVE
