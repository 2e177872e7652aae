"""Licences and DEA registrations as the clinic holds them: every version, its source, and when it was last verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.credentials import DEA, LICENSE, Credential
from records.acts import Act
from records.own_rows import of_provider
from records.people import HOLDS, REGISTERED
from records.tables.credentials import CredentialCheck
from records.tables.people import DeaRow, LicenseRow
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CredentialView(Credential):
    """One version of a credential: who said it (``attested_by`` somebody of the clinic), and since when it is history.

    ``outcome`` and ``asked_at`` tell of the newest check.
    """

    version: int
    source: str
    disciplined: bool | None = None
    attested_by: str = ""
    recorded_at: datetime
    replaced_at: datetime | None = None
    asked_at: datetime | None = None
    outcome: str = ""


class Credentials(Repository):
    """The credentials of the clinic's clinicians; nothing of a patient."""

    def everybody(self) -> tuple[CredentialView, ...]:
        """What everybody holds now."""
        self._work.whole_clinic(Act.CREDENTIALS_VIEWED)
        self._work.note(Act.CREDENTIALS_VIEWED, self._work.clinic)
        return self._held(None)

    def of_person(self, person: str) -> tuple[CredentialView, ...]:
        """What a clinician holds now."""
        of_provider(self._work, person, Act.CREDENTIALS_VIEWED)
        self._work.note(Act.CREDENTIALS_VIEWED, person)
        return self._held(person)

    def history(self, person: str) -> tuple[CredentialView, ...]:
        """Every version of what a clinician ever held, the newest first."""
        of_provider(self._work, person, Act.CREDENTIALS_VIEWED)
        self._work.note(Act.CREDENTIALS_VIEWED, person)
        licenses = self._session.scalars(select(LicenseRow).where(LicenseRow.person == person))
        registrations = self._session.scalars(select(DeaRow).where(DeaRow.person == person))
        views = [*map(_view, licenses), *map(_view, registrations)]
        return tuple(sorted(views, key=lambda one: (one.recorded_at, one.version), reverse=True))

    def note_asking(self) -> None:
        """Audits that somebody had the sources asked now."""
        self._work.whole_clinic(Act.SOURCE_ASKED)
        self._work.note(Act.SOURCE_ASKED, self._work.clinic)

    def _held(self, person: str | None) -> tuple[CredentialView, ...]:
        clinic = self._work.clinic
        licenses = select(LicenseRow).where(LicenseRow.clinic == clinic, HOLDS)
        registrations = select(DeaRow).where(DeaRow.clinic == clinic, REGISTERED)
        if person is not None:
            licenses = licenses.where(LicenseRow.person == person)
            registrations = registrations.where(DeaRow.person == person)
        views = [
            *map(_view, self._session.scalars(licenses)),
            *map(_view, self._session.scalars(registrations)),
        ]
        return tuple(self._with_checks(views, person))

    def _with_checks(self, views: Iterable[CredentialView], person: str | None) -> Iterable[CredentialView]:
        checks = self._newest_checks(person)
        for view in views:
            found = checks.get(view.credential)
            yield replace(view, asked_at=found.asked_at, outcome=found.outcome) if found else view

    def _newest_checks(self, person: str | None) -> Mapping[str, CredentialCheck]:
        newest = select(CredentialCheck.credential, func.max(CredentialCheck.asked_at).label("at"))
        newest = newest.where(CredentialCheck.clinic == self._work.clinic)
        if person is not None:
            newest = newest.where(CredentialCheck.person == person)
        found = newest.group_by(CredentialCheck.credential).subquery()
        query = select(CredentialCheck).join(
            found, (CredentialCheck.credential == found.c.credential) & (CredentialCheck.asked_at == found.c.at)
        )
        return {row.credential: row for row in self._session.scalars(query)}


def credential_of(row: LicenseRow | DeaRow) -> dict[str, Any]:
    """What a row says, by the fields of `engine.credentials.Credential`."""
    names = ("credential", "person", "state", "status", "issued", "expires", "verified_at")
    told = {**{name: getattr(row, name) for name in names}, "number": row.number or ""}
    if isinstance(row, DeaRow):
        return {**told, "kind": DEA, "schedules": tuple(row.schedules)}
    return {**told, "kind": LICENSE, "profession": row.profession, "type": row.kind}


def _view(row: LicenseRow | DeaRow) -> CredentialView:
    names = ("version", "source", "disciplined", "recorded_at", "replaced_at")
    told = {name: getattr(row, name) for name in names}
    return CredentialView(**credential_of(row), **told, attested_by=row.attested_by or "")
