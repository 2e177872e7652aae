"""Booking: places, times in the patient's zone, the law when there are none, holding and paying; without scripts."""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime, timedelta

import pytest

from engine.clinic_terms import Terms
from engine.dossier import Dossier
from engine.ports import GateRecord
from portals.patient.places import state_options
from records.hours import ExceptionDraft
from records.scope import Actor
from records.visits import VisitDraft
from tests.portals.helpers_clinic import SLUG, Clinic, LicenceGates, post, sign_in
from tests.portals.helpers_files import PLACE, person_of
from tests.portals.helpers_journey import GOOD_CARD, KIND, MIAMI, booked, choose, held, times
from tests.portals.test_moving import on_terms

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


TIME = re.compile(r'name="time" value="([^"]+)"')


def test_the_front_page_shows_price_length_hours_and_languages(clinic: Clinic) -> None:
    page = clinic.browser().get("/")
    assert page.status_code == 200
    for words in ("$79", "20 minutes", "Day and night", "English, Español", "Florida"):
        assert words in page.text


def test_a_zip_code_of_another_state_is_refused_and_the_input_kept(clinic: Clinic) -> None:
    page = post(clinic.browser(), KIND, {"state": "FL", "postal_code": "30301"})
    assert page.status_code == 422
    assert "not in Florida" in page.text
    assert 'value="30301"' in page.text
    assert '<option value="FL" selected>' in page.text


def test_times_are_given_in_the_zone_of_the_zip_code(clinic: Clinic) -> None:
    browser = clinic.browser()
    assert "Eastern Time" in post(browser, KIND, MIAMI).text
    assert "Central Time" in post(browser, KIND, {"state": "FL", "postal_code": "32501"}).text


def test_a_day_shows_every_time_and_one_clinicians_times_are_shown_alone(clinic: Clinic) -> None:
    browser = clinic.browser()
    page = post(browser, KIND, MIAMI).text
    again = browser.get(f"{KIND}/times").text
    assert TIME.findall(page) == TIME.findall(again)
    day = re.findall(r"times\?day=(\d{4}-\d\d-\d\d)", page)[1]
    whole = browser.get(f"{KIND}/times?day={day}").text
    every = TIME.findall(whole)
    assert len(every) == len(set(every)) and "Back to all days" in whole
    assert len(every) > sum(f"|{day}" in one for one in set(TIME.findall(page)))
    assert len(whole.encode()) < 100_000
    people = {one.partition("|")[0] for one in every}
    one = min(people)
    own = browser.get(f"{KIND}/times?day={day}&with={one}").text
    assert TIME.findall(own) == [time for time in every if time.startswith(one)] != []
    assert {time.partition("|")[0] for time in TIME.findall(browser.get(f"{KIND}/times?with={one}").text)} == {one}
    assert len(people) == 1 or "Choose the clinician" in page
    for nonsense in ("day=2026-99-99", "day=1999-01-01", "with=nobody", "week=x"):
        assert TIME.findall(browser.get(f"{KIND}/times?{nonsense}").text) == TIME.findall(page)


def test_only_clinicians_licensed_for_the_place_are_offered(clinic: Clinic) -> None:
    page = post(clinic.browser(), KIND, MIAMI).text
    assert "Rosalind Achebe" in page
    assert "Emeric Lindqvist" not in page, "the licence ran out yesterday"


def test_a_state_the_clinic_does_not_serve_is_said_before_the_law_is_asked(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LicenceGates, "ask", lambda *_: pytest.fail("the law was asked"))
    page = post(clinic.browser(), KIND, {"state": "GA", "postal_code": "30301"}).text
    assert "We do not serve Georgia yet" in page
    assert "<li>Florida</li>" in page
    assert 'href="tel:+1 305 555 0142"' in page


