"""A consent holds what the decisions ask for, no more, and its digest changes only when the words do."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from engine.consent_text import ConsentAbout, ConsentText, assemble_consent
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

CLAUSES = (ROOT / "forms" / "consent" / "clauses.yaml").read_text(encoding="utf-8")


def about(language: str = "en", jurisdiction: str = "us/fl", kinds: tuple[str, ...] = ()) -> ConsentAbout:
    clinic = content().clinic("marigold")
    return ConsentAbout(language=language, jurisdiction=jurisdiction, clinic=clinic, kinds=kinds)


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


def test_where_sound_alone_needs_a_consent_of_its_own_signing_what_is_asked_for_meets_it() -> None:
    book = load_rulebook(ROOT)
    facts = started("visit_in_ca", examples()) | {"encounter.payer": "medicaid", "encounter.modality": "audio_only"}

    def asked(consents: list[dict[str, Any]]) -> dict[str, Any]:
        question = Question(topic="consent", on="2026-12-01", facts=nested(facts | {"consents": consents}))
        return decide(book, question, ClosuresOnly()).as_json()

    text = assembled(asked([]), jurisdiction="us/ca")
    assert "audio_only@1" in text.refs
    at = datetime(2026, 11, 30, tzinfo=UTC)
    signed = [
        ConsentFact(kind=kind, form="electronic", at=at, jurisdiction="us/ca", clauses=text.refs_of(kind))
        for kind in text.kinds
    ]
    assert all(duty["met"] for duty in asked([consent_facts(one) for one in signed])["duties"])
    without = [replace(one, clauses=tuple(ref for ref in one.clauses if "audio" not in ref)) for one in signed]
    assert [d["duty"] for d in asked([consent_facts(one) for one in without])["duties"] if not d["met"]] == [
        "audio_consent"
    ]


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
