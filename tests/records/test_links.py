"""Join links are shown freely, consumed once by the one they are for, and give that browser a pass to the room."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from engine.rooms import RoomClaims, RoomRole
from records.errors import LinkRefused, NotFound
from records.room_tokens import RoomTokens
from tests.records.helpers import HandClock, World, build_world


@pytest.fixture
def token(world: World) -> str:
    return token_of(world)


def token_of(world: World) -> str:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        part = scope.visits.participant_of(world.visit, world.patient).id
    link = world.store.issue_join_link(world.effect(), part, world.database.now() + timedelta(minutes=10))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return scope.links.address(link)


def refusal(world: World, act: Callable[[], object]) -> str:
    with pytest.raises(LinkRefused) as refused:
        act()
    return refused.value.code


def consume(world: World, token: str) -> object:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return scope.links.consume(token)


def test_looking_at_a_link_uses_nothing_up(world: World, token: str) -> None:
    for _ in range(2):
        with world.database.scope(world.clinic, world.as_patient) as scope:
            seen = scope.links.peek(token)
    assert (seen.visit, seen.used) == (world.visit, False)


def test_a_link_is_consumed_once_and_the_second_use_is_audited(world: World, token: str, clock: HandClock) -> None:
    consume(world, token)
    clock.move(minutes=2)
    assert refusal(world, lambda: consume(world, token)) == "used"
    with world.database.scope(world.clinic, world.as_system) as scope:
        newest = scope.audit.entries(visit=world.visit)[0]
    assert (newest.act, newest.detail) == ("links:link:refused", '{"code":"used"}')


def test_the_same_browser_may_repeat_a_use_whose_answer_was_lost(world: World, token: str, clock: HandClock) -> None:
    first = consume(world, token)
    clock.move(seconds=119)
    assert consume(world, token) == first, "the same pass, no longer than before"
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert not scope.links.peek(token).used, "its page leads on, too"
    with world.database.scope(world.clinic, world.as_system) as scope:
        newest = [entry for entry in scope.audit.entries(visit=world.visit) if entry.act == "links:link:modified"]
    assert [entry.detail for entry in newest] == ['{"again":true}', "{}"]


def test_another_browser_of_the_same_person_may_not_repeat_it(world: World, token: str) -> None:
    consume(world, token)
    elsewhere = replace(world, as_patient=replace(world.as_patient, session="ses_other"))
    assert refusal(elsewhere, lambda: consume(elsewhere, token)) == "used"
    with world.database.scope(world.clinic, elsewhere.as_patient) as scope:
        assert scope.links.peek(token).used


def test_a_pass_from_another_link_repeats_nothing(world: World, token: str, clock: HandClock) -> None:
    other_browser = replace(world.as_patient, session=world.as_provider.session)
    consume(replace(world, as_patient=other_browser), token)
    clock.move(seconds=1)
    consume(world, token_of(world))
    assert refusal(world, lambda: consume(world, token)) == "used"


def test_consuming_gives_this_browser_a_pass_for_a_while(world: World, token: str, clock: HandClock) -> None:
    consume(world, token)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        room_pass = scope.links.room_pass(world.visit)
    assert room_pass is not None
    assert (room_pass.visit, room_pass.role) == (world.visit, "patient")
    other_browser = replace(world.as_patient, session="ses_other")
    with world.database.scope(world.clinic, other_browser) as scope:
        assert scope.links.room_pass(world.visit) is None
    clock.move(hours=4)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.links.room_pass(world.visit) is None


def test_a_link_expires(world: World, token: str, clock: HandClock) -> None:
    clock.move(minutes=10)
    assert refusal(world, lambda: consume(world, token)) == "expired"


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "A", lambda t: t.split(".")[0], lambda t: "é.x", lambda t: ""]
)
def test_a_token_that_we_did_not_make_is_unknown(world: World, token: str, change: Callable[[str], str]) -> None:
    assert refusal(world, lambda: consume(world, change(token))) == "unknown"


def test_a_link_is_for_the_one_it_was_issued_to(world: World, token: str) -> None:
    def as_provider() -> None:
        with world.database.scope(world.clinic, world.as_provider) as scope:
            scope.links.consume(token)

    assert refusal(world, as_provider) == "unknown"


def test_a_link_of_another_clinic_is_unknown(world: World) -> None:
    other = build_world(world.database, "cedar")
    assert refusal(world, lambda: consume(world, token_of(other))) == "unknown"


def test_no_link_is_issued_for_somebody_who_is_not_in_the_visit(world: World) -> None:
    other = build_world(world.database, "cedar")
    with other.database.scope("cedar", other.as_system) as scope:
        part = scope.visits.participants(other.visit)[0].id
    with pytest.raises(NotFound):
        world.store.issue_join_link(world.effect(), part, world.database.now())


def part_of(world: World) -> str:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        return scope.visits.participant_of(world.visit, world.patient).id


def claims(world: World, **changes: object) -> RoomClaims:
    expires_at = world.database.now() + timedelta(minutes=5)
    made = RoomClaims(
        clinic=world.clinic,
        visit_id=world.visit,
        room_id="r",
        participant_id=part_of(world),
        role=RoomRole.PATIENT,
        expires_at=expires_at,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_room_token_says_what_was_signed(world: World) -> None:
    tokens = RoomTokens(world.database)
    assert tokens.verify(tokens.sign(claims(world))) == claims(world)


def test_a_room_token_expires(world: World, clock: HandClock) -> None:
    tokens = RoomTokens(world.database)
    token = tokens.sign(claims(world))
    clock.move(minutes=5)
    assert tokens.verify(token) is None


def test_a_room_token_lasts_minutes_however_long_it_was_asked_for(world: World, clock: HandClock) -> None:
    tokens = RoomTokens(world.database)
    token = tokens.sign(claims(world, expires_at=world.database.now() + timedelta(hours=4)))
    clock.move(minutes=5)
    assert tokens.verify(token) is None


def test_a_room_token_names_somebody_of_that_visit(world: World) -> None:
    tokens = RoomTokens(world.database)
    for changes in ({"participant_id": "par_none"}, {"visit_id": "vis_none"}):
        assert tokens.verify(tokens.sign(claims(world, **changes))) is None


def test_a_room_token_changed_anywhere_is_refused(world: World) -> None:
    tokens = RoomTokens(world.database)
    token = tokens.sign(claims(world))
    for index in range(0, len(token), 3):
        other = "A" if token[index] != "A" else "B"
        changed = token[:index] + other + token[index + 1 :]
        assert tokens.verify(changed) is None
    for junk in ("", "..", "a.b.c", "x" * 5000, "e30.k.c"):
        assert tokens.verify(junk) is None


def test_one_clinics_key_signs_no_other_clinics_room(world: World) -> None:
    build_world(world.database, "cedar")
    tokens = RoomTokens(world.database)
    mine = tokens.sign(claims(world)).split(".")
    theirs = tokens.sign(claims(world, clinic="cedar")).split(".")
    assert tokens.verify(".".join((theirs[0], mine[1], mine[2]))) is None
