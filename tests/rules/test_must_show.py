"""The eleven examples by which this law is judged: one class for each, told by both engines with its citation."""

from typing import Any, ClassVar

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.rete import ReteEvaluator
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT, examples, nested, started

pytestmark = pytest.mark.slow
RULEBOOK = load_rulebook(ROOT)
EXAMPLES = examples()
BOTH = ReteEvaluator()
DAY = "2026-12-01"
PERMITTED, WITH_DUTIES, FORBIDDEN = Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES, Outcome.FORBIDDEN
ZONES = {
    state: RULEBOOK.law.zones.of(state)[0]
    for state in ("UT", "AL", "DE", "NH", "MD", "VA", "VT", "AZ", "NE", "OH", "OK", "NV")
}


def full(state: str, profession: str = "MD", kind: str = "full") -> dict[str, Any]:
    """A licence that is good all year."""
    days = {"issued": "2010-01-01", "expires": "2027-06-30"}
    return {"state": state, "profession": profession, "kind": kind, "status": "active", **days}


def ask(topic: str, patient: str, clinician: str, start: str = "ordinary_visit", **changes: Any) -> Decision:
    """The answer that both engines agree on about a patient in one state and a clinician licensed in another."""
    profession = changes.get("provider__profession", "MD")
    facts = started(start, EXAMPLES) | {
        "patient.location.state": patient,
        "patient.location.time_zone": ZONES[patient],
        "patient.residence.state": patient,
        "provider.home_state": clinician,
        "provider.location.state": clinician,
        "provider.licenses": [full(clinician, profession)],
    }
    facts |= {path.replace("__", "."): value for path, value in changes.items()}
    told = {path: value for path, value in facts.items() if value is not None}
    decision = decide(RULEBOOK, Question(topic=topic, on=DAY, facts=nested(told)), BOTH)
    assert BOTH.independent and not decision.faulted
    return decision


def opened(decision: Decision) -> list[str]:
    return [entry["path"] for entry in decision.permits]


def refused(decision: Decision) -> list[str]:
    return [entry["rule"] for entry in decision.forbids]


def duty(decision: Decision, name: str) -> dict[str, Any]:
    return next(dict(entry) for entry in decision.duties if entry["duty"] == name)


def cited(decision: Decision) -> str:
    """Every section and title that the answer stands on, in one text."""
    entries = (*decision.permits, *decision.forbids, *decision.duties, *decision.limits)
    return "; ".join(
        [
            *(entry.get("law", "") for entry in entries),
            *(s.get("law", "") + s.get("title", "") for s in decision.sources.values()),
        ]
    )


class TestUtahFortyFiveDaysAfterTheMove:
    """Utah Code 58-61-307: a therapist of elsewhere goes on for 45 days after the client moved, with a notice in 10."""

    @staticmethod
    def asked(moved: str, **changes: Any) -> Decision:
        told = {
            "provider__profession": "PSY",
            "relationship__established": True,
            "relationship__established_via": "in_person",
            "relationship__visits": [{"date": "2026-09-01", "modality": "in_person"}],
            "patient__relocated_on": moved,
            "provider__board_notified": False,
        }
        return ask("licensing", "UT", "GA", **{**told, **changes})

    def test_the_forty_fifth_day_is_open_and_the_next_is_not(self) -> None:
        assert opened(self.asked("2026-10-17")) == ["transitional_therapy"]
        assert self.asked("2026-10-16").outcome is FORBIDDEN

    def test_the_notice_is_owed_within_ten_days_and_cited(self) -> None:
        decision = self.asked("2026-10-17")
        assert (decision.outcome, duty(decision, "board_notice")["due"]) == (WITH_DUTIES, "within 10 days of encounter")
        assert self.asked("2026-10-17", provider__board_notified=True).outcome is PERMITTED
        assert "58-61-307" in cited(decision)


class TestAlabamaUnderTenDaysOrPatients:
    """Ala. Code 34-24-702: fewer than ten days or ten patients a year."""

    @pytest.mark.parametrize(
        ("days", "patients", "open_"), [(8, 40, True), (40, 8, True), (9, 9, False), (9, 40, False), (40, 9, False)]
    )
    def test_this_visit_counts_and_one_of_the_two_is_enough(self, days: int, patients: int, open_: bool) -> None:
        activity = [{"state": "AL", "year": 2026, "days": days, "patients": patients, "encounters": 40}]
        decision = ask("licensing", "AL", "GA", provider__activity=activity)
        assert opened(decision) == (["infrequent"] if open_ else [])
        assert (decision.outcome is FORBIDDEN) == (not open_)
        assert not open_ or "34-24-702" in cited(decision)


class TestDelawareRegistersWhoseStateIsOutsideTheCompact:
    """24 Del. C. ch. 60: the registration is for those whose home state has not joined the profession's compact."""

    @pytest.mark.parametrize(("home", "outcome"), [("CA", PERMITTED), ("GA", FORBIDDEN)])
    def test_a_physician(self, home: str, outcome: Outcome) -> None:
        licenses = [full(home), full("DE", kind="registration")]
        decision = ask("licensing", "DE", home, provider__licenses=licenses)
        assert decision.outcome is outcome
        if outcome is PERMITTED:
            assert opened(decision) == ["telehealth_registration"] and "ch. 60" in cited(decision)


class TestANurseOfMassachusetts:
    """Massachusetts is not live in the Nurse Licensure Compact, so a nurse living there has no privilege elsewhere."""

    @pytest.mark.parametrize(("home", "outcome"), [("MA", FORBIDDEN), ("GA", PERMITTED)])
    def test_the_privilege_must_be_live_at_both_ends(self, home: str, outcome: Outcome) -> None:
        licenses = [full(home, "RN"), full("NH", "RN", kind="compact_privilege")]
        decision = ask("licensing", "NH", home, provider__profession="RN", provider__licenses=licenses)
        assert decision.outcome is outcome


