"""A consent holds what the decisions ask for, no more, and its digest changes only when the words do."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.consent_text import ConsentAbout, ConsentText, assemble_consent, disclosures_of
from engine.decide import decide
from engine.decisions import Question
from engine.diagnostics import Problems
from engine.dossier import ConsentFact
from engine.evaluators import ClosuresOnly
from engine.facts import consent_facts
from engine.forms_clauses import compile_clauses
from engine.rulebook import load_rulebook
from tests.engine.helpers_content import ROOT, content, parsed, vocabulary
from tests.rules.helpers_cases import examples, nested, started

CONSENTS = vocabulary().type_of("consents")
DISCLOSURES = CONSENTS.fields["disclosures"].choices if CONSENTS else ()
CLAUSES = (ROOT / "forms" / "consent" / "clauses.yaml").read_text(encoding="utf-8")


def about(
    language: str = "en", jurisdiction: str = "us/fl", kinds: tuple[str, ...] = (), modality: str = "audio_video"
) -> ConsentAbout:
    clinic = content().clinic("marigold")
    return ConsentAbout(language=language, jurisdiction=jurisdiction, clinic=clinic, kinds=kinds, modality=modality)


def duty(name: str, met: bool = False, **detail: Any) -> dict[str, Any]:
    return {"duties": [{"duty": name, "met": met, "detail": detail}]}


def assembled(*answers: dict[str, Any], **where: Any) -> ConsentText:
    decisions = {str(number): answer for number, answer in enumerate(answers)}
    return assemble_consent(decisions, content().clauses, about(**where))


def test_nothing_asked_is_nothing_to_sign() -> None:
    text = assembled({"duties": []})
    assert text.kinds == ()
    assert text.clauses == ()


def test_each_duty_brings_its_kind_in_the_order_of_the_book() -> None:
    text = assembled(duty("telehealth_consent"), duty("informed_consent"), duty("privacy_notice"))
    assert text.kinds == ("privacy", "treatment", "telehealth")
    assert text.clauses[0].kind == "privacy"


def test_a_duty_that_is_met_asks_for_nothing() -> None:
    assert assembled(duty("telehealth_consent", met=True)).kinds == ()


def test_a_duty_of_somebody_else_asks_the_patient_for_nothing() -> None:
    assert assembled(duty("pdmp_check")).kinds == ()


def test_a_duty_may_name_the_kind_that_meets_it() -> None:
    assert assembled(duty("some_state_duty", consent="telehealth")).kinds == ("telehealth",)


def test_a_duty_that_several_rules_ask_for_may_name_several_kinds() -> None:
    assert assembled(duty("some_state_duty", consent=["telehealth", "treatment"])).kinds == ("treatment", "telehealth")
    assert assembled(duty("guardian", consent=["treatment", "guardian"])).kinds == ()


def test_the_plan_can_ask_for_a_kind_by_itself() -> None:
    assert assembled(kinds=("telehealth",)).kinds == ("telehealth",)


BOOK = load_rulebook(ROOT)
LAYERS = {
    "a physician who calls a Medi-Cal patient": (
        "ca",
        {"encounter.payer": "medicaid", "encounter.modality": "audio_only"},
    ),
    "a therapist of a Medi-Cal patient": ("ca", {"encounter.payer": "medicaid", "provider.profession": "LMFT"}),
    "a psychologist in CA": ("ca", {"provider.profession": "PSY"}),
    "a physician of a Medicaid patient in NY": ("ny", {"encounter.payer": "medicaid"}),
    "a physician in TX": ("tx", {}),
    "a psychologist of a Medicaid patient in TX": ("tx", {"encounter.payer": "medicaid", "provider.profession": "PSY"}),
    "a physician in NJ": ("nj", {}),
    "a clinical social worker in NJ": ("nj", {"provider.profession": "LCSW"}),
}


def consents_asked(state: str, changes: dict[str, Any], consents: list[ConsentFact]) -> dict[str, Any]:
    """The consent decision about an ordinary visit in a state, with these consents."""
    facts = started(f"visit_in_{state}", examples()) | changes | {"consents": [consent_facts(one) for one in consents]}
    question = Question(topic="consent", on="2026-12-01", facts=nested(facts))
    return decide(BOOK, question, ClosuresOnly()).as_json()


def signed(text: ConsentText, without: str = "") -> list[ConsentFact]:
    """The rows that signing a text leaves, but for the clauses that begin with some word."""
    at, book = datetime(2026, 11, 30, tzinfo=UTC), content().clauses
    refs = {
        kind: tuple(r for r in text.refs_of(kind) if not without or not r.startswith(without)) for kind in text.kinds
    }
    return [
        ConsentFact(
            kind=kind,
            form="electronic",
            at=at,
            jurisdiction=text.jurisdiction,
            clauses=refs[kind],
            disclosures=disclosures_of(refs[kind], book),
        )
        for kind in text.kinds
    ]


def unmet(answer: dict[str, Any]) -> list[str]:
    return [duty["duty"] for duty in answer["duties"] if duty["duty"].endswith("consent") and not duty["met"]]


@pytest.mark.parametrize("who", LAYERS)
def test_signing_what_the_law_of_a_place_asks_for_meets_it(who: str) -> None:
    state, changes = LAYERS[who]
    text = assembled(consents_asked(state, changes, []), jurisdiction=f"us/{state}")
    assert unmet(consents_asked(state, changes, [])) != []
    assert unmet(consents_asked(state, changes, signed(text))) == []


def test_where_sound_alone_needs_a_consent_of_its_own_the_clause_about_it_meets_it() -> None:
    state, changes = LAYERS["a physician who calls a Medi-Cal patient"]
    text = assembled(consents_asked(state, changes, []), jurisdiction="us/ca")
    assert "audio_only@1" in text.refs
    assert unmet(consents_asked(state, changes, signed(text, without="audio"))) == ["audio_consent"]


def test_a_text_without_the_clause_that_makes_a_disclosure_does_not_meet_the_duty() -> None:
    state, changes = LAYERS["a therapist of a Medi-Cal patient"]
    text = assembled(consents_asked(state, changes, []), jurisdiction="us/ca")
    assert unmet(consents_asked(state, changes, signed(text, without="clinician_identity"))) == ["telehealth_consent"]


def test_a_clause_of_an_earlier_version_tells_nothing_any_more() -> None:
    book = content().clauses
    assert disclosures_of(["emergency_plan@1"], book) == ("emergency_plan",)
    assert disclosures_of(["emergency_plan@0"], book) == ()
    assert disclosures_of(["follow_up@2", "connection@1"], book) == ("follow_up_plan", "technology_failure_plan")


def test_every_disclosure_that_a_law_may_ask_for_is_made_by_a_clause_about_telehealth() -> None:
    consents = vocabulary().type_of("consents")
    assert consents is not None
    told = {word for clause in content().clauses.clauses if clause.kind == "telehealth" for word in clause.tells}
    assert set(consents.fields["disclosures"].choices) - told == set()


ABOUT_A_CALL = re.compile(r"video|\bthe call\b|\bla llamada\b|connection|conexión", re.IGNORECASE)


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_visit_without_a_call_signs_nothing_about_one(language: str) -> None:
    asked = duty("telehealth_consent", disclosures=[word for word in DISCLOSURES if word != "recording_notice"])
    text = assembled(asked, language=language, modality="store_and_forward")
    clauses = [f"{clause.title}: {clause.text}" for clause in text.clauses]
    assert len(clauses) > 10
    assert [one for one in clauses if ABOUT_A_CALL.search(one)] == []
    assert any(ABOUT_A_CALL.search(clause.text) for clause in assembled(asked, language=language).clauses)


@pytest.mark.parametrize("modality", ["audio_video", "audio_only", "chat", "store_and_forward", "questionnaire"])
def test_every_disclosure_is_made_whatever_the_way_of_meeting(modality: str) -> None:
    text = assembled(duty("telehealth_consent", disclosures=list(DISCLOSURES)), modality=modality)
    assert set(disclosures_of(text.refs, content().clauses)) == set(DISCLOSURES)


def test_a_way_of_meeting_that_there_is_not_is_named() -> None:
    assert codes(CLAUSES.replace("modalities: [store_and_forward,", "modalities: [store_and_foward,", 1)) == [
        "SHAPE004"
    ]


def test_what_a_clause_tells_is_a_word_of_the_law() -> None:
    assert codes(CLAUSES.replace("tells: [fees]", "tells: [fee]")) == ["SHAPE004"]


def test_a_clause_for_a_detail_is_read_only_where_the_law_asks_for_it() -> None:
    plain = assembled(duty("telehealth_consent"))
    asked = assembled(duty("telehealth_consent", disclosures=["provider_license_number", "complaint_contact"]))
    assert set(asked.refs) - set(plain.refs) == {"clinician_identity@1", "complaints@1"}
    flagged = assembled(duty("telehealth_consent", others_present=True, records_access=False))
    assert set(flagged.refs) - set(plain.refs) == {"others_present@1"}


def test_the_strictest_form_that_is_asked_for_counts() -> None:
    assert assembled(duty("telehealth_consent")).form == "electronic"
    assert assembled(duty("telehealth_consent", form="verbal")).form == "electronic"
    assert assembled(duty("telehealth_consent", form="written")).form == "written"


def test_the_text_speaks_the_patients_language_and_names_the_clinic() -> None:
    english, spanish = assembled(kinds=("privacy",)), assembled(kinds=("privacy",), language="es")
    assert content().clinic("marigold").name in english.text
    assert "{" not in english.text
    assert "expediente" in spanish.text
    assert spanish.digest != english.digest


def test_another_place_or_another_word_is_another_consent() -> None:
    here, there = assembled(kinds=("telehealth",)), assembled(kinds=("telehealth",), jurisdiction="us/ga")
    assert here.digest != there.digest
    assert here.digest == assembled(kinds=("telehealth",)).digest


def test_an_older_consent_suffices_until_a_clause_that_applies_changes() -> None:
    text = assembled(kinds=("telehealth",))
    assert text.is_covered_by("telehealth", "us/fl", text.refs)
    assert not text.is_covered_by("telehealth", "us/ga", text.refs)
    newer = replace(text, clauses=(replace(text.clauses[0], ref="telehealth@2"), *text.clauses[1:]))
    assert not newer.is_covered_by("telehealth", "us/fl", text.refs)


def codes(text: str) -> list[str]:
    problems = Problems()
    compile_clauses(parsed(text), vocabulary(), problems)
    return [d.code for d in problems]


def test_a_broken_book_is_refused_with_its_reasons() -> None:
    assert codes(CLAUSES) == []
    assert codes(CLAUSES.replace("  - id: security", "  - id: fees")) == ["FORM001"]
    assert codes(CLAUSES.replace("kind: recording", "kind: recoding")) == ["SHAPE004"]
    assert codes(CLAUSES.replace("privacy_notice: privacy", "privacy_notice: notice")) == ["SHAPE004"]
    assert set(codes(CLAUSES.replace("languages: [en, es]", "languages: [en, fr]"))) == {"TEXT001"}
