"""The worked examples of the law that is carried, told as whole stories; both engines answer each of them alike."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.rete import ReteEvaluator
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
BOTH = ReteEvaluator()
DAY, LAST_OF_WAIVER, AFTER_WAIVER = "2026-12-01", "2026-12-31", "2027-01-01"
FEDERAL = "us/prescribing/ryan-haight"
THERAPIST: dict[str, Any] = {
    "provider__profession": "LMFT",
    "encounter__payer": "medicaid",
    "encounter__suitability_assessed": True,
}
DOWN: dict[str, Any] = {"encounter__modality": "audio_only", "pdmp__checked": None, "pdmp__available": False}
NO_VIDEO: dict[str, Any] = {"encounter__audio_reason": "patient_declines_video", "encounter__video_capable": True}
PERMITTED, WITH_DUTIES, FORBIDDEN = Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES, Outcome.FORBIDDEN


def ask(topic: str, start: str, on: str = DAY, **changes: Any) -> Decision:
    """The answer that both engines agree on; facts by path with `__` for the dots, None makes one untold."""
    facts = started(start, EXAMPLES) | {path.replace("__", "."): value for path, value in changes.items()}
    told: dict[str, Any] = {path: value for path, value in facts.items() if value is not None}
    decision = decide(RULEBOOK, Question(topic=topic, on=on, facts=nested(told)), BOTH)
    assert BOTH.independent
    assert not decision.faulted
    return decision


def forbidding(decision: Decision) -> list[str]:
    return [entry["rule"] for entry in decision.forbids]


def limits(decision: Decision) -> dict[str, Any]:
    return {entry["limit"]: entry.get("max") for entry in decision.limits}


def duty(decision: Decision, name: str) -> Any:
    return next(entry for entry in decision.duties if entry["duty"] == name)


def exam(on: str, by: str = "self", *, for_condition: bool = True) -> list[dict[str, Any]]:
    return [{"date": on, "by": by, "for_condition": for_condition}]


class TestScheduleIIByTelehealthInFlorida:
    """Fla. Stat. 456.47(2)(c)."""

    RULE = "us/fl/prescribing/schedule-ii"

    def test_pain_at_home_is_none_of_the_exceptions(self) -> None:
        decision = ask("prescribing", "opioid")
        assert (decision.outcome, forbidding(decision)) == (FORBIDDEN, [self.RULE])
        assert decision.forbids[0]["law"] == "Fla. Stat. 456.47(2)(c)"
        assert decision.forbids[0]["because"]["treatment.purpose"] == "acute_pain"

    def test_a_psychiatric_disorder_is_one(self) -> None:
        assert ask("prescribing", "stimulant").outcome is PERMITTED

    @pytest.mark.parametrize("setting", ["inpatient", "hospice", "nursing_home"])
    def test_so_is_each_setting_of_care(self, setting: str) -> None:
        assert ask("prescribing", "opioid", patient__setting=setting).outcome is PERMITTED

    @pytest.mark.parametrize("setting", ["home", "clinic", "school", "correctional"])
    def test_other_settings_are_not(self, setting: str) -> None:
        assert forbidding(ask("prescribing", "opioid", patient__setting=setting)) == [self.RULE]

    def test_in_person_the_rule_does_not_speak(self) -> None:
        assert ask("prescribing", "opioid", encounter__modality="in_person").outcome is PERMITTED

    def test_what_is_untold_is_asked_for(self) -> None:
        decision = ask("prescribing", "opioid", patient__setting=None, treatment__purpose=None)
        assert decision.outcome is Outcome.INCOMPLETE
        assert {"patient.setting", "treatment.purpose"} <= set(decision.missing)


class TestScheduleIIInNewJerseySinceTheWaiverEnded:
    """N.J.S.A. 45:1-62(e), from 2026-02-16."""

    RULE = "us/nj/prescribing/schedule-ii-in-person"
    CONSENT = ({"kind": "guardian", "form": "written", "at": "2026-11-30T09:00:00-05:00", "jurisdiction": "us/nj"},)

    def test_on_its_first_day_a_stimulant_for_an_adult_needs_an_examination_in_person(self) -> None:
        assert forbidding(ask("prescribing", "stimulant_in_nj", "2026-02-16")) == [self.RULE]
        assert forbidding(ask("prescribing", "stimulant_in_nj", "2026-02-15")) == []

    def test_the_examination_counts_for_ninety_days(self) -> None:
        seen, too_long_ago = exam("2026-09-02"), exam("2026-09-01")
        assert ask("prescribing", "stimulant_in_nj", relationship__in_person_exams=seen).outcome is PERMITTED
        assert forbidding(ask("prescribing", "stimulant_in_nj", relationship__in_person_exams=too_long_ago)) == [
            self.RULE
        ]

    def test_a_minors_stimulant_by_video_with_the_guardians_written_consent_is_the_exception(self) -> None:
        minor: dict[str, Any] = {"patient__birth_date": "2012-05-05", "consents": [*self.CONSENT]}
        assert ask("prescribing", "stimulant_in_nj", **minor).outcome is PERMITTED
        by_phone = ask("prescribing", "stimulant_in_nj", **minor, encounter__modality="audio_only")
        assert self.RULE in forbidding(by_phone)
        assert forbidding(ask("prescribing", "opioid_in_nj", **minor)) == [self.RULE]

    def test_the_exception_ends_on_the_eighteenth_birthday(self) -> None:
        born: dict[str, Any] = {"patient__birth_date": "2008-12-02", "consents": [*self.CONSENT]}
        assert ask("prescribing", "stimulant_in_nj", "2026-12-01", **born).outcome is PERMITTED
        assert forbidding(ask("prescribing", "stimulant_in_nj", "2026-12-02", **born)) == [self.RULE]

    def test_the_exception_does_not_outlive_the_federal_waiver(self) -> None:
        minor: dict[str, Any] = {"patient__birth_date": "2012-05-05", "consents": [*self.CONSENT]}
        assert forbidding(ask("prescribing", "stimulant_in_nj", AFTER_WAIVER, **minor)) == [FEDERAL]


class TestNewYorkFollowsTheFederalWaiver:
    """10 NYCRR 80.63(d),(e), from 2025-05-21."""

    RULE = "us/ny/prescribing/in-person-evaluation"

    def test_while_the_waiver_lasts_the_state_asks_for_nothing_more(self) -> None:
        assert ask("prescribing", "stimulant_in_ny", LAST_OF_WAIVER).outcome is PERMITTED

    def test_with_the_waiver_the_states_exception_lapses_on_the_same_day(self) -> None:
        assert forbidding(ask("prescribing", "stimulant_in_ny", AFTER_WAIVER)) == [FEDERAL, self.RULE]

    def test_the_refusal_names_each_of_the_states_exceptions_in_words_a_person_can_read(self) -> None:
        refused = ask("prescribing", "stimulant_in_ny", AFTER_WAIVER).forbids[1]
        assert [way.split(" where ")[0] for way in refused["unless"]] == [
            "encounter.modality is in_person",
            "at least one of relationship.in_person_exams",
            "at least one of relationship.in_person_exams",
            "provider.covering is true",
            "encounter.emergency is true",
        ]

    def test_what_the_state_excuses_the_country_may_not(self) -> None:
        referred = exam("2026-06-01", by="referrer")
        decision = ask("prescribing", "stimulant_in_ny", AFTER_WAIVER, relationship__in_person_exams=referred)
        assert forbidding(decision) == [FEDERAL]

    def test_ones_own_examination_satisfies_both(self) -> None:
        own = exam("2026-06-01")
        decision = ask("prescribing", "stimulant_in_ny", AFTER_WAIVER, relationship__in_person_exams=own)
        assert decision.outcome is PERMITTED

    def test_an_examination_of_long_ago_for_something_else_satisfies_the_country_alone(self) -> None:
        other = exam("2010-06-01", for_condition=False)
        decision = ask("prescribing", "stimulant_in_ny", AFTER_WAIVER, relationship__in_person_exams=other)
        assert forbidding(decision) == [self.RULE]


class TestChronicPainInTexas:
    """22 TAC 174.5(e)."""

    RULE = "us/tx/prescribing/chronic-pain"

    def test_a_new_prescription_by_video_is_forbidden_and_acute_pain_is_not(self) -> None:
        assert forbidding(ask("prescribing", "opioid_in_tx", treatment__purpose="chronic_pain")) == [self.RULE]
        assert ask("prescribing", "opioid_in_tx").outcome is PERMITTED

    @pytest.mark.parametrize(
        ("seen", "modality", "expected"),
        [
            ("2026-09-02", "audio_video", []),
            ("2026-09-02", "in_person", []),
            ("2026-09-01", "audio_video", [RULE]),
            ("2026-11-30", "audio_only", [RULE]),
        ],
    )
    def test_a_refill_for_a_patient_seen_within_ninety_days(
        self, seen: str, modality: str, expected: list[str]
    ) -> None:
        known = {"relationship__established": True, "relationship__visits": [{"date": seen, "modality": modality}]}
        refill: dict[str, Any] = {"treatment__purpose": "chronic_pain", "prescription__kind": "refill", **known}
        assert forbidding(ask("prescribing", "opioid_in_tx", **refill)) == expected

    def test_a_drug_that_is_not_scheduled_is_not_touched(self) -> None:
        pain: dict[str, Any] = {"treatment__purpose": "chronic_pain", "drug__name": "ibuprofen"}
        assert ask("prescribing", "opioid_in_tx", **pain).outcome is PERMITTED


class TestLayersOfConsentForAMediCalTherapistInCalifornia:
    """Bus. & Prof. Code 2290.5(b), 16 CCR 1815.5, Medi-Cal's manual."""

    def test_three_layers_leave_one_consent_that_asks_for_all_of_them(self) -> None:
        consent = duty(ask("consent", "visit_in_ca", **THERAPIST), "telehealth_consent")
        assert sorted(consent["rules"]) == [
            "us/ca/consent/behavioral-sciences",
            "us/ca/consent/medicaid",
            "us/common/consent/telehealth@us/ca",
        ]
        asked = set(consent["detail"]["disclosures"])
        assert {"risks_and_limitations", "provider_license_number", "emergency_plan"} <= asked
        assert {"right_to_withdraw", "transportation_benefit", "alternatives_in_person"} <= asked
        assert {"Cal. Bus. & Prof. Code 2290.5(b)", "16 CCR 1815.5(c),(d)"} <= set(consent["law"].split("; "))

    def test_each_session_has_duties_of_its_own(self) -> None:
        met = ask("consent", "visit_in_ca", **THERAPIST)
        assert met.outcome is PERMITTED
        assert {"identity_check", "location_record", "suitability"} <= {entry["duty"] for entry in met.duties}
        unassessed = ask("consent", "visit_in_ca", **{**THERAPIST, "encounter__suitability_assessed": None})
        assert (unassessed.outcome, duty(unassessed, "suitability")["met"]) == (WITH_DUTIES, False)

    def test_sound_alone_adds_one_more_that_the_other_does_not_meet(self) -> None:
        decision = ask("consent", "visit_in_ca", **THERAPIST, encounter__modality="audio_only")
        assert (decision.outcome, duty(decision, "audio_consent")["met"]) == (WITH_DUTIES, False)

    def test_a_physician_of_a_private_patient_has_one_layer(self) -> None:
        consent = duty(ask("consent", "visit_in_ca", encounter__payer="commercial"), "telehealth_consent")
        assert consent["rule"] == "us/common/consent/telehealth@us/ca"
        assert "rules" not in consent


