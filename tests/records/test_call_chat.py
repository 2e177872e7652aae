"""What is written in a call is kept among the visit's messages, sealed, and makes nobody wait."""

from __future__ import annotations

import pytest

from records.access import Role
from records.call_chat import ChatLine
from records.conversation_rows import SaidView
from records.errors import AccessRefused, AlreadyDone, NotFound
from records.scope import Actor
from records.tables.conversations import ConversationMessageRow
from records.tables.visits import Visit
from tests.records.helpers import World

pytestmark = pytest.mark.slow
WORDS = "Zx9Canary see https://clinic.example"


@pytest.fixture
def calling(world: World) -> World:
    """A visit in its call."""
    stage(world, "in_call")
    return world


def stage(world: World, stage: str) -> None:
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Visit, world.visit).stage = stage


def say(world: World, actor: Actor, text: str, key: str) -> str:
    with world.database.scope(world.clinic, actor) as scope:
        conversation = scope.chats.open(world.visit, "Chat")
        return scope.chats.say(ChatLine(conversation=conversation, text=text, key=key))


def read(world: World, actor: Actor) -> tuple[SaidView, ...]:
    with world.database.scope(world.clinic, actor) as scope:
        return scope.chats.read(world.visit)[1]


def test_both_sides_write_into_one_conversation_that_waits_for_nobody(calling: World) -> None:
    assert read(calling, calling.as_patient) == ()
    say(calling, calling.as_provider, WORDS, "a")
    say(calling, calling.as_patient, "thank you", "b")
    assert [one.text for one in read(calling, calling.as_patient)] == [WORDS, "thank you"]
    assert [one.side for one in read(calling, calling.as_provider)] == ["team", "patient"]
    stage(calling, "documenting")
    with calling.database.scope(calling.clinic, calling.as_patient) as scope:
        (kept,) = scope.conversations.at_visit(calling.visit)
        assert (kept.subject, kept.state, kept.due_at, kept.waiting_since) == ("Chat", "open", None, None)
        assert [one.text for one in scope.conversations.messages(kept.id)] == [WORDS, "thank you"]
    assert told(calling) == 0


def test_the_same_line_sent_again_is_the_same_line(calling: World) -> None:
    assert say(calling, calling.as_provider, WORDS, "a") == say(calling, calling.as_provider, WORDS, "a")
    assert len(read(calling, calling.as_provider)) == 1


def test_after_the_call_and_with_nothing_to_say_nothing_is_written(calling: World) -> None:
    with pytest.raises(ValueError, match="words"):
        say(calling, calling.as_patient, "  ", "a")
    say(calling, calling.as_patient, WORDS, "b")
    stage(calling, "documenting")
    with pytest.raises(AlreadyDone):
        say(calling, calling.as_patient, WORDS, "c")


def test_nobody_else_reads_or_writes_it(calling: World) -> None:
    say(calling, calling.as_patient, WORDS, "a")
    for role in (Role.CLINIC_ADMIN, Role.SUPPORT, Role.COMPLIANCE, Role.VISITOR):
        stranger = Actor(person="somebody", role=role)
        with pytest.raises((AccessRefused, NotFound)):
            read(calling, stranger)
        with pytest.raises((AccessRefused, NotFound)):
            say(calling, stranger, WORDS, "b")


def test_the_words_are_kept_sealed(calling: World) -> None:
    message = say(calling, calling.as_patient, WORDS, "a")
    with calling.database.work(calling.clinic, calling.as_system) as work:
        row = work.row(ConversationMessageRow, message)
        kept = repr([getattr(row, column.name) for column in ConversationMessageRow.__table__.columns])
    assert "Zx9Canary" not in kept


def told(world: World) -> int:
    """How many notices of new messages wait to be sent."""
    with world.database.scope(world.clinic, world.as_system) as scope:
        return sum("message" in one.template for one in scope.messages.outbox())
