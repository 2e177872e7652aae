"""The pharmacies of the state that the patient is in come first, and the only one there is chosen already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.portals.helpers_provider import PHARMACY, Portal, build_portal
from tests.records.helpers import HandClock, build_world, open_database

pytestmark = pytest.mark.slow


def pharmacy(name: str, state: str) -> Any:
    return SimpleNamespace(**{**vars(PHARMACY), "id": name, "name": name.title(), "state": state})


NEAR, TOO, FAR = pharmacy("heron", "FL"), pharmacy("gull", "FL"), pharmacy("dune", "AL")


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    made.move("documenting")
    yield made
    database.close()


def choice(portal: Portal, monkeypatch: pytest.MonkeyPatch, *there: Any) -> str:
    """The form's choice of a pharmacy in a clinic that has these."""
    monkeypatch.setattr("tests.portals.helpers_provider.PHARMACIES", there)
    page = str(portal.client.get(f"{portal.at}?pick=list:0:0").text)
    return page.partition('id="rx-pharmacy"')[2].partition("</select>")[0]


def groups(select: str) -> list[tuple[str, list[str]]]:
    found = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', select, re.DOTALL)
    return [(title, values(options)) for title, options in found]


def values(select: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)"', select)


def chosen(select: str) -> list[str]:
    return re.findall(r'<option value="([^"]*)" selected>', select)


def test_the_patients_state_comes_first_and_its_only_pharmacy_is_chosen(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = choice(portal, monkeypatch, FAR, NEAR)
    assert groups(select) == [("In Florida", ["heron"]), ("In other states", ["dune"])]
    assert chosen(select) == ["heron"]


def test_among_several_in_the_patients_state_nobody_chooses_for_the_clinician(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    select = choice(portal, monkeypatch, FAR, NEAR, TOO)
    assert groups(select) == [("In Florida", ["heron", "gull"]), ("In other states", ["dune"])]
    assert chosen(select) == []
    assert values(select) == ["", "heron", "gull", "dune"]


def test_without_both_kinds_there_are_no_groups(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    select = choice(portal, monkeypatch, NEAR, TOO)
    assert (groups(select), chosen(select)) == ([], [])
    only = choice(portal, monkeypatch, FAR)
    assert (values(only), chosen(only)) == (["dune"], ["dune"])
