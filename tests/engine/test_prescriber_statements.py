"""What a prescriber states about a prescription becomes facts of the prescribe gate, while it is fresh."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from engine.dossier import Dossier, MonitoringLook, OrderFacts
from engine.evaluators import ClosuresOnly
from engine.facts import gather_facts
from engine.gates import GateQuestion, GateVerdict, gate
from tests.engine.test_facts_at_the_gates import HERE, dossier, library

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
ORDER = OrderFacts(
    order="o",
    drug_name="methylphenidate",
    days_supply=30,
    refills=0,
    kind="new",
    electronic=True,
    purpose="psychiatric",
    stated_at=NOW,
)
LOOKED = {"pdmp.checked": True, "pdmp.available": True, "pdmp.state": "FL"}


def prescribing(statements: dict[str, object], stated_at: datetime | None = NOW) -> Dossier:
    return dossier("rosalind_achebe", HERE, order=replace(ORDER, statements=statements, stated_at=stated_at))


def asked(at: Dossier) -> GateVerdict:
    question = GateQuestion(facts=gather_facts(at, "prescribe", NOW).facts, now=NOW.isoformat())
    return gate(library().rulebooks["marigold"], "prescribe", question, ClosuresOnly())


def unmet(verdict: GateVerdict) -> set[str]:
    return {duty["duty"] for duty in verdict.decisions["prescribing"].duties if not duty["met"]}


def test_a_look_at_the_monitoring_programme_meets_the_duty() -> None:
    assert "pdmp_check" in unmet(asked(prescribing({})))
    after = asked(prescribing(dict(LOOKED)))
    assert "pdmp_check" not in unmet(after)
    assert after.open, after.reasons


def test_a_look_at_another_states_programme_does_not() -> None:
    assert "pdmp_check" in unmet(asked(prescribing({**LOOKED, "pdmp.state": "GA"})))


def test_a_look_of_two_days_ago_and_one_without_a_time_are_not_told() -> None:
    for when in (NOW - timedelta(days=2), None):
        assert "pdmp" not in gather_facts(prescribing(dict(LOOKED), when), "prescribe", NOW).facts


def looked_before(ago: timedelta, statements: dict[str, object] | None = None) -> dict[str, object]:
    look = MonitoringLook(at=NOW - ago, state="FL")
    earlier = replace(ORDER, statements=statements or {}, last_look=look)
    facts = gather_facts(dossier("rosalind_achebe", HERE, order=earlier), "prescribe", NOW).facts
    return dict(facts.get("pdmp", {}))


def test_an_earlier_look_is_told_by_its_begun_days_and_its_state() -> None:
    assert looked_before(timedelta(days=90)) == {"days_since_last_check": 90, "state": "FL"}
    assert looked_before(timedelta(days=90, seconds=1))["days_since_last_check"] == 91
    assert looked_before(timedelta(0))["days_since_last_check"] == 0


def test_an_earlier_look_says_nothing_of_another_state_or_of_the_future() -> None:
    assert looked_before(timedelta(days=3), {"pdmp.state": "GA"}) == {"state": "GA"}
    assert looked_before(timedelta(seconds=-1)) == {}


def test_the_exception_and_the_diagnosis_are_facts_of_the_prescriber() -> None:
    stated: dict[str, object] = {"prescription.acute_pain_exception": True, "treatment.indication": "fracture"}
    gathered = gather_facts(prescribing(stated), "prescribe", NOW)
    assert gathered.facts["prescription"]["acute_pain_exception"] is True
    assert gathered.facts["treatment"]["indication"] == "fracture"
    assert gathered.provenance["prescription.acute_pain_exception"].source == "provider"


def test_nothing_else_can_be_stated_and_nothing_told_is_overwritten() -> None:
    stated: dict[str, object] = {
        "patient.location.state": "GA",
        "provider.dea": [],
        "drug.schedule": None,
        "drug.name": "amoxicillin",
    }
    told = gather_facts(prescribing(stated), "prescribe", NOW)
    assert told == gather_facts(prescribing({}), "prescribe", NOW)
