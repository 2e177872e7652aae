"""A duty that is due after the visit is a task: what the rule asks for, under which law, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.ports import GateRecord
from portals.base.i18n import has_message
from tests.portals.helpers_provider import Portal, build_portal, text_of
from tests.records.helpers import HandClock, build_world, open_database

DUTY = {
    "duty": "primary_care_record",
    "due": "within 72 hours of encounter",
    "met": False,
    "detail": {},
    "rule": "us/tx/privacy/primary-care",
    "title": "The record goes to the primary care clinician within 72 hours",
    "law": "Tex. Occ. Code 111.005(b)",
    "cite": ["tx_111_005"],
}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    yield made
    database.close()


def raised(portal: Portal, kind: str, *subjects: str) -> str:
    for subject in subjects:
        portal.world.store.raise_alert(portal.world.effect(), kind, subject)
    return text_of(portal.client.get("/staff").text)


def test_a_duty_that_is_due_is_told_in_its_rules_words_with_the_statute(portal: Portal) -> None:
    decision = {"topic": "privacy", "outcome": "permitted_with_duties", "duties": [DUTY]}
    record = GateRecord(gate="join", open=True, asked_at=portal.world.database.now(), decisions={"privacy": decision})
    portal.world.store.record_gate(portal.world.effect(), record)
    portal.move("completed")
    page = raised(portal, "duty_due", "privacy:primary_care_record")
    assert "The law asks for something soon" in page
    assert "primary care clinician within 72 hours (Tex. Occ. Code 111.005(b))" in page
    assert "What to do: See to it that this is done in time" in page
    assert "is overdue" in raised(portal, "duty_overdue", "privacy:primary_care_record")


def test_two_duties_are_two_tasks_of_one_kind_and_the_same_one_is_raised_once(portal: Portal) -> None:
    subjects = ("privacy:primary_care_record", "policy:clinic_requirement:ord_1", "privacy:primary_care_record")
    portal.move("completed")
    page = raised(portal, "duty_due", *subjects)
    assert "The law asks for something soon (2)" in page
    assert "sent to the patient" in page and "clinic's own policy asks for" in page.replace("&#39;", "'")


@pytest.mark.parametrize("kind", ["duty_due", "duty_overdue"])
def test_every_language_has_words_for_it(kind: str) -> None:
    for language in ("en", "es"):
        assert has_message(language, f"provider.alert.{kind}") and has_message(language, f"provider.alerts.todo.{kind}")
