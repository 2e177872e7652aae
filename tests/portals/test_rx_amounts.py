"""Directions that do not agree with quantity or days are warned of at the field, and go on only with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content import load_content
from engine.directions import disagreements, read_directions
from portals.base.dose_units import amount_words, counted, dose_units, unit_code
from tests.portals.helpers_provider import Portal, build_portal, text_of
from tests.portals.test_provider_pages import RX
from tests.records.helpers import HandClock, build_world, open_database

ROOT = Path(__file__).parents[2]
WRONG = {**RX, "sig": "Take 2 capsules 3 times a day for 7 days", "quantity": "20", "days": "5"}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    made.move("documenting")
    yield made
    database.close()


@pytest.mark.slow
def test_a_warning_shows_the_sum_and_a_reason_lets_it_go_on(portal: Portal) -> None:
    answer = portal.post(f"{portal.at}/orders", **WRONG)
    assert answer.status_code == 422 and "data-order=" not in answer.text
    page = text_of(answer.text)
    assert "Quantity: the directions come to 2 × 3 a day × 7 days = 42, and the quantity is 20" in page
    assert "Days: the directions say 7 days, and the supply is for 5 days" in page
    assert 'id="rx-quantity-error"' in answer.text and 'id="rx-days-error"' in answer.text
    untold = portal.post(f"{portal.at}/orders", **WRONG, amounts_seen="1", amounts_reason=" ")
    assert untold.status_code == 422
    portal.post(f"{portal.at}/orders", **WRONG, amounts_seen="1", amounts_reason="The rest is at home")
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        [order] = scope.orders.for_visit(portal.world.visit)
    kept = order.draft.acknowledged
    assert kept == {"amounts": ["days", "quantity"], "amounts_reason": "The rest is at home"}
    shown = text_of(portal.client.get(portal.at).text)
    assert "Differs from the directions on purpose: The rest is at home" in shown


def test_every_usual_direction_of_the_house_agrees_with_itself() -> None:
    sigs = [
        (sig.text["en"], str(sig.quantity), unit_code(sig.unit), sig.days_supply)
        for specialty in load_content(ROOT).specialties.values()
        for drug in (specialty.formulary.drugs if specialty.formulary else ())
        for sig in drug.sigs
    ]
    read = [read_directions(text, dose_units()) for text, *_ in sigs]
    assert sum(1 for one in read if one and one.each and one.per_day) > len(sigs) / 2
    wrong = [
        (text, disagreement.kind)
        for directions, (text, quantity, unit, days) in zip(read, sigs, strict=True)
        for disagreement in disagreements(directions, quantity, unit, days)
    ]
    assert wrong == []


def test_an_amount_reads_in_its_number_and_language() -> None:
    assert amount_words("20", "capsule", "en") == "20 capsules" and amount_words("1", "Capsules", "en") == "1 capsule"
    assert amount_words("20", "capsule", "es") == "20 cápsulas" and amount_words("1", "tablets", "es") == "1 tableta"
    assert amount_words("1", "cápsulas", "en") == "1 capsule" and amount_words("3", "thimble", "es") == "3 thimble"
    assert counted("days", 1, "es") == "1 día" and counted("refills", 0, "en") == "no refills"
