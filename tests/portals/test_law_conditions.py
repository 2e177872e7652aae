"""Conditions of the law are said in English and in Spanish, with the page's words for facts, values and comparisons."""

import re

import pytest

from engine.conditions import parse
from engine.conditions_closures import describe
from engine.diagnostics import Problems
from engine.law import Limit
from engine.law_words import LawWords
from engine.reading import read_text
from engine.rulebook import load_rulebook
from portals.base.formats import Formats
from portals.law.conditions import Conditions, Sentences
from portals.law.words import FactWords
from portals.provider.words import say_in
from tests.rules.helpers_cases import ROOT

RULEBOOK = load_rulebook(ROOT)
DAY = "2026-12-01"
PLACES = sorted(RULEBOOK.jurisdictions() - {"us"})
ENGINES_WORDS = re.compile(
    r"[a-z]\.[a-z_]+\b(?!\.)|_|ask\.|\b(is one of|is at|exists|where|not told|there is|includes|on or)\b"
)


def sentences(language: str) -> Sentences:
    words = FactWords(say_in(language), Formats(language), LawWords(RULEBOOK, language))
    return Sentences(words, RULEBOOK.vocabulary)


def said(text: str, language: str) -> str:
    problems = Problems()
    node = read_text(text, "rule.yaml", problems)
    assert node is not None
    found = parse(node, RULEBOOK.vocabulary, problems)
    problems.stop_if_broken()
    return sentences(language).of(found)


@pytest.mark.parametrize(
    ("written", "english", "spanish"),
    [
        ("drug.schedule: II", "Schedule is II", "Lista: II"),
        (
            "patient.setting: [inpatient, hospice]",
            "“Where care reaches the patient” is one of: Hospital, Hospice",
            "“Dónde recibe la atención el paciente”, una de estas opciones: Hospital, Cuidados paliativos",
        ),
        ("patient.pregnant: true", "Pregnant: yes", "Embarazo: sí"),
        (
            "patient.age: {less: 18}",
            "“The patient's age” is less than 18 years",
            "“Edad del paciente”: menos de 18 años",
        ),
        ("not: {encounter.recording: true}", "not the case: ", "no es el caso: "),
        ("drug.schedule: {exists: false}", "Schedule: there is none", "Lista: no hay"),
        (
            "any: [{drug.schedule: II}, {drug.schedule: III, patient.pregnant: true}]",
            "Schedule is II or (Schedule is III and Pregnant: yes)",
            "Lista: II o (Lista: III y Embarazo: sí)",
        ),
        (
            "provider.licenses: {any: {state: FL}}",
            "Licenses: at least one where state is Florida",
            "Licencias: al menos una entrada con estado: Florida",
        ),
        ("provider.licenses: {all: {status: active}}", "Licenses: in every one, ", "Licencias: cada entrada con "),
        ("provider.licenses: {none: {status: revoked}}", "Licenses: none where ", "Licencias: ninguna entrada con "),
        (
            "provider.activity: {sum: {of: days, less: 10}}",
            "the sum of days is less than 10",
            "suma de días: menos de 10",
        ),
        (
            "relationship.visits: {latest: {of: date, matches: {modality: in_person}}}",
            "the latest by when: how they met is In person",
            "la más reciente por cuándo: ",
        ),
        (
            "relationship.in_person_exams: {any: {date: {within: 90 days}}}",
            "“The day” minus 90 days",
            "“El día” menos 90 días",
        ),
    ],
)
def test_a_condition_in_both_languages(written: str, english: str, spanish: str) -> None:
    assert english in said(written, "en")
    assert spanish in said(written, "es")


def test_every_condition_of_the_law_is_said_in_spanish_without_a_word_of_the_engines() -> None:
    spanish = sentences("es")
    plans = {
        (name, place): RULEBOOK.plan(name, place, DAY)
        for place in PLACES
        for name in RULEBOOK.topics.topics
        if RULEBOOK.carries(name, place)
    }
    conditions = {one for plan in plans.values() for one in plan.program.conditions}
    assert len(conditions) > 100
    assert {text for text in map(spanish.of, conditions) if ENGINES_WORDS.search(text)} == set()


def test_what_a_decision_names_is_found_again_whatever_it_is_joined_of() -> None:
    plan = RULEBOOK.plan("prescribing", "us/fl", DAY)
    conditions = Conditions(plan, RULEBOOK.topics.topics["prescribing"], sentences("es"))
    (rule,) = [one.instance for one in plan.standing if one.instance.id == "us/fl/prescribing/schedule-ii"]
    text = " and ".join(describe(part) for part in rule.condition.parts[:2])  # type: ignore[union-attr]
    assert conditions.say(f"{text} (not told)").startswith("Lista: II y no es el caso: ")
    most = [effect for one in plan.standing for effect in one.instance.effects if isinstance(effect, Limit)]
    assert {conditions.say(f"prescription.refills is at most {one.most}") for one in most if one.name == "refills"} == {
        "Resurtidos: 0 como máximo",
        "Resurtidos: 5 como máximo",
    }
    assert conditions.say("something else") == "something else"
