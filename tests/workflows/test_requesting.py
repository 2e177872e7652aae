"""Triage sorts by the worst flag; referrals and tests go out with the signed note, and the patient is asked later."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.conftest import scene_on
from tests.workflows.helpers import FULL_STEPS, plan_of, step

pytestmark = pytest.mark.slow

LEVELS = {"urgent/intake:harm": "emergent", "urgent/intake:fever": "urgent", "urgent/intake:mole": "soon"}
WITH_REQUESTS = plan_of(
    (
        *FULL_STEPS[:6],
        step("triage", "intake", levels=LEVELS),
        step("wait", "triage", "license", "consent", no_show_seconds=900),
        *FULL_STEPS[7:],
        step("refer", "consult", ask_after_seconds=86400),
        step("order", "consult"),
    )
)


@pytest.mark.parametrize(
    ("raised", "level"), [((), "routine"), (("mole", "fever"), "urgent"), (("mole", "harm"), "emergent")]
)
async def test_the_worst_flag_says_how_urgent_a_visit_is(
    skipping: WorkflowEnvironment, raised: tuple[str, ...], level: str
) -> None:
    async with scene_on(skipping, timedelta(hours=1), WITH_REQUESTS) as scene:
        await scene.book_and_pay()
        for flag in raised:
            await scene.tell("flag_raised", f"urgent/intake:{flag}")
        await scene.tell("intake_submitted", "urgent/intake")
        await scene.tell("place_attested")
        await scene.tell("consent_signed", "telehealth")
        await scene.until_stage("ready")
        assert ("triaged", level) in scene.records.events
        assert ("triage_emergent" in scene.records.alerts) == (level == "emergent")


async def test_what_was_written_is_issued_with_the_signature_and_asked_later(
    skipping: WorkflowEnvironment,
) -> None:
    async with scene_on(skipping, timedelta(hours=1), WITH_REQUESTS) as scene:
        scene.records.requests = ["referral"]
        await scene.finish_call()
        assert "issue:referral" not in scene.records.log
        assert (await scene.ask("sign", "note-1")).done
        await scene.until_stage("completed")
        await scene.skip(hours=25)
        told = [one for one in scene.records.messages if one.startswith(("referral", "tests"))]
        assert told == ["referral_ready", "referral_check"]


async def test_a_shut_gate_at_signing_keeps_referrals_back(skipping: WorkflowEnvironment) -> None:
    async with scene_on(skipping, timedelta(hours=1), WITH_REQUESTS) as scene:
        scene.records.requests = ["referral"]
        await scene.finish_call()
        scene.keeper.shut.add("sign")
        assert (await scene.ask("sign", "note-1")).code == "gate_shut"
        assert "referral_ready" not in scene.records.messages
