"""Whether a gate asked of the law itself leaves its later duties, and tells when they are met, out of a dossier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from engine.dossier import ConsentFact, Dossier, DutyDone, License, Place
from engine.evaluators import ClosuresOnly
from engine.ports import GateRecord
from engine.rulebook import load_rulebook
from tests.engine.helpers_content import content
from tests.engine.test_facts import dossier
from tests.rules.helpers_cases import ROOT
from workflows.activities.gates import GateActivities
from workflows.contracts import DutyInput, EffectInput, GateAnswer, GateInput
from workflows.gatekeeper import LawGateKeeper

AT = datetime(2026, 12, 1, 21, tzinfo=UTC)
BEGAN = AT - timedelta(minutes=5)
EFFECT = EffectInput(clinic="elm", visit="v1", step="consult", key="k")
TOLD = ("telehealth@1", "security@1", "complaints@1", "follow_up@2")


def visit(**answers: Any) -> Dossier:
    """A visit in TX whose patient lets the clinic share its record."""
    base = dossier(starts_at=AT, encounter_at=BEGAN, established=True)
    place = Place(country="us", state="TX", time_zone="America/Chicago", attested=True, at=BEGAN)
    day = AT - timedelta(days=1)
    return replace(
        base,
        patient=replace(base.patient, attested_place=place, booked_place=place),
        provider=replace(
            base.provider,
            licenses=(
                License(
                    state="TX",
                    profession="MD",
                    kind="full",
                    status="active",
                    issued=date(2015, 1, 1),
                    expires=date(2027, 1, 31),
                    verified_at=AT,
                ),
            ),
        ),
        consents=tuple(
            ConsentFact(kind=kind, form="electronic", at=day, jurisdiction="us/tx", clauses=TOLD)
            for kind in ("treatment", "telehealth", "privacy", "sharing")
        ),
        answers=answers,
    )


@dataclass
class Records:
    """Hands out the dossier that it holds."""

    held: Dossier = field(default_factory=visit)

    def dossier(self, ref: Any, order: str | None = None, provider: str = "") -> Dossier:
        return self.held

    def record_gate(self, effect: Any, gate: GateRecord) -> str:
        return "gate-1"


@cache
def rulebooks() -> Mapping[str, Any]:
    return {"elm": load_rulebook(ROOT)}


def keeper() -> LawGateKeeper:
    library: Any = SimpleNamespace(rulebooks=rulebooks(), content=content())
    return LawGateKeeper(lambda: library, ClosuresOnly())


def activities_on(records: Any) -> GateActivities:
    return GateActivities(records, keeper())


def asked(activities: GateActivities) -> GateAnswer:
    return activities.ask_gate(GateInput(effect=EFFECT, gate="join", at=AT.isoformat()))


def test_the_room_stays_shut_while_a_consent_has_not_told_what_the_state_asks_for() -> None:
    records: Any = Records()
    assert asked(activities_on(records)).open
    for untold in TOLD[1:]:
        told = tuple(ref for ref in TOLD if ref != untold)
        consents = tuple(replace(one, clauses=told) for one in visit().consents)
        records.held = replace(visit(), consents=consents)
        assert not asked(activities_on(records)).open


def test_the_record_that_a_state_asks_for_is_owed_until_the_patient_turns_out_to_have_nobody_to_send_it_to() -> None:
    records: Any = Records()
    activities = activities_on(records)
    answer = asked(activities)
    assert answer.open
    (duty,) = answer.due
    assert (duty.topic, duty.duty, duty.gate) == ("privacy", "primary_care_record", "join")
    assert datetime.fromisoformat(duty.over_at) == BEGAN + timedelta(hours=72)
    question = DutyInput(effect=EFFECT, duty=duty)
    assert activities.owes_duty(question)
    records.held = visit(**{"patient.has_primary_care": False})
    assert not activities.owes_duty(question)
    assert asked(activities).due == ()


def test_the_record_is_owed_until_somebody_marks_it_as_sent() -> None:
    records: Any = Records()
    activities = activities_on(records)
    (duty,) = asked(activities).due
    question = DutyInput(effect=EFFECT, duty=duty)
    sent = DutyDone(topic=duty.topic, duty=duty.duty, at=AT + timedelta(hours=1))
    records.held = replace(visit(), done=(replace(sent, duty="privacy_notice"),))
    assert activities.owes_duty(question)
    records.held = replace(visit(), done=(sent,))
    assert not activities.owes_duty(question)
    assert asked(activities).due == ()
