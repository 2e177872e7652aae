"""Forms go out as Questionnaires and answers as QuestionnaireResponses that another program's models take whole."""

import json
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.forms import Form
from engine.forms_intake import form_facts
from engine.forms_walk import live_answers
from integrations.fhir.questionnaires import questionnaire
from integrations.fhir.responses import About, BadResponse, questionnaire_response, read_response
from tests.browser.helpers_intake import EVERY_OPERATOR, generated_walks, with_leftovers
from tests.engine.helpers_content import content, form
from tests.engine.helpers_instruments import PHQ_9, screening, weighing, with_doubtful_spanish

BASE = "https://marigold.example/fhir"
LOINC = "http://loinc.org"
FORMS: Mapping[str, Form] = {
    **content().forms,
    "every operator": form(EVERY_OPERATOR),
    "screening": screening(),
    "scale": form(
        "- {id: day, type: date, earliest: 2020-01-01, latest: 2026-12-31, text: {en: D}}\n"
        "- {id: pain, type: scale, least: 0, most: 10, text: {en: P}, least_text: {en: None}, most_text: {en: Worst}}\n"
    ),
}
COLOR = "- {id: color, type: choice, text: {en: C}, choices: [{id: red, text: {en: R}}, {id: blue, text: {en: B}}]}\n"
MANY = COLOR.replace("id: color, type: choice", "id: many, type: multi_choice")
COUNT = "- {id: count, type: integer, text: {en: N}}\n"
WORDS = "- {id: words, type: text, text: {en: W}}\n"
SYSTEM = f"{BASE}/CodeSystem/test.form.color"


def about(status: str = "completed", language: str = "en") -> About:
    at = datetime(2026, 3, 5, 15, tzinfo=UTC)
    return About(subject="pat-7", authored=at, status=status, base=BASE, language=language)


def item_of(resource: Mapping[str, Any], link: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in resource["item"] if item["linkId"] == link)
    return found


def shown_by(condition: str) -> dict[str, Any]:
    """What the Questionnaire says of when an item with this condition is shown."""
    more = f"- {{id: z, type: boolean, text: {{en: Z}}, show_when: {condition}}}\n"
    item = item_of(questionnaire(form(COLOR + MANY + COUNT + WORDS + more), BASE), "z")
    return {key: item[key] for key in ("enableWhen", "enableBehavior", "extension") if key in item}


def expression_of(shown: Mapping[str, Any]) -> str:
    (extension,) = shown["extension"]
    assert extension["url"].endswith("sdc-questionnaire-enableWhenExpression")
    return str(extension["valueExpression"]["expression"])


@pytest.mark.parametrize("name", FORMS)
def test_the_models_take_every_questionnaire_and_lose_nothing(name: str) -> None:
    resource = questionnaire(FORMS[name], BASE)
    kept = json.loads(Questionnaire.model_validate(resource).model_dump_json())
    assert kept == json.loads(json.dumps(resource))


@pytest.mark.parametrize("name", FORMS)
def test_the_invariants_of_r4_that_models_do_not_check_hold(name: str) -> None:
    assert list(broken_invariants(questionnaire(FORMS[name], BASE))) == []


def broken_invariants(resource: Mapping[str, Any]) -> Iterator[str]:
    """The constraints que-1 to que-12 of FHIR R4 that an item breaks."""
    items = list(every_item(resource))
    links = [item["linkId"] for item in items]
    yield from (f"que-2 {link}" for link in links if links.count(link) > 1)
    for item in items:
        link, kind = item["linkId"], item["type"]
        if kind == "display" and item.keys() & {"item", "required", "repeats", "readOnly", "answerOption"}:
            yield f"que-1, que-6, que-9 {link}"
        if "answerOption" in item and kind != "choice":
            yield f"que-5 {link}"
        if "maxLength" in item and kind != "text":
            yield f"que-10 {link}"
        if len(item.get("enableWhen", ())) > 1 and "enableBehavior" not in item:
            yield f"que-12 {link}"
        for clause in item.get("enableWhen", ()):
            if (clause["operator"] == "exists") != ("answerBoolean" in clause) and clause["operator"] == "exists":
                yield f"que-7 {link}"
            if clause["question"] not in links[: links.index(link)]:
                yield f"a question further down {link}"


