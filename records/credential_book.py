"""The book that the checks of the primary source read and write: `engine.credentials.CredentialBook` over records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.credentials import DEA, Claim, SourceAnswer
from engine.ports import VisitRef
from records.acts import Act
from records.codes import as_code, new_id
from records.credentials import credential_of
from records.database import Database
from records.people import CLINIC_FILE, HOLDS, REGISTERED
from records.tables.credentials import AgreementRow, CredentialCheck
from records.tables.people import DeaRow, LicenseRow, Provider
from records.tables.visits import Visit
from records.work import Actor, Work

SAME, CHANGED, UNKNOWN, LATE, SILENT = "same", "changed", "unknown", "late", "silent"
NOT_FOUND_STATUS = "inactive"
_ACTOR = Actor.system("credentials")


class RecordsCredentialBook:
    """Reads without an audit entry (nothing is about a patient); every answer is audited with what it changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> datetime:
        return self._database.visit_time()

    def people_of(self, ref: VisitRef) -> Sequence[str]:
        """The visit's clinician and who supervises them; nobody when the visit is not known."""
        with self._database.reading() as session:
            query = select(Visit.provider).where(Visit.id == ref.visit, Visit.clinic == ref.clinic)
            provider = session.scalar(query)
            if provider is None:
                return ()
            supervisors = select(AgreementRow.supervisor).where(
                AgreementRow.clinic == ref.clinic,
                AgreementRow.supervisee == provider,
                AgreementRow.replaced_at.is_(None),
            )
            return (provider, *sorted(set(session.scalars(supervisors)) - {provider}))

    def providers(self, clinic: str) -> Sequence[str]:
        with self._database.reading() as session:
            query = select(Provider.person).where(Provider.clinic == clinic, Provider.active.is_(True))
            return tuple(session.scalars(query.order_by(Provider.person)))

    def claims(self, clinic: str, people: Sequence[str]) -> Sequence[Claim]:
        with self._database.reading() as session:
            npis = select(Provider.person, Provider.npi).where(Provider.clinic == clinic, Provider.person.in_(people))
            npi_of = {row.person: row.npi for row in session.execute(npis)}
            licenses = select(LicenseRow).where(LicenseRow.clinic == clinic, LicenseRow.person.in_(npi_of), HOLDS)
            registrations = select(DeaRow).where(DeaRow.clinic == clinic, DeaRow.person.in_(npi_of), REGISTERED)
            return (
                *(_claim(row, npi_of[row.person]) for row in session.scalars(licenses)),
                *(_claim(row, npi_of[row.person]) for row in session.scalars(registrations)),
            )

    def answered(self, clinic: str, claim: Claim, answer: SourceAnswer) -> None:
        """Keeps the answer; an answer that is older than what is held changes nothing."""
        with self._database.work(clinic, _ACTOR) as work:
            work.alone("credential", claim.credential)
            row = _held(work, claim)
            if row is None:
                return
            as_of = min(answer.as_of, work.at)
            late = row.source == answer.source and row.verified_at is not None and as_of < row.verified_at
            outcome = LATE if late else _keep(work, row, answer, as_of)
            _note_check(work, claim, _Outcome(outcome=outcome, source=as_code(answer.source), as_of=as_of))

    def unanswered(self, clinic: str, claim: Claim, code: str) -> None:
        with self._database.work(clinic, _ACTOR) as work:
            _note_check(work, claim, _Outcome(outcome=SILENT, code=as_code(code)))


def _held(work: Work, claim: Claim) -> LicenseRow | DeaRow | None:
    if claim.kind == DEA:
        of = (DeaRow.clinic == work.clinic, DeaRow.credential == claim.credential, REGISTERED)
        return work.session.scalars(select(DeaRow).where(*of)).first()
    where = (LicenseRow.clinic == work.clinic, LicenseRow.credential == claim.credential, HOLDS)
    return work.session.scalars(select(LicenseRow).where(*where)).first()


def _keep(work: Work, row: LicenseRow | DeaRow, answer: SourceAnswer, as_of: datetime) -> str:
    """Moves the instant on when nothing changed; otherwise the row becomes history and a new version begins."""
    told = _told(row, answer)
    if all(getattr(row, name) == value for name, value in told.items()):
        row.verified_at = as_of
        return SAME
    row.replaced_at = work.now
    work.session.flush()
    kept = {column.name: getattr(row, column.name) for column in type(row).__table__.columns}
    fresh = {
        "id": new_id("crv"),
        "version": row.version + 1,
        "verified_at": as_of,
        "recorded_at": work.now,
        "attested_by": None,
    }
    work.session.add(type(row)(**{**kept, **told, **fresh, "replaced_at": None}))
    work.session.flush()
    work.note(Act.CREDENTIAL_CHANGED, row.credential, version=row.version + 1, status=str(told["status"]))
    return CHANGED if answer.found else UNKNOWN


def _told(row: LicenseRow | DeaRow, answer: SourceAnswer) -> dict[str, Any]:
    """What the source says of the row's columns; of what it does not know it only says that it is not active.

    A day that it leaves out is not a day that is unknown: the one that is held stays.
    """
    source = as_code(answer.source)
    if not answer.found:
        return {"source": source, "status": NOT_FOUND_STATUS}
    told: dict[str, Any] = {
        "source": source,
        "status": as_code(answer.status),
        "issued": answer.issued or row.issued,
        "expires": answer.expires or row.expires,
        "disciplined": answer.disciplined,
    }
    return {**told, "schedules": list(answer.schedules)} if isinstance(row, DeaRow) else told


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What came of a question."""

    outcome: str
    code: str = ""
    source: str = ""
    as_of: datetime | None = None


def _note_check(work: Work, claim: Claim, came: _Outcome) -> None:
    work.note(Act.CREDENTIAL_CHECKED, claim.credential, outcome=came.outcome)
    work.session.add(
        CredentialCheck(
            id=new_id("chk"),
            clinic=work.clinic,
            person=claim.person,
            credential=claim.credential,
            kind=claim.kind,
            asked_at=work.at,
            outcome=came.outcome,
            code=came.code,
            source=came.source,
            as_of=came.as_of,
        )
    )


def _claim(row: LicenseRow | DeaRow, npi: str) -> Claim:
    told = credential_of(row)
    return Claim(**{**told, "npi": npi, "verified_at": _asked(row.source, row.verified_at)})


def _asked(source: str, at: datetime | None) -> datetime | None:
    """When a primary source last answered; what the clinic says itself is no answer of one."""
    return None if source == CLINIC_FILE else at
