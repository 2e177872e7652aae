"""Medicines and allergies in the chart: corrected by the clinician, with who and when; warnings go by what is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from records.lists import ListEntry
from tests.portals.helpers_provider import Portal, build_portal, text_of
from tests.portals.test_drug_safety import IBUPROFEN, drafted, tells
from tests.portals.test_provider_pages import RX
from tests.records.helpers import HandClock, build_world, open_database

pytestmark = pytest.mark.slow


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def portal(tmp_path: Path, clock: HandClock) -> Iterator[Portal]:
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    made.move("documenting")
    yield made
    database.close()


def say(portal: Portal, kind: str, act: str, name: str = "", key: str = "a" * 24) -> str:
    return text_of(portal.post(f"{portal.at}/lists", kind=kind, act=act, name=name, request=key).text)


def entries(portal: Portal) -> tuple[ListEntry, ...]:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        return scope.lists.for_visit(portal.world.visit)


def test_what_is_added_is_on_the_list_with_who_and_warns(portal: Portal) -> None:
    page = say(portal, "medication", "added", "Warfarin 5 mg")
    assert "Warfarin 5 mg added by a clinician" in page and "Added Warfarin 5 mg. Lena Okafor" in page
    assert "Together with warfarin Bleeding On the patient" in text_of(
        portal.client.get(f"{portal.at}?pick=base:ibuprofen").text
    )


def test_what_is_no_longer_taken_refuses_nothing_any_more(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    tells(monkeypatch, "other", words="phenelzine")
    form = {**RX, "drug": "base:sertraline"}
    portal.post(f"{portal.at}/orders", **form)
    assert drafted(portal) == []
    assert "No longer taken: phenelzine. Lena Okafor" in say(portal, "medication", "stopped", "phenelzine")
    portal.post(f"{portal.at}/orders", **form)
    assert len(drafted(portal)) == 1


def test_what_could_not_be_compared_is_named_where_one_prescribes(portal: Portal, clock: HandClock) -> None:
    for number, (kind, name) in enumerate(
        [("medication", "Zolofft 50 mg"), ("medication", "Xylofan"), ("allergy", "Augmentin")]
    ):
        say(portal, kind, "added", name, f"{number}" * 24)
        clock.move(seconds=1)
    page = text_of(portal.client.get(f"{portal.at}?pick=base:ibuprofen").text)
    assert "Not checked against interactions or allergies: Zolofft 50 mg (did you mean sertraline?), Xylofan" in page
    portal.post(f"{portal.at}/orders", **RX)
    assert drafted(portal) == []


def test_a_brand_on_the_list_warns_like_its_drug(portal: Portal) -> None:
    say(portal, "medication", "added", "Zoloft 50 mg")
    page = text_of(portal.client.get(f"{portal.at}?pick=base:phenelzine").text)
    assert "Together with sertraline" in page and "Zoloft 50 mg (sertraline)" in page and "Not checked" not in page


def test_an_allergy_that_a_clinician_adds_stops_the_drug(portal: Portal, clock: HandClock) -> None:
    say(portal, "allergy", "added", "Penicillin")
    portal.post(f"{portal.at}/orders", **RX)
    assert drafted(portal) == []
    clock.move(seconds=1)
    say(portal, "allergy", "stopped", "penicillin", "b" * 24)
    portal.post(f"{portal.at}/orders", **RX)
    assert len(drafted(portal)) == 1


def test_going_through_a_list_is_kept_and_the_same_press_is_one_word(portal: Portal) -> None:
    for _ in range(2):
        assert "Medicines gone through with the patient. Lena Okafor" in say(portal, "medication", "verified")
    [kept] = entries(portal)
    assert (kept.act, kept.name, kept.by) == ("verified", "", portal.world.provider)


@pytest.mark.parametrize(
    ("kind", "act", "name"), [("medication", "added", " "), ("dream", "added", "x"), ("allergy", "forgotten", "x")]
)
def test_what_is_no_word_about_a_list_changes_nothing(portal: Portal, kind: str, act: str, name: str) -> None:
    assert "Nothing was changed" in say(portal, kind, act, name) and entries(portal) == ()


def test_after_care_the_lists_stand(portal: Portal) -> None:
    portal.post(f"{portal.at}/orders", **IBUPROFEN)
    portal.move("completed")
    say(portal, "medication", "added", "warfarin")
    assert entries(portal) == ()
