"""Ask the law: a question with nobody in it, what both engines answer, what would change it, links without PHI."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from starlette.testclient import TestClient

from engine.conditions_closures import Truth
from engine.decide import decide
from engine.decisions import Question
from engine.evaluators import ClosuresOnly
from engine.library import Library
from engine.programs import Program, Sheet
from engine.rulebook import Rulebook
from engine.values import Kind
from portals.base.i18n import has_message
from portals.law.asking import Asker, facts_on, paths_asked
from portals.law.changes import MOST_TRIED, changes
from portals.law.days import borders
from portals.law.link import MOST_ROWS, PAGE, Asked, LinkRefused, address, read_link
from portals.law.parts import AGOS, Part, Sort, parts_of
from portals.law.starts import starts, told_by
from tests.portals.helpers_clinic import ROOT, Clinic, build_clinic, csrf_of, post
from tests.portals.helpers_shared_facts import SHARED_OF_PATIENTS

pytestmark = pytest.mark.slow

DAY = "2026-12-01"
STIMULANT = {"start": "stimulant", "topic": "prescribing", "state": "FL", "on": DAY}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """One clinic for the whole module: these pages change nothing."""
    built = build_clinic(tmp_path_factory.mktemp("asking"))
    yield built
    built.database.close()


@pytest.fixture(scope="module")
def rulebook(clinic: Clinic) -> Rulebook:
    library: Library = clinic.app.state.deps.library()
    return library.rulebooks["marigold"]


@pytest.fixture(scope="module")
def reader(clinic: Clinic) -> TestClient:
    """The browser of the compliance officer."""
    return signed_in(clinic, "compliance")


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at beside an answer does not depend on how busy the machine is."""
    monkeypatch.setattr("portals.law.changes.SECONDS", 600)