def test_a_place_without_a_licensed_clinician_shows_the_law_and_the_way_out(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_licences(monkeypatch)
    page = post(clinic.browser(), KIND, MIAMI).text
    assert "does not allow this visit" in page
    assert "Fla. Stat. 456.47(4)" in page
    assert "checked on" in page
    assert "another state" in page
    assert 'name="time"' not in page


def test_the_address_of_a_page_never_holds_the_place(clinic: Clinic) -> None:
    page = post(clinic.browser(), KIND, MIAMI)
    assert "33132" not in str(page.url)
    assert "FL" not in str(page.url)


def test_choosing_a_time_signed_out_leads_to_an_account_and_back_to_the_same_time(clinic: Clinic) -> None:
    browser = clinic.browser()
    chosen = times(browser)[0]
    assert choose(browser, chosen).url.path == "/sign-up"
    sign_in(browser)
    page = browser.get("/book/review").text
    assert "Check your visit" in page
    assert "$79" in page


def test_booking_twice_is_one_visit(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    choose(browser, times(browser)[0])
    page = browser.get("/book/review")
    token = re.search(r'name="csrf" value="(\w+)"', page.text)
    assert token
    flow = browser.cookies.get("cw_flow")
    first = browser.post("/book/review", data={"csrf": token[1], "request": "b" * 24})
    browser.cookies.set("cw_flow", flow or "", domain=f"{SLUG}.localhost", path="/")
    second = browser.post("/book/review", data={"csrf": token[1], "request": "b" * 24})
    assert first.url.path == second.url.path
    assert sum(ask.act == "book" for ask in clinic.visits.asked) == 1


def test_a_time_somebody_else_took_is_said_and_other_times_offered(clinic: Clinic) -> None:
    one, other = clinic.browser(), clinic.browser()
    sign_in(one)
    sign_in(other, "mateo_villareal")
    wanted = times(one)[0]
    choose(one, wanted)
    times(other)
    choose(other, wanted)
    assert "/pay" in str(post(one, "/book/review", {"request": "c" * 24}).url)
    late = post(other, "/book/review", {"request": "d" * 24})
    assert late.status_code == 409
    assert "no longer free" in late.text
    assert wanted not in late.text
    assert "Not possible" not in other.get("/visits").text
    with clinic.database.engine.connect() as connection:
        lost = connection.exec_driver_sql("SELECT id FROM visits WHERE stage = 'refused'").scalar()
    home = other.get(f"/visits/{lost}").text
    assert "Somebody else took this time" in home and f'href="{KIND}/times"' in home


def test_only_a_time_that_the_search_could_have_given_out_is_held(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    provider, _, offered = times(browser)[0].partition("|")
    start = datetime.fromisoformat(offered) + timedelta(days=1)  # far from passing, and the clinic is always open
    for forged in (timedelta(minutes=1, seconds=13), timedelta(microseconds=1), timedelta(days=40)):
        choose(browser, f"{provider}|{(start + forged).isoformat()}")
        page = post(browser, "/book/review", {})
        assert (page.status_code, "no longer free" in page.text) == (409, True)
    assert clinic.visits.asked == []
    choose(browser, f"{provider}|{(start + timedelta(minutes=5)).isoformat()}")
    assert "/pay" in str(post(browser, "/book/review", {}).url)


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-12-01T09:00:00"])
def test_a_time_at_the_calendars_ends_or_of_no_zone_is_no_choice(clinic: Clinic, end: str) -> None:
    browser = clinic.browser()
    sign_in(browser)
    provider = times(browser)[0].partition("|")[0]
    assert "Choose" in choose(browser, f"{provider}|{end}").text
    assert browser.get("/book/review").url.path == "/"


def test_a_draft_of_before_is_not_held_on_a_day_off(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    provider, _, offered = times(browser)[0].partition("|")
    day = timedelta(days=1)
    start = datetime.fromisoformat(offered) + day
    off = ExceptionDraft(kind="off", first_day=(start - day).date(), last_day=(start + day).date())
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        plan = clinic.content.visit_type(KIND.removeprefix("/book/")).plan
        scope.visits.draft(
            VisitDraft(
                patient=person_of(clinic, browser), provider=provider, plan=plan, starts_at=start, booked_place=PLACE,
                price_cents=7900, currency="USD",
            )
        )  # fmt: skip
        scope.hours.add_exception(provider, off)
    choose(browser, f"{provider}|{start.isoformat()}")
    assert post(browser, "/book/review", {}).status_code == 409
    assert clinic.visits.asked == []


def test_a_gate_that_shuts_at_booking_shows_its_law(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = clinic.browser()
    sign_in(browser)
    choose(browser, times(browser)[0])
    _without_licences(monkeypatch)
    page = post(browser, "/book/review", {"request": "e" * 24})
    assert page.status_code == 409
    assert "cannot be booked" in page.text
    assert "Fla. Stat." in page.text


def test_a_declined_card_keeps_the_name_and_forgets_the_number(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    visit = held(clinic, browser)
    page = post(browser, f"/visits/{visit}/pay", {**GOOD_CARD, "number": "4000000000000002"})
    assert page.status_code == 402
    assert "declined" in page.text
    assert 'value="June Hartley"' in page.text
    assert "4000000000000002" not in page.text


def test_a_real_card_number_is_not_taken(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    visit = held(clinic, browser)
    page = post(browser, f"/visits/{visit}/pay", {**GOOD_CARD, "number": "4539578763621486"})
    assert page.status_code == 422
    assert not any(ask.act == "pay" for ask in clinic.visits.asked)


def test_the_payment_pages_say_that_the_processor_is_simulated(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    assert "Simulated card processor" in browser.get(f"/visits/{visit}/receipt").text


@pytest.mark.slow
def test_the_review_says_how_long_the_plan_holds_the_time(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    choose(browser, times(browser)[0])
    page = browser.get("/book/review").text
    plan = clinic.content.specialties["urgent_care"].visit_types["video_visit"].plan
    minutes = plan.step("book").settings["hold_seconds"] // 60
    assert f"hold this time for you for {minutes} minutes" in page
    post(browser, "/book/review", {"language": "es", "next": "/book/review"}, to="/language")
    assert f"durante {minutes} minutos" in browser.get("/book/review").text


def test_a_time_that_has_passed_is_not_promised_to_anybody(clinic: Clinic) -> None:
    browser = clinic.browser()
    chosen = times(browser)[0]
    choose(browser, chosen)
    assert "then we hold the time for you" in browser.get("/sign-up").text
    clinic.clock.at = datetime.fromisoformat(chosen.partition("|")[2]) + timedelta(minutes=1)
    assert "You chose" not in browser.get("/sign-up").text
    assert "You chose" not in browser.get("/sign-in").text
    sign_in(browser)
    page = browser.get("/book/review")
    assert page.status_code == 409
    assert "has passed" in page.text


def test_a_wrong_zip_code_is_named_with_its_state_in_the_summary_too(clinic: Clinic) -> None:
    page = post(clinic.browser(), KIND, {"state": "FL", "postal_code": "30301"}).text
    assert page.count("is not in Florida") == 2
    assert "{state}" not in page


def test_initials_are_of_the_name_without_its_credential(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    chosen = times(browser)[0]
    choose(browser, chosen)
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        name = scope.people.provider(chosen.partition("|")[0]).display_name
    initials = re.search(r'class="avatar" aria-hidden="true">(\w+)<', browser.get("/book/review").text)
    assert initials
    assert initials[1] == "".join(part[0] for part in name.split(",")[0].split())


@pytest.mark.slow
def test_cancelling_asks_why_without_insisting_and_shows_what_it_means(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    assert "free of charge" in browser.get(f"/visits/{visit}/cancel").text
    page = post(browser, f"/visits/{visit}/cancel", {})
    assert "was canceled" in page.text
    assert clinic.visits.asked[-1].subject == ""


def _without_licences(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clinician has a licence any more."""

    def refuse(self: LicenceGates, dossier: Dossier, gate: str, at: object) -> GateRecord:
        nobody = dataclasses.replace(dossier, provider=dataclasses.replace(dossier.provider, licenses=()))
        return original(self, nobody, gate, at)  # type: ignore[arg-type]

    original = LicenceGates.ask
    monkeypatch.setattr(LicenceGates, "ask", refuse)


def test_terms_and_the_end_of_the_hold_are_said_before_anything_is_paid(clinic: Clinic) -> None:
    browser = clinic.browser()
    choose(browser, times(browser)[0])
    account = browser.get("/sign-up").text
    assert re.search(r"You chose .+ with .+ Until then somebody else may take it", account)
    sign_in(browser)
    assert "cancel free of charge" in browser.get("/").text
    review = browser.get("/book/review").text
    assert "cancel free of charge" in review and "15 minutes late" in review
    visit = held(clinic, browser)
    paying = browser.get(f"/visits/{visit}/pay").text
    assert "15 minutes late" in paying and "We hold it for you until" in paying
    start = browser.get("/book/review")  # where Back leads
    assert start.url.path == "/" and "A time is held for you" in start.text
    assert f'href="/visits/{visit}/pay"' in start.text
    post(browser, f"/visits/{visit}/pay", GOOD_CARD)
    assert "A time is held for you" not in browser.get("/").text


def test_a_fee_for_canceling_late_is_named_with_its_price(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = clinic.browser()
    on_terms(clinic, monkeypatch, Terms(free_until_seconds=6 * 3600, late_fee_cents=2000))
    choose(browser, times(browser)[-1])
    sign_in(browser)
    assert (
        "free of charge until 6 hours before it begins; canceling later costs $20" in browser.get("/book/review").text
    )
    on_terms(clinic, monkeypatch, Terms(free_until_seconds=60 * 86_400, late_fee_cents=2000))
    assert "can no longer be moved, and canceling costs $20" in browser.get("/book/review").text
    on_terms(clinic, monkeypatch, Terms(free_until_seconds=60 * 86_400))
    assert "can no longer be moved; you can still cancel free of charge" in browser.get("/book/review").text


def test_states_stand_in_the_order_of_their_language() -> None:
    names = [name for code, name in state_options("es") if code]
    assert names.index("Míchigan") < names.index("Minnesota") < names.index("Montana")


def test_the_address_of_a_form_leads_back_to_its_page_when_it_is_loaded_again(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    visit = held(clinic, browser)
    again = browser.get(f"/visits/{visit}/move/undo", follow_redirects=False)
    assert (again.status_code, again.headers["location"]) == (303, f"/visits/{visit}/move")
