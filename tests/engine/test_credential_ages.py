"""How old an answer about a licence may be, and what happens to the facts when it is older."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from engine.dossier import Agreement, Dossier, License, Place
from engine.facts import LICENSES, gather_facts
from engine.supervision import Occasion, with_supervision
from tests.engine.test_facts import NOW, dossier

DAY = timedelta(days=1)
AGES = {LICENSES: 7 * DAY, "provider.dea": 7 * DAY}


def licence(state: str = "GA", status: str = "active", age: timedelta | None = timedelta(0), **more: Any) -> License:
    at = None if age is None else NOW - age
    return License(state=state, profession="MD", kind="full", status=status, verified_at=at, **more)


def told(*licenses: License) -> Any:
    """The licences told at joining in GA by a clinician whose home is FL; None when they are untold."""
    base = dossier()
    visit = replace(base, provider=replace(base.provider, licenses=licenses))
    facts = gather_facts(visit, "join", NOW, ages=AGES).facts["provider"]
    found = facts.get("licenses")
    return None if found is None else [(one["state"], one["status"]) for one in found]


def test_a_young_answer_counts_and_its_instant_is_the_facts_own() -> None:
    base = dossier()
    visit = replace(base, provider=replace(base.provider, licenses=(licence(age=2 * DAY), licence("FL", age=3 * DAY))))
    assert gather_facts(visit, "join", NOW, ages=AGES).provenance[LICENSES].as_of == NOW - 3 * DAY


def test_where_the_visit_stands_on_an_old_answer_no_licence_is_told() -> None:
    assert told(licence(age=7 * DAY)) == [("GA", "active")]
    assert told(licence(age=7 * DAY + timedelta(seconds=1))) is None
    assert told(licence(age=None)) is None


def test_an_old_answer_about_another_state_is_only_left_out() -> None:
    assert told(licence(), licence("TX", age=30 * DAY)) == [("GA", "active")]


def test_the_home_licence_has_to_be_young_too() -> None:
    assert told(licence(), licence("FL", age=30 * DAY)) is None


def test_bad_news_never_gets_too_old() -> None:
    assert told(licence(), licence("TX", "suspended", 900 * DAY)) == [("GA", "active"), ("TX", "suspended")]
    assert told(licence("GA", "revoked", None)) == [("GA", "revoked")]


def test_an_answer_that_came_while_the_question_waited_counts() -> None:
    assert told(licence(age=-timedelta(hours=2))) == [("GA", "active")]


def test_discipline_that_a_source_tells_of_is_a_fact() -> None:
    base = dossier()
    for said, expected in ((True, True), (False, None), (None, None)):
        visit = replace(base, provider=replace(base.provider, licenses=(licence(disciplined=said),)))
        assert gather_facts(visit, "join", NOW, ages=AGES).facts["provider"].get("discipline") is expected


def test_a_registration_that_is_not_active_is_not_told() -> None:
    base = dossier()
    (held,) = base.provider.dea
    visit = replace(base, provider=replace(base.provider, dea=(replace(held, status="revoked"),)))
    assert gather_facts(visit, "join", NOW, ages=AGES).facts["provider"]["dea"] == []


# --- supervision ---

AGREEMENT = Agreement(
    state="GA",
    kind="collaboration",
    since=date(2026, 1, 1),
    until=date(2026, 12, 31),
    specialties=(),
    schedules=("III",),
    licenses=(licence(),),
)


def supervised(agreement: Agreement | None, schedule: str = "", **changes: Any) -> Any:
    base = dossier(**changes)
    agreements = None if agreement is None else (agreement,)
    provider = replace(base.provider, agreements=agreements, extra={})
    occasion = Occasion(on=NOW, asked=NOW, age=7 * DAY, schedule=schedule)
    return with_supervision(replace(base, provider=provider), occasion).provider.extra.get("supervision.agreement")


def test_an_agreement_covers_the_visit_whose_state_and_day_it_names() -> None:
    assert supervised(AGREEMENT) is True


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "FL"},
        {"since": date(2026, 3, 6)},
        {"until": date(2026, 3, 4)},
        {"specialties": ("dermatology",)},
        {"licenses": ()},
        {"licenses": (licence("FL"),)},
        {"licenses": (licence(status="suspended"),)},
        {"licenses": (licence(age=8 * DAY),)},
        {"licenses": (licence(age=None),)},
        {"licenses": (licence(expires=date(2026, 3, 4)),)},
    ],
)
def test_any_other_does_not(changes: dict[str, Any]) -> None:
    assert supervised(replace(AGREEMENT, **changes)) is False


def test_it_covers_the_controlled_drugs_it_names() -> None:
    assert [supervised(AGREEMENT, schedule) for schedule in ("", "III", "II", "I")] == [True, True, False, False]


def test_it_covers_the_specialties_it_names() -> None:
    assert supervised(replace(AGREEMENT, specialties=("urgent_care",))) is True


def test_where_the_zone_is_not_known_every_day_that_it_may_be_has_to_be_covered() -> None:
    last = replace(AGREEMENT, until=NOW.date())  # on the other side of the earth it is tomorrow already
    assert supervised(last) is False
    zoned: Dossier = dossier()
    place = Place(country="us", state="GA", time_zone="America/New_York", attested=True, at=NOW)
    assert supervised(last, patient=replace(zoned.patient, attested_place=place)) is True


def test_a_clinic_without_agreements_keeps_its_own_word() -> None:
    base = dossier()
    occasion = Occasion(on=NOW, asked=NOW, age=7 * DAY)
    assert with_supervision(base, occasion).provider.extra == {"supervision.agreement": True}


def test_without_a_place_it_stays_untold() -> None:
    base = dossier()
    nowhere = replace(base.patient, attested_place=None, booked_place=None)
    assert supervised(AGREEMENT, patient=nowhere) is None
