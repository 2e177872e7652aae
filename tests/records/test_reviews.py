"""What waits for the clinic's people: made once, had by one, decided by one, agreed to by another, never lost."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.ports import Effect, GateRecord, VisitChange
from records.access import Role
from records.audit_trail import AuditQuery
from records.errors import AccessRefused, AlreadyDone, Conflict, NotFound
from records.expiries import RecordsExpiryBook
from records.matters import CLOSED, DECIDED, KINDS, OPEN, TAKEN, Matter, put
from records.migrate import downgrade, upgrade
from records.people import StaffDraft
from records.reviews import MINE, NOBODYS, ReviewQuery, ReviewView, SamePerson
from records.work import Actor
from tests.records.helpers import START, World
from tests.records.helpers_journey import put_matter

pytestmark = pytest.mark.slow


def staff(world: World, name: str, role: Role) -> Actor:
    """Somebody of the clinic with a log-in."""
    with world.database.scope(world.clinic, world.as_system) as scope:
        person = scope.people.create_staff(StaffDraft(given=name, family="Pru", email=f"{name}@clinic.example"))
        scope.accounts.create(person, f"{name}@clinic.example", "not a hash", [role])
    return Actor(person=person, role=role)


@pytest.fixture
def ops(world: World) -> Actor:
    return staff(world, "olu", Role.CLINICAL_OPS)


@pytest.fixture
def officer(world: World) -> Actor:
    return staff(world, "ida", Role.COMPLIANCE)


def listed(world: World, actor: Actor, wanted: ReviewQuery | None = None) -> tuple[ReviewView, ...]:
    with world.database.scope(world.clinic, actor) as scope:
        return scope.reviews.listed(wanted or ReviewQuery())[0]


def uncertain(world: World, key: str = "", *, open_: bool = False) -> None:
    """A gate that only a person can decide, or the same gate once it is open."""
    outcome = "permitted" if open_ else "review"
    verdict = GateRecord(gate="join", open=open_, asked_at=START, decisions={"licensing": {"outcome": outcome}})
    world.store.record_gate(world.effect("consult", key or None), verdict)


def test_what_a_workflow_asks_for_twice_is_one_matter(world: World, ops: Actor) -> None:
    uncertain(world, "once")
    uncertain(world, "once")
    uncertain(world)
    (found,) = listed(world, ops)
    assert (found.kind, found.state, found.pair, found.visit) == ("gate_review", OPEN, True, world.visit)
    assert found.due_at == world.database.visit_time() + KINDS["gate_review"].within


def test_a_gate_that_opens_by_itself_takes_its_matter_away_and_shuts_with_a_new_one(world: World, ops: Actor) -> None:
    uncertain(world)
    uncertain(world, open_=True)
    assert listed(world, ops) == ()
    (closed,) = listed(world, ops, ReviewQuery(state=CLOSED))
    uncertain(world)
    (again,) = listed(world, ops)
    assert again.id != closed.id


def test_what_the_law_forbids_is_nobodys_to_decide(world: World, ops: Actor) -> None:
    decisions = {"licensing": {"outcome": "forbidden"}, "consent": {"outcome": "review"}}
    world.store.record_gate(world.effect(), GateRecord(gate="join", open=False, asked_at=START, decisions=decisions))
    assert listed(world, ops) == ()


def test_a_blocked_visit_waits_for_somebody_until_it_goes_on(world: World, ops: Actor) -> None:
    world.begin()
    world.store.change(world.effect("consult"), VisitChange(event="visit_blocked", stage="blocked"))
    (found,) = listed(world, ops)
    assert (found.kind, found.cause) == ("visit_blocked", "consult")
    world.store.change(world.effect("consult"), VisitChange(event="visit_ready", stage="ready"))
    assert listed(world, ops) == ()


@pytest.mark.parametrize(
    ("step", "key", "task", "kind"),
    [
        ("bill", "capture_declined", "review", "payment_failed"),
        ("book", "stuck:booked", "review", "stuck"),
        ("escalate", "reached", "review", "escalated"),
        ("prescribe", "rejected:o@1", "prescription_rejected", "prescription_failed"),
        ("answer", "answer_escalated", "answer_escalated", "case_escalated"),
        ("document", "sign_overdue:1", "sign_overdue", "note_overdue"),
    ],
)
def test_what_failed_for_good_says_what_it_is(
    world: World, ops: Actor, step: str, key: str, task: str, kind: str
) -> None:
    effect = Effect(ref=world.ref, step=step, key=key)
    world.store.raise_alert(effect, task)
    world.store.raise_alert(effect, task)
    (found,) = listed(world, ops)
    assert (found.kind, found.cause) == (kind, step)


def test_what_a_clinician_settles_leaves_the_inbox(world: World, ops: Actor) -> None:
    world.begin()
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.forms.flag(world.visit, "urgent_care/intake", "symptom", "chest_pain", stops=False)
    (found,) = listed(world, ops)
    assert found.kind == "red_flag" and "chest_pain" not in repr(found)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.alerts.close(scope.alerts.open(world.visit)[0].id, "called them")
    assert listed(world, ops) == ()


def test_of_two_who_take_one_at_once_one_gets_it(world: World, ops: Actor, officer: Actor) -> None:
    matter = put_matter(world)
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def take(actor: Actor) -> None:
        gate.wait(10)
        try:
            with world.database.scope(world.clinic, actor) as scope:
                scope.reviews.take(matter, 1)
            outcomes.append("got it")
        except (AlreadyDone, Conflict):
            outcomes.append("too late")

    threads = [threading.Thread(target=take, args=(one,)) for one in (ops, officer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["got it", "too late"]
    (found,) = listed(world, ops)
    assert found.state == TAKEN and found.owner in (ops.person, officer.person)


def test_the_second_person_is_never_the_first(world: World, ops: Actor, officer: Actor) -> None:
    matter = put_matter(world, "gate_review")
    with world.database.scope(world.clinic, ops) as scope:
        scope.reviews.take(matter, 1)
        scope.reviews.decide(matter, "law_is_clear", "The board says so in its letter", 2)
        assert scope.reviews.case(matter).review.state == DECIDED
    with pytest.raises(SamePerson), world.database.scope(world.clinic, ops) as scope:
        scope.reviews.confirm(matter, True, "I agree with myself", 3)
    with world.database.scope(world.clinic, world.as_system) as scope:
        refused = scope.audit.search(AuditQuery(act="reviews:item:refused"))
    assert [(one.actor, one.subject) for one in refused] == [(ops.person, matter)]
    with world.database.scope(world.clinic, officer) as scope:
        scope.reviews.confirm(matter, True, "I read the letter, too", 3)
        case = scope.reviews.case(matter)
    assert (case.review.state, case.review.decided_by, case.review.confirmed_by) == (CLOSED, ops.person, officer.person)
    assert [one.kind for one in case.entries] == ["raised", "taken", "decision", "agreed"]
    assert case.entries[2].text == "The board says so in its letter"


def test_the_second_person_may_send_it_back(world: World, ops: Actor, officer: Actor) -> None:
    matter = put_matter(world, "gate_review")
    with world.database.scope(world.clinic, ops) as scope:
        scope.reviews.take(matter, 1)
        scope.reviews.decide(matter, "law_is_clear", "It seems so to me, as written", 2)
    with world.database.scope(world.clinic, officer) as scope:
        scope.reviews.confirm(matter, False, "The letter is of last year", 3)
        back = scope.reviews.case(matter).review
    assert (back.state, back.owner, back.decision) == (TAKEN, ops.person, "")


def test_only_who_has_a_matter_decides_it_and_says_why(world: World, ops: Actor, officer: Actor) -> None:
    matter = put_matter(world)
    with world.database.scope(world.clinic, officer) as scope, pytest.raises(AlreadyDone):
        scope.reviews.decide(matter, "handled", "For them, as they are away", 1)
    with world.database.scope(world.clinic, ops) as scope:
        scope.reviews.take(matter, 1)
        for decision, reason in (
            ("handled", " "),
            ("handled", "ok"),
            ("handled", "okokokokokokokokokokokok"),
            ("law_is_clear", "no decision of this kind"),
        ):
            with pytest.raises(ValueError, match="decision"):
                scope.reviews.decide(matter, decision, reason, 2)
        scope.reviews.decide(matter, "handled", "Called them and they answered", 2)
        assert scope.reviews.case(matter).review.state == CLOSED


@pytest.mark.parametrize(("kind", "decision"), [("red_flag", "nothing_to_do"), ("visit_blocked", "nothing_to_do")])
def test_what_lets_a_stopped_visit_or_a_red_flag_pass_waits_for_a_second_person(
    world: World, ops: Actor, officer: Actor, kind: str, decision: str
) -> None:
    matter = put_matter(world, kind)
    with world.database.scope(world.clinic, ops) as scope:
        scope.reviews.take(matter, 1)
        scope.reviews.decide(matter, decision, "The patient is at home again", 2)
        assert scope.reviews.case(matter).review.state == DECIDED
    with world.database.scope(world.clinic, officer) as scope:
        scope.reviews.confirm(matter, True, "Called them, it is as said", 3)
        assert scope.reviews.case(matter).review.state == CLOSED


def test_what_is_decided_on_its_own_page_is_not_decided_here(world: World, officer: Actor) -> None:
    matter = put_matter(world, "takeover")
    with world.database.scope(world.clinic, officer) as scope:
        scope.reviews.take(matter, 1)
        with pytest.raises(ValueError, match="decision"):
            scope.reviews.decide(matter, "handled", "done", 2)


def test_no_program_decides(world: World) -> None:
    matter = put_matter(world)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, world.as_system) as scope:
        scope.reviews.take(matter, 1)
        scope.reviews.decide(matter, "handled", "by itself", 2)


def test_a_matter_is_given_to_who_may_have_it_and_to_nobody_else(world: World, ops: Actor, officer: Actor) -> None:
    matter = put_matter(world)
    with world.database.scope(world.clinic, ops) as scope:
        assert set(scope.reviews.case(matter).people) == {ops.person, officer.person}
        with pytest.raises(NotFound):
            scope.reviews.give(matter, world.provider, 1)
        scope.reviews.give(matter, officer.person, 1)
        assert scope.reviews.listed(ReviewQuery(whose=MINE))[0] == ()
        with pytest.raises(Conflict):
            scope.reviews.leave(matter, 1)
    with world.database.scope(world.clinic, officer) as scope:
        assert [one.id for one in scope.reviews.listed(ReviewQuery(whose=MINE))[0]] == [matter]
        assert (scope.reviews.count().open, scope.reviews.count().mine) == (1, 1)
        scope.reviews.leave(matter, 2)
        assert [one.state for one in scope.reviews.listed(ReviewQuery(whose=NOBODYS))[0]] == [OPEN]


def test_each_sees_only_the_kinds_whose_data_are_theirs(world: World, ops: Actor, officer: Actor) -> None:
    case = put_matter(world, "emergency", "an-emergency")
    assert listed(world, ops) == ()
    assert [one.id for one in listed(world, officer)] == [case]
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, ops) as scope:
        scope.reviews.take(case, 1)
    with pytest.raises(AccessRefused), world.database.scope(world.clinic, replace(ops, role=Role.SUPPORT)) as scope:
        scope.reviews.listed(ReviewQuery())


def test_what_is_late_is_told_by_the_visits_own_clock(world: World, ops: Actor) -> None:
    with world.database.work(world.clinic, world.as_system) as work:
        put(work, Matter(key="late", kind="stuck", subject="late", due_at=work.at - timedelta(minutes=1)))
        put(work, Matter(key="soon", kind="stuck", subject="soon"))
    assert [one.subject for one in listed(world, ops, ReviewQuery(overdue=True))] == ["late"]
    assert [one.subject for one in listed(world, ops)] == ["late", "soon"]


def test_what_waited_before_there_was_an_inbox_is_in_it_after_the_upgrade(world: World, ops: Actor) -> None:
    world.begin()
    world.store.raise_alert(Effect(ref=world.ref, step="document", key="late"), "sign_overdue")
    world.store.raise_alert(Effect(ref=world.ref, step="answer", key="soon"), "answer_soon")
    world.database.engine.dispose()
    downgrade(world.database.url, "0017")
    upgrade(world.database.url)
    (found,) = listed(world, ops)
    assert (found.kind, found.state, found.visit) == ("note_overdue", OPEN, world.visit)
    with world.database.scope(world.clinic, ops) as scope:
        scope.reviews.take(found.id, found.version)
        scope.reviews.decide(found.id, "handled", "They signed it this morning", found.version + 1)


def test_a_licence_that_ends_soon_is_one_matter_until_it_is_renewed(world: World, ops: Actor) -> None:
    book = RecordsExpiryBook(world.database)
    for _ in range(2):
        book.due(world.clinic, date(2027, 1, 10))
    (found,) = listed(world, ops)
    assert (found.kind, found.person) == ("credential_expiring", world.provider)
    book.due(world.clinic, date(2026, 6, 1))
    assert listed(world, ops) == ()
