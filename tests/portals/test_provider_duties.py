"""A duty that is due after the visit is a task: what the rule asks for, under which law, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.ports import GateRecord
from portals.base.i18n import has_message
from records.duties import DutyView
from tests.portals.helpers_provider import Portal, build_portal, library, text_of
from tests.records.helpers import HandClock, build_world, open_database
from workflows.contracts import Answer

pytestmark = pytest.mark.slow

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


SENT = {"topic": "privacy", "duty": "primary_care_record", "order": "", "way": "fax", "done_at": ""}
SUITABILITY = {"duty": "suitability", "due": "before_sign", "met": False, "detail": {}, "rule": "r", "cite": []}


def keep(portal: Portal, gate: str = "join", *, is_open: bool = True, **duties: dict[str, object]) -> None:
    """A gate's record with one unmet duty of each topic named."""
    outcome = "permitted_with_duties" if is_open else "review"
    decisions = {topic: {"topic": topic, "outcome": outcome, "duties": [duty]} for topic, duty in duties.items()}
    record = GateRecord(gate=gate, open=is_open, asked_at=portal.world.database.now(), decisions=decisions)
    portal.world.store.record_gate(portal.world.effect(), record)


def owed(portal: Portal) -> None:
    """A completed visit whose record is still to be sent, and the task that calls for it."""
    keep(portal, privacy=DUTY)
    portal.move("completed")
    portal.world.store.raise_alert(portal.world.effect(), "duty_due", "privacy:primary_care_record")


def marked(portal: Portal) -> tuple[DutyView, ...]:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        return scope.duties.for_visit(portal.world.visit)


def page(portal: Portal) -> str:
    return str(portal.client.get(portal.at).text)


def test_the_task_of_a_duty_has_a_form_to_mark_it_as_done_which_settles_it(portal: Portal) -> None:
    owed(portal)
    before = page(portal)
    assert before.count(f'action="{portal.at}/duties"') == 1
    assert before.index("The law asks for something soon") < before.index(f'action="{portal.at}/duties"')
    assert "sent by fax" in before and "secure portal" in before
    assert before.count("<p>The record goes to the primary care clinician") == 0  # the form says it
    after = portal.post(f"{portal.at}/duties", **SENT)
    assert "Marked as done." in text_of(after.text)
    assert "The law asks for something soon" not in after.text
    assert f'action="{portal.at}/duties"' not in after.text
    assert "The record was sent by fax;" in text_of(after.text) and "Lena Okafor" in text_of(after.text)
    assert [(one.topic, one.duty, one.way, one.by) for one in marked(portal)] == [
        ("privacy", "primary_care_record", "fax", portal.world.provider)
    ]
    assert portal.visits.asked == []


def test_before_there_is_a_task_the_form_stands_with_the_laws_answer(portal: Portal) -> None:
    keep(portal, privacy=DUTY)
    portal.move("completed")
    shown = page(portal)
    assert shown.index('id="law"') < shown.index(f'action="{portal.at}/duties"')
    portal.post(f"{portal.at}/duties", **SENT)
    assert len(marked(portal)) == 1


def test_the_same_form_twice_is_one_statement(portal: Portal) -> None:
    owed(portal)
    for _ in range(2):
        said = portal.post(f"{portal.at}/duties", request="a" * 24, **SENT)
        assert "Marked as done." in text_of(said.text)
    assert len(marked(portal)) == 1


def test_when_it_was_done_is_read_on_the_clinicians_clock(portal: Portal) -> None:
    owed(portal)
    portal.post(f"{portal.at}/duties", **{**SENT, "done_at": "2026-03-05T09:30"})
    assert marked(portal)[0].done_at == datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"way": ""}, "Choose what was done."),
        ({"way": "pigeon"}, "Choose what was done."),
        ({"done_at": "2026-03-05T10:01"}, "That time is not valid"),
        ({"done_at": "yesterday"}, "That time is not valid"),
        ({"done_at": "2026-03-05T09:30+00:00"}, "That time is not valid"),
        ({"duty": "privacy_notice"}, "This cannot be done at this point"),
        ({"topic": "consent"}, "This cannot be done at this point"),
        ({"order": "ord_1"}, "This cannot be done at this point"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_marked(portal: Portal, wrong: dict[str, str], sentence: str) -> None:
    owed(portal)
    said = portal.post(f"{portal.at}/duties", **{**SENT, **wrong})
    assert sentence in text_of(said.text)
    assert marked(portal) == ()


def test_a_gate_that_waited_for_it_is_asked_again(portal: Portal) -> None:
    keep(portal, "sign", is_open=False, consent=SUITABILITY)
    portal.move("documenting")
    portal.visits.answers["recheck"] = Answer(done=True)
    portal.post(f"{portal.at}/duties", topic="consent", duty="suitability", order="", way="during_call", done_at="")
    assert [one.act for one in portal.visits.asked] == ["recheck"]


def test_what_the_rules_do_not_let_a_clinician_state_has_no_form(portal: Portal) -> None:
    keep(portal, privacy={**DUTY, "duty": "privacy_notice"})
    portal.move("in_call")
    assert f'action="{portal.at}/duties"' not in page(portal)


def test_a_post_without_its_token_and_one_of_a_patient_are_refused(portal: Portal) -> None:
    owed(portal)
    assert portal.client.post(f"{portal.at}/duties", data=SENT).status_code == 403
    portal.sign_in("patient")
    assert portal.post(f"{portal.at}/duties", portal="patient", **SENT).status_code in (403, 404)
    assert marked(portal) == ()


def test_every_way_has_words_in_every_language(portal: Portal) -> None:
    topics = library(portal.world.clinic).law.topics.topics.values()
    ways = {way for topic in topics for one in topic.stated.values() for way in one.ways}
    assert len(ways) == 10
    for language in ("en", "es"):
        assert all(has_message(language, f"provider.duty.way.{way}") for way in ways)


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
