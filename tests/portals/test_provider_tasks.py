"""Tasks say what to do; a stopped visit shows whom to call; codes are words; all staff get a page of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from engine.library import load_library
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.provider.chart import ChartSource, PatientCard, chart_view
from portals.provider.views import ChartView
from tests.engine.test_facts import dossier
from tests.portals.helpers_clinic import ROOT, Clinic, post
from tests.portals.helpers_provider import Portal, build_portal, shut, text_of
from tests.portals.test_provider_pages import draft, note
from tests.records.helpers import PLACE, HandClock, build_world, open_database
from workflows.contracts import Answer

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    yield made
    database.close()


def review(portal: Portal) -> str:
    portal.world.store.raise_alert(portal.world.effect(), "review")
    return text_of(portal.client.get("/staff").text)


def test_a_prescription_that_was_kept_back_names_the_visit_the_gate_the_reason_and_what_to_do(portal: Portal) -> None:
    portal.move("documenting")
    order = draft(portal, "oxycodone")
    portal.visits.gates["prescribe"] = shut()
    portal.visits.answers["prescribe"] = Answer(done=False, code="gate_shut")
    portal.post(f"{portal.at}/orders/{order}/send")
    page = review(portal)
    assert "A decision needs a person Ana Reyes · Video visit, Thu, Mar 5" in page.replace("  ", " ")
    assert "oxycodone: Prescribing: This prescription must not be sent." in page
    assert "Schedule II by telehealth only for psychiatric treatment" in page
    assert "What to do: This prescription was not sent." in page


@pytest.mark.slow
def test_an_order_that_stayed_behind_is_named_with_why_and_one_that_was_discarded_says_so(portal: Portal) -> None:
    portal.move("documenting")
    revised, thrown_away = draft(portal, "amoxicillin"), draft(portal, "ibuprofen")
    portal.post(f"{portal.at}/orders/{thrown_away}/discard")
    for order in (revised, thrown_away):
        portal.world.store.raise_alert(portal.world.effect(), "order_kept", order)
    page = text_of(portal.client.get("/staff").text)
    assert "Signed, but a prescription stayed behind (2) Ana Reyes" in page
    assert "amoxicillin: It was changed while it was being sent." in page
    assert "ibuprofen: Discarded" in page
    assert "What to do: This prescription was not sent." in page


@pytest.mark.slow
def test_an_order_the_pharmacy_kept_after_a_cancelled_visit_is_named_with_what_to_do(portal: Portal) -> None:
    portal.move("in_call")
    order = draft(portal, "amoxicillin")
    portal.move("cancelled")
    portal.world.store.raise_alert(portal.world.effect(), "not_cancelled", order)
    page = text_of(portal.client.get("/staff").text)
    assert "The visit was cancelled, but the pharmacy keeps its prescription Ana Reyes" in page
    assert "amoxicillin What to do:" in page.replace("  ", " ") and "What to do: Call the pharmacy" in page


@pytest.mark.slow
def test_a_shut_sign_gate_says_the_same_of_signing(portal: Portal) -> None:
    portal.move("documenting")
    note(portal, 0, "Sore throat")
    portal.visits.gates["sign"] = shut("licensing")
    portal.visits.answers["sign"] = Answer(done=True, code="gate_shut")
    portal.post(f"{portal.at}/sign")
    portal.world.store.raise_alert(portal.world.effect(), "sign_gate_shut")
    page = text_of(portal.client.get("/staff").text)
    assert "Signing: Prescriptions and payment must not go out." in page
    assert "What to do: Meet what the law asks for" in page


@pytest.mark.slow
def test_a_task_without_any_decision_says_so_and_gives_the_visits_number(portal: Portal) -> None:
    portal.move("waiting")
    page = review(portal)
    assert "nothing works on it any more" in page and portal.world.visit in page


def test_several_red_flags_of_a_visit_are_one_task_and_are_seen_together(portal: Portal) -> None:
    portal.world.begin()
    with portal.world.database.scope(portal.world.clinic, portal.world.as_patient) as scope:
        for flag in ("chest_pain", "breath"):
            scope.forms.flag(portal.world.visit, "urgent_care/intake", "signs", flag, stops=True)
    portal.move("escalated")
    portal.world.store.raise_alert(portal.world.effect(), "red_flag")  # the visit's own: no further reason
    page = portal.client.get(portal.at).text
    assert page.count("Red flag in the patient") == 1 and "answers (2)" in text_of(page)
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        first, *others = (one.id for one in scope.alerts.open(portal.world.visit))
    assert len(others) == 2 and f'value="{" ".join(others)}"' in page
    after = portal.post(f"/staff/alerts/{first}/seen", back=portal.at, others=" ".join(others))
    assert "Red flag in the patient" not in after.text


def test_a_stopped_visit_shows_phone_and_address_and_closes_note_and_search(portal: Portal) -> None:
    place = replace(PLACE, attested=True, street="1 Palm Way", city="Miami")
    portal.world.begin()
    with portal.world.database.scope(portal.world.clinic, portal.world.as_patient) as scope:
        scope.visits.attest_place(portal.world.visit, place)
    assert "tel:" not in portal.client.get(portal.at).text
    portal.move("escalated")
    page = portal.client.get(portal.at).text
    assert 'href="tel:+13055550100"' in page and "1 Palm Way<br>Miami, Florida 33101" in page
    assert "There was no call in this visit." in page and "The call is over." not in page
    assert "<textarea" not in page and "drug-query" not in page and "its note is closed" in page


@pytest.mark.slow
def test_a_call_that_took_place_is_over(portal: Portal) -> None:
    portal.move("waiting")
    portal.post(f"{portal.at}/admit")
    portal.post(f"{portal.at}/end")
    assert "The call is over." in portal.client.get(portal.at).text


@pytest.mark.slow
def test_a_conflict_shows_the_fields_that_differ_and_no_others(portal: Portal) -> None:
    note(portal, 0, "the first window", key="k1", **{"plan.enough": ""})
    page = note(portal, 0, "the second window", key="k2", **{"plan.enough": ""}).text
    assert page.count('class="kept"') == 1 and "the second window</pre>" in page


@pytest.mark.slow
def test_the_stage_carries_the_patients_name_for_the_tile(portal: Portal) -> None:
    portal.move("waiting")
    portal.post(f"{portal.at}/admit")
    page = portal.post(f"{portal.at}/join").text
    assert "Ana Reyes" in page.partition('data-names="')[2].partition('"')[0].replace("&#34;", "'")


@pytest.mark.parametrize(
    ("person", "home"),
    [
        ("clinic_admin", "schedule"),
        ("clinical_ops", "schedule"),
        ("support", "connections"),
        ("compliance", "oversight"),
    ],
)
def test_staff_who_see_no_patients_begin_at_a_page_of_their_own(clinic: Clinic, person: str, home: str) -> None:
    browser = clinic.browser()
    page = post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    assert page.status_code == 200 and page.url.path == f"/staff/{home}"
    assert "Sign out" in page.text


@pytest.mark.slow
@pytest.mark.parametrize(("language", "words"), [("en", "This page is not yours"), ("es", "Esta página no es suya")])
def test_staff_who_open_a_visit_read_calmly_that_it_is_not_theirs(clinic: Clinic, language: str, words: str) -> None:
    browser = clinic.browser()
    post(browser, "/staff/sign-in", {"person": "compliance"}, to="/staff/demo/sign-in")
    browser.cookies.set("cw_language", language)
    page = browser.get("/staff/visits/vis_000000000000000000000000")
    assert page.status_code == 403 and words in page.text
    assert translator(language)("role.compliance") in page.text, "who they are here"
    assert 'class="button button-second" href="/staff"' in page.text and "/staff/sign-out" in page.text


def test_a_clinician_whose_licence_ended_reads_it_on_the_queue(clinic: Clinic) -> None:
    clinic.clock.at = datetime.now(UTC) + timedelta(days=1)  # it ended yesterday, wherever it is which day now
    browser = clinic.browser()
    page = text_of(post(browser, "/staff/sign-in", {"person": "emeric_lindqvist"}, to="/staff/demo/sign-in").text)
    assert "Your license for Florida ended on" in page and "administrator" in page
    other = clinic.browser()
    fits = post(other, "/staff/sign-in", {"person": "rosalind_achebe"}, to="/staff/demo/sign-in").text
    assert "Your license for" not in fits


def chart(answers: dict[str, object], **told: object) -> ChartView:
    form = load_library(ROOT).content.form("urgent_care/intake")
    base = dossier()
    source = ChartSource(
        patient=PatientCard(name="Ana Reyes", birth_date=date(1990, 4, 2), language="en"),
        booked=None,
        attested=PLACE,
        dossier=replace(base, patient=replace(base.patient, **told)),  # type: ignore[arg-type]
        forms=((form, answers),),
        now=datetime(2026, 3, 5, 15, tzinfo=UTC),
    )
    return chart_view(source, translator("en"), Formats("en"))


@pytest.mark.slow
def test_codes_and_units_read_as_the_patient_read_them() -> None:
    view = chart(
        {"chief_complaint": "fever", "fever_measured": True, "temperature": 101.3},
        allergies=("opioid",),
        medications=("birth_control", "unheard_of"),
        conditions=("asthma_copd",),
    )
    assert view.allergies == ("Codeine or other opioids",)
    assert view.medications == ("Birth control pills", "Unheard of")
    assert view.conditions == ("Asthma or COPD",)
    assert "101.3 °F" in [line.answer for line in view.lines]
    assert view.address == ("Florida 33101",)


@pytest.mark.slow
def test_a_possible_pregnancy_stands_at_the_head_and_a_no_does_not() -> None:
    assert chart({"pregnant": "maybe"}).pregnancy == "Maybe"
    assert chart({"pregnant": "yes"}).pregnancy == "Yes"
    assert chart({"pregnant": "no"}).pregnancy == "" and chart({}).pregnancy == ""
