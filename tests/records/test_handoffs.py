"""A visit that is handed to a colleague: who is shown what of it, and the moment it changes hands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from engine.ports import Effect, VisitChange, VisitRef
from records.access import Role
from records.errors import AccessRefused, AlreadyDone, NotFound
from records.handoffs import HandoffDraft
from records.tables.people import Provider
from records.work import Actor
from tests.records.helpers import PROVIDER, START, World, draft_of

pytestmark = pytest.mark.slow  # each builds a clinic

WHY = "no licence where she is"
FIRST = START + timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """A visit of the first clinician's, and two colleagues."""

    world: World
    ref: VisitRef
    colleague: Actor
    other: Actor

    def write(self, to: str = "", key: str = "k1") -> str:
        with self.world.database.scope(self.world.clinic, self.world.as_provider) as scope:
            return scope.handoffs.write(HandoffDraft(visit=self.ref.visit, to=to, text=WHY, key=key))

    def offer(self, to: str = "", key: str = "k1") -> str:
        handoff = self.write(to, key)
        self.world.store.offer_visit(self.effect(), handoff, START + timedelta(minutes=5))
        return handoff

    def effect(self, actor: str = "system") -> Effect:
        return replace(self.world.effect(actor=actor), ref=self.ref)

    def offered(self, who: Actor) -> list[str]:
        with self.world.database.scope(self.world.clinic, who) as scope:
            return [one.handoff.text for one in scope.handoffs.offered()]

    def take(self, handoff: str, who: Actor) -> str:
        return self.world.store.hand_over(self.effect(who.person), handoff)


@pytest.fixture
def handing(world: World) -> Handing:
    people = []
    with world.database.scope(world.clinic, world.as_system) as scope:
        ref = VisitRef(clinic=world.clinic, visit=scope.visits.draft(draft_of(world.patient, world.provider)))
        for name in ("Mara", "Noor"):
            staff = replace(PROVIDER.staff, given=name, email=f"{name}@clinic.example", seed_key=name.lower())
            person = scope.people.create_provider(replace(PROVIDER, staff=staff, display_name=f"Dr. {name}"))
            people.append(Actor(person=person, role=Role.PROVIDER))
    found = Handing(world=world, ref=ref, colleague=people[0], other=people[1])
    assert world.store.hold_slot(found.effect(), START + timedelta(minutes=15))
    world.store.change(found.effect(), VisitChange(event="visit_booked", stage="booked"))
    return found


def test_a_named_colleague_reads_why_and_others_do_not_until_nobody_answered(handing: Handing) -> None:
    handoff = handing.offer(handing.colleague.person)
    assert (handing.offered(handing.colleague), handing.offered(handing.other)) == ([WHY], [])
    detail = {"subject": handoff, "code": "unanswered"}
    handing.world.store.change(handing.effect(), VisitChange(event="handoff_ended", detail=detail))
    assert (handing.offered(handing.colleague), handing.offered(handing.other)) == ([WHY], [WHY])


def test_what_is_offered_to_all_goes_to_whoever_takes_it_first(handing: Handing) -> None:
    handoff = handing.offer()
    assert handing.offered(handing.other) == [WHY]
    assert (handing.take(handoff, handing.other), handing.take(handoff, handing.colleague)) == ("", "not_offered")
    with handing.world.database.scope(handing.world.clinic, handing.other) as scope:
        visit = scope.visits.get(handing.ref.visit)
        assert visit.provider == handing.other.person
        assert scope.visits.participant_of(visit.visit, handing.other.person).role == Role.PROVIDER
        assert [one.starts_at for one in scope.slots.taken(handing.other.person, START, FIRST + timedelta(hours=1))]
        assert not scope.slots.taken(handing.world.provider, START, FIRST + timedelta(hours=1))
    assert handing.offered(handing.colleague) == []


def test_who_handed_a_visit_over_reaches_it_no_more(handing: Handing) -> None:
    assert handing.take(handing.offer(handing.colleague.person), handing.colleague) == ""
    with (
        handing.world.database.scope(handing.world.clinic, handing.world.as_provider) as scope,
        pytest.raises(AccessRefused),
    ):
        scope.visits.get(handing.ref.visit)


