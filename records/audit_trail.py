"""Reading the audit from within a clinic: what was done to a visit, by whom, and who saw one's own record."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from records.access import Role
from records.acting import content_of, held_for, rows_of
from records.acts import Act
from records.codes import as_code, iso
from records.tables.people import Provider
from records.tables.vault import AuditEntry
from records.tables.visits import Visit
from records.work import Repository

_CHECKED = "verified"  # what an entry about a check of the chain says in its detail
_NOBODY = (str(Role.SYSTEM), str(Role.VISITOR))  # programs, and somebody who is not signed in


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """One entry as shown: who (ids and role), what, when; where from stays sealed."""

    clinic: str
    sequence: int
    at: datetime
    actor: str
    role: str
    act: str
    subject: str
    visit: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuditQuery:
    """What is searched for; an empty field asks nothing. ``act`` is a whole tag or its action, ``since`` and ``until``
    bound the instant (until is not among them), ``before`` the number, for the next page."""

    actor: str = ""
    patient: str = ""
    visit: str = ""
    act: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 200


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AccessView:
    """One access to a patient's record as they are told of it: a clinician by name, others by their role."""

    sequence: int
    at: datetime
    actor: str
    role: str
    name: str
    act: str
    visit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """A check of the whole chain that was made: when, by whom, and whether it was whole."""

    at: datetime
    by: str
    whole: bool


class AuditTrail(Repository):
    """The clinic's entries, newest first; looking at them is an entry itself."""

    def entries(self, visit: str = "", limit: int = 200) -> tuple[AuditView, ...]:
        self._work.note(Act.AUDIT_VIEWED, visit or self._work.clinic, visit)
        return self._found(AuditQuery(visit=visit, limit=limit))

    def search(self, query: AuditQuery) -> tuple[AuditView, ...]:
        """What fits every field of the query; what was asked for is in the audit, too."""
        asked = {"by_actor": query.actor, "by_patient": query.patient, "by_act": query.act}
        codes = {name: as_code(text) for name, text in asked.items() if text}
        self._work.note(Act.AUDIT_VIEWED, query.visit or self._work.clinic, query.visit, **codes)
        return self._found(query)

    def export(self, query: AuditQuery) -> tuple[AuditView, ...]:
        """The same, to be taken along as a file."""
        asked = {"by_actor": query.actor, "by_patient": query.patient, "by_act": query.act}
        codes = {name: as_code(text) for name, text in asked.items() if text}
        self._work.note(Act.AUDIT_EXPORTED, query.visit or self._work.clinic, query.visit, **codes)
        return self._found(query)

    def note_check(self, whole: bool) -> None:
        """Keeps that the whole chain was checked just now, and what came of it."""
        self._work.note(Act.AUDIT_VIEWED, self._work.clinic, verified=whole)

    def last_check(self) -> ChainCheck | None:
        """When somebody last checked the whole chain, and whether it was whole; None where nobody ever did."""
        self._work.note(Act.AUDIT_VIEWED, self._work.clinic)
        entry = AuditEntry
        query = select(entry).where(
            entry.clinic == self._work.clinic, entry.act == Act.AUDIT_VIEWED, entry.detail.contains(_CHECKED)
        )
        row = self._session.scalars(query.order_by(entry.sequence.desc()).limit(1)).first()
        if row is None:
            return None
        whole = bool(json.loads(row.detail)[_CHECKED])
        return ChainCheck(at=datetime.fromisoformat(row.at), by=row.actor, whole=whole)

    def who_saw(self, person: str, before: int | None = None, limit: int = 50) -> tuple[AccessView, ...]:
        """Accesses of others to a patient's record, newest first: for the patient, who is not among them.

        Clinicians are named as the clinic's directory names them, and who acts for the patient by name and by the kind
        of their relationship; of everybody else the role is told. What programs do by themselves is left out.
        """
        self._work.patient(person, Act.ACCESSES_VIEWED)
        self._work.note(Act.ACCESSES_VIEWED, person)
        entry = AuditEntry
        query = self._matching(AuditQuery(patient=person, before=before, limit=limit))
        held = held_for(self._work, person)
        if held is not None and held.for_minor:
            booked = select(Visit.id).where(Visit.patient == person, Visit.relationship.is_not(None))
            query = query.where((entry.visit == "") | entry.visit.in_(booked))
        rows = self._session.scalars(query.where(entry.actor != person, entry.role.not_in(_NOBODY))).all()
        found = select(Provider.person, Provider.display_name).where(
            Provider.clinic == self._work.clinic, Provider.person.in_({row.actor for row in rows})
        )
        names = {row.person: row.display_name for row in self._session.execute(found)}
        helpers = {row.person: row for row in rows_of(self._work, person)}
        names |= {row.person: content_of(self._work, row)["name"] for row in helpers.values() if row.person}
        return tuple(
            AccessView(
                sequence=row.sequence,
                at=datetime.fromisoformat(row.at),
                actor=row.actor,
                role=helpers[row.actor].kind if row.actor in helpers else row.role,
                name=names.get(row.actor, ""),
                act=row.act,
                visit=row.visit,
            )
            for row in rows
        )

    def _found(self, query: AuditQuery) -> tuple[AuditView, ...]:
        return tuple(_view(row) for row in self._session.scalars(self._matching(query)))

    def _matching(self, query: AuditQuery) -> Select[AuditEntry]:
        entry, clinic = AuditEntry, self._work.clinic
        wanted = [entry.clinic == clinic]
        if query.visit:
            wanted.append(entry.visit == query.visit)
        if query.actor:
            wanted.append(entry.actor == query.actor)
        if query.patient:
            visits = select(Visit.id).where(Visit.clinic == clinic, Visit.patient == query.patient)
            wanted.append(entry.visit.in_(visits) | (entry.subject == query.patient) | (entry.actor == query.patient))
        if query.act:
            wanted.append(entry.act == query.act if ":" in query.act else entry.act.like(f"%:{query.act}"))
        if query.since:
            wanted.append(entry.at >= iso(query.since))
        if query.until:
            wanted.append(entry.at < iso(query.until))
        if query.before is not None:
            wanted.append(entry.sequence < query.before)
        return select(entry).where(*wanted).order_by(entry.sequence.desc()).limit(query.limit)


def _view(row: AuditEntry) -> AuditView:
    return AuditView(
        clinic=row.clinic,
        sequence=row.sequence,
        at=datetime.fromisoformat(row.at),
        actor=row.actor,
        role=row.role,
        act=row.act,
        subject=row.subject,
        visit=row.visit,
        detail=row.detail,
    )