def every_item(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for item in resource.get("item", ()):
        yield item
        yield from every_item(item)


def test_a_planted_fault_breaks_an_invariant() -> None:
    resource = questionnaire(FORMS["scale"], BASE)
    resource["item"] += [{"linkId": "pain", "type": "display", "required": True}]
    assert {entry.split(" ")[0] for entry in broken_invariants(resource)} >= {"que-2", "que-1,"}


def test_texts_speak_the_first_language_and_carry_the_others() -> None:
    found = questionnaire(content().form("urgent_care/intake"), BASE)
    translation = found["_title"]["extension"][0]
    assert (found["language"], found["title"]) == ("en", "Before your visit")
    assert translation["url"] == "http://hl7.org/fhir/StructureDefinition/translation"
    assert [part.get("valueCode") or part["valueString"] for part in translation["extension"]] == [
        "es",
        "Antes de su consulta",
    ]
    option = item_of(found, "started")["answerOption"][0]["valueCoding"]
    assert option["_display"]["extension"][0]["extension"][1]["valueString"] == "Hoy"


def test_types_limits_units_and_what_must_be_answered() -> None:
    found = questionnaire(content().form("urgent_care/intake"), BASE)
    temperature, danger = item_of(found, "temperature"), item_of(found, "danger_signs")
    told = {e["url"].rpartition("/")[2]: e for e in temperature["extension"]}
    assert (temperature["type"], temperature["required"]) == ("decimal", True)
    assert told["questionnaire-unit"]["valueCoding"]["code"] == "[degF]"
    assert (told["minValue"]["valueDecimal"], told["maxValue"]["valueDecimal"]) == (93, 110)
    assert (danger["type"], danger["repeats"]) == ("choice", True)
    alone = [option["valueCoding"]["code"] for option in danger["answerOption"] if "extension" in option]
    assert alone == ["none"]
    own_words = item_of(found, "own_words")
    assert (own_words["type"], own_words["maxLength"], "required" in own_words) == ("text", 600, False)
    assert "questionnaire-constraint" in own_words["extension"][0]["url"]


def test_an_instrument_goes_out_by_its_public_codes_with_its_terms() -> None:
    found = questionnaire(content().form("instruments/phq9"), BASE)
    assert found["code"] == [{"system": LOINC, "code": "44249-1"}]
    assert "No permission required to reproduce" in found["copyright"]
    assert "not verified" not in found["copyright"]
    asked = item_of(found, "self_harm")
    assert asked["code"] == [{"system": LOINC, "code": "44260-8"}]
    options = [(option["valueCoding"]["system"], option["valueCoding"]["code"]) for option in asked["answerOption"]]
    assert options == [(LOINC, code) for code in ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")]
    assert [option["extension"][0]["valueDecimal"] for option in asked["answerOption"]] == [0, 1, 2, 3]
    assert item_of(found, "phq9")["code"] == [{"system": LOINC, "code": "44261-6"}]
    (prompt,) = asked["item"]
    assert prompt["text"].startswith("Over the last 2 weeks")
    assert item_of(found, "difficulty")["enableWhen"] == [{"question": "phq9", "operator": ">=", "answerInteger": 1}]


def test_words_that_nobody_compared_say_so_when_they_go_out() -> None:
    doubtful = with_doubtful_spanish(content().form("instruments/gad7"))
    assert "The wording in es is not verified" in questionnaire(doubtful, BASE)["copyright"]
    assert "not verified" not in questionnaire(content().form("instruments/gad7"), BASE)["copyright"]


def test_a_condition_on_a_choice_with_a_public_code_goes_by_that_code() -> None:
    coded = COLOR.replace("{id: red,", "{id: red, codes: [{system: http://loinc.org, code: LA1-1}],")
    more = "- {id: z, type: boolean, text: {en: Z}, show_when: {color: red}}\n"
    item = item_of(questionnaire(form(coded + more), BASE), "z")
    assert item["enableWhen"][0]["answerCoding"] == {"system": LOINC, "code": "LA1-1"}
    more = "- {id: z, type: boolean, text: {en: Z}, show_when: {any: [{color: red}, {count: {less: {fact: count}}}]}}\n"
    item = item_of(questionnaire(form(coded + COUNT + more), BASE), "z")
    assert "'LA1-1' in" in expression_of(item)


def test_answers_with_public_codes_come_back_as_they_went_out() -> None:
    asked = content().form("instruments/phq9")
    answers = {"interest": "not_at_all", "self_harm": "nearly_every_day"}
    sent = questionnaire_response(asked, answers, about("in-progress"))
    told = item_of(sent, "self_harm")["answer"][0]["valueCoding"]
    assert (told["system"], told["code"], told["display"]) == (LOINC, "LA6571-9", "Nearly every day")
    assert read_response(asked, sent) == answers


CLAUSES: list[tuple[str, list[tuple[str, str, Any]], str | None]] = [
    ("{color: red}", [("color", "=", {"system": SYSTEM, "code": "red"})], None),
    ("{count: {at_least: 3, less: 9}}", [("count", ">=", 3), ("count", "<", 9)], "all"),
    ("{any: [{count: 1}, {count: {greater: 5}}]}", [("count", "=", 1), ("count", ">", 5)], "any"),
    ("{not: {count: {at_least: 3}}}", [("count", "<", 3)], None),
    ("{words: {told: true}}", [("words", "exists", True)], None),
    ("{words: {told: false}}", [("words", "exists", False)], None),
    ("{words: {not: hello}}", [("words", "exists", True), ("words", "!=", "hello")], "all"),
]


@pytest.mark.parametrize(("condition", "clauses", "behavior"), CLAUSES)
def test_what_r4_can_say_becomes_enable_when(
    condition: str, clauses: list[tuple[str, str, Any]], behavior: str | None
) -> None:
    found = shown_by(condition)
    told = [
        (c["question"], c["operator"], next(v for k, v in c.items() if k.startswith("answer")))
        for c in found["enableWhen"]
    ]
    assert told == clauses
    assert found.get("enableBehavior") == behavior


def test_an_unanswered_question_is_not_one_answered_otherwise() -> None:
    operators = [clause["operator"] for clause in shown_by("{color: {not: red}}")["enableWhen"]]
    assert operators == ["exists", "!="]


@pytest.mark.parametrize(
    "condition",
    [
        "{color: red, any: [{count: 1}, {words: hello}]}",
        "{not: {many: {has: red}}}",
        "{count: {less: 2.5}}",
        "{color: {fact: words}}",
    ],
)
def test_what_r4_cannot_say_is_an_expression_that_is_never_empty(condition: str) -> None:
    assert expression_of(shown_by(condition)).startswith("iif(")


@pytest.mark.parametrize(("number", "written"), [("0.00001", "0.00001"), ("-0.00002", "(-0.00002)"), ("2.5", "2.5")])
def test_a_number_in_an_expression_has_no_exponent(number: str, written: str) -> None:
    assert f" < {written})" in expression_of(shown_by(f"{{count: {{less: {number}}}}}"))


def test_text_in_an_expression_cannot_end_it() -> None:
    found = expression_of(shown_by('{words: "it\'s", any: [{count: 1}, {color: red}]}'))
    assert r"= 'it\'s'" in found


def test_a_score_is_a_hidden_sum_of_ordinal_values_and_its_band_another() -> None:
    found = questionnaire(screening(), BASE)
    total, band = item_of(found, "phq9"), item_of(found, "phq9_band")
    weights = [option["extension"][0]["valueDecimal"] for option in item_of(found, "sleep")["answerOption"]]
    assert weights == [0, 1, 2, 3]
    assert (total["type"], total["readOnly"], band["type"]) == ("integer", True, "choice")
    assert [option["valueCoding"]["code"] for option in band["answerOption"]][-1] == "severe"
    assert item_of(found, "sleep")["enableWhen"] == [{"question": "phq2", "operator": ">=", "answerInteger": 3}]


def test_codes_of_public_systems_go_with_questions_and_scores() -> None:
    codes = "codes: [{system: 'http://loinc.org', code: 44250-9}]"
    weighed = COLOR.replace("{en: R}", "{en: R}, weight: 0").replace("{en: B}", "{en: B}, weight: 1")
    text = weighed.replace("type: choice", f"type: choice, {codes}", 1)
    scores = f"scores:\n- {{id: sum, title: {{en: S}}, items: [color], {codes.replace('44250-9', '44261-6')}}}\n"
    found = questionnaire(form(text + scores), BASE)
    Questionnaire.model_validate(found)
    assert item_of(found, "color")["code"] == [{"system": "http://loinc.org", "code": "44250-9"}]
    assert item_of(found, "sum")["code"] == [{"system": "http://loinc.org", "code": "44261-6"}]


def test_a_response_says_whose_since_when_and_in_which_state() -> None:
    answers = {"welcome": True, "chief_complaint": "fever", "danger_signs": ["none"], "chest_now": True}
    found = questionnaire_response(content().form("urgent_care/intake"), answers, about("in-progress", "es"))
    QuestionnaireResponse.model_validate(found)
    assert found["questionnaire"] == f"{BASE}/Questionnaire/urgent-care.intake|1"
    assert (found["status"], found["subject"]["reference"]) == ("in-progress", "Patient/pat-7")
    assert (found["authored"], found["language"]) == ("2026-03-05T15:00:00Z", "es")
    assert [item["linkId"] for item in found["item"]] == ["chief_complaint", "danger_signs"]
    assert found["item"][0]["answer"][0]["valueCoding"]["display"] == "Fiebre"


def test_a_response_carries_the_scores_that_are_known() -> None:
    found = questionnaire_response(screening(), weighing(screening(), 21, PHQ_9), about())
    told = {item["linkId"]: item["answer"][0] for item in found["item"]}
    assert told["phq9"] == {"valueInteger": 21}
    assert told["phq9_band"]["valueCoding"]["code"] == "severe"
    assert "gad7" not in told


@pytest.mark.parametrize("name", FORMS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_answers_come_back_as_they_went(name: str, seed: int) -> None:
    asked = FORMS[name]
    answers = with_leftovers(asked, random.Random(seed))
    resource = questionnaire_response(asked, answers, about())
    model = QuestionnaireResponse.model_validate(resource)
    untold = ("info", "photo")  # a photo is a file, and files come by uploads of their own
    told = {k: v for k, v in live_answers(asked, answers).items() if asked.item(k).type not in untold}  # type: ignore[union-attr]
    assert read_response(asked, json.loads(model.model_dump_json())) == told


def test_a_blank_comes_back_as_a_blank_and_what_was_not_asked_not_at_all() -> None:
    asked = form(WORDS.replace("type: text", "type: text, optional: true") + COUNT)
    resource = questionnaire_response(asked, {"words": None}, about("in-progress"))
    assert resource["item"] == [{"linkId": "words", "text": "W"}]
    assert read_response(asked, resource) == {"words": None}


def test_walks_of_every_kind_become_responses_the_models_take() -> None:
    asked = FORMS["urgent_care/intake"]
    for answers in generated_walks(asked, 60, seed=21):
        resource = questionnaire_response(asked, answers, about("in-progress"))
        QuestionnaireResponse.model_validate(resource)
        told = {item["linkId"] for item in resource["item"] if "answer" in item}
        assert told == {path.rpartition(".")[2] for path in form_facts(asked, answers)}


WRONG = [
    {"questionnaire": f"{BASE}/Questionnaire/other|1"},
    {"resourceType": "Questionnaire"},
    {"item": [{"linkId": "colour", "answer": []}]},
    {"item": [{"linkId": "color", "answer": [{"valueString": "red"}]}]},
    {"item": [{"linkId": "color", "answer": [{"valueCoding": {"code": "red"}}, {"valueCoding": {"code": "blue"}}]}]},
    {"item": [{"linkId": "color", "answer": "red"}]},
    {"item": [{"linkId": "color", "answer": [{"valueCoding": "red"}]}]},
    {"item": ["color"]},
    {"item": [{"linkId": "color"}, {"linkId": "color", "answer": [{"valueCoding": {"code": "red"}}]}]},
    {"item": None},
    {"item": {"linkId": "color"}},
]


@pytest.mark.parametrize("change", WRONG)
def test_a_response_that_is_none_is_refused_without_its_answers_in_the_message(change: dict[str, Any]) -> None:
    resource = {**questionnaire_response(form(COLOR), {"color": "red"}, about()), **change}
    with pytest.raises(BadResponse) as refused:
        read_response(form(COLOR), resource)
    assert "red" not in str(refused.value)


def test_a_response_needs_a_status_and_an_instant_with_its_offset() -> None:
    with pytest.raises(ValueError, match="status"):
        questionnaire_response(form(COLOR), {}, about("done"))