class TestTheFederalFlexibilitiesEndWithTheYear:
    """90 FR 61301, until 2026-12-31; 21 U.S.C. 829(e)."""

    @pytest.mark.parametrize("start", ["stimulant", "sleep_aid", "stimulant_in_ca", "sleep_aid_in_tx"])
    def test_the_last_day_permits_and_the_next_needs_an_examination(self, start: str) -> None:
        assert ask("prescribing", start, LAST_OF_WAIVER).outcome is PERMITTED
        assert forbidding(ask("prescribing", start, AFTER_WAIVER)) == [FEDERAL]

    def test_the_day_is_the_patients_not_the_servers(self) -> None:
        in_florida, at_utc = "2026-12-31T23:59:59-05:00", "2027-01-01T04:59:59+00:00"
        assert ask("prescribing", "stimulant", in_florida).law_time == LAST_OF_WAIVER
        assert ask("prescribing", "stimulant", at_utc).outcome is PERMITTED
        assert ask("prescribing", "stimulant", "2027-01-01T05:00:00+00:00").outcome is FORBIDDEN
        assert ask("prescribing", "stimulant_in_ca", "2027-01-01T07:59:59+00:00").outcome is PERMITTED

    def test_what_is_not_controlled_does_not_change(self) -> None:
        for day in (LAST_OF_WAIVER, AFTER_WAIVER):
            assert ask("prescribing", "ordinary_prescription", day).outcome is PERMITTED

    def test_the_refusal_names_an_examination_as_the_way_out(self) -> None:
        refused = ask("prescribing", "stimulant", AFTER_WAIVER).forbids[0]
        assert any("relationship.in_person_exams" in way for way in refused["unless"])


