"""The asker's part in a visit: how far it is, what they may ask of it, and what they are known by in its room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select

from engine.questions import age
from records.access import Role, sees
from records.acting import Held, held_at, held_for
from records.acts import Act
from records.codes import new_id
from records.errors import NotFound
from records.forms import RED_FLAG
from records.standing import standing_at
from records.tables.clinical import ConsentRow, SubmissionRow
from records.tables.people import Patient, Person
from records.tables.visits import AlertRow, ParticipantRow
from records.work import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a visit has been given so far: the names of forms handed in, and the kinds of consent in force.

    ``acting_for`` is the patient's name where the actor acts for them, ``kind`` as what and ``scopes`` within what; all
    are empty otherwise. ``flags`` are those that answers raised, as ``form:flag``, for who may give answers.
    """

    forms: frozenset[str]
    consents: frozenset[str]
    flags: frozenset[str] = field(default=frozenset(), repr=False)
    acting_for: str = field(default="", repr=False)
    kind: str = ""
    scopes: frozenset[str] = frozenset()


# What is asked of a visit's workflow by whoever has a part in it, and the act that asking is.
ASKED: Mapping[str, Act] = {
    "cancel": Act.CANCEL_ASKED,
    "reschedule": Act.MOVE_ASKED,
    "call_off": Act.VISIT_CALLED_OFF,
    "arrive": Act.ROOM_ASKED,
    "leave": Act.ROOM_ASKED,
    "step_out": Act.ROOM_ASKED,
    "come_back": Act.ROOM_ASKED,
    "join": Act.ROOM_ASKED,
}
# What a page leads to, and the act that it ends in: who may not do that is not shown the page.
LEADS_TO: Mapping[str, Act] = {
    "place": Act.PLACE_ATTESTED,
    "consent": Act.CONSENT_SIGNED,
    "call_off": Act.VISIT_CALLED_OFF,
}
# Whether somebody is pregnant is asked of nobody this young, and of no minor who is recorded as male.
ANSWERING = "intake"
PREGNANT, MALE = "patient.pregnant", "male"
LEAST_AGE, ADULT_AGE = 9, 18


class Parts(Repository):
    """What the actor is at a visit."""

    def given(self, visit: str) -> Given:
        """How far the visit is in what it asks for, and nothing of what was said; with the visit's view it is told."""
        row = self._work.visit(visit, Act.VISIT_VIEWED, audited=False)
        held = held_at(self._work, row)
        if "visit_type" not in sees(standing_at(self._work, row), "visit"):  # a form's name tells the kind of visit
            return Given(forms=frozenset(), consents=frozenset(), acting_for=self._acting_for(row.patient, held))
        forms = select(SubmissionRow.form).where(SubmissionRow.visit == visit)
        consents = select(ConsentRow.kind).where(ConsentRow.visit == visit, ConsentRow.revoked_at.is_(None))
        flags = select(AlertRow.subject).where(AlertRow.visit == visit, AlertRow.kind == RED_FLAG)
        answers = held is None or ANSWERING in held.scopes  # a form more would tell others what was answered
        return Given(
            forms=frozenset(self._session.scalars(forms)),
            consents=frozenset(self._session.scalars(consents)),
            flags=frozenset(self._session.scalars(flags)) if answers else frozenset(),
            acting_for=self._acting_for(row.patient, held),
            kind=held.kind if held is not None else "",
            scopes=held.scopes if held is not None else frozenset(),
        )

    def _acting_for(self, patient: str, held: Held | None) -> str:
        return self._name(patient) if held is not None else ""

    def unasked(self, visit: str) -> frozenset[str]:
        """The facts, by path, that no question asks of this patient, as their recorded sex and age say."""
        row = self._work.visit(visit, Act.ANSWERS_VIEWED, audited=False)
        profile = self._work.open(("patients", "profile", row.patient), self._work.row(Patient, row.patient).profile)
        years = age(str(profile["birth_date"]), self._work.at.date().isoformat())
        boy = profile["sex"] == MALE and years < ADULT_AGE
        return frozenset({PREGNANT}) if boy or years < LEAST_AGE else frozenset()

    def _name(self, person: str) -> str:
        contact = self._work.open(("persons", "contact", person), self._work.row(Person, person).contact)
        return f"{contact['given']} {contact['family']}".strip()

    def asks(self, visit: str, what: str) -> None:
        """Refuses who may not ask that of the visit (`ASKED`), and audits who does."""
        self._work.visit(visit, ASKED[what])

    def leads_to(self, visit: str, what: str) -> None:
        """Refuses who may not do what a page is for (`LEADS_TO`); what they then do is audited itself."""
        self._work.visit(visit, LEADS_TO[what], audited=False)

    def part_in(self, visit: str, what: str) -> str:
        """The actor's own part in the visit they ask that of; who acts for the patient gets one. Raises `NotFound`."""
        row = self._work.visit(visit, ASKED[what])
        person = self._work.actor.person
        query = select(ParticipantRow.id).where(ParticipantRow.visit == visit, ParticipantRow.person == person)
        part = self._session.scalar(query)
        if part is not None:
            return part
        if held_for(self._work, row.patient) is None:
            raise NotFound(f"participant of {visit}")
        part = new_id("par")
        self._session.add(
            ParticipantRow(id=part, clinic=row.clinic, visit=visit, person=person, role=str(Role.CAREGIVER))
        )
        self._session.flush()
        return part
