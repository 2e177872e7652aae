"""A report says what is known, how sure and how old, and which rule or value stops an ordinary visit."""

from dataclasses import replace
from functools import cache

import pytest

from engine.decisions import Outcome
from engine.diagnostics import Problems
from engine.law import LawFile, LawValue
from engine.law_ordinary import Ordinary, Reason, moved, read_ordinary
from engine.law_report import LawReport, Wanted, coverage, report
from engine.periods import read_period
from engine.rulebook import LawPack, join, load_law
from tests.rules.helpers_cases import ROOT

ON = "2026-12-01"
slow = pytest.mark.slow


@cache
def law() -> LawPack:
    return load_law(ROOT)


@cache
def visits() -> tuple[Ordinary, ...]:
    return read_ordinary(ROOT, law().topics.gates, Problems())


def changed(topic: str, name: str, **told: object) -> LawPack:
    """The law as it would be, were one value of a state surer, less sure or dated otherwise."""

    def file(one: LawFile) -> LawFile:
        if (one.jurisdiction, one.topic) != ("us/fl", topic):
            return one
        assert name in {value.name for value in one.values}
        return replace(one, values=tuple(value(each) if each.name == name else each for each in one.values))

    def value(one: LawValue) -> LawValue:
        cited = replace(one.cited, confidence=str(told.get("confidence", one.cited.confidence)))
        return replace(one, cited=cited, period=told.get("period", one.period))  # type: ignore[arg-type]

    return replace(law(), files=tuple(map(file, law().files)))


def of_florida(pack: LawPack, *, day: str = ON) -> LawReport:
    return report(join(pack), day, visits()[:1], Wanted(states=frozenset({"FL"})))


def reasons(made: LawReport, gate: str) -> list[Reason]:
    [passage] = [one for one in made.passages if one.gate == gate]
    return [reason for asked in passage.stopped for reason in asked.reasons]


def test_a_visit_moves_to_a_state_with_its_licence_and_consents_and_its_dates_follow_the_day() -> None:
    facts = {
        "patient.location.state": "FL",
        "provider.licenses": [{"state": "FL", "status": "active", "expires": "2027-01-31"}],
        "consents": [{"kind": "telehealth", "at": "2026-11-30T09:00:00-05:00", "jurisdiction": "us/fl"}],
    }
    told = moved(facts, "GA", "America/New_York", "2030-05-05")
    assert told["patient.location.state"] == "GA" and told["patient.location.time_zone"] == "America/New_York"
    assert told["provider.licenses"] == [{"state": "GA", "status": "active", "expires": "2031-05-05"}]
    assert told["consents"] == [{"kind": "telehealth", "at": "2030-05-04T12:00:00Z", "jurisdiction": "us/ga"}]


@slow
def test_an_ordinary_visit_of_a_physician_passes_every_gate_where_the_law_is_sure() -> None:
    made = of_florida(law())
    assert made.ordinary("everyday_visit") == ("FL",)
    assert [one.gate for one in made.passages] == ["book", "join", "prescribe", "sign"]


@slow
def test_a_permission_of_low_confidence_stops_it_and_the_value_is_named_with_its_source() -> None:
    made = of_florida(changed("licensing", "license.required", confidence="low"))
    assert made.ordinary("everyday_visit") == ()
    [reason] = reasons(made, "book")
    assert (reason.why, reason.rule) == ("permission_uncertain", "us/common/licensing/full-license@us/fl")
    [ground] = reason.grounds
    assert (ground.name, ground.confidence, ground.dated) == ("license.required", "low", True)
    assert ground.cite and ground.law


@slow
def test_an_unsure_first_day_stops_it_before_the_source_was_checked_and_not_after() -> None:
    pack = changed("licensing", "license.required", period=read_period("unknown", "", "2026-11-21"))
    [reason] = reasons(of_florida(pack, day="2026-11-20"), "book")
    assert reason.why == "permission_uncertain"
    assert [(ground.name, ground.dated) for ground in reason.grounds] == [("license.required", False)]
    assert not reasons(of_florida(pack, day="2026-11-21"), "book")


@slow
def test_what_is_untold_is_named_with_the_rule_that_asks_for_it() -> None:
    [visit] = [one for one in visits() if one.name == "everyday_visit"]
    facts = {path: value for path, value in visit.facts.items() if path != "provider.licenses"}
    made = report(join(law()), ON, [replace(visit, facts=facts)], Wanted(states=frozenset({"FL"})))
    found = reasons(made, "book")
    assert made.passages[0].outcome is Outcome.INCOMPLETE
    assert "provider.licenses" in {path for reason in found for path in reason.lacks}
    assert "us/common/licensing/full-license@us/fl" in {reason.rule for reason in found}


@slow
def test_coverage_counts_what_is_in_force_by_confidence_and_says_how_old_it_is() -> None:
    found = coverage(join(changed("consent", "consent.age", confidence="low")), "us/fl", "consent", ON)
    assert found.carried and found.least == "low" and found.sure["low"] == 1
    assert (found.checked, found.due) == ("2026-11-21", False)
    assert coverage(join(law()), "us/fl", "consent", "2030-01-01").due
    assert not coverage(join(law()), "us/fl", "billing", ON).carried


@slow
def test_a_report_on_part_of_the_law_has_only_that_part() -> None:
    made = report(join(law()), ON, visits(), Wanted(states=frozenset({"FL"}), topics=frozenset({"consent"})))
    assert {(one.jurisdiction, one.topic) for one in made.coverage} == {("us/fl", "consent")}
    assert {one.gate for one in made.passages} == {"join"}
