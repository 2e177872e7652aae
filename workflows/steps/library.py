"""The library of step kinds: the one table that a new kind of step is added to."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from workflows.steps.base import StepKind
from workflows.steps.booking import Book, Pay
from workflows.steps.calling import Consult
from workflows.steps.closing import Bill, Document, Escalate, FollowUp, Message, Prescribe
from workflows.steps.preparing import Consent, Heard, Intake, Licence, Passing, TechCheck
from workflows.steps.requesting import Requesting, Triage
from workflows.steps.waiting import Wait

KINDS: Mapping[str, StepKind] = MappingProxyType(
    {
        "book": Book(),
        "pay": Pay(),
        "intake": Intake("intake_submitted", "form"),
        "triage": Triage(),
        "locate": Heard("place_attested"),
        "consent": Consent(),
        "license": Licence(),
        "tech_check": TechCheck(),
        "wait": Wait(),
        "consult": Consult(),
        "document": Document(),
        "prescribe": Prescribe(),
        "order": Requesting("test_request", "tests"),
        "refer": Requesting("referral", "referral"),
        "escalate": Escalate(),
        "bill": Bill(),
        "follow_up": FollowUp(),
        "monitor": Passing(),
        "message": Message(),
    }
)
