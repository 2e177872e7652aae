"""A case without a call is answered in time; its clock stands still while the patient is asked for more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests.workflows.conftest import Scene, scene_on
from tests.workflows.helpers import plan_of, prescription
from tests.workflows.helpers_cases import CASE_STEPS


@pytest_asyncio.fixture
async def case(skipping: WorkflowEnvironment) -> AsyncIterator[Scene]:
    async with scene_on(skipping, timedelta(0), plan_of(CASE_STEPS)) as scene:
        yield scene


async def test_a_case_is_opened_answered_and_has_no_room(case: Scene) -> None:
    await case.submit_case()
    assert "case_submitted" in case.records.messages
    case.records.orders["rx1"] = prescription("rx1")
    assert (await case.ask("prescribe", "rx1")).code == "not_now"
    assert (await case.ask("admit")).done
    assert (await case.ask("join", "patient")).code == "not_now"
    assert (await case.ask("prescribe", "rx1")).done
    assert (await case.ask("end_call")).done
    assert (await case.ask("sign", "note-1")).done
    assert await case.result() == "completed"
    assert case.host.opened == []
    assert case.records.stages[-4:] == ["submitted", "in_review", "documenting", "completed"]
    assert "summary_ready" in case.records.messages
    assert [one for one in case.records.alerts if one.startswith("answer")] == []


async def test_the_clinician_is_reminded_then_it_is_late_then_the_clinic_is_told(case: Scene) -> None:
    await case.submit_case()
    await case.skip(hours=19, minutes=50)
    assert case.records.alerts == []
    await case.skip(minutes=20)
    assert case.records.alerts == ["answer_soon"]
    await case.skip(hours=4)
    assert case.records.alerts == ["answer_soon", "answer_overdue"]
    assert case.records.messages[-1] == "answer_late"
    await case.skip(hours=2)
    assert case.records.alerts == ["answer_soon", "answer_overdue", "answer_escalated"]
    for act, subject in (("admit", ""), ("end_call", ""), ("sign", "note-1")):
        assert (await case.ask(act, subject)).done
    assert await case.result() == "completed"


async def test_the_clock_stands_still_while_the_patient_is_asked_for_more(case: Scene) -> None:
    await case.submit_case()
    begun = await case.env.get_current_time()
    assert (await case.ask("ask_more", "doc_1")).code == "not_now"
    await case.ask("admit")
    await case.skip(hours=10)
    assert (await case.ask("ask_more", "doc_1")).done
    assert (await case.status()).stage == "more_asked"
    assert "case_question" in case.records.messages
    await case.skip(days=3)
    assert case.records.alerts == []
    await case.tell("case_replied", "doc_2")
    await case.until_stage("in_review")
    clock = [(code, due) for code, due in case.records.clocks]
    assert [code for code, _ in clock] == ["clinician", "patient", "clinician"]
    assert clock[1][1] == ""
    first, last = (case.moment(due) for _, due in (clock[0], clock[2]))
    assert abs(first - begun - timedelta(hours=24)) < timedelta(minutes=5)
    assert timedelta(days=3, hours=-1) < last - first < timedelta(days=3, hours=1)
    await case.skip(hours=11)
    assert case.records.alerts == ["answer_soon"]


async def test_a_second_question_waits_for_a_reply_of_its_own(case: Scene) -> None:
    await case.submit_case()
    await case.ask("admit")
    await case.ask("ask_more", "doc_1")
    await case.tell("case_replied", "doc_2")
    await case.until_stage("in_review")
    await case.ask("ask_more", "doc_3")
    await case.tell("case_replied", "doc_2")  # what was told before is no reply to this
    await case.skip(minutes=5)
    assert (await case.status()).stage == "more_asked"
    assert (await case.ask("end_call")).done  # who does not reply does not hold up the answer
    assert (await case.status()).stage == "documenting"


async def test_a_shut_gate_stops_the_opening_until_it_opens(case: Scene) -> None:
    await case.submit_case()
    case.keeper.shut.add("join")
    assert (await case.ask("admit")).code == "gate_shut"
    assert (await case.status()).stage == "blocked"
    case.keeper.shut.clear()
    await case.tell("place_attested")
    await case.until_stage("submitted")
    assert (await case.ask("admit")).done


async def test_an_emergency_before_the_case_is_opened_ends_it(case: Scene) -> None:
    await case.submit_case()
    await case.tell("red_flag", "danger")
    assert await case.result() == "escalated"
