"""Emergency access: a clinician who is not at any visit of a patient reads their chart for an hour, and says why.

Opening needs the patient's whole name and birth date, so that it is no search; the reason is sealed; every look that
the emergency alone permits is marked in the audit with its id; afterwards another person reads it all and closes the
case with a verdict. The reader of the case sees who looked, when and at what, and nobody's name but the clinician's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, select

from records.access import TABLE, Role, sees
from records.acts import Act
from records.codes import iso, new_id
from records.errors import AlreadyDone, NotFound, Unreadable
from records.matters import Matter, put, settle
from records.standing import open_emergencies, standing_everywhere
from records.tables.emergency import EmergencyRow
from records.tables.people import Patient, Person
from records.tables.vault import AuditEntry
from records.work import Repository

VERDICTS = ("justified", "not_justified")
LIFE = timedelta(minutes=TABLE.emergency_minutes)
LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EmergencyDraft:
    """Whose chart, by their whole name and birth date as somebody at the bedside can tell them, and why."""

    given: str
    family: str
    birth_date: date
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EmergencyView:
    """An emergency access: ids and instants. ``open`` while its clinician may read; ``verdict`` once reviewed."""

    id: str
    person: str
    patient: str
    opened_at: datetime
    until: datetime
    ended_at: datetime | None
    open: bool
    reviewed_at: datetime | None
    reviewed_by: str | None
    verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing that was looked at: when, which act of the audit, at which visit."""

    at: datetime
    act: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EmergencyCase:
    """An access as its reviewer reads it; ``reason`` and ``finding`` are empty when the patient's key is destroyed."""

    access: EmergencyView
    clinician: str
    reason: str
    finding: str
    looks: tuple[Look, ...]