def signed_in(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    return browser


def asking(rulebook: Rulebook, evaluator: Any = None) -> Asker:
    return Asker(rulebook=rulebook, evaluator=evaluator or ClosuresOnly())


def question(rulebook: Rulebook, start: str, topic: str, state: str = "FL", **told: Any) -> Asked:
    """The question that the page makes of a start, with facts changed; None makes one untold."""
    empty = Asked(topic=topic, state=state, day=DAY, told={})
    known = {**told_by(starts(ROOT)[start], rulebook, empty)} | {
        path.replace("__", "."): one for path, one in told.items()
    }
    return dataclasses.replace(empty, told={path: one for path, one in known.items() if one is not None})


def text_of(page: str) -> str:
    """What a page says, without marks."""
    main = page.partition("<main")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


def verdict(page: str) -> str:
    found = re.search(r'class="lawcard__verdict">.*?</svg>(.*?)</p>', page, re.S)
    return found[1].strip() if found else ""


# Who may read it


@pytest.mark.parametrize("person", ["rosalind_achebe", "clinic_admin", "clinical_ops", "compliance"])
def test_every_role_of_the_staff_may_ask_and_finds_the_way_there(clinic: Clinic, person: str) -> None:
    browser = signed_in(clinic, person)
    assert f'href="{PAGE}"' in browser.get("/staff").text
    assert browser.get(PAGE).status_code == 200


def test_others_sign_in_first_and_come_back_to_the_same_question(clinic: Clinic) -> None:
    browser = clinic.browser()
    answer = browser.get(PAGE, params={"topic": "licensing", "state": "FL", "on": DAY}, follow_redirects=False)
    assert answer.status_code == 303
    [(_, back)] = parse_qsl(urlsplit(answer.headers["location"]).query)
    assert back == f"{PAGE}?topic=licensing&state=FL&on={DAY}"
    refused = browser.get(PAGE, params={"patient.birth_date": "1990-04-02"}, follow_redirects=False)
    assert refused.headers["location"] == f"/staff/sign-in?next={PAGE}"


@pytest.mark.parametrize("control", ["topic", "state", "on", "start"])
def test_nothing_that_was_typed_travels_through_the_sign_in_but_a_question(clinic: Clinic, control: str) -> None:
    asked = {"topic": "licensing", "state": "FL", "on": DAY, control: "CANARY Ana Reyes"}
    answer = clinic.browser().get(PAGE, params=asked, follow_redirects=False)
    assert answer.status_code == 303
    assert "CANARY" not in answer.headers["location"] and "Reyes" not in answer.headers["location"]


def test_the_page_reads_nothing_of_the_clinics_records(clinic: Clinic, reader: TestClient) -> None:
    deps = clinic.app.state.deps
    clinic.app.state.deps = dataclasses.replace(deps, database=None)
    try:
        assert reader.get(PAGE, params=STIMULANT).status_code == 200
    finally:
        clinic.app.state.deps = deps


# What it answers


def test_a_start_becomes_a_whole_question_with_an_address_of_its_own(reader: TestClient) -> None:
    answer = reader.get(PAGE, params=STIMULANT)
    query = dict(parse_qsl(urlsplit(str(answer.url)).query))
    assert "start" not in query and query["drug.name"] == "methylphenidate" and query["patient.age"] == "36"
    assert query["provider.dea.0.state"] == "FL"
    assert verdict(answer.text) == "The law allows it."
    again = reader.get(str(answer.url), follow_redirects=False)
    assert again.status_code == 200 and again.text.count("<h1") == 1


def test_a_forbidden_question_says_why_by_which_statute_and_what_would_lift_or_change_it(reader: TestClient) -> None:
    allowed = reader.get(PAGE, params=STIMULANT)
    page = reader.get(str(allowed.url).replace("treatment.purpose=psychiatric", "treatment.purpose=other")).text
    said = text_of(page)
    assert verdict(page) == "The law forbids it."
    assert "Fla. Stat. 456.47(2)(c)" in said
    assert re.search(r'<a href="https?://[^"]+" rel="noreferrer"', page)
    assert "What would lift it" in said and "“Where care reaches the patient” is one of: Hospital" in said
    assert "What is treated: Mental health condition allowed" in said
    assert "Where care reaches the patient: " in said


def test_what_is_missing_is_asked_first(reader: TestClient) -> None:
    page = reader.get(PAGE, params={"topic": "licensing", "state": "FL", "on": DAY, "start": "blank"}).text
    assert verdict(page) == "It cannot be decided yet. Some facts are missing."
    form = page.partition('id="facts"')[2]
    first = form.partition("<h3>Still needed</h3>")[2].partition("Other facts these rules look at")[0]
    for key in ("encounter.modality", "provider.profession", "provider.licenses", "provider.home_state"):
        assert f'id="{key}"' in first
    assert "provider.registered_agent" not in first and 'id="drug.name"' not in form


def test_a_place_whose_law_is_not_carried_is_for_a_person_to_decide(reader: TestClient) -> None:
    page = reader.get(PAGE, params={"topic": "licensing", "state": "GU", "on": DAY, "start": "ordinary_visit"}).text
    assert verdict(page) == "A person must decide."
    assert "The law of this place is not carried yet." in text_of(page)


def test_the_page_decides_as_the_api_does(rulebook: Rulebook) -> None:
    asked = question(rulebook, "opioid", "prescribing", "NY")
    given = Question(topic="prescribing", on=DAY, facts=facts_on(asked, DAY, rulebook.vocabulary))
    assert asking(rulebook).decide(asked).canonical() == decide(rulebook, given, ClosuresOnly()).canonical()
    assert given.facts["patient"]["birth_date"] == "1990-01-01"
    assert given.facts["consents"][0] == {
        "kind": "treatment",
        "form": "electronic",
        "at": f"{DAY}T12:00:00+00:00",
        "jurisdiction": "us/ny",
    }


class Disagreeing:
    """A second engine that says the opposite of everything."""

    independent = True

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[Truth, ...]:
        return tuple(None for _ in program.conditions)


def test_engines_that_differ_show_no_permission(clinic: Clinic, reader: TestClient) -> None:
    deps = clinic.app.state.deps
    clinic.app.state.deps = dataclasses.replace(deps, evaluator=Disagreeing())
    try:
        page = reader.get(PAGE, params=STIMULANT).text
    finally:
        clinic.app.state.deps = deps
    assert verdict(page) == "A person must decide."
    assert "rules engine did not give one clear answer" in text_of(page)


def test_the_answer_names_the_rulebook_it_rests_on(reader: TestClient, rulebook: Rulebook) -> None:
    said = text_of(reader.get(PAGE, params=STIMULANT).text)
    assert rulebook.digest in said and rulebook.law.digest in said
    assert rulebook.overlay is not None and rulebook.overlay.digest in said
    assert "December 1, 2026" in said


def test_the_page_speaks_spanish(clinic: Clinic) -> None:
    browser = signed_in(clinic, "compliance")
    browser.headers["accept-language"] = "es"
    page = browser.get(PAGE, params=STIMULANT).text
    said = text_of(page)
    assert verdict(page) == "La ley lo permite." and "Qué lo cambiaría" in said and "Medicamento" in said


def test_in_spanish_nothing_of_the_rules_is_english(clinic: Clinic, rulebook: Rulebook) -> None:
    browser = signed_in(clinic, "compliance")
    browser.headers["accept-language"] = "es"
    licensing = {**STIMULANT, "topic": "licensing", "start": "unlicensed_in_fl"}
    said = " ".join(text_of(browser.get(PAGE, params=asked).text) for asked in (STIMULANT, licensing))
    assert "estado: “Dónde está el paciente”" in said and "La receta se envía por vía electrónica." in said
    english = {rule.title for file in rulebook.law.files for rule in file.rules}
    english |= {text for topic in rulebook.topics.topics.values() for text in (topic.says, *topic.duties.values())}
    assert [text for text in english if text in said] == []
    assert re.search(r" (is|where|and|not|one of) ", said.partition("En qué se basa")[0]) is None


def test_conditions_are_said_with_the_words_of_the_form(reader: TestClient) -> None:
    said = text_of(reader.get(PAGE, params={**STIMULANT, "topic": "licensing", "start": "unlicensed_in_fl"}).text)
    assert "Licenses: at least one where state is “Where the patient is” and profession is “Profession”" in said
    assert "from is on or before “The day”, where there is one" in said
    assert "until is on or after “The day”, where there is one" in said


# What would change it, and on which days


def test_single_changes_are_bounded_and_lead_where_they_say(rulebook: Rulebook) -> None:
    asker, asked = asking(rulebook), question(rulebook, "unlicensed_in_fl", "licensing")
    answer = asker.decide(asked)
    assert answer.outcome == "forbidden"
    found = changes(asker, asked, paths_asked(asker, asked), answer)
    assert 0 < found.tried <= MOST_TRIED and not found.cut
    licences = next(one for one in found.easier if one.path == "provider.licenses" and one.outcome == "permitted")
    assert licences.how == "more" and "full" in {row["kind"] for row in licences.told}
    for change in (one for one in (*found.easier, *found.harder) if one.how == "is"):
        told = {**asked.told, change.path: change.told[0]}
        assert asker.decide(dataclasses.replace(asked, told=told)).outcome == change.outcome


def test_a_licence_less_closes_what_it_opened(rulebook: Rulebook) -> None:
    asker, asked = asking(rulebook), question(rulebook, "ordinary_visit", "licensing")
    found = changes(asker, asked, paths_asked(asker, asked), asker.decide(asked))
    assert ("provider.licenses", "less", "forbidden") in {(one.path, one.how, one.outcome) for one in found.harder}


def test_a_number_is_tried_around_the_borders_that_rules_name(rulebook: Rulebook) -> None:
    asker = asking(rulebook)
    asked = question(rulebook, "visit_in_nj", "consent", "NJ", patient__age=17)
    found = changes(asker, asked, paths_asked(asker, asked), asker.decide(asked))
    ages = next(one.told for one in (*found.easier, *found.harder) if one.path == "patient.age")
    assert 18 in ages


def test_the_borders_are_the_days_of_the_law(rulebook: Rulebook) -> None:
    asked = question(rulebook, "stimulant", "prescribing", "NJ", patient__age=14, patient__guardian_present=False)
    days = {border.day: border for border in borders(asking(rulebook), asked, DAY)}
    assert "2026-02-16" in days and days["2026-02-16"].joined
    assert "2027-01-01" in days
    assert all("2024-12-01" <= day <= "2027-12-02" for day in days)


def test_the_end_of_a_licence_is_a_border(rulebook: Rulebook) -> None:
    asked = question(rulebook, "ordinary_visit", "licensing")
    after = next(border for border in borders(asking(rulebook), asked, DAY) if border.day == "2027-02-01")
    assert (after.before, after.after) == ("permitted", "forbidden")


def test_a_moment_may_be_asked_about_where_a_day_is_too_long(rulebook: Rulebook) -> None:
    told = ({"kind": "treatment", "form": "electronic", "at": "0"},)
    asked = question(rulebook, "ordinary_visit", "consent", consents=told)
    at_once = dataclasses.replace(asked, time="00:30", zone="America/Chicago")
    decision = asking(rulebook).decide(at_once)
    assert decision.law_time == DAY
    assert next(duty["met"] for duty in decision.duties if duty["duty"] == "informed_consent")
    question_asked = facts_on(at_once, DAY, rulebook.vocabulary)
    assert question_asked["consents"][0]["at"] == "2026-12-01T00:30:00-06:00"
    assert question_asked["patient"]["location"]["time_zone"] == "America/Chicago"


def test_a_time_is_kept_in_the_link_with_a_zone_of_the_state(reader: TestClient) -> None:
    query = {"topic": "licensing", "state": "FL", "on": DAY, "time": "14:30", "start": "ordinary_visit"}
    page = reader.get(f"{PAGE}?{urlencode(query)}")
    assert dict(parse_qsl(urlsplit(str(page.url)).query))["zone"] == "America/New_York"
    assert "14:30" in text_of(page.text) and verdict(page.text) == "The law allows it."
    assert 'name="time" value="14:30"' in page.text
    refused = reader.get(f"{PAGE}?{urlencode({**query, 'time': '25:10'})}")
    assert refused.status_code == 422 and "a time of the day" in text_of(refused.text)


MOMENTS = [
    ({"state": "NY", "on": DAY, "time": "14:30", "zone": "America/Los_Angeles"}, "zone", "choose one of the list"),
    ({"state": "FL", "on": "2027-03-14", "time": "02:30"}, "time", "the clocks skip this time"),
    ({"state": "FL", "on": "2026-11-01", "time": "01:30"}, "time", "this time comes twice"),
]


@pytest.mark.parametrize(("told", "field", "words"), MOMENTS)
def test_a_moment_that_is_none_or_two_is_refused_beside_its_field(
    reader: TestClient, told: dict[str, str], field: str, words: str
) -> None:
    page = reader.get(f"{PAGE}?{urlencode({'topic': 'licensing', 'start': 'ordinary_visit', **told})}")
    assert page.status_code == 422 and words in text_of(page.text)
    assert f'id="{field}-error"' in page.text


def test_a_patient_is_as_old_and_an_examination_as_long_ago_on_every_day(rulebook: Rulebook) -> None:
    told = {"patient.age": 34, "relationship.in_person_exams": ({"date": "180", "by": "self"},)}
    asked = Asked(topic="prescribing", state="FL", day=DAY, told=told)
    for day, exam in (("2024-02-29", "2023-09-02"), ("2027-01-01", "2026-07-05")):
        facts = facts_on(asked, day, rulebook.vocabulary)
        assert facts["patient"]["birth_date"] == f"{int(day[:4]) - 34}-01-01"
        assert facts["relationship"]["in_person_exams"] == [{"date": exam, "by": "self"}]


def test_a_start_stays_true_where_it_moves(rulebook: Rulebook) -> None:
    asked = question(rulebook, "unlicensed_in_fl", "licensing", "GA")
    assert [row["state"] for row in asked.told["provider.licenses"]] == ["FL"]
    assert asking(rulebook).decide(question(rulebook, "unlicensed_in_fl", "licensing", "NJ")).outcome == "forbidden"


# Links


def test_only_closed_values_are_shared(rulebook: Rulebook) -> None:
    facts, parts = rulebook.vocabulary.facts, parts_of(rulebook.vocabulary)
    for path, part in parts.items():
        kinds = {facts[path].type.kind} | {facts[path].type.fields[name].kind for name in part.fields}
        assert Kind.TEXT not in kinds or path == "drug.name"
        assert part.sort is not Sort.DATE
    dated = {path for path, part in parts.items() if any(one.sort is Sort.DATE for one in part.fields.values())}
    assert dated == {"provider.licenses", "provider.dea"}
    assert "number" not in parts["provider.licenses"].fields and "clauses" not in parts["consents"].fields


def test_what_is_shared_of_patients_was_looked_at_one_by_one(rulebook: Rulebook) -> None:
    assert {path for path in parts_of(rulebook.vocabulary) if path.startswith("patient.")} == SHARED_OF_PATIENTS


SECRET = "Zebedee"
FORBIDDEN_KEYS = (
    ("patient.birth_date", "Date of birth"),
    ("patient.location.postal_code", "ZIP code of the place"),
    ("patient.conditions", "Known conditions"),
    ("treatment.indication", "The diagnosis treated"),
    ("provider.licenses.0.number", "provider.licenses.0.number"),
    ("consents.0.clauses", "consents.0.clauses"),
    ("patient.location.ip_state", "State that the network address suggests"),
)


@pytest.mark.parametrize("key", [key for key, _ in FORBIDDEN_KEYS])
def test_a_link_with_a_fact_that_is_never_shared_is_refused(reader: TestClient, key: str) -> None:
    answer = reader.get(PAGE, params={"topic": "licensing", "state": "FL", key: SECRET})
    assert answer.status_code == 400
    assert "This link cannot be used" in answer.text and "These are never shared" in answer.text
    assert SECRET not in answer.text and verdict(answer.text) == ""


def test_a_link_with_unknown_keys_is_refused_without_repeating_them(reader: TestClient) -> None:
    answer = reader.get(PAGE, params={"topic": "licensing", SECRET: "x", "patient.name": SECRET, "visit": SECRET})
    assert answer.status_code == 400
    assert "Keys that mean nothing here: 3" in text_of(answer.text) and SECRET not in answer.text


def test_a_link_that_is_too_long_is_refused(rulebook: Rulebook) -> None:
    with pytest.raises(LinkRefused):
        read_link([("topic", "x" * 13_000)], rulebook.vocabulary, rulebook.law.drug_names)


WRONG = (
    ("patient.age", "170"),
    ("patient.age", "1990-04-02"),
    ("prescription.days_supply", "4155550123"),
    ("provider.profession", SECRET),
    ("drug.name", SECRET),
    ("provider.licenses.0.issued", "31/01/2026"),
    ("relationship.in_person_exams.0.date", "2026-01-31"),
    ("consents.0.at", "2026-01-31T10:00:00Z"),
    ("encounter.recording", "perhaps"),
    ("on", "2026-02-30"),
    ("state", "ZZ"),
    ("topic", "sleep"),
)


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_value_that_does_not_fit_is_named_and_nothing_is_answered(reader: TestClient, key: str, value: str) -> None:
    answer = reader.get(PAGE, params={"topic": "prescribing", "state": "FL", "on": DAY, key: value})
    assert answer.status_code == 422
    assert f'href="#{key}"' in answer.text and f'id="{key}"' in answer.text
    assert SECRET not in answer.text
    assert verdict(answer.text) == ""


def test_an_address_reads_as_the_question_it_was_made_of(rulebook: Rulebook) -> None:
    for name in starts(ROOT):
        asked = question(rulebook, name, "prescribing", "CA")
        pairs = parse_qsl(urlsplit(address(asked)).query)
        link = read_link(pairs, rulebook.vocabulary, rulebook.law.drug_names)
        assert not link.wrong and dict(link.told) == dict(asked.told)


def test_every_part_can_be_told_and_shared(rulebook: Rulebook) -> None:
    names = rulebook.law.drug_names
    for part in parts_of(rulebook.vocabulary).values():
        told = {part.path: _some(part)}
        asked = Asked(topic="licensing", state="FL", day=DAY, told=told)
        link = read_link(parse_qsl(urlsplit(address(asked)).query), rulebook.vocabulary, names)
        assert not link.wrong and dict(link.told) == told
        asking(rulebook).decide(asked)


def _some(part: Part) -> Any:
    if part.sort is Sort.RECORDS:
        return tuple({name: _some(one) for name, one in part.fields.items()} for _ in range(MOST_ROWS))
    values = {Sort.FLAG: True, Sort.NUMBER: part.least, Sort.DRUG: "amoxicillin", Sort.DATE: DAY, Sort.AGO: AGOS[1]}
    if part.sort in values:
        return values[part.sort]
    return part.options if part.sort is Sort.CHOICES else part.options[0]


def test_empty_fields_leave_the_address_and_a_row_can_be_left_out(reader: TestClient) -> None:
    query = [("topic", "licensing"), ("state", "FL"), ("on", DAY), ("provider.profession", ""), ("drug.name", "")]
    rows = {"0.state": "GA", "1.state": "FL", "0.out": "yes"}
    query += [(f"provider.licenses.{key}", value) for key, value in rows.items()]
    answer = reader.get(f"{PAGE}?{urlencode(query)}")
    assert parse_qsl(urlsplit(str(answer.url)).query) == [*query[:3], ("provider.licenses.0.state", "FL")]


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_disclosure_of_the_law_has_words(rulebook: Rulebook, language: str) -> None:
    known = rulebook.vocabulary.facts["consents"].type.fields["disclosures"].choices
    assert [word for word in known if not has_message(language, f"ask.value.{word}")] == []


def test_a_limit_names_the_statute_that_sets_it(reader: TestClient) -> None:
    page = reader.get("/staff/law?topic=prescribing&state=FL&on=2026-12-01&start=opioid").text
    limits = page.partition('class="lawcard__limits"')[2].partition("</ul>")[0]
    assert limits.count("<li>") >= 1
    assert all('class="statute"' in line for line in limits.split("<li>")[1:])
    assert "456.44" in limits


def test_every_fact_that_is_asked_has_words_in_both_languages(rulebook: Rulebook) -> None:
    for part in parts_of(rulebook.vocabulary).values():
        for language in ("en", "es"):
            assert has_message(language, f"ask.fact.{part.path}"), part.path
            for name, field in part.fields.items():
                assert has_message(language, f"ask.part.{name}"), name
                _has_words(language, field)
            _has_words(language, part)


def _has_words(language: str, part: Part) -> None:
    for code in part.options if part.sort in (Sort.CHOICE, Sort.CHOICES) and not part.place else ():
        assert has_message(language, f"ask.value.{code}"), code


def test_the_language_changes_and_the_question_stays(clinic: Clinic) -> None:
    browser = signed_in(clinic, "compliance")
    page = browser.get(PAGE, params=STIMULANT)
    found = re.search(r'name="next" value="([^"]+)"', page.text)
    assert found
    form = {"csrf": csrf_of(page.text), "language": "es", "next": html.unescape(found[1])}
    answer = browser.post("/staff/language", data=form)
    assert str(answer.url) == str(page.url) and verdict(answer.text) == "La ley lo permite."


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_topic_of_every_state_carried_has_a_page(clinic: Clinic, rulebook: Rulebook, language: str) -> None:
    browser = signed_in(clinic, "compliance")
    browser.headers["accept-language"] = language
    topics = {file.topic for file in rulebook.law.files}
    states = {place.partition("/")[2].upper() for place in rulebook.jurisdictions() if "/" in place}
    assert len(topics) >= 7 and len(states - {"FEDERAL"}) >= 5
    for state in sorted(states - {"FEDERAL"}):
        for topic in sorted(topics):
            page = browser.get(PAGE, params={"topic": topic, "state": state, "on": DAY, "start": "ordinary_visit"})
            assert page.status_code == 200 and verdict(page.text), (topic, state)
