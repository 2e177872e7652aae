"""How does the actor of a transaction stand to a visit or a patient: self, treating, taking part, of the clinic?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from engine.access import Relation, Standing
from records.access import STAFF, Role
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
    return Standing(role=actor.role, relations=frozenset(held))


def standing_to(work: Work, patient: str) -> Standing:
    """The actor's standing to a patient of this clinic, whatever the visit; a provider's through a visit of theirs."""
    actor, held = work.actor, _everywhere(work.actor)
    if actor.role == Role.PATIENT and actor.person == patient:
        held.add(Relation.SELF)
    elif actor.role == Role.PROVIDER and _treats(work, patient):
        held.add(Relation.TREATING)
    return Standing(role=actor.role, relations=frozenset(held))


def _everywhere(actor: Actor) -> set[Relation]:
    """What holds whoever the row is about."""
    return {Relation.ANYONE, Relation.CLINIC} if actor.role in STAFF else {Relation.ANYONE}


def _takes_part(work: Work, visit: Visit) -> bool:
    actor = work.actor
    query = select(ParticipantRow.id).where(
        ParticipantRow.visit == visit.id, ParticipantRow.person == actor.person, ParticipantRow.role == actor.role
    )
    return work.session.scalar(query) is not None


def _treats(work: Work, patient: str) -> bool:
    query = select(Visit.id).where(
        Visit.clinic == work.clinic, Visit.patient == patient, Visit.provider == work.actor.person
    )
    return work.session.scalar(query.limit(1)) is not None
