"""How does the actor of a transaction stand to a visit or a patient: self, treating, taking part, of the clinic?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.access import Relation, Standing
from records.access import STAFF, Role
from records.acting import Held, held_at, held_for, may_join
from records.tables.emergency import EmergencyRow
from records.tables.visits import ParticipantRow, Visit

if TYPE_CHECKING:
    from records.work import Actor, Work


def standing_at(work: Work, visit: Visit) -> Standing:
    """The actor's standing at a visit of this clinic."""
    actor, held = work.actor, _everywhere(work.actor)
    if actor.role == Role.PATIENT and actor.person == visit.patient:
        held.add(Relation.SELF)
    elif actor.role == Role.PROVIDER and actor.person == visit.provider:
        held.add(Relation.TREATING)
    elif actor.role in (Role.PATIENT, Role.CAREGIVER, Role.PROVIDER) and _takes_part(work, visit):
        held.add(Relation.TREATING if actor.role == Role.PROVIDER else Relation.PARTICIPANT)
    if visit.patient in open_emergencies(work):
        held.add(Relation.EMERGENCY)
    return _standing(actor, held, held_at(work, visit))


def standing_to(work: Work, patient: str) -> Standing:
    """The actor's standing to a patient of this clinic, whatever the visit; a provider's through a visit of theirs."""
    actor, held = work.actor, _everywhere(work.actor)
    if actor.role == Role.PATIENT and actor.person == patient:
        held.add(Relation.SELF)
    elif actor.role == Role.PROVIDER and _treats(work, patient):
        held.add(Relation.TREATING)
    if patient in open_emergencies(work):
        held.add(Relation.EMERGENCY)
    return _standing(actor, held, held_for(work, patient))


def standing_everywhere(actor: Actor) -> Standing:
    """The actor's standing to every row of the clinic at once, whoever it is about."""
    return Standing(role=actor.role, relations=frozenset(_everywhere(actor)))


def open_emergencies(work: Work) -> Mapping[str, str]:
    """The patients whose chart the actor has open in an emergency, and the id of each access; asked for once."""
    if work.actor.role != Role.PROVIDER:
        return {}
    if work.emergencies is None:
        query = select(EmergencyRow.patient, EmergencyRow.id).where(
            EmergencyRow.clinic == work.clinic,
            EmergencyRow.person == work.actor.person,
            EmergencyRow.ended_at.is_(None),
            EmergencyRow.until > work.now,
        )
        work.emergencies = {row.patient: row.id for row in work.session.execute(query)}
    return work.emergencies


def _standing(actor: Actor, held: set[Relation], acting: Held | None) -> Standing:
    """The standing, with what acting for the patient adds."""
    if acting is None:
        return Standing(role=actor.role, relations=frozenset(held))
    return Standing(role=actor.role, relations=frozenset(held | {Relation.PROXY}), scopes=acting.scopes)


def _everywhere(actor: Actor) -> set[Relation]:
    """What holds whoever the row is about."""
    return {Relation.ANYONE, Relation.CLINIC} if actor.role in STAFF else {Relation.ANYONE}


def _takes_part(work: Work, visit: Visit) -> bool:
    """Whether they have a part in the visit; who helps its patient has one while a relationship lets them join."""
    actor = work.actor
    query = select(ParticipantRow.id).where(
        ParticipantRow.visit == visit.id, ParticipantRow.person == actor.person, ParticipantRow.role == actor.role
    )
    if work.session.scalar(query) is None:
        return False
    return actor.role != Role.CAREGIVER or may_join(work, visit.patient, actor.person)


def _treats(work: Work, patient: str) -> bool:
    query = select(Visit.id).where(
        Visit.clinic == work.clinic, Visit.patient == patient, Visit.provider == work.actor.person
    )
    return work.session.scalar(query.limit(1)) is not None
