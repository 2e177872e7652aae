"""What patients and their care team write to each other: who may, what is kept, what waits, and who hears of it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from engine.dossier import License
from engine.ports import VisitChange
from records.access import Role
from records.conversations import MOST_AN_HOUR, MOST_BEGUN, TooManyMessages
from records.database import Database
from records.erasure import erase
from records.errors import AccessRefused, AlreadyDone, NoLicense, NotFound, NotYetBegun
from records.keys import FileKeyProvider
from records.messages import MessageQueue
from records.migrate import downgrade, upgrade
from records.people import StaffDraft
from records.relationships import RelationshipDraft, seed_child, seed_helper
from records.work import Actor
from tests.records.helpers import PATIENT, PROVIDER, HandClock, World, draft_of
from tests.records.helpers_blobs import PDF, store_of
from tests.records.helpers_journey import message_of

pytestmark = pytest.mark.slow


@pytest.fixture
def talk(world: World) -> str:
    """A conversation about a booked visit in which the patient has written once."""
    world.begin()
    world.store.change(world.effect(), VisitChange(event="booked", stage="booked"))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        conversation = scope.conversations.begin(world.visit)
        scope.conversations.send(message_of(conversation, "Zq"))
    return conversation


def colleague_of(world: World, state: str = "FL", status: str = "active") -> Actor:
    licence = License(state=state, profession="MD", kind="full", status=status, expires=date(2027, 1, 31))
    draft = replace(PROVIDER, staff=StaffDraft(given="Ivo", family="Lund", email="ivo@clinic.example"))
    with world.database.scope(world.clinic, world.as_system) as scope:
        person = scope.people.create_provider(replace(draft, display_name="Dr. Ivo Lund", licenses=(licence,)))
    return Actor(person=person, role=Role.PROVIDER)


def helper_of(world: World, *scopes: str) -> Actor:
    with world.database.scope(world.clinic, world.as_system) as scope:
        person = scope.people.create_patient(replace(PATIENT, given="Olga", email="olga@example.org"))
    draft = RelationshipDraft(
        patient=world.patient, email="", name="Olga Reyes", relation="sibling", kind="proxy", scopes=scopes
    )
    with world.database.work(world.clinic, world.as_patient) as work:
        seed_helper(work, draft, person)
    return Actor(person=person, role=Role.PATIENT)


def test_an_answer_ends_the_wait_and_the_patient_sees_who_read_what(world: World, talk: str, clock: HandClock) -> None:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        (row,) = scope.conversations.inbox()
        assert (row.subject, row.unread, row.place_state) == ("Zqsubject", 1, "FL")
        assert row.due_at == clock.now() + timedelta(days=2)
        assert scope.conversations.unread() == 1
        scope.conversations.read(talk)
        assert scope.conversations.unread() == 0
        scope.conversations.send(message_of(talk, "answer", "k2"))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.conversations.unread() == 1
        shown = scope.conversations.get(talk)
        assert (shown.waiting_since, shown.due_at, shown.unread, shown.place_state) == (None, None, 1, "")
        first, second = scope.conversations.messages(talk)
    assert (first.name, first.side, first.read_at) == ("Ana Reyes", "patient", clock.now())
    assert (second.name, second.text, second.read_at) == ("Dr. Lena Okafor", "answertext", None)


def test_a_second_press_and_a_closed_conversation_add_nothing(world: World, talk: str) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        again = scope.conversations.send(message_of(talk, "Zq"))
        assert [one.id for one in scope.conversations.messages(talk)] == [again]
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.conversations.close(talk)
        scope.conversations.close(talk)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        shown = scope.conversations.get(talk)
        assert (shown.state, shown.by_team, shown.due_at) == ("closed", True, None)
        with pytest.raises(AlreadyDone):
            scope.conversations.send(message_of(talk, key="k3"))
        with pytest.raises(AlreadyDone):
            scope.conversations.type(talk, "", "t")


def test_what_is_typed_is_kept_apart_for_each_until_it_is_sent(world: World, talk: str) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.conversations.type(talk, "", "half a sen")
        scope.conversations.type(talk, "", "half a sentence")
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert scope.conversations.typed(talk).text == ""
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.conversations.typed(talk).text == "half a sentence"
        scope.conversations.send(message_of(talk, key="k2"))
        assert scope.conversations.typed(talk).text == ""


def test_nobody_else_sees_it_and_what_was_not_sent_is_its_beginners_alone(world: World, talk: str) -> None:
    patient, admin = Actor(person="per_other", role=Role.PATIENT), Actor(person="a", role=Role.CLINIC_ADMIN)
    for stranger in (colleague_of(world), patient, admin):
        with world.database.scope(world.clinic, stranger) as scope:
            for refused in (lambda: scope.conversations.get(talk), lambda: scope.conversations.messages(talk)):
                with pytest.raises(AccessRefused):
                    refused()
            if stranger.role == Role.PROVIDER:
                assert (scope.conversations.inbox(), scope.conversations.unread()) == ((), 0)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        begun = scope.conversations.begin(world.visit)
        assert scope.conversations.begin(world.visit) == begun != talk
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert [one.id for one in scope.conversations.inbox()] == [talk]
        with pytest.raises(NotFound):
            scope.conversations.get(begun)


def test_who_writes_for_the_patient_needs_the_scope_and_is_named_as_doing_so(world: World, talk: str) -> None:
    reader, writer = helper_of(world, "see_record"), helper_of(world, "write")
    with world.database.scope(world.clinic, reader) as scope:
        assert len(scope.conversations.messages(talk)) == 1
        with pytest.raises(AccessRefused):
            scope.conversations.send(message_of(talk, key="k2"))
    with world.database.scope(world.clinic, writer) as scope:
        assert scope.conversations.unread() == 0  # both are of the patient's side
        scope.conversations.send(message_of(talk, "for", "k3"))
        said = scope.conversations.messages(talk)[-1]
        assert (said.name, said.acted_for) == ("Olga Reyes", "Ana Reyes")
    with world.database.scope(world.clinic, world.as_system) as scope:
        entry = next(one for one in scope.audit.entries(limit=9) if one.act == "conversations:message:created")
    assert json.loads(entry.detail)["for"] == world.patient


def test_what_a_minor_wrote_at_a_visit_of_their_own_is_not_shown_to_their_guardian(world: World) -> None:
    with world.database.work(world.clinic, world.as_patient) as work:
        child = seed_child(work, replace(PATIENT, given="Leo", birth_date=date(2012, 1, 1)), "leo", world.patient)
    alone = Actor(person=child, role=Role.PATIENT)
    with world.database.scope(world.clinic, alone) as scope:
        visit = scope.visits.draft(draft_of(child, world.provider))
    effect = replace(world.effect(), ref=replace(world.ref, visit=visit))
    world.store.change(effect, VisitChange(event="booked", stage="booked"))
    with world.database.scope(world.clinic, alone) as scope:
        conversation = scope.conversations.begin(visit)
        scope.conversations.send(message_of(conversation))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.conversations.of_patient(child) == ()
        with pytest.raises(AccessRefused):
            scope.conversations.get(conversation)


def test_a_licensed_colleague_answers_after_a_hand_over_and_sees_nothing_else(world: World, talk: str) -> None:
    elsewhere, lapsed, licensed = colleague_of(world, "GA"), colleague_of(world, "FL", "expired"), colleague_of(world)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        for refused in (elsewhere, lapsed):
            with pytest.raises(NoLicense):
                scope.conversations.hand_over(talk, refused.person)
        scope.conversations.hand_over(talk, licensed.person)
    with world.database.scope(world.clinic, licensed) as scope:
        assert [one.patient_name for one in scope.conversations.inbox()] == ["Ana Reyes"]
        scope.conversations.send(message_of(talk, "cover", "k2"))
        with pytest.raises(AccessRefused):
            scope.visits.get(world.visit)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.conversations.messages(talk)[-1].name == "Dr. Ivo Lund"
        with pytest.raises(AccessRefused):
            scope.conversations.hand_over(talk, licensed.person)


def test_what_waits_too_long_is_taken_over_by_a_colleague_who_may(world: World, talk: str, clock: HandClock) -> None:
    elsewhere, licensed = colleague_of(world, "GA"), colleague_of(world)
    with world.database.scope(world.clinic, licensed) as scope:
        assert scope.conversations.overdue() == ()
        with pytest.raises(AlreadyDone):
            scope.conversations.take(talk)
    clock.move(days=2, minutes=1)
    with world.database.scope(world.clinic, elsewhere) as scope:
        assert scope.conversations.overdue() == ()
        with pytest.raises(NoLicense):
            scope.conversations.take(talk)
    with world.database.scope(world.clinic, licensed) as scope:
        (late,) = scope.conversations.overdue()
        assert (late.id, late.clinician_name, late.place_state) == (talk, "Dr. Lena Okafor", "FL")
        scope.conversations.take(talk)
        assert scope.conversations.get(talk).clinician_name == "Dr. Ivo Lund"


def test_nothing_is_written_before_a_visit_and_nobody_floods_the_clinic(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope, pytest.raises(NotYetBegun):
        scope.conversations.begin(world.visit)
    world.begin()
    world.store.change(world.effect(), VisitChange(event="booked", stage="booked"))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        first = scope.conversations.begin(world.visit)
        with pytest.raises(ValueError, match="subject"):
            scope.conversations.send(replace(message_of(first), subject=" "))
        for number in range(MOST_AN_HOUR):
            scope.conversations.send(message_of(first, key=f"k{number}"))
        with pytest.raises(TooManyMessages):
            scope.conversations.send(message_of(first, key="one more"))
        for _ in range(MOST_BEGUN - 1):
            one = scope.conversations.begin(world.visit)
            scope.conversations.drop(one)
        begun = [scope.conversations.begin(world.visit, about_visit=about) for about in (True, False)]
        assert len(set(begun)) == 2


def test_one_notice_tells_of_all_that_came_and_none_comes_at_night(world: World, talk: str, clock: HandClock) -> None:
    queue = MessageQueue(world.database)
    assert [(one.audience, one.template) for one in queue.pending(9)] == [("provider", "message_waiting")]
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.conversations.send(message_of(talk, key="k2"))
    assert len(queue.pending(9)) == 1
    clock.move(hours=11)  # 21:00 in Miami
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.conversations.read(talk)
        scope.conversations.send(message_of(talk, key="k3"))
        scope.conversations.send(message_of(talk, key="k4"))
    assert [one.audience for one in queue.pending(9)] == ["provider"]
    clock.move(hours=11)
    assert sorted(one.audience for one in queue.pending(9)) == ["patient", "provider"]


def test_a_file_goes_with_the_next_message_and_belongs_to_no_visit(world: World, talk: str, tmp_path: Path) -> None:
    store = store_of(world, tmp_path)
    upload = store.begin_said(world.clinic, world.as_patient, talk)
    upload.write(PDF)
    blob = store.keep(upload)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        assert scope.blobs.for_visit(world.visit) == ()
    for hidden in (world.as_provider,):
        with pytest.raises(NotFound), store.open_said(world.clinic, hidden, blob, talk):
            pass
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert [one.id for one in scope.conversations.typed(talk).files] == [blob]
        scope.conversations.send(message_of(talk, key="k2"))
        assert scope.conversations.typed(talk).files == ()
        assert [one.id for one in scope.conversations.messages(talk)[-1].files] == [blob]
    with store.open_said(world.clinic, world.as_provider, blob, talk) as (_, pieces):
        assert b"".join(pieces) == PDF
    with pytest.raises(AlreadyDone):
        store.remove_said(world.clinic, world.as_patient, blob, talk)
    with pytest.raises(NotFound), store.open(world.clinic, world.as_provider, blob):
        pass


def test_a_file_that_was_not_sent_can_be_taken_back(world: World, talk: str, tmp_path: Path) -> None:
    store = store_of(world, tmp_path)
    upload = store.begin_said(world.clinic, world.as_patient, talk)
    upload.write(PDF)
    blob = store.keep(upload)
    store.remove_said(world.clinic, world.as_patient, blob, talk)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.conversations.typed(talk).files == ()


def test_who_is_erased_is_in_no_inbox_and_their_words_are_gone(world: World, talk: str, database: Database) -> None:
    world.store.change(world.effect(), VisitChange(event="cancelled", stage="cancelled"))
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.conversations.type(talk, "", "half a sentence")
    with database.work(world.clinic, world.as_system) as work:
        erase(work, world.patient, {"reason": "patient_request"})
    with database.scope(world.clinic, world.as_provider) as scope:
        assert scope.conversations.inbox() == ()
        assert scope.conversations.unread() in (0, 1)


def test_guardians_who_are_there_may_write_after_the_step_up(world: World, database: Database, tmp_path: Path) -> None:
    with database.work(world.clinic, world.as_patient) as work:
        seed_child(work, replace(PATIENT, given="Leo", birth_date=date(2019, 1, 1)), "leo", world.patient)
    database.close()
    downgrade(database.url, "0015")
    upgrade(database.url)
    again = Database(database.url, FileKeyProvider(tmp_path / "keys"))
    with again.scope(world.clinic, world.as_patient) as scope:
        (ward,) = scope.relationships.mine()
    again.close()
    assert {"write", "see_record", "share"} <= ward.scopes