class TestBuprenorphineByTelephoneWhileTheMonitoringProgrammeIsDown:
    """42 CFR 12.3, from 2025-12-31."""

    @pytest.mark.parametrize(("days", "expected"), [(7, WITH_DUTIES), (8, FORBIDDEN)])
    def test_seven_days_may_be_prescribed_at_a_time(self, days: int, expected: Outcome) -> None:
        down = ask("prescribing", "buprenorphine", AFTER_WAIVER, **DOWN, prescription__days_supply=days)
        assert (down.outcome, limits(down)["days_supply"]) == (expected, 7)

    def test_the_attempt_is_documented_and_the_states_own_look_stays_owed(self) -> None:
        told: dict[str, Any] = {**DOWN, "prescription__days_supply": 7}
        down = ask("prescribing", "buprenorphine", AFTER_WAIVER, **told)
        assert not duty(down, "document_pdmp_review")["met"]
        noted = ask("prescribing", "buprenorphine", AFTER_WAIVER, **told, pdmp__attempt_documented=True)
        assert duty(noted, "document_pdmp_review")["met"]
        assert not duty(noted, "pdmp_check")["met"]

    def test_with_the_programme_up_the_limit_is_six_months_by_telemedicine(self) -> None:
        up: dict[str, Any] = {
            "encounter__modality": "audio_only",
            "pdmp__available": True,
            "prescription__days_supply": 30,
        }
        decision = ask("prescribing", "buprenorphine", AFTER_WAIVER, **up)
        assert (decision.outcome, limits(decision)) == (
            PERMITTED,
            {"telemedicine_months": 6, "refills": 5, "days_supply": 180},
        )
        more = ask("prescribing", "buprenorphine", AFTER_WAIVER, **up, prescription__total_months_by_telemedicine=7)
        assert more.outcome is FORBIDDEN

    def test_another_controlled_drug_has_no_such_rule(self) -> None:
        assert FEDERAL in forbidding(ask("prescribing", "sleep_aid", AFTER_WAIVER, **DOWN, **NO_VIDEO))

    def test_while_the_flexibility_lasts_it_may_be_used_instead(self) -> None:
        down = ask("prescribing", "buprenorphine", LAST_OF_WAIVER, **DOWN, **NO_VIDEO)
        assert "days_supply" not in limits(down)


