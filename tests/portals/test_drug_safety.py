"""Warnings on the visit's page: shown as cards, answered with a reason, looked at again by the server at sending."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.dossier import Dossier
from engine.monitoring import DispensedDrug, MonitoringReport
from records.orders import OrderDraft, OrderView
from records.tables.clinical import OrderRow
from records.visits import Visits
from tests.portals.helpers_provider import Portal, build_portal, text_of
from tests.portals.test_provider_pages import RX
from tests.records.helpers import HandClock, build_world, draft_of, open_database

pytestmark = pytest.mark.slow

IBUPROFEN = {**RX, "drug": "base:ibuprofen", "unit": "tablet"}
ANSWER = {"finding_seen": "1", "finding_reason": "Checked with the patient"}


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


def tells(patch: pytest.MonkeyPatch, *medications: str, words: str = "") -> None:
    """The patient takes these, by the form's codes and in words of their own."""
    told = Visits.__dict__["dossier"]

    def dossier(self: Visits, *given: Any, **more: Any) -> Dossier:
        found: Dossier = told(self, *given, **more)
        patient = replace(found.patient, medications=medications)
        return replace(found, patient=patient, answers={**found.answers, "form.intake.medication_names": words})

    patch.setattr(Visits, "dossier", dossier)


def drafted(portal: Portal) -> list[OrderView]:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        return [one for one in scope.orders.for_visit(portal.world.visit) if one.state == "drafted"]


def asked(portal: Portal) -> list[str]:
    return [one.act for one in portal.visits.asked]


