"""Supervision agreements: who supervises whom, where, since and until when, and for what. Ended, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select

from engine.dossier import Agreement, License
from records.acts import Act
from records.codes import as_code, new_id
from records.errors import AlreadyDone, Conflict, NoLicense, NotFound
from records.own_rows import of_provider
from records.people import HOLDS, license_of
from records.tables.credentials import AgreementRow
from records.tables.people import LicenseRow
from records.work import Repository, Work

KINDS = ("supervision", "collaboration")
_NOW = AgreementRow.replaced_at.is_(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementDraft:
    """An agreement as written; days are valid ones, ``until`` None goes on. No ``specialties`` means all of them,
    ``schedules`` are the controlled drugs that it covers."""

    supervisee: str
    supervisor: str
    state: str
    kind: str
    since: date
    until: date | None = None
    specialties: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementView(AgreementDraft):
    """An agreement as it holds now; ``can_undo`` says that its last day was changed and can be changed back."""

    agreement: str
    version: int
    can_undo: bool

    def holds_on(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Agreements(Repository):
    """The clinic's supervision agreements."""

    def everybody(self) -> tuple[AgreementView, ...]:
        """Every agreement as it is now, those that end last first."""
        self._work.whole_clinic(Act.AGREEMENTS_VIEWED)
        self._work.note(Act.AGREEMENTS_VIEWED, self._work.clinic)
        query = select(AgreementRow).where(AgreementRow.clinic == self._work.clinic, _NOW)
        return _views(self._session.scalars(query).all())

    def of_person(self, person: str) -> tuple[AgreementView, ...]:
        """Those by which a clinician is supervised, or supervises."""
        of_provider(self._work, person, Act.AGREEMENTS_VIEWED)
        self._work.note(Act.AGREEMENTS_VIEWED, person)
        mine = (AgreementRow.supervisee == person) | (AgreementRow.supervisor == person)
        query = select(AgreementRow).where(AgreementRow.clinic == self._work.clinic, mine, _NOW)
        return _views(self._session.scalars(query).all())

    def add(self, draft: AgreementDraft) -> str:
        """Keeps a new agreement; returns its id.

        Raises:
            NoLicense: the supervisor holds no active licence in its state on its first day.
            ValueError: somebody would supervise themselves, it ends before it begins, or a word is no code.
        """
        of_provider(self._work, draft.supervisee, Act.AGREEMENT_MADE)
        of_provider(self._work, draft.supervisor, Act.AGREEMENT_MADE)
        if draft.supervisee == draft.supervisor or draft.kind not in KINDS or _ends_first(draft.since, draft.until):
            raise ValueError("no agreement")
        if not any(_is_active(one, draft) for one in licenses_of(self._work, draft.supervisor)):
            raise NoLicense(draft.supervisor)
        agreement = new_id("agr")
        self._work.note(Act.AGREEMENT_MADE, agreement, state=as_code(draft.state))
        self._write(agreement, 1, draft)
        return agreement

    def end(self, agreement: str, day: date, version: int) -> None:
        """Makes a day its last one.

        Raises:
            Conflict: it changed since ``version``.
            ValueError: the day is before its first.
        """
        row = self._current(agreement, version)
        if _ends_first(row.since, day):
            raise ValueError("ends before it begins")
        self._replace(row, day)

    def undo(self, agreement: str, version: int) -> None:
        """Takes the newest change of its last day back. Raises `AlreadyDone` when there is none."""
        row = self._current(agreement, version)
        if row.version == 1:
            raise AlreadyDone(agreement)
        query = select(AgreementRow).where(AgreementRow.agreement == agreement, AgreementRow.version == version - 1)
        self._replace(row, self._session.scalars(query).one().until)

    def _current(self, agreement: str, version: int) -> AgreementRow:
        self._work.whole_clinic(Act.AGREEMENT_CHANGED)
        self._work.alone("agreements", agreement)
        query = select(AgreementRow).where(
            AgreementRow.clinic == self._work.clinic, AgreementRow.agreement == agreement, _NOW
        )
        row = self._session.scalars(query).first()
        if row is None:
            raise NotFound(f"supervision_agreements {agreement[:40]}")
        if row.version != version:
            raise Conflict("agreement", row.version)
        return row

    def _replace(self, row: AgreementRow, until: date | None) -> None:
        self._work.note(Act.AGREEMENT_CHANGED, row.agreement, version=row.version + 1)
        row.replaced_at = self._work.now
        self._session.flush()
        self._write(row.agreement, row.version + 1, replace(_draft(row), until=until))

    def _write(self, agreement: str, version: int, draft: AgreementDraft) -> None:
        self._session.add(
            AgreementRow(
                id=new_id("agv"),
                clinic=self._work.clinic,
                agreement=agreement,
                version=version,
                supervisee=draft.supervisee,
                supervisor=draft.supervisor,
                state=as_code(draft.state),
                kind=draft.kind,
                since=draft.since,
                until=draft.until,
                specialties=[as_code(one) for one in draft.specialties],
                schedules=[as_code(one) for one in draft.schedules],
                written_by=self._work.actor.person,
                written_at=self._work.now,
            )
        )
        self._session.flush()


def agreement_facts(work: Work, person: str) -> tuple[Agreement, ...] | None:
    """What a gate is told of who supervises a clinician; None when the clinic never kept an agreement of theirs."""
    query = select(AgreementRow).where(AgreementRow.clinic == work.clinic, AgreementRow.supervisee == person, _NOW)
    rows = work.session.scalars(query.order_by(AgreementRow.agreement)).all()
    return tuple(_fact(work, row) for row in rows) or None


def licenses_of(work: Work, person: str) -> tuple[License, ...]:
    """A clinician's licences as they are held now."""
    query = select(LicenseRow).where(LicenseRow.clinic == work.clinic, LicenseRow.person == person, HOLDS)
    return tuple(license_of(row) for row in work.session.scalars(query.order_by(LicenseRow.credential)))


def _fact(work: Work, row: AgreementRow) -> Agreement:
    return Agreement(
        state=row.state,
        kind=row.kind,
        since=row.since,
        until=row.until,
        specialties=tuple(row.specialties),
        schedules=tuple(row.schedules),
        licenses=licenses_of(work, row.supervisor),
    )


def _is_active(license: License, draft: AgreementDraft) -> bool:
    lasts = license.expires is None or draft.since <= license.expires
    return license.state == draft.state and license.status == "active" and lasts


def _ends_first(since: date, until: date | None) -> bool:
    return until is not None and until < since


def _draft(row: AgreementRow) -> AgreementDraft:
    return AgreementDraft(
        supervisee=row.supervisee,
        supervisor=row.supervisor,
        state=row.state,
        kind=row.kind,
        since=row.since,
        until=row.until,
        specialties=tuple(row.specialties),
        schedules=tuple(row.schedules),
    )


def _views(rows: Sequence[AgreementRow]) -> tuple[AgreementView, ...]:
    views = []
    for row in rows:
        told = {name: getattr(_draft(row), name) for name in AgreementDraft.__dataclass_fields__}
        views.append(AgreementView(agreement=row.agreement, version=row.version, can_undo=row.version > 1, **told))
    return tuple(sorted(views, key=lambda one: (one.until or date.max, one.agreement), reverse=True))