class TestALicenceEndsAtThePatientsMidnight:
    """Its last valid day ends where the patient is, also when the clocks change on that day."""

    @staticmethod
    def licensed_until(last: str, on: str, zone: str = "America/New_York") -> Outcome:
        licence = {"state": "FL", "profession": "MD", "kind": "full", "status": "active", "expires": last}
        told: dict[str, Any] = {"provider__licenses": [licence], "patient__location__time_zone": zone}
        return ask("licensing", "ordinary_visit", on, **told).outcome

    @pytest.mark.parametrize(
        ("last", "zone", "ends"),
        [
            ("2027-03-13", "America/New_York", "2027-03-14T05:00:00+00:00"),
            ("2027-03-14", "America/New_York", "2027-03-15T04:00:00+00:00"),
            ("2027-03-14", "America/Chicago", "2027-03-15T05:00:00+00:00"),
            ("2026-10-31", "America/New_York", "2026-11-01T04:00:00+00:00"),
            ("2026-11-01", "America/New_York", "2026-11-02T05:00:00+00:00"),
            ("2026-11-01", "America/Chicago", "2026-11-02T06:00:00+00:00"),
        ],
    )
    def test_on_both_sides_of_the_change(self, last: str, zone: str, ends: str) -> None:
        before = datetime.fromisoformat(ends) - timedelta(seconds=1)
        assert self.licensed_until(last, before.isoformat(), zone) is not FORBIDDEN
        assert self.licensed_until(last, ends, zone) is FORBIDDEN

    def test_where_the_zone_is_untold_and_it_matters_the_answer_is_not_complete(self) -> None:
        licence = {"state": "FL", "profession": "MD", "kind": "full", "status": "active", "expires": "2027-03-14"}
        told: dict[str, Any] = {"provider__licenses": [licence], "patient__location__time_zone": None}
        between = ask("licensing", "ordinary_visit", "2027-03-15T04:30:00+00:00", **told)
        assert (between.outcome, between.missing) == (Outcome.INCOMPLETE, ("patient.location.time_zone",))