class Emergencies(Repository):
    """The clinic's emergency accesses."""

    def open(self, draft: EmergencyDraft) -> EmergencyView:
        """Opens the chart for the actor; one that they have open already is that same one.

        Raises:
            ValueError: the reason is too short or too long.
            NotFound: no patient, or more than one, has that name and birth date; audited.
        """
        if not TABLE.reason_least <= len(draft.reason.strip()) <= LONGEST_REASON:
            raise ValueError("a reason has a least and a greatest length")
        work = self._work
        work.allow(Act.EMERGENCY_OPENED)
        if work.actor.role != Role.PROVIDER:  # nobody does it for a clinician, the system neither
            work.refuse(Act.EMERGENCY_OPENED)
        patient = self._patient(draft)
        if patient is None:
            work.record(Act.EMERGENCY_REFUSED, "unknown", code="unknown")
            raise NotFound("patient")
        known = open_emergencies(work).get(patient)
        if known is not None:
            return self._view(work.row(EmergencyRow, known))
        row = self._row(patient, draft.reason.strip())
        self._session.add(row)
        work.note(Act.EMERGENCY_OPENED, row.id, patient=patient)
        self._session.flush()
        put(work, Matter(key=row.id, kind="emergency", subject=row.id))
        work.forget_standings()
        return self._view(row)

    def current(self) -> tuple[EmergencyView, ...]:
        """What the actor has open now, by ids and instants; it discloses nothing and is not audited."""
        self._work.allow(Act.EMERGENCY_VIEWED)
        return tuple(self._view(self._work.row(EmergencyRow, one)) for one in open_emergencies(self._work).values())

    def get(self, emergency: str) -> EmergencyView:
        """One of the actor's own."""
        return self._view(self._own(emergency, Act.EMERGENCY_VIEWED))

    def end(self, emergency: str) -> None:
        """Closes the chart before its time is over; a second time changes nothing."""
        row = self._own(emergency, Act.EMERGENCY_ENDED)
        if row.ended_at is None and row.until > self._work.now:
            row.ended_at = self._work.now
            self._session.flush()
            self._work.forget_standings()

    def waiting(self) -> tuple[EmergencyView, ...]:
        """Every access that nobody has reviewed yet, oldest first: the officer's inbox."""
        return self._listed(EmergencyRow.reviewed_at.is_(None), newest_first=False)

    def reviewed(self, limit: int = 50) -> tuple[EmergencyView, ...]:
        """The ones that were reviewed, newest first."""
        return self._listed(EmergencyRow.reviewed_at.is_not(None), newest_first=True)[:limit]

    def case(self, emergency: str) -> EmergencyCase:
        """Everything a reviewer needs: who, why, and each look that the emergency alone permitted."""
        work = self._work
        work.note(Act.EMERGENCY_REVIEW_VIEWED, emergency)
        row = work.row(EmergencyRow, emergency)
        person = work.row(Person, row.person)
        contact = work.open(("persons", "contact", person.id), person.contact)
        seen = sees(standing_everywhere(work.actor), "emergency_case")
        return EmergencyCase(
            access=self._view(row),
            clinician=f"{contact['given']} {contact['family']}".strip() if "clinician" in seen else "",
            reason=self._opened(row, "reason") if "reason" in seen else "",
            finding=self._opened(row, "finding") if "finding" in seen else "",
            looks=tuple(self._looks(row)) if "looks" in seen else (),
        )

    def review(self, emergency: str, verdict: str, finding: str) -> None:
        """Closes the case with a verdict, by somebody else than who opened the chart, once it is shut.

        Raises:
            ValueError: the verdict is none of `VERDICTS`.
            AlreadyDone: it was reviewed, or the chart is still open.
        """
        work = self._work
        if verdict not in VERDICTS:
            raise ValueError("no such verdict")
        work.allow(Act.EMERGENCY_REVIEWED, emergency)
        work.lock(EmergencyRow, emergency)
        row = work.row(EmergencyRow, emergency)
        if row.person == work.actor.person:
            work.refuse(Act.EMERGENCY_REVIEWED, emergency)
        if row.reviewed_at is not None or self._is_open(row):
            raise AlreadyDone("emergency")
        row.reviewed_at, row.reviewed_by, row.verdict = work.now, work.actor.person, verdict
        row.finding = work.seal(("emergency_accesses", "finding", row.id), finding, row.patient) if finding else None
        work.note(Act.EMERGENCY_REVIEWED, row.id, verdict=verdict)
        self._session.flush()
        settle(work, "emergency", row.id)

    def _row(self, patient: str, reason: str) -> EmergencyRow:
        work, row_id = self._work, new_id("emg")
        return EmergencyRow(
            id=row_id,
            clinic=work.clinic,
            person=work.actor.person,
            patient=patient,
            session=work.actor.session,
            reason=work.seal(("emergency_accesses", "reason", row_id), reason, patient),
            opened_at=work.now,
            until=work.now + LIFE,
        )

    def _patient(self, draft: EmergencyDraft) -> str | None:
        """The one patient of that name and birth date; every sealed name of the clinic is compared."""
        query = select(Person, Patient).join(Patient, Patient.person == Person.id)
        wanted = (_folded(draft.given), _folded(draft.family), draft.birth_date.isoformat())
        found = []
        for person, patient in self._session.execute(query.where(Person.clinic == self._work.clinic)):
            try:
                contact = self._work.open(("persons", "contact", person.id), person.contact)
                if (_folded(contact["given"]), _folded(contact["family"])) != wanted[:2]:
                    continue
                profile = self._work.open(("patients", "profile", person.id), patient.profile)
            except Unreadable:  # somebody who was erased
                continue
            if profile["birth_date"] == wanted[2]:
                found.append(person.id)
        return found[0] if len(found) == 1 else None

    def _own(self, emergency: str, act: Act) -> EmergencyRow:
        self._work.allow(act, emergency)
        row = self._work.row(EmergencyRow, emergency)
        if self._work.actor.role != Role.SYSTEM and row.person != self._work.actor.person:
            self._work.refuse(act, emergency)
        self._work.note(act, emergency)
        return row

    def _listed(self, which: ColumnElement[bool], *, newest_first: bool) -> tuple[EmergencyView, ...]:
        self._work.note(Act.EMERGENCY_REVIEW_VIEWED, self._work.clinic)
        query = select(EmergencyRow).where(EmergencyRow.clinic == self._work.clinic, which)
        order = EmergencyRow.opened_at.desc() if newest_first else EmergencyRow.opened_at
        return tuple(self._view(row) for row in self._session.scalars(query.order_by(order, EmergencyRow.id)))

    def _looks(self, row: EmergencyRow) -> Iterable[Look]:
        query = select(AuditEntry).where(
            AuditEntry.clinic == self._work.clinic,
            AuditEntry.actor == row.person,
            AuditEntry.at >= iso(row.opened_at),
            AuditEntry.at <= iso(row.until),
            AuditEntry.detail.contains(f'"emergency":"{row.id}"'),
        )
        for entry in self._session.scalars(query.order_by(AuditEntry.sequence)):
            yield Look(at=datetime.fromisoformat(entry.at), act=entry.act, visit=entry.visit)

    def _opened(self, row: EmergencyRow, column: str) -> str:
        sealed = getattr(row, column)
        try:
            return str(self._work.open(("emergency_accesses", column, row.id), sealed)) if sealed else ""
        except Unreadable:
            return ""

    def _is_open(self, row: EmergencyRow) -> bool:
        return row.ended_at is None and row.until > self._work.now

    def _view(self, row: EmergencyRow) -> EmergencyView:
        return EmergencyView(
            id=row.id,
            person=row.person,
            patient=row.patient,
            opened_at=row.opened_at,
            until=row.until,
            ended_at=row.ended_at,
            open=self._is_open(row),
            reviewed_at=row.reviewed_at,
            reviewed_by=row.reviewed_by,
            verdict=row.verdict,
        )


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())