class TestRecordingBetweenMarylandAndVirginia:
    """The stricter end counts: Md. Code Cts. & Jud. Proc. 10-402 wants the consent of all."""

    RECORDED: ClassVar[dict[str, Any]] = {"encounter__recording": True, "consents": []}

    def test_a_clinician_in_maryland_brings_all_party_consent_to_a_patient_in_virginia(self) -> None:
        decision = ask("recording", "VA", "MD", **self.RECORDED)
        assert decision.outcome is WITH_DUTIES and not duty(decision, "recording_consent")["met"]
        assert duty(decision, "recording_consent")["rule"] == "us/common/recording/across-a-border@us/va"

    def test_so_does_the_patient_in_maryland(self) -> None:
        decision = ask("recording", "MD", "VA", **self.RECORDED)
        assert not duty(decision, "recording_consent")["met"] and "10-402" in cited(decision)

    def test_within_virginia_alone_it_is_not_asked_for(self) -> None:
        decision = ask("recording", "VA", "VA", **self.RECORDED)
        assert decision.outcome is PERMITTED and not decision.duties


class TestAnyRecordedVisitWithAPatientInVermont:
    """18 V.S.A. 9361: a telemedicine visit is not recorded."""

    @pytest.mark.parametrize("clinician", ["VT", "NH", "VA"])
    def test_is_forbidden_whatever_was_consented_to(self, clinician: str) -> None:
        decision = ask("recording", "VT", clinician, encounter__recording=True)
        assert decision.outcome is FORBIDDEN and "9361" in cited(decision)

    def test_an_unrecorded_one_is_not(self) -> None:
        assert ask("recording", "VT", "VT", encounter__recording=False).outcome is PERMITTED


class TestArizonaUnderTenEncounters:
    """A.R.S. 36-3606: fewer than ten encounters a year."""

    @pytest.mark.parametrize(("before", "open_"), [(8, True), (9, False)])
    def test_this_visit_counts(self, before: int, open_: bool) -> None:
        activity = [{"state": "AZ", "year": 2026, "days": 40, "patients": 40, "encounters": before}]
        decision = ask("licensing", "AZ", "GA", provider__activity=activity, relationship__established=False)
        assert opened(decision) == (["infrequent"] if open_ else [])
        assert not open_ or "36-3606" in cited(decision)


class TestNebraskasFollowUpSignature:
    """A spoken consent opens the visit; a signed statement follows within ten days."""

    def test_is_owed_after_a_spoken_consent_and_met_by_a_signed_one(self) -> None:
        for form, met in (("verbal", False), ("electronic", True)):
            consents = [
                {"kind": kind, "form": form, "at": "2026-11-30T09:50:00-06:00", "jurisdiction": "us/ne"}
                for kind in ("telehealth", "treatment", "privacy")
            ]
            statement = duty(ask("consent", "NE", "NE", consents=consents), "signed_statement")
            assert (statement["met"], statement["due"]) == (met, "within 10 days of encounter")


class TestOhioConsentOnce:
    """Ohio Rev. Code 4743.09; OAC 4731-37-01: a consent given once counts at later visits as well."""

    def test_a_consent_of_years_ago_is_met(self) -> None:
        for at, met in (("2020-01-02T09:50:00-05:00", True), (None, False)):
            given = [{"kind": "telehealth", "form": "verbal", "at": at, "jurisdiction": "us/oh"}] if at else []
            decision = ask("consent", "OH", "OH", consents=given)
            assert duty(decision, "telehealth_consent")["met"] is met
        assert "4743.09" in cited(decision)


class TestOklahomaByHowTheRelationshipBegan:
    """59 O.S. 478.1(C): no opioid, benzodiazepine or carisoprodol in a relationship that began by telemedicine."""

    @pytest.mark.parametrize(("via", "outcome"), [("audio_video", FORBIDDEN), ("in_person", PERMITTED)])
    @pytest.mark.parametrize("drug", ["oxycodone", "alprazolam", "carisoprodol"])
    def test_today_by_video(self, drug: str, via: str, outcome: Outcome) -> None:
        told: dict[str, Any] = {
            "relationship__established": True,
            "relationship__established_via": via,
            "drug__name": drug,
        }
        decision = ask("prescribing", "OK", "OK", "controlled", **told)
        assert ("us/ok/prescribing/listed-drugs" in refused(decision)) == (outcome is FORBIDDEN)
        assert outcome is PERMITTED or "478.1" in cited(decision)


class TestNevadasSixMonths:
    """NRS 639.235(4): a controlled drug only after an examination, in person or live, within six months."""

    RULE = "us/nv/prescribing/examined-within-six-months"

    @staticmethod
    def asked(modality: str, live_visit: str) -> Decision:
        return ask(
            "prescribing",
            "NV",
            "NV",
            "controlled",
            drug__name="zolpidem",
            encounter__modality=modality,
            relationship__established=True,
            relationship__established_via="audio_video",
            relationship__visits=[{"date": live_visit, "modality": "audio_video"}],
            relationship__in_person_exams=[],
        )

    @pytest.mark.parametrize(("on", "held"), [("2026-06-02", True), ("2026-06-01", False)])
    def test_a_chat_needs_one(self, on: str, held: bool) -> None:
        decision = self.asked("chat", on)
        assert (self.RULE in refused(decision)) == (not held)
        assert held or "639.235(4)" in cited(decision)

    def test_a_video_visit_is_one_itself(self) -> None:
        assert self.RULE not in refused(self.asked("audio_video", "2020-01-01"))
