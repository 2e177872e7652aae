"""Licences and DEA registrations as the clinic holds them: every version, its source, and when it was last verified."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from engine.credentials import DEA, LICENSE
from records.acts import Act
from records.own_rows import of_provider
from records.people import HOLDS, REGISTERED
from records.tables.credentials import CredentialCheck
from records.tables.people import DeaRow, LicenseRow
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialView:
    """One version of a credential. ``type`` is a licence's kind; ``outcome`` and ``asked_at`` tell of the newest check,
    ``replaced_at`` since when it is history."""

    credential: str
    version: int
    person: str
    kind: str
    state: str
    status: str
    source: str
    profession: str = ""
    type: str = ""
    number: str = ""
    issued: date | None = None
    expires: date | None = None
    schedules: tuple[str, ...] = ()
    verified_at: datetime | None = None
    disciplined: bool | None = None
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
        views = [*map(_of_license, licenses), *map(_of_registration, registrations)]
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
            *map(_of_license, self._session.scalars(licenses)),
            *map(_of_registration, self._session.scalars(registrations)),
        ]
        return tuple(self._with_checks(views, person))

    def _with_checks(self, views: Iterable[CredentialView], person: str | None) -> Iterable[CredentialView]:
        checks = self._newest_checks(person)
        for view in views:
            found = checks.get(view.credential)
            told = {name: getattr(view, name) for name in CredentialView.__dataclass_fields__}
            yield CredentialView(**{**told, "asked_at": found.asked_at, "outcome": found.outcome}) if found else view

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


def _of_license(row: LicenseRow) -> CredentialView:
    return CredentialView(
        kind=LICENSE,
        profession=row.profession,
        type=row.kind,
        **_common(row),
    )


def _of_registration(row: DeaRow) -> CredentialView:
    return CredentialView(kind=DEA, schedules=tuple(row.schedules), **_common(row))


def _common(row: LicenseRow | DeaRow) -> dict[str, Any]:
    names = (
        "credential",
        "version",
        "person",
        "state",
        "status",
        "source",
        "issued",
        "expires",
        "verified_at",
        "disciplined",
        "recorded_at",
        "replaced_at",
    )
    return {**{name: getattr(row, name) for name in names}, "number": row.number or ""}
