"""May the actor do this to what is one clinician's: credentials, hours? Their own, or as somebody of the clinic."""

from __future__ import annotations

from engine.access import Relation, Standing
from records.access import Role, permitted
from records.acts import Act
from records.standing import standing_everywhere
from records.tables.people import Provider
from records.work import Work


def of_provider(work: Work, person: str, act: Act) -> Provider:
    """The clinician's row, when the actor may do the act to what is theirs. Raises `NotFound`, `AccessRefused`."""
    work.allow(act, person)
    row = work.row(Provider, person)
    standing = standing_everywhere(work.actor)
    if work.actor.role == Role.PROVIDER and work.actor.person == person:
        standing = Standing(role=standing.role, relations=standing.relations | {Relation.SELF})
    if not permitted(standing, act):
        work.refuse(act, person)
    return row
