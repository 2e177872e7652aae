"""What some states' law asks of a prescriber about one prescription is asked on the form, then counts as a fact."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from engine.decide import decide
from engine.evaluators import ClosuresOnly
from engine.facts import may_be_stated
from engine.lifting import lifted_by
from portals.provider.formulary import BaseDrug
from portals.provider.prescription_form import CHOICES, FLAGS, read_prescription
from portals.provider.rx_prefill import changed_form
from portals.provider.safety import asked_statements, stated_words
from portals.provider.words import say_in
from records.orders import OrderDraft
from tests.portals.helpers_provider import Portal, build_portal, library, text_of
from tests.portals.test_provider_pages import RX
from tests.records.helpers import HandClock, build_world, open_database

pytestmark = pytest.mark.slow

STIMULANT, OPIOID = "methylphenidate", "oxycodone"


def answered(state: str, profession: str, drug: str, days: int, stated: dict[str, Any]) -> dict[str, Any]:
    """The prescribing decision of somebody licensed there, with what was stated of the prescription."""
    here = {"state": state, "expires": "2040-12-31"}
    licence = {**here, "profession": profession, "kind": "full", "status": "active", "issued": "2010-01-01"}
    facts: dict[str, Any] = {
        "encounter": {"modality": "in_person", "stage": "prescribe"},
        "patient": {
            "location": {"country": "us", "state": state, "attested": True},
            "birth_date": "1980-01-01",
            "setting": "home",
        },
        "provider": {
            "profession": profession,
            "prescriptive_authority": True,
            "licenses": [licence],
            "dea": [{**here, "schedules": ["II", "III", "IV", "V"]}],
        },
        "treatment": {"purpose": "acute_pain", "circumstances": []},
        "drug": {"name": drug},
        "pdmp": {"state": state, "checked": True, "available": True},
        "prescription": {
            "days_supply": days,
            "refills": 0,
            "kind": "new",
            "electronic": True,
            "mme_per_day": 40,
        },
    }
    for path, value in stated.items():
        area, _, name = path.partition(".")
        facts[area][name] = value
    question = {"topic": "prescribing", "on": "2026-12-01T10:00:00-05:00", "facts": facts}
    return decide(book(), question, ClosuresOnly()).as_json()


@cache
def book() -> Any:
    return library("palmetto").rulebooks["palmetto"]


def said(**fields: str) -> dict[str, Any]:
    """What a form with these fields states."""
    typed = read_prescription({**RX, **fields}).typed
    assert typed is not None
    return dict(typed.statements)


def asked(decision: dict[str, Any]) -> tuple[str, ...]:
    return asked_statements(BaseDrug(name="d", schedule=""), [decision], partial(lifted_by, book().law))


@pytest.mark.parametrize(
    ("state", "profession", "drug", "days", "asks", "opens", "shuts"),
    [
        ("IL", "PA", STIMULANT, 3, "route", "oral", "injection"),
        ("SC", "PA", STIMULANT, 3, "route", "oral", "transdermal"),
        ("GA", "MD", STIMULANT, 30, "diagnosis", "adhd", "other"),
        ("SC", "NP", OPIOID, 6, "approved", "yes", "no"),
        ("PA", "PA", STIMULANT, 10, "approved", "yes", "no"),
        ("AR", "NP", STIMULANT, 30, "began", "yes", "no"),
    ],
)
def test_a_fact_that_would_matter_is_asked_for_and_changes_the_answer(
    state: str, profession: str, drug: str, days: int, asks: str, opens: str, shuts: str
) -> None:
    before = answered(state, profession, drug, days, {})
    assert before["outcome"] in ("incomplete", "forbidden") and asked(before) == (asks,)
    after = answered(state, profession, drug, days, said(**{asks: opens}))
    assert after["forbids"] == [] and after["missing"] == [] and asked(after) == ()
    refused = answered(state, profession, drug, days, said(**{asks: shuts}))
    assert refused["outcome"] == "forbidden"


@pytest.mark.parametrize(
    ("state", "profession", "drug", "days"),
    [
        ("IL", "MD", STIMULANT, 3),
        ("SC", "MD", STIMULANT, 3),
        ("SC", "NP", OPIOID, 3),
        ("GA", "MD", "amoxicillin", 7),
        ("AR", "MD", STIMULANT, 30),
    ],
)
def test_where_it_does_not_matter_nobody_is_asked(state: str, profession: str, drug: str, days: int) -> None:
    assert asked(answered(state, profession, drug, days, {})) == ()


def test_every_choice_is_the_vocabularys_and_may_be_stated() -> None:
    facts = book().law.vocabulary
    for path, offered in CHOICES.values():
        assert facts.type_of(path).choices == offered
    assert all(may_be_stated(path) for path in (*FLAGS.values(), *(path for path, _ in CHOICES.values())))
    assert said(route="by pigeon", diagnosis="", approved="perhaps") == {}


def test_what_was_stated_is_shown_kept_when_changed_and_can_be_taken_back(tmp_path: Path) -> None:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    portal: Portal = build_portal(build_world(database), clock, tmp_path)
    portal.sign_in()
    portal.move("documenting")
    page = portal.post(f"{portal.at}/orders", **RX, route="oral", diagnosis="adhd", approved="no", began="yes")
    shown = text_of(page.text)
    assert "How it is taken: By mouth" in shown and "Diagnosis for the law: ADHD" in shown
    assert "Not approved by the supervising" in shown and "Begun by a physician" in shown
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        [order] = scope.orders.for_visit(portal.world.visit)
    changed = portal.client.get(f"{portal.at}?change={order.order}").text
    assert '<option value="adhd" selected>ADHD</option>' in changed and 'id="rx-approved-no"' in changed
    fields = {"route": "oral", "diagnosis": "adhd", "approved": "no", "began": "yes"}
    assert fields.items() <= changed_form(order, []).items()
    database.close()


def test_it_is_said_in_spanish_too() -> None:
    draft = OrderDraft(
        visit="v",
        drug={},
        sig="s",
        quantity="1",
        quantity_unit="tablet",
        days_supply=1,
        refills=0,
        statements=said(route="oral", began="no"),
    )
    assert stated_words(draft, {}, say_in("es"))[0].startswith("No iniciado por un médico")
