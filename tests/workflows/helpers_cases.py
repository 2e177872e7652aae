"""A plan without a call: the case is answered within a day."""

from __future__ import annotations

from tests.workflows.helpers import DAY, FULL_STEPS, step

CASE_STEPS = (
    *FULL_STEPS[:6],
    step("consult", "intake", "license", "consent", gate="join", medium="asynchronous", answer_within_seconds=DAY),
    *FULL_STEPS[8:],
)
