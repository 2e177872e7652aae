"""A guest's link works once, in one browser, for one visit, role and window; all else is refused and audited."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.rooms import RoomClaims, RoomRole
from records.database import Database
from records.device_door import RecordsDeviceLinks, bearer_of
from records.errors import AccessRefused, AlreadyDone, LinkRefused, NotFound, Unreadable
from records.guest_door import GuestEntry, enter_as_guest, guest_pass, note_admission
from records.guests import GuestLink, GuestView, TooManyGuests
from records.room_tokens import RoomTokens
from records.tables.visits import GuestRow, Visit
from tests.records.helpers import HandClock, World, build_world

NAME = "Rosa Interpreter"
pytestmark = pytest.mark.slow


@pytest.fixture
def world(world: World) -> World:
    """A visit that is booked."""
    stage(world, "booked")
    return world


def stage(world: World, stage: str) -> None:
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Visit, world.visit).stage = stage


def invite(world: World, role: str = "interpreter", *, provider: bool = True) -> GuestLink:
    actor = world.as_provider if provider else world.as_patient
    with world.database.scope(world.clinic, actor) as scope:
        return scope.guests.invite(world.visit, role)


def enter(world: World, token: str, secret: str = "one", *, clinic: str = "") -> str:
    entry = GuestEntry(token=token, secret=secret, name=f"  {NAME} ", origin="192.0.2.7")
    return enter_as_guest(world.database, clinic or world.clinic, entry)


def refused(world: World, token: str, secret: str = "one", *, clinic: str = "") -> str:
    with pytest.raises(LinkRefused) as refusal:
        enter(world, token, secret, clinic=clinic)
    return refusal.value.code


def listed(world: World) -> tuple[GuestView, ...]:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        return scope.guests.listed(world.visit)


def begin(world: World) -> None:
    """The call is on: its window has begun."""
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Visit, world.visit).encounter_at = work.at


def acts(world: World) -> list[tuple[str, str]]:
    with world.database.scope(world.clinic, world.as_system) as scope:
        return [(one.act, one.detail) for one in scope.audit.entries(visit=world.visit)]


def test_a_link_is_used_once_in_one_browser_and_its_second_use_is_refused_and_audited(world: World) -> None:
    begin(world)
    link = invite(world)
    guest = enter(world, link.token)
    assert guest == link.id
    assert enter(world, link.token) == guest, "the same browser may send it again: its answer may have been lost"
    assert refused(world, link.token, "another browser") == "used"
    assert acts(world)[0] == ("links:link:refused", '{"code":"used"}')
    shown = listed(world)[0]
    assert (shown.state, shown.name, shown.role, shown.admitted) == ("used", NAME, "interpreter", False)


def test_a_link_that_never_was_or_is_another_clinics_is_unknown(world: World, database: Database) -> None:
    begin(world)
    token = invite(world).token
    other = build_world(database, "harbor")
    assert refused(world, "made-up") == "unknown"
    assert refused(world, "") == "unknown"
    assert refused(world, token, clinic=other.clinic) == "unknown"
    assert enter(world, token)


def test_a_link_opens_half_an_hour_before_the_visit_and_ends_after_it(world: World, clock: HandClock) -> None:
    link = invite(world)
    with world.database.scope(world.clinic, world.as_provider) as scope:
        starts, ends = scope.visits.get(world.visit).starts_at, scope.visits.get(world.visit).ends_at
    assert refused(world, link.token) == "early"
    assert link.opens_at == starts - timedelta(minutes=30)
    clock.move(seconds=int((ends + timedelta(hours=1) - clock.now()).total_seconds()))
    assert refused(world, link.token) == "expired"
    assert listed(world)[0].state == "over"


def test_a_link_taken_back_opens_nothing_and_ends_the_stay_of_who_came_by_it(world: World) -> None:
    begin(world)
    unused, used = invite(world), invite(world, "observer")
    enter(world, used.token)
    assert guest_pass(world.database, world.clinic, "one") is not None
    for link in (unused, used):
        with world.database.scope(world.clinic, world.as_provider) as scope:
            scope.guests.revoke(world.visit, link.id)
    assert refused(world, unused.token) == "revoked"
    assert guest_pass(world.database, world.clinic, "one") is None
    assert {one.state for one in listed(world)} == {"revoked"}
    assert not RoomTokens(world.database).admits(claims_of(world, used.id))
    with (
        pytest.raises(NotFound),
        world.database.scope(world.clinic, world.as_provider) as scope,
    ):
        scope.guests.revoke(world.visit, "gst_nobody")


def test_the_pass_is_the_browsers_own_and_says_whether_they_were_let_in(world: World, clock: HandClock) -> None:
    begin(world)
    link = invite(world)
    assert guest_pass(world.database, world.clinic, "one") is None
    enter(world, link.token)
    found = guest_pass(world.database, world.clinic, "one")
    assert found is not None
    assert (found.guest, found.visit, found.role, found.name) == (link.id, world.visit, "interpreter", NAME)
    assert not found.admitted
    assert guest_pass(world.database, world.clinic, "two") is None
    note_admission(world.database, world.clinic, link.id, admitted=True)
    again = guest_pass(world.database, world.clinic, "one")
    assert again is not None
    assert again.admitted
    assert RoomTokens(world.database).admits(claims_of(world, link.id))
    clock.move(hours=4)
    assert guest_pass(world.database, world.clinic, "one") is None
    assert not RoomTokens(world.database).admits(claims_of(world, link.id))


def test_each_part_in_the_visit_invites_whom_the_table_says(world: World) -> None:
    for role in ("interpreter", "caregiver", "observer", "second_site"):
        assert invite(world, role).id
    assert invite(world, "caregiver", provider=False).id
    for role, provider in (("interpreter", False), ("patient", True), ("provider", True), ("king", True)):
        with pytest.raises(AccessRefused):
            invite(world, role, provider=provider)
    with pytest.raises(TooManyGuests):
        invite(world)
    with world.database.scope(world.clinic, world.as_patient) as scope:
        assert scope.guests.may_invite(world.visit) == ("caregiver",)


def test_nobody_is_invited_to_a_visit_that_is_over(world: World) -> None:
    stage(world, "completed")
    with pytest.raises(AlreadyDone):
        invite(world)


def test_neither_token_nor_name_is_kept_in_the_clear(world: World) -> None:
    begin(world)
    link = invite(world)
    enter(world, link.token)
    with world.database.work(world.clinic, world.as_system) as work:
        row = work.row(GuestRow, link.id)
        kept = repr([getattr(row, column.name) for column in GuestRow.__table__.columns])
        assert link.token not in kept
        assert NAME not in kept
        with pytest.raises(Unreadable):
            work.open(("guests", "name", "gst_other"), row.name or b"")
    assert link.token not in repr(link)
    assert NAME not in repr(listed(world))


def claims_of(world: World, guest: str) -> RoomClaims:
    return RoomClaims(
        clinic=world.clinic,
        visit_id=world.visit,
        room_id="room",
        participant_id=guest,
        role=RoomRole.INTERPRETER,
        expires_at=world.database.now() + timedelta(minutes=5),
        guest=True,
        waits=True,
    )


def test_a_device_shows_an_invitation_as_its_bearer_once_and_everything_else_is_refused_and_audited(
    world: World,
) -> None:
    links, early = RecordsDeviceLinks(world.database), invite(world, "second_site")
    assert links.look(bearer_of(world.clinic, early.token)) is None
    assert acts(world)[0] == ("links:link:refused", '{"code":"early"}')
    begin(world)
    link = invite(world, "second_site")
    bearer = bearer_of(world.clinic, link.token)
    before = links.look(bearer)
    assert before is not None and before.claims.room_id == "", "there is no call yet, and nothing is used up"
    with world.database.work(world.clinic, world.as_system) as work:
        row = work.row(Visit, world.visit)
        row.stage, row.room, row.endpoint = "in_call", f"{world.visit}.1", "ws://127.0.0.1:8090/room"
    found = links.look(bearer)
    assert found is not None and found.endpoint == "ws://127.0.0.1:8090/room"
    claims = found.claims
    assert (claims.room_id, claims.participant_id, claims.role) == (f"{world.visit}.1", link.id, RoomRole.SECOND_SITE)
    assert claims.guest and claims.waits
    assert not RoomTokens(world.database).admits(claims), "looking lets nobody in"
    assert links.use(bearer) and RoomTokens(world.database).admits(claims)
    assert not links.use(bearer) and links.look(bearer) is None
    assert acts(world)[0] == ("links:link:refused", '{"code":"used"}')
    assert refused(world, link.token) == "used", "nor does it open the guests' own door any more"
    shown = next(one for one in listed(world) if one.id == link.id)
    assert (shown.state, shown.name) == ("used", "")
    for nobodys in ("", "x", bearer.replace(world.clinic, "nowhere"), f"{world.clinic}.", "a b.c", bearer + "x" * 300):
        assert links.look(nobodys) is None and not links.use(nobodys)
