"""The monitoring program on the visit's page: asked, answered, away; and what each of that is worth to the law."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.facts import gather_facts
from engine.monitoring import DispensedDrug, MonitoringReport
from records.monitoring import MonitoringView
from records.tables.monitoring import MonitoringRow
from tests.portals.helpers_provider import Portal, build_portal, text_of
from tests.portals.test_provider_pages import RX
from tests.records.helpers import HandClock, build_world, open_database

pytestmark = pytest.mark.slow

AT = datetime(2026, 3, 5, 15, tzinfo=UTC)
CONTROLLED = {**RX, "drug": "base:oxycodone", "unit": "tablet", "purpose": "acute_pain"}


def row(drug: str, prescriber: str, filled: date) -> DispensedDrug:
    return DispensedDrug(
        drug=drug,
        quantity="20",
        unit="tablet",
        days_supply=10,
        filled_on=filled,
        prescriber=prescriber,
        pharmacy="Harbor Drugs",
        schedule="II",
    )


def report(outcome: str, *rows: DispensedDrug) -> MonitoringReport:
    return MonitoringReport(outcome=outcome, sender="simulator", as_of=AT, rows=rows, simulated=True)


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    made.move("documenting")
    yield made
    database.close()


def ask(portal: Portal, told: MonitoringReport | str | None, key: str = "a" * 24) -> str:
    portal.visits.monitoring = told
    return text_of(portal.post(f"{portal.at}/monitoring", request=key).text)


def kept(portal: Portal) -> tuple[MonitoringView, ...]:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        return scope.monitoring.for_visit(portal.world.visit)


def facts(portal: Portal) -> dict[str, object]:
    """What the law's question of the one order holds of the program."""
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        [order] = [one.order for one in scope.orders.for_visit(portal.world.visit) if one.state == "drafted"]
    dossier = portal.world.store.dossier(portal.world.ref, order)
    found = gather_facts(dossier, "prescribe", portal.world.database.visit_time()).facts
    return dict(found.get("pdmp", {}))


def test_a_report_is_shown_with_what_stands_out_and_counts_as_the_laws_look(portal: Portal) -> None:
    page = text_of(portal.client.get(portal.at).text)
    assert "Prescription monitoring (FL E-FORCSE – simulated)" in page and "Ask the program" in page
    today = portal.world.database.visit_time().date()
    rows = [row("oxycodone", "Marsh", today), row("alprazolam", "Petrov", today), row("oxycodone", "Lind", today)]
    page = ask(portal, report("found", *rows))
    assert "An opioid and a benzodiazepine for the same days: oxycodone and alprazolam." in page
    assert "3 prescribers in the last 6 months." in page and "Harbor Drugs" in page and "Ask again" in page
    portal.post(f"{portal.at}/orders", **CONTROLLED, finding_seen="1", finding_reason="Both are known and wanted")
    assert facts(portal) == {"checked": True, "available": True, "state": "FL"}
    assert "Looked at through the network" in text_of(portal.client.get(f"{portal.at}?pick=base:oxycodone").text)


def test_nothing_found_is_a_look_too(portal: Portal) -> None:
    assert "Nothing found: FL E-FORCSE knows of no controlled drug" in ask(portal, report("nothing"))
    portal.post(f"{portal.at}/orders", **CONTROLLED)
    assert facts(portal)["checked"] is True


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (report("no_match"), "could not tell which person is meant"),
        (report("not_connected"), "is not connected to this network"),
        (None, "could not be asked: the network did not answer"),
        ("late", "is being asked"),
    ],
)
def test_what_is_no_look_tells_the_law_nothing(portal: Portal, told: MonitoringReport | str | None, words: str) -> None:
    assert words in ask(portal, told)
    portal.post(f"{portal.at}/orders", **CONTROLLED)
    assert facts(portal) == {}


def test_that_it_could_not_be_reached_is_believed_only_after_an_attempt(portal: Portal) -> None:
    form = {**CONTROLLED, "pdmp": "unavailable"}
    page = text_of(portal.post(f"{portal.at}/orders", **form).text)
    assert "ask the program first" in page and "It could not be reached" in page
    ask(portal, None)
    portal.post(f"{portal.at}/orders", **form)
    assert facts(portal) == {"checked": False, "available": False, "attempt_documented": True, "state": "FL"}


def test_a_look_that_comes_later_beats_what_was_stated_before(portal: Portal) -> None:
    ask(portal, None)
    portal.post(f"{portal.at}/orders", **{**CONTROLLED, "pdmp": "unavailable"})
    ask(portal, report("nothing"), "b" * 24)
    assert facts(portal)["checked"] is True and facts(portal)["available"] is True


def test_a_failed_question_takes_nothing_from_a_look_that_was_made(portal: Portal) -> None:
    ask(portal, report("nothing"))
    assert "Nothing found" in ask(portal, None, "b" * 24)
    portal.post(f"{portal.at}/orders", **CONTROLLED)
    assert facts(portal)["checked"] is True


def test_the_same_press_twice_is_one_question_and_a_late_answer_is_kept(portal: Portal) -> None:
    for _ in range(2):
        ask(portal, None)
    [first] = kept(portal)
    assert (first.outcome, first.asked_by, first.state) == ("down", portal.world.provider, "FL")
    ask(portal, report("nothing"))  # the answer of that same question, after all
    [late] = kept(portal)
    assert (late.outcome, late.simulated, late.sender) == ("nothing", True, "simulator")
    ask(portal, report("found", row("oxycodone", "Marsh", date(2026, 3, 1))))
    assert kept(portal)[0].outcome == "nothing"  # one question has one answer


def test_before_care_and_after_it_nobody_is_asked(portal: Portal) -> None:
    portal.move("booked")
    assert "Ask the program" not in ask(portal, report("nothing"))
    assert kept(portal) == ()


def test_the_report_is_sealed_and_neither_events_nor_audit_hold_a_drug(portal: Portal) -> None:
    ask(portal, report("found", row("oxycodone", "Marsh", date(2026, 3, 1))))
    with portal.world.database.scope(portal.world.clinic, portal.world.as_system) as scope:
        [held] = scope.monitoring._session.query(MonitoringRow).all()
        events = repr(scope.visits.events(portal.world.visit))
    assert held.content is not None and b"oxycodone" not in held.content and held.digest.startswith("sha256:")
    assert "monitoring_answered" in events and "oxycodone" not in events and "Marsh" not in events


def test_the_panel_is_told_in_spanish(portal: Portal) -> None:
    page = text_of(portal.client.get(portal.at, headers={"Accept-Language": "es"}).text)
    assert "Vigilancia de recetas (FL E-FORCSE – simulado)" in page
