"""The law of the country on pages: a map with its table, one state's law in words, and what stops an ordinary visit."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from engine.decisions import Outcome
from engine.law_report import state_topics, states_of
from engine.library import Library
from portals.base.i18n import has_message
from portals.law.country import (
    DUE,
    FRESH,
    SURE,
    VISIT,
    WAYS,
    House,
    chosen,
    map_view,
    passages,
    report_view,
    worst_of,
)
from portals.law.place import Place
from portals.law.vouching import shown
from tests.portals.helpers_clinic import ROOT, Clinic, build_clinic, post
from tests.portals.helpers_country import house_of

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    built = build_clinic(tmp_path_factory.mktemp("country"))
    yield built
    built.database.close()


@pytest.fixture(scope="module")
def reader(clinic: Clinic) -> TestClient:
    browser = clinic.browser()
    assert post(browser, "/staff/sign-in", {"person": "compliance"}, to="/staff/demo/sign-in").status_code == 200
    return browser


@pytest.fixture(scope="module")
def house(clinic: Clinic) -> House:
    library: Library = clinic.app.state.deps.library()
    return house_of(library.rulebooks["marigold"], ROOT)


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def test_the_map_has_every_state_as_a_tile_and_as_a_row_that_leads_to_it(reader: TestClient, house: House) -> None:
    page = reader.get("/staff/law/map").text
    for code in states_of(house.rulebook):
        assert page.count(f'href="/staff/law/states/{code}"') >= 2
    assert page.count('<tr><th scope="row"') == 51


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_colouring_says_each_state_in_words_of_the_legend(house: House, way: str) -> None:
    view = map_view(house, chosen(house, {"by": way, "topic": "licensing"}))
    legend = dict(view.legend)
    assert {line.kind for line in view.lines} <= set(legend)
    assert {line.words for line in view.lines} <= set(legend.values())


def test_a_state_whose_licensing_has_something_unsure_is_not_shown_as_sure(house: House) -> None:
    view = map_view(house, chosen(house, {"by": SURE, "topic": "licensing"}))
    kinds = {line.code: line.kind for line in view.lines}
    assert kinds["CA"] == "review" and kinds["FL"] == "duties"


def test_without_a_choice_the_map_says_how_an_ordinary_visit_ends(reader: TestClient, house: House) -> None:
    view = map_view(house, chosen(house, {}))
    assert (view.choice.way, view.choice.topic) == (VISIT, "all")
    kinds = {line.code: line.kind for line in view.lines}
    assert {code for code, kind in kinds.items() if kind not in ("open", "duties")} == {"PA", "RI", "WY"}
    assert {kinds[code] for code in ("PA", "RI", "WY")} == {"review"}
    assert sum(count for _, count in view.counts) == 51 and dict(view.counts)["A person decides"] == 3
    page = text_of(reader.get("/staff/law/map").text)
    assert "A person decides: 3" in page and "Pennsylvania: A person decides" in page


def test_what_is_untold_is_a_colour_of_its_own_and_worse_than_what_a_person_decides(house: House) -> None:
    [passage] = [one for one in passages(house, "everyday_visit") if (one.state, one.gate) == ("FL", "join")]
    asked = replace(passage.topics[0], outcome=Outcome.INCOMPLETE)
    told = replace(passage, topics=(replace(asked, outcome=Outcome.REVIEW), asked))
    assert worst_of((told,), "all") == {"FL": "untold"}


def test_a_topic_that_a_visit_never_asks_about_is_not_shown_as_allowed(house: House) -> None:
    view = map_view(house, chosen(house, {"visit": "everyday_psychologist", "topic": "prescribing"}))
    assert {line.kind for line in view.lines} == {"none"}
    assert {line.words for line in view.lines} == {"This visit does not ask the topic"}


def test_the_day_of_the_last_check_ages(house: House) -> None:
    kinds = []
    for day in ("2026-12-01", "2027-04-01", "2027-09-01", "2029-01-01"):
        then = house_of(house.rulebook, ROOT, day)
        kinds.append({line.kind for line in map_view(then, chosen(then, {"by": FRESH, "topic": "recording"})).lines})
    assert kinds == [{"open"}, {"duties"}, {"review"}, {"shut"}]


def test_being_due_turns_with_the_day(house: House) -> None:
    soon, late = (house_of(house.rulebook, ROOT, day) for day in ("2027-04-30", "2027-12-01"))
    before = map_view(house, chosen(house, {"by": DUE, "topic": "recording"}))
    assert {line.kind for line in before.lines} == {"open"}
    assert "review" in {line.kind for line in map_view(soon, chosen(soon, {"by": DUE, "topic": "recording"})).lines}
    assert {line.kind for line in map_view(late, chosen(late, {"by": DUE, "topic": "recording"})).lines} == {"shut"}


def test_an_ordinary_visit_is_allowed_by_the_licensing_of_every_state(house: House) -> None:
    view = map_view(house, chosen(house, {"by": VISIT, "topic": "licensing"}))
    assert {line.kind for line in view.lines} <= {"open", "duties"}


def test_what_an_address_does_not_know_is_the_first_choice(house: House) -> None:
    found = chosen(house, {"by": "colour", "topic": "taxes", "visit": "nobody"})
    assert (found.topic, found.way, found.visit) == ("all", VISIT, "everyday_visit")


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_state_is_told_in_words_for_every_topic_without_a_code_of_the_program(house: House, language: str) -> None:
    told = house_of(house.rulebook, ROOT, language=language)
    for topic in state_topics(house.rulebook):
        view = Place(told, "TX", topic).view()
        assert view.values or view.rules or view.lacking, topic
        for rule in view.rules:
            assert all(rule.when) and rule.title
            assert not re.search(r"\b(provider|patient|encounter)\.[a-z]", " ".join(rule.when)), rule.when
        assert all(entry.at and entry.title for line in view.values for entry in line.entries)


def test_a_state_is_told_in_spanish_by_its_values_and_when_a_duty_is_due(house: House) -> None:
    told = house_of(house.rulebook, ROOT, language="es")
    view = Place(told, "UT", "licensing").view()
    assert "Profesiones que pueden tenerlo." in [line.says for line in view.values]
    [rule] = [one for one in view.rules if len(one.effects) > 1]
    assert rule.effects[1].startswith("Pide esto, en 10 días desde la consulta: ")
    english = Place(house, "UT", "licensing").view()
    [same] = [one for one in english.rules if len(one.effects) > 1]
    assert same.effects[1].startswith("It asks for this, within 10 days of the encounter: ")
    assert len(same.when) == len(rule.when) > 5


def test_a_value_is_told_without_what_its_author_must_know_of_null(house: House) -> None:
    says = [line.says for line in Place(house, "AL", "licensing").view().values]
    assert "Most days of a calendar year on which they may." in says
    assert not any("null" in sentence for sentence in says)


def test_what_changed_when_is_told_with_its_sources(reader: TestClient, house: House) -> None:
    view = Place(house, "AL", "licensing").view()
    newest = view.changes[0]
    assert (newest.at, newest.text) == ("June 1, 2021", "first day")
    assert newest.statutes and newest.statutes[0].url
    assert newest.title.endswith("telehealth authority counts there: Yes")
    page = text_of(reader.get("/staff/law/states/AL?topic=licensing").text)
    assert f"June 1, 2021 , first day: {newest.title} {newest.statutes[0].title}" in page


def test_the_time_line_shows_the_newest_first_and_what_stands_today(house: House) -> None:
    view = Place(house, "FL", "prescribing").view()
    [line] = [one for one in view.values if one.name == "relationship.establish_via"]
    assert [entry.standing for entry in line.entries] == [True, False]
    assert line.entries[0].statutes and line.entries[0].statutes[0].checked


def test_what_a_reader_should_know_of_a_value_or_a_rule_stands_beside_it(reader: TestClient, house: House) -> None:
    view = Place(house, "PA", "prescribing").view()
    [value] = [one for one in view.values if one.name == "prescribers"]
    assert value.entries[0].note.startswith("The facts speak of physicians")
    noted = [rule.entry.note for rule in view.rules if rule.entry.note]
    assert "The facts give no section" in noted
    page = text_of(reader.get("/staff/law/states/PA?topic=prescribing").text)
    for note in (value.entries[0].note, *noted):
        assert f"Note: {note}" in page


PLACES_AND_PROFESSIONS = {"MD": ("Maryland", "Physician (MD)"), "PA": ("Pennsylvania", "Physician assistant")}


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_code_that_is_a_states_and_a_professions_is_told_by_what_the_law_means(house: House, language: str) -> None:
    told = house_of(house.rulebook, ROOT, language=language)
    words, lists = told.words, house.rulebook.vocabulary.lists
    assert set(lists["states"]) & set(lists["professions"]) == set(PLACES_AND_PROFESSIONS)
    asked = 0
    for name, kind in (
        (n, kind) for topic in house.rulebook.topics.topics.values() for n, kind in topic.values.items()
    ):
        if kind.choices in (lists["states"], lists["professions"]):
            is_place = kind.choices == lists["states"]
            said = words.law_value(kind, kind.choices).split(", ")
            assert said == [words.state(code) if is_place else words.option_of(code) for code in kind.choices], name
            assert shown(told, name, list(kind.choices)) == words.law_value(kind, kind.choices)
            asked += 1
    assert asked >= 15
    for path, fact in house.rulebook.vocabulary.facts.items():
        if fact.type.choices in (lists["states"], lists["professions"]):
            called = words.state if fact.place else words.option_of
            for code in fact.type.choices:
                assert words.in_card(f"provider.law.value.{path}.{code}", code) == called(code), (path, code)
    if language == "en":
        for code, pair in PLACES_AND_PROFESSIONS.items():
            assert (words.state(code), words.option_of(code)) == pair


def test_no_law_value_of_a_file_has_a_code_of_states_or_professions_without_saying_which(house: House) -> None:
    lists = house.rulebook.vocabulary.lists
    known = {lists["states"], lists["professions"]}
    either = set(lists["states"]) | set(lists["professions"])
    for file in house.rulebook.law.files:
        for value in file.values:
            codes = value.value if isinstance(value.value, tuple) else (value.value,)
            if either & {code for code in codes if isinstance(code, str)}:
                kind = house.rulebook.topics.topics[file.topic].values[value.name]
                assert kind.choices in known, (file.file, value.name)


@pytest.mark.parametrize("code", ["KS", "UT", "FL", "AL"])
def test_the_professions_of_a_state_page_are_no_states(reader: TestClient, code: str) -> None:
    page = text_of(reader.get(f"/staff/law/states/{code}?topic=licensing").text)
    assert "Physician (MD), Physician (DO)" in page
    for words in ("Maryland, Physician", "Nurse practitioner, Pennsylvania"):
        assert words not in page


def test_the_states_of_a_compact_are_told_by_name(house: House) -> None:
    values = {line.name: line.entries[0].title for line in Place(house, "MD", "licensing").view().values}
    rows = [value for file in house.rulebook.law.files if file.jurisdiction == "us" for value in file.values]
    [members] = [value.value for value in rows if value.name == "compact.nurse.members"]
    kind = house.rulebook.topics.topics["licensing"].values["compact.nurse.members"]
    assert values and "Maryland" in house.words.law_value(kind, members)
    assert "Physician" not in house.words.law_value(kind, members)


def test_every_topic_that_has_a_file_is_on_the_map_on_the_state_pages_and_in_the_report(
    reader: TestClient, house: House
) -> None:
    topics = {path.stem for path in (ROOT / "rules" / "us").glob("*/*.yaml")}
    topics &= set(house.rulebook.topics.topics)
    assert "privacy" in topics and set(state_topics(house.rulebook)) == topics
    pages = reader.get("/staff/law/map").text, reader.get("/staff/law/states/AL").text
    for topic in topics:
        assert f'<option value="{topic}"' in pages[0] and f"/staff/law/states/AL?topic={topic}" in pages[1]
        view = map_view(house, chosen(house, {"topic": topic, "by": SURE}))
        assert view.choice.topic == topic and "none" not in {line.kind for line in view.lines}, topic


def test_a_topic_that_the_country_carries_alone_is_not_shown_as_missing(reader: TestClient, house: House) -> None:
    own, none = (Place(house, code, "privacy").view() for code in ("KS", "AZ"))
    assert not own.by_country and [rule.id for rule in own.rules] == ["us/ks/privacy/primary-care"]
    assert none.by_country and {rule.id.split("/")[1] for rule in none.rules} == {"privacy"}
    assert "us/privacy/notice" in [rule.id for rule in none.rules]
    assert not any(rule.entry.attest for rule in none.rules)
    [line] = [one for one in none.topics if one.topic == "privacy"]
    assert line.carried and line.by_country and line.sure and line.checked
    page = text_of(reader.get("/staff/law/states/AZ?topic=privacy").text)
    assert "The law of the country counts here" in page and "is not carried" not in page


def test_the_map_shows_each_state_once_more_in_one_table_and_in_the_same_colours(
    reader: TestClient, house: House
) -> None:
    page = reader.get("/staff/law/map").text
    view = map_view(house, chosen(house, {}))
    for line in view.lines:
        assert page.count(f'href="/staff/law/states/{line.code}"') == 2
        assert f'class="tile tile-{line.kind} ' in page and f'class="country-stands tile-{line.kind}"' in page
    assert "tilemap-list" not in page


def test_a_state_page_leads_to_the_question_about_it_with_the_state_filled_in(reader: TestClient) -> None:
    page = reader.get("/staff/law/states/NY?topic=consent").text
    [href] = re.findall(r'href="(/staff/law\?[^"]+)"', page)
    asked = html.unescape(href)
    assert "state=NY" in asked and "topic=consent" in asked
    assert "New York" in text_of(reader.get(asked).text)


def test_a_state_that_is_none_is_not_found(reader: TestClient) -> None:
    assert reader.get("/staff/law/states/ZZ").status_code == 404
    small = reader.get("/staff/law/states/fl?topic=consent", follow_redirects=False)
    assert (small.status_code, small.headers["location"]) == (303, "/staff/law/states/FL?topic=consent")


def test_the_report_counts_every_state_at_every_gate_and_names_what_stops(reader: TestClient, house: House) -> None:
    view = report_view(house, "everyday_visit")
    assert all(sum(counts) == 51 for _, counts in view.counts)
    page = text_of(reader.get("/staff/law/report").text)
    assert f"in {len(view.passes)} of 51 states" in page
    for stop in view.stops:
        assert stop.why in page and (stop.statutes or stop.lacks)


def test_a_patient_does_not_get_these_pages(clinic: Clinic) -> None:
    patient = clinic.browser()
    post(patient, "/sign-in", {"person": "june_hartley"}, to="/demo/sign-in")
    for path in ("/staff/law/map", "/staff/law/report", "/staff/law/states/FL"):
        assert "country" not in patient.get(path).text and patient.get(path, follow_redirects=False).status_code != 200


def test_every_code_that_stops_a_visit_has_words_in_both_languages() -> None:
    codes = ("permission_uncertain", "date_uncertain", "law_value_not_carried", "law_not_carried", "incomplete")
    for code in (*codes, "forbidden", "no_authority", "engine_fault", "unknown_drug", "place_not_attested"):
        assert has_message("en", f"country.why.{code}") and has_message("es", f"country.why.{code}")
