"""The officer for law and privacy ends who acts for a patient, by number, for a reason, and everybody is told."""

from __future__ import annotations

import pytest

from records.access import Role
from records.audit_trail import AuditQuery
from records.circles import EndDraft
from records.errors import AccessRefused, AlreadyDone
from records.mails import MailDraft, MailQueue
from records.tables.relationships import RelationshipRow
from records.work import Actor
from tests.records.helpers import PATIENT, World
from tests.records.test_relationships import Family, family  # noqa: F401

pytestmark = pytest.mark.slow
WORDS = "The court of Miami-Dade gave custody to the father"


def told(to: str, address: str, language: str) -> MailDraft:
    return MailDraft(template=f"acting_ended_{to}", language=language, address=address, subject="s", body="b")


def officer(world: World) -> Actor:
    return Actor(person="per_officer", role=Role.COMPLIANCE)


def ending(relationship: str, reason: str = "court_order", words: str = WORDS) -> EndDraft:
    return EndDraft(relationship=relationship, reason=reason, words=words)


def test_a_guardians_part_ends_for_a_reason_that_only_the_record_keeps(family: Family) -> None:  # noqa: F811
    world = family.world
    with world.database.scope(world.clinic, officer(world)) as scope:
        assert scope.circles.around("nobody@patients.example") == ()
        assert [one.id for one in scope.circles.around(PATIENT.email)] == [family.relationship]
        (seen,) = scope.circles.around(family.leo)
        assert (seen.id, seen.patient, seen.state) == (family.relationship, family.leo, "active")
        assert [one.id for one in scope.circles.around(family.visit)] == [family.relationship]
        scope.circles.end(ending(family.relationship), told)
        ended = scope.circles.one(family.relationship)
        assert (ended.state, ended.reason) == ("ended", "court_order")
        with pytest.raises(AlreadyDone):
            scope.circles.end(ending(family.relationship), told)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, family.ana) as scope:
        scope.people.patient(family.leo)
    assert [one.template for one in MailQueue(world.database).pending(10)] == ["acting_ended_helper"]
    with world.database.reading() as session:
        row = session.get(RelationshipRow, family.relationship)
        assert row is not None and WORDS.encode() not in row.content
    with world.database.scope(world.clinic, officer(world)) as scope:
        (entry,) = scope.audit.search(AuditQuery(act="people:relationship:deleted"))
    assert entry.subject == family.leo and '"reason":"court_order"' in entry.detail


TYPED = ("Garcia", "305-555-0100", "123-45-6789", "1980-02-03", "per_0000000000", "nobody@patients.example")


def test_what_is_nobodys_number_is_never_repeated_in_the_audit(family: Family) -> None:  # noqa: F811
    world = family.world
    with world.database.scope(world.clinic, officer(world)) as scope:
        assert [scope.circles.around(typed) for typed in TYPED] == [()] * len(TYPED)
        scope.circles.around(family.leo)
    with world.database.scope(world.clinic, officer(world)) as scope:
        entries = scope.audit.search(AuditQuery(act="people:circle:viewed"))
    assert sorted(one.subject for one in entries) == sorted([world.clinic] * len(TYPED) + [family.leo])


def test_nothing_ends_without_a_reason(family: Family) -> None:  # noqa: F811
    world = family.world
    for reason, words in (("because", WORDS), ("dispute", "  ")):
        with (
            pytest.raises(ValueError, match="for a reason"),
            world.database.scope(world.clinic, officer(world)) as scope,
        ):
            scope.circles.end(ending(family.relationship, reason, words), told)


STRANGERS = (Role.CLINIC_ADMIN, Role.SUPPORT, Role.CLINICAL_OPS, Role.PROVIDER, Role.PATIENT)


def test_nobody_else_sees_or_ends_who_acts_for_whom(family: Family) -> None:  # noqa: F811
    world = family.world
    for role in STRANGERS:
        asking = Actor(person="p", role=role)
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, asking) as scope:
            scope.circles.around(family.leo)
        with pytest.raises(AccessRefused), world.database.scope(world.clinic, asking) as scope:
            scope.circles.end(ending(family.relationship), told)
