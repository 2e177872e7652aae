"""The compacts' lists of home states say what the states' own values say, on every day on which one of them changes."""

from collections.abc import Iterable
from datetime import date, timedelta

import pytest

from engine.rulebook import LawPack, load_law
from tests.rules.helpers_cases import ROOT

FLAGS = {"psychology": "compact.psychology.telehealth"}
COMPACTS = (
    "nurse",
    "psychology",
    "advanced_practice",
    "counseling",
    "physical_therapy",
    "occupational_therapy",
    "speech_language",
    "social_work",
    "physician_assistant",
    "dietitian",
)
CHECKED = date(2026, 11, 21)
UNDATED = {"nurse", "psychology", "physical_therapy", "occupational_therapy", "speech_language"}
"""Compacts of which some state's first day is not in the facts, so that the list is of the day of the check."""
IN_NO_STATE = {"advanced_practice", "social_work", "physician_assistant", "dietitian"}


@pytest.fixture(scope="module")
def pack() -> LawPack:
    return load_law(ROOT)


def entries(pack: LawPack, place: str, name: str) -> Iterable[tuple[date, date, object]]:
    for file in pack.files:
        if file.jurisdiction == place and file.topic == "licensing":
            for value in (one for one in file.values if one.name == name):
                yield _day(value.period.sure_from), _day(value.period.last), value.value


def _day(told: str) -> date:
    return date.fromisoformat(told)


def on(pack: LawPack, place: str, name: str, day: date) -> object:
    """What a place surely says of a value on a day, or nothing."""
    return next((said for first, last, said in entries(pack, place, name) if first <= day <= last), None)


def states(pack: LawPack) -> list[str]:
    return sorted({f.jurisdiction for f in pack.files if len(f.jurisdiction) == len("us/ca")})


def live(pack: LawPack, compact: str, day: date) -> set[str]:
    name = FLAGS.get(compact, f"compact.{compact}.privilege")
    return {place.removeprefix("us/").upper() for place in states(pack) if on(pack, place, name, day) is True}


def members(pack: LawPack, compact: str, day: date) -> set[str]:
    found = on(pack, "us", f"compact.{compact}.members", day) or ()
    assert isinstance(found, tuple | frozenset)
    return set(map(str, found))


@pytest.mark.parametrize("compact", COMPACTS)
def test_on_the_day_of_the_check_the_home_states_are_those_in_which_it_is_live(pack: LawPack, compact: str) -> None:
    assert members(pack, compact, CHECKED) == live(pack, compact, CHECKED)
    assert (members(pack, compact, CHECKED) == set()) == (compact in IN_NO_STATE)


@pytest.mark.parametrize("compact", sorted(set(COMPACTS) - UNDATED - IN_NO_STATE))
def test_where_the_facts_date_every_state_so_is_the_list(pack: LawPack, compact: str) -> None:
    name = f"compact.{compact}.privilege"
    days = {first for place in states(pack) for first, _, said in entries(pack, place, name) if said is True}
    assert len(days) > 1
    for day in (*days, *(first - timedelta(days=1) for first in days)):
        assert members(pack, compact, day) == live(pack, compact, day), day


@pytest.mark.parametrize("compact", sorted(UNDATED))
def test_where_they_do_not_no_home_state_is_sure_before_the_check(pack: LawPack, compact: str) -> None:
    assert members(pack, compact, CHECKED - timedelta(days=1)) == set()


@pytest.mark.parametrize("compact", [name for name in COMPACTS if name != "psychology"])
def test_who_is_live_has_joined_and_who_is_unsure_is_in_neither_list(pack: LawPack, compact: str) -> None:
    joined, unsure = (_listed(pack, f"compact.{compact}.{which}") for which in ("joined", "unsure"))
    assert members(pack, compact, CHECKED) <= joined
    assert joined & unsure == set()


def _listed(pack: LawPack, name: str) -> set[str]:
    found = on(pack, "us", name, CHECKED) or ()
    assert isinstance(found, tuple | frozenset)
    return set(map(str, found))
