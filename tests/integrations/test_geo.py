"""A network address suggests a state where an installed database knows it, and nothing where none does."""

from __future__ import annotations

from pathlib import Path

import maxminddb
import pytest

from engine.ports import NetworkPlace
from integrations.geo.mmdb import MmdbLocator
from integrations.geo.null import NoLocator
from tests.integrations.helpers_mmdb import write_mmdb

STATES = {"florida": "FL", "georgia": "GA"}
FLAT = {
    "128.227.0.0/16": {"country_code": "US", "state1": "Florida", "city": "Gainesville"},
    "81.2.69.0/24": {"country_code": "GB", "state1": "England"},
    "1.1.1.0/24": {"country_code": "", "state1": ""},
}
NESTED = {"2600:1700::/32": {"country": {"iso_code": "US"}, "subdivisions": [{"iso_code": "GA"}]}}


@pytest.fixture
def locator(tmp_path: Path) -> MmdbLocator:
    four = write_mmdb(tmp_path / "four.mmdb", FLAT)
    six = write_mmdb(tmp_path / "six.mmdb", NESTED, version=6)
    return MmdbLocator([four, six], STATES)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("128.227.1.1", NetworkPlace(country="us", state="FL")),
        ("2600:1700::1", NetworkPlace(country="us", state="GA")),
        ("81.2.69.142", NetworkPlace(country="gb", state=None)),
        ("1.1.1.1", None),
        ("8.8.8.8", None),
        ("127.0.0.1", None),
        ("192.168.1.4", None),
        ("::1", None),
        ("", None),
        ("testclient", None),
    ],
)
def test_an_address_suggests_the_place_its_entry_names(
    locator: MmdbLocator, address: str, place: NetworkPlace | None
) -> None:
    assert locator.locate(address) == place


def test_without_a_database_nothing_is_suggested() -> None:
    assert NoLocator().locate("128.227.1.1") is None


def test_a_file_of_something_else_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "not.mmdb").write_text("nothing of the kind")
    with pytest.raises(maxminddb.InvalidDatabaseError):
        MmdbLocator([tmp_path / "not.mmdb"], STATES)


@pytest.mark.parametrize(
    ("seen", "doubts"),
    [
        (NetworkPlace(country="us", state="FL"), False),
        (NetworkPlace(country="us"), False),
        (NetworkPlace(country="us", state="GA"), True),
        (NetworkPlace(country="ca"), True),
    ],
)
def test_only_another_state_or_country_speaks_against_what_was_said(seen: NetworkPlace, doubts: bool) -> None:
    assert seen.doubts("us", "FL") is doubts
