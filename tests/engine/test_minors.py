"""No minor's own word opens the room, in any state whose law is carried: not a signature, not an answer to a form."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.consent_text import GUARDIAN, ConsentAbout, assemble_consent
from engine.dossier import ConsentFact, Dossier, License, Place
from engine.facts import gather_facts, may_be_filled
from engine.gates import GateQuestion, GateVerdict, gate
from engine.rulebook import load_rulebook
from tests.engine.helpers_content import content
from tests.engine.test_facts import dossier
from tests.engine.test_gates import EVALUATOR
from tests.rules.helpers_cases import ROOT

RULEBOOK = load_rulebook(ROOT)
NOW = datetime(2026, 12, 1, 21, tzinfo=UTC)
CARRIED = [place for place in RULEBOOK.jurisdictions() if "/" in place and RULEBOOK.carries("consent", place)]
STATES = sorted(place.rpartition("/")[2] for place in CARRIED)
OF_THE_PATIENT = {
    path: fact
    for path, fact in RULEBOOK.vocabulary.facts.items()
    if path.startswith("patient.") and may_be_filled(path)
}
KINDS = RULEBOOK.vocabulary.facts["consents"].type.fields["kind"].choices
DISCLOSURES = RULEBOOK.vocabulary.facts["consents"].type.fields["disclosures"].choices
SERVICES = RULEBOOK.vocabulary.facts["patient.service"].type.choices
BORN = {"seventeen": date(2008, 12, 2), "five": date(2021, 6, 1)}


def visit(state: str, born: date, **answers: Any) -> Dossier:
    """A visit of somebody who has signed everything there is to sign but what only a guardian can."""
    base = dossier(starts_at=NOW, encounter_at=None)
    place = Place(country="us", state=state.upper(), attested=True, at=NOW)
    licence = License(
        state=state.upper(),
        profession="MD",
        kind="full",
        status="active",
        issued=date(2015, 1, 1),
        expires=date(2027, 6, 30),
        verified_at=NOW,
    )
    consents = tuple(
        ConsentFact(
            kind=kind, form=form, at=NOW - timedelta(hours=1), jurisdiction=f"us/{state}", disclosures=DISCLOSURES
        )
        for kind in KINDS
        if kind != GUARDIAN
        for form in ("verbal", "electronic", "written")
    )
    return replace(
        base,
        patient=replace(base.patient, birth_date=born, attested_place=place, booked_place=place),
        provider=replace(base.provider, licenses=(licence,)),
        consents=consents,
        answers=answers,
        stated={"patient.identity_verified": NOW},
    )


def joined(at: Dossier) -> GateVerdict:
    question = GateQuestion(facts=gather_facts(at, "join", NOW).facts, now=NOW.isoformat())
    return gate(RULEBOOK, "join", question, EVALUATOR)


@pytest.mark.parametrize("state", STATES)
def test_an_adult_who_signed_all_of_it_is_let_in(state: str) -> None:
    verdict = joined(visit(state, date(1990, 4, 2)))
    assert verdict.open, verdict.reasons


@pytest.mark.parametrize("age", sorted(BORN))
@pytest.mark.parametrize("state", STATES)
def test_a_minor_who_signed_all_of_it_is_not(state: str, age: str) -> None:
    verdict = joined(visit(state, BORN[age]))
    assert not verdict.open
    assert {reason.topic for reason in verdict.reasons} == {"consent"}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("state", STATES)
def test_nor_one_whose_answers_say_whatever_opens_it(state: str, service: str) -> None:
    """Answers may claim a guardian, a documented maturity or a service for minors: none of it is theirs to tell."""
    claims = {
        "patient.guardian_present": True,
        "patient.self_consent_documented": True,
        "patient.service": service,
        "patient.living_apart": True,
        "patient.birth_date": "1990-04-02",
        "patient.age": 36,
        "patient.setting": "correctional",
    }
    assert not joined(visit(state, BORN["seventeen"], **claims)).open


def test_a_form_may_fill_what_patients_tell_of_themselves_and_nothing_that_others_establish() -> None:
    assert {fact.source for fact in OF_THE_PATIENT.values()} == {"patient"}
    assert "patient.living_apart" in OF_THE_PATIENT
    assert "patient.guardian_present" not in OF_THE_PATIENT


@pytest.mark.parametrize("asked", [{"duty": "guardian", "detail": {"consent": GUARDIAN}}, None])
def test_no_page_asks_a_patient_to_sign_as_their_own_guardian(asked: dict[str, Any] | None) -> None:
    known = content().clauses
    book = replace(known, kinds={**known.kinds, GUARDIAN: {"en": "G"}}, duties={**known.duties, "guardian": GUARDIAN})
    decisions = {"consent": {"duties": [{**asked, "met": False}] if asked else []}}
    about = ConsentAbout(
        language="en", jurisdiction="us/fl", clinic=content().clinic("marigold"), kinds=("treatment", GUARDIAN)
    )
    assert assemble_consent(decisions, book, about).kinds == ("treatment",)
