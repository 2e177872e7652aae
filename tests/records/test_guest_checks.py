"""What a guest's check came to is kept by the guest's id, audited, bounded, and read by whoever reads the patient's."""

from __future__ import annotations

import pytest

from engine.tech_checks import Way, read_check
from records.errors import AlreadyDone
from records.guest_checks import guests_check, keep_guests_check
from records.guest_door import GuestPass, guest_pass
from records.tech_checks import MOST
from tests.records.helpers import World
from tests.records.test_guests import NAME, begin, enter, invite, stage, world

__all__ = ["world"]  # a fixture
pytestmark = pytest.mark.slow
CHECK = read_check({"browser": "ok", "microphone": "ok", "network": "ok", "up_kbps": "900", "way_direct": "works 80"})


def guest_of(world: World, secret: str = "one", role: str = "interpreter") -> GuestPass:
    begin(world)
    enter(world, invite(world, role).token, secret)
    found = guest_pass(world.database, world.clinic, secret)
    assert found is not None
    return found


def test_a_guests_check_is_theirs_and_the_newest_counts(world: World) -> None:
    first, second = guest_of(world), guest_of(world, "two", "caregiver")
    assert guests_check(world.database, world.clinic, first) is None
    keep_guests_check(world.database, world.clinic, first, read_check({"browser": "ok"}))
    keep_guests_check(world.database, world.clinic, first, CHECK)
    kept = guests_check(world.database, world.clinic, first)
    assert kept is not None and kept.check == CHECK and kept.check.ways["direct"] == Way(state="works", ms=80)
    assert guests_check(world.database, world.clinic, second) is None
    with world.database.scope(world.clinic, world.as_provider) as scope:
        (seen,) = scope.checks.of_guests(world.visit)
        assert (seen.role, seen.kept.check) == ("interpreter", CHECK)
        assert scope.checks.latest(world.visit) is None, "it is not taken for the patient's"


def test_it_is_audited_and_names_nobody(world: World) -> None:
    guest = guest_of(world)
    keep_guests_check(world.database, world.clinic, guest, CHECK)
    with world.database.scope(world.clinic, world.as_system) as scope:
        acts = [entry.act for entry in scope.audit.entries(world.visit)]
        (event,) = [one for one in scope.visits.events(world.visit) if one.event == "guest_checked"]
    assert "visits:check:modified" in acts
    assert event.detail["guest"] == guest.guest and NAME not in str(event.detail)


def test_a_visit_keeps_so_many_of_its_guests_and_none_once_it_is_over(world: World) -> None:
    guest = guest_of(world)
    for _ in range(MOST):
        keep_guests_check(world.database, world.clinic, guest, CHECK)
    with pytest.raises(AlreadyDone):
        keep_guests_check(world.database, world.clinic, guest, CHECK)


def test_a_visit_that_is_over_keeps_no_guests_check(world: World) -> None:
    guest = guest_of(world)
    stage(world, "cancelled")
    with pytest.raises(AlreadyDone):
        keep_guests_check(world.database, world.clinic, guest, CHECK)