def test_a_serious_interaction_needs_a_reason_which_stays_with_the_order(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tells(monkeypatch, "other", words="Warfarin 5 mg")
    page = text_of(portal.client.get(f"{portal.at}?pick=base:ibuprofen").text)
    assert "Serious Together with warfarin Bleeding The patient says they take it." in page
    assert "How it comes about: raises the risk of bleeding. What to do: avoid." in page
    assert page.count("General clinical pharmacology from professional knowledge") == 1
    page = text_of(portal.post(f"{portal.at}/orders", **IBUPROFEN).text)
    assert "tick that you have read them" in page and drafted(portal) == []
    portal.post(f"{portal.at}/orders", **IBUPROFEN, **ANSWER)
    [order] = drafted(portal)
    assert order.draft.acknowledged["findings"] == ["interaction:warfarin:bleeding"]
    assert "Warnings answered: Checked with the patient" in text_of(portal.client.get(portal.at).text)
    portal.post(f"{portal.at}/orders/{order.order}/send")
    assert asked(portal) == ["prescribe"]


def test_a_contraindicated_drug_is_not_kept_whatever_is_said(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    tells(monkeypatch, "other", words="phenelzine")
    form = {**RX, "drug": "base:sertraline", **ANSWER}
    page = text_of(portal.post(f"{portal.at}/orders", **form).text)
    assert "it is contraindicated with something this patient takes" in page and drafted(portal) == []


@pytest.mark.parametrize("words", ["warfarin", "lithium"])
def test_what_is_learnt_after_writing_stops_the_sending_and_the_signing(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    portal.post(f"{portal.at}/orders", **IBUPROFEN)
    [order] = drafted(portal)
    tells(monkeypatch, "other", words=words)
    page = text_of(portal.post(f"{portal.at}/orders/{order.order}/send").text)
    assert "Warning not answered" in page and asked(portal) == []


def test_an_order_that_became_contraindicated_is_not_sent_either(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.post(f"{portal.at}/orders", **{**RX, "drug": "base:sertraline"})
    [order] = drafted(portal)
    tells(monkeypatch, "other", words="phenelzine")
    page = portal.post(f"{portal.at}/orders/{order.order}/send").text
    assert "This must not go out together" in text_of(page) and f"{order.order}/send" not in page
    assert asked(portal) == []


def test_a_kind_of_medicine_asks_which_it_is(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    tells(monkeypatch, "blood_thinner")
    page = text_of(portal.client.get(f"{portal.at}?pick=base:ibuprofen").text)
    assert "Together with a blood thinner" in page and "Ask which." in page


def test_the_same_drug_twice_in_a_visit_is_asked_about_once_for_the_later_one(portal: Portal, clock: HandClock) -> None:
    portal.post(f"{portal.at}/orders", **IBUPROFEN)
    clock.move(seconds=5)
    portal.post(f"{portal.at}/orders", **{**IBUPROFEN, **ANSWER, "request": "c" * 24})
    first, second = drafted(portal)
    assert first.draft.acknowledged == {} and second.draft.acknowledged["findings"] == ["duplicate:ibuprofen"]
    page = portal.client.get(portal.at).text
    assert f"{first.order}/send" in page and f"{second.order}/send" in page


def test_what_was_prescribed_here_before_and_still_lasts_counts(portal: Portal) -> None:
    world = portal.world
    with world.database.scope(world.clinic, world.as_patient) as scope:
        earlier = scope.visits.draft(draft_of(world.patient, world.provider))
    with world.database.scope(world.clinic, world.as_system) as scope:
        drug = {"name": "naproxen"}
        draft = OrderDraft(
            visit=earlier, drug=drug, sig="s", quantity="20", quantity_unit="tablet", days_supply=10, refills=0
        )
        order = scope.orders.draft(draft)
        row = scope.orders._session.get(OrderRow, order)
        assert row is not None
        row.state = "sent"
    page = text_of(portal.client.get(f"{portal.at}?pick=base:ibuprofen").text)
    assert "The same therapy twice: naproxen Prescribed at this clinic, and still lasting." in page


def test_what_the_monitoring_program_knows_counts_too(portal: Portal) -> None:
    today: date = portal.world.database.visit_time().date()
    row = DispensedDrug(
        drug="alprazolam",
        quantity="60",
        unit="tablet",
        days_supply=30,
        filled_on=today,
        prescriber="Lind",
        pharmacy="Harbor",
    )
    portal.visits.monitoring = MonitoringReport(
        outcome="found", sender="simulator", as_of=portal.world.database.visit_time(), rows=(row,), simulated=True
    )
    portal.post(f"{portal.at}/monitoring", request="a" * 24)
    page = text_of(portal.client.get(f"{portal.at}?pick=base:oxycodone").text)
    assert "Together with alprazolam Breathing may slow down or stop Given out elsewhere" in page


@pytest.mark.parametrize(
    ("allergies", "details", "words"),
    [
        (("other",), "", "another allergy that the patient did not name (ask)"),
        (("other",), "hives from some pill", "hives from some pill"),
        (("penicillin",), "", ""),
    ],
)
def test_what_was_told_as_other_is_never_silent(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, allergies: tuple[str, ...], details: str, words: str
) -> None:
    told = Visits.__dict__["dossier"]

    def dossier(self: Visits, *given: Any, **more: Any) -> Dossier:
        found: Dossier = told(self, *given, **more)
        patient = replace(found.patient, medications=("other",), allergies=allergies)
        return replace(found, patient=patient, answers={**found.answers, "form.intake.allergy_details": details})

    monkeypatch.setattr(Visits, "dossier", dossier)
    page = text_of(portal.client.get(f"{portal.at}?pick=list:0:0").text)
    said = page.partition("Not checked against interactions or allergies: ")[2][:200]
    assert said.startswith("another medicine that the patient did not name (ask)")
    assert (words in said) if words else ("allergy" not in said.partition("(ask)")[2][:20])


def test_a_drug_named_as_another_allergy_is_compared(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Visits.__dict__["dossier"]

    def dossier(self: Visits, *given: Any, **more: Any) -> Dossier:
        found: Dossier = told(self, *given, **more)
        patient = replace(found.patient, allergies=("other",))
        return replace(found, patient=patient, answers={"form.intake.allergy_details": "hives from amoxicillin"})

    monkeypatch.setattr(Visits, "dossier", dossier)
    page = text_of(portal.client.get(f"{portal.at}?pick=list:0:0").text)
    assert "The patient named this allergy" in page and "did not name" not in page