def test_a_patient_who_moves_to_a_colleague_changes_calendars_and_tells_both_and_may_come_back(
    handing: Handing,
) -> None:
    world, mara, later = handing.world, handing.colleague.person, START + timedelta(hours=5)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        first = scope.visits.get(handing.ref.visit).starts_at
    assert world.store.move_slot(replace(handing.effect(), key="there"), later, mara)
    assert (clinician(handing), calendar(handing, world.provider), calendar(handing, mara)) == (mara, [], [later])
    with world.database.scope(world.clinic, Actor.system("test")) as scope:
        told = [(one.template, one.audience, one.address) for one in scope.messages.outbox()]
    assert [template for template, _, _ in told] == ["visit_left"]
    assert told[0][1] == "provider" and "Mara" not in told[0][2]
    world.store.queue_message(replace(handing.effect(), key="moved"), "visit_moved", "provider")
    with world.database.scope(world.clinic, Actor.system("test")) as scope:
        assert scope.messages.outbox()[0].address == "Mara@clinic.example"
    move = world.store.standing(handing.ref).moves[-1]
    assert (move.left, move.joined) == (world.provider, mara)
    assert world.store.move_slot(replace(handing.effect(), key="back"), first, world.provider)
    assert (clinician(handing), calendar(handing, mara)) == (world.provider, [])
    assert calendar(handing, world.provider) == [first] and world.store.standing(handing.ref).moved == 0


def test_a_colleague_whose_time_is_taken_or_who_left_gets_no_visit_by_a_move(handing: Handing) -> None:
    world, mara, later = handing.world, handing.colleague.person, START + timedelta(hours=5)
    with world.database.scope(world.clinic, world.as_system) as scope:
        other = VisitRef(clinic=world.clinic, visit=scope.visits.draft(draft_of(world.patient, mara, starts_at=later)))
    assert world.store.hold_slot(replace(world.effect(key="other"), ref=other), START + timedelta(minutes=15))
    assert not world.store.move_slot(replace(handing.effect(), key="there"), later, mara)
    assert clinician(handing) == world.provider and len(calendar(handing, world.provider)) == 1
    with world.database.writing() as session:
        session.execute(update(Provider).where(Provider.person == handing.other.person).values(active=False))
        session.commit()
    assert not world.store.move_slot(replace(handing.effect(), key="gone"), later, handing.other.person)
    assert clinician(handing) == world.provider


def clinician(handing: Handing) -> str:
    with handing.world.database.scope(handing.world.clinic, handing.world.as_patient) as scope:
        return str(scope.visits.get(handing.ref.visit).provider)


def calendar(handing: Handing, person: str) -> list[datetime]:
    with handing.world.database.scope(handing.world.clinic, handing.world.as_patient) as scope:
        return [one.starts_at for one in scope.slots.taken(person, START, START + timedelta(days=1))]


def test_a_colleague_reaches_nothing_of_the_visit_before_it_is_theirs(handing: Handing) -> None:
    handing.offer(handing.colleague.person)
    with handing.world.database.scope(handing.world.clinic, handing.colleague) as scope:
        for reach in (scope.visits.get, scope.handoffs.of_visit, scope.handoffs.loads):
            with pytest.raises(AccessRefused):
                reach(handing.ref.visit)


def test_a_colleague_whose_time_is_taken_leaves_everything_as_it_was(handing: Handing) -> None:
    with handing.world.database.scope(handing.world.clinic, handing.world.as_system) as scope:
        busy = scope.visits.draft(draft_of(handing.world.patient, handing.colleague.person))
    effect = replace(handing.effect(), ref=VisitRef(clinic=handing.world.clinic, visit=busy))
    assert handing.world.store.hold_slot(effect, START + timedelta(minutes=15))
    assert handing.take(handing.offer(handing.colleague.person), handing.colleague) == "slot_taken"
    with handing.world.database.scope(handing.world.clinic, handing.world.as_provider) as scope:
        assert scope.visits.get(handing.ref.visit).provider == handing.world.provider
        assert scope.slots.taken(handing.world.provider, START, FIRST + timedelta(hours=1))


def test_the_same_form_twice_is_one_hand_off_and_nobody_gets_their_own_visit(handing: Handing) -> None:
    assert handing.write() == handing.write()
    with pytest.raises(NotFound):
        handing.write(handing.world.provider, "k2")
    handing.world.store.change(handing.effect(), VisitChange(event="x", stage="in_call"))
    with pytest.raises(AlreadyDone):
        handing.write(key="k3")


def test_the_patient_finds_no_hand_off_among_their_papers(handing: Handing) -> None:
    handoff = handing.offer()
    with handing.world.database.scope(handing.world.clinic, handing.world.as_patient) as scope:
        assert handoff not in [one.id for one in scope.documents.for_visit(handing.ref.visit)]
        with pytest.raises(NotFound):
            scope.documents.content(handoff)
        with pytest.raises(AccessRefused):
            scope.handoffs.of_visit(handing.ref.visit)


def test_the_queue_of_a_colleague_changes_when_something_is_offered(handing: Handing) -> None:
    def digest() -> str:
        with handing.world.database.scope(handing.world.clinic, handing.other) as scope:
            return scope.visits.queue_changes(handing.other.person)

    before = digest()
    handing.offer()
    assert digest() != before
