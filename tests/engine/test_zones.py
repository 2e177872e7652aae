"""A ZIP code gives its state and its own time zone, also where a state has two."""

import pytest

from engine.zones import zip_place


@pytest.mark.parametrize(
    ("written", "state", "zone"),
    [
        ("33132", "FL", "America/New_York"),
        ("32501", "FL", "America/Chicago"),
        (" 32202-1234 ", "FL", "America/New_York"),
        ("85001", "AZ", "America/Phoenix"),
    ],
)
def test_a_zip_code_lies_in_its_state_and_zone(written: str, state: str, zone: str) -> None:
    place = zip_place(written)
    assert place is not None
    assert (place.state, place.time_zone) == (state, zone)


@pytest.mark.parametrize("written", ["", "00000", "3313", "331321", "33l32", "33132-12", "٣٣١٣٢", "33132\n4"])
def test_what_is_no_zip_code_has_no_place(written: str) -> None:
    assert zip_place(written) is None


@pytest.mark.parametrize(
    ("code", "city"), [("83814", "Coeur d'Alene"), ("63366", "O'Fallon"), ("22101", "McLean"), ("32801", "Orlando")]
)
def test_a_city_is_named_as_people_write_it(code: str, city: str) -> None:
    place = zip_place(code)
    assert place is not None
    assert place.city == city
