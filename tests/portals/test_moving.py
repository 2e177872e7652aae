"""A patient gives a booked visit another time or cancels it, and reads first what the clinic's terms say."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from engine.clinic_terms import Terms
from engine.ports import Effect, PaymentReceipt
from records.tables.visits import Visit
from tests.portals.helpers_clinic import SLUG, Clinic, post, sign_in
from tests.portals.helpers_journey import booked, held, ref, times

pytestmark = pytest.mark.slow


def on_terms(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, terms: Terms) -> None:
    file = clinic.content.clinics[SLUG]
    monkeypatch.setitem(clinic.content.clinics, SLUG, replace(file, terms=terms))


def free(browser: TestClient, visit: str) -> list[str]:
    return re.findall(r'name="time" value="([^"]+)"', browser.get(f"/visits/{visit}/move").text)


def move(browser: TestClient, visit: str, time: str) -> object:
    return post(browser, f"/visits/{visit}/move", {"time": time, "request": "b" * 24})


def test_a_patient_moves_a_visit_and_the_old_time_is_offered_again(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    before = clinic.visits.store.standing(ref(visit)).starts_at
    there = free(browser, visit)[-1]
    page = move(browser, visit, there)
    assert "Your visit has a new time" in page.text  # type: ignore[attr-defined]
    after = clinic.visits.store.standing(ref(visit)).starts_at
    assert after.isoformat() == there.partition("|")[2] != before.isoformat()
    assert f"|{before.isoformat()}" in "".join(times(browser))
    assert clinic.visits.asked[-1].act == "reschedule"


def test_a_patient_moves_to_another_clinician_by_name_and_comes_back_in_one_press(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    mine = provider_of(clinic, visit)
    offered = free(browser, visit)
    assert {one.partition("|")[0] for one in offered} > {mine}
    only = re.findall(r'name="time" value="([^"|]+)', browser.get(f"/visits/{visit}/move?who=same").text)
    assert set(only) == {mine}
    there = next(one for one in offered if not one.startswith(mine))
    name = re.search(
        rf'value="{re.escape(there)}">.*?<span class="quiet">([^<]+)</span>', browser.get(f"/visits/{visit}/move").text
    )
    page = move(browser, visit, there)
    assert name and f"Visit with {name[1]}" in page.text  # type: ignore[attr-defined]
    assert provider_of(clinic, visit) == there.partition("|")[0] == clinic.visits.asked[-1].subject
    post(browser, f"/visits/{visit}?new=moved", {"request": "c" * 24}, to=f"/visits/{visit}/move/undo")
    assert provider_of(clinic, visit) == mine == clinic.visits.asked[-1].subject
    assert clinic.visits.store.standing(ref(visit)).moved == 0


def test_a_clinician_who_does_not_offer_the_visit_is_not_taken_on_trust(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    instant, asked = free(browser, visit)[0].partition("|")[2], len(clinic.visits.asked)
    assert "Somebody else just took that time" in move(browser, visit, f"per_nobody|{instant}").text  # type: ignore[attr-defined]
    assert len(clinic.visits.asked) == asked


def provider_of(clinic: Clinic, visit: str) -> str:
    with clinic.database.reading() as session:
        return str(session.get_one(Visit, visit).provider)


def test_a_move_is_taken_back_in_one_press_and_does_not_count(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    on_terms(clinic, monkeypatch, Terms(moves=1))
    browser = clinic.browser()
    visit = booked(clinic, browser)
    before = clinic.visits.store.standing(ref(visit)).starts_at
    page = move(browser, visit, free(browser, visit)[-1])
    assert f'action="/visits/{visit}/move/undo"' in page.text  # type: ignore[attr-defined]
    back = post(browser, f"/visits/{visit}?new=moved", {"request": "c" * 24}, to=f"/visits/{visit}/move/undo")
    assert "Your visit has its old time again" in back.text
    standing = clinic.visits.store.standing(ref(visit))
    assert (standing.starts_at, standing.moved) == (before, 0)
    assert free(browser, visit), "it may still be moved as often as the terms say"
    twice = post(browser, f"/visits/{visit}", {"request": "d" * 24}, to=f"/visits/{visit}/move/undo")
    assert "It is too late to undo this" in twice.text


def test_a_move_is_not_taken_back_once_somebody_else_has_the_time_or_it_is_late(clinic: Clinic) -> None:
    june, mateo = clinic.browser(), clinic.browser()
    visit = booked(clinic, june)
    old = clinic.visits.store.standing(ref(visit)).starts_at.isoformat()
    there = free(june, visit)[-1]
    move(june, visit, there)
    sign_in(mateo, "mateo_villareal")
    held(clinic, mateo, next(one for one in times(mateo) if one.endswith(old)))
    assert "move/undo" not in june.get(f"/visits/{visit}?new=moved").text
    late = post(june, f"/visits/{visit}", {"request": "c" * 24}, to=f"/visits/{visit}/move/undo")
    assert "You keep the time you have" in late.text
    assert clinic.visits.store.standing(ref(visit)).starts_at.isoformat() == there.partition("|")[2]


def test_a_time_that_another_patient_took_leaves_the_old_one_and_names_the_next(clinic: Clinic) -> None:
    june, mateo = clinic.browser(), clinic.browser()
    visit = booked(clinic, june)
    wanted = free(june, visit)[2]
    sign_in(mateo, "mateo_villareal")
    times(mateo)
    held(clinic, mateo, wanted)
    page = move(june, visit, wanted)
    assert "Somebody else just took that time" in page.text  # type: ignore[attr-defined]
    assert "The nearest time that is free" in page.text  # type: ignore[attr-defined]


def test_the_receipt_of_a_canceled_visit_says_what_was_charged_and_not_the_price(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    clinic.visits.move(ref(visit), "cancelled")
    for state, cents, told, untold in (
        ("voided", 7900, "Charged</dt><dd>$0", "Charged</dt><dd>$79"),
        ("captured", 2500, "Charged</dt><dd>$25", "Charged</dt><dd>$79"),
    ):
        receipt = PaymentReceipt(state=state, reference="pay", amount_cents=cents, currency="USD", simulated=True)
        effect = Effect(ref=ref(visit), step="test", key=state)
        clinic.visits.store.record_payment(effect, receipt)
        page = browser.get(f"/visits/{visit}/receipt").text
        assert told in page and untold not in page


def test_a_time_outside_the_hours_is_not_taken_on_trust(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    first = datetime.fromisoformat(free(browser, visit)[0].partition("|")[2])
    odd = (first + timedelta(minutes=1)).isoformat()
    asked = len(clinic.visits.asked)
    ends = ("|0001-01-01T00:00:00+14:00", "|9999-12-31T23:59:59-14:00")  # UTC has neither instant
    for wrong in ("|2999-01-01T00:00:00+00:00", "|2000-01-01T00:00:00+14:00", f"|{odd}", "", "|nonsense", *ends):
        assert move(browser, visit, wrong).status_code in (200, 409)  # type: ignore[attr-defined]
    assert len(clinic.visits.asked) == asked


def test_terms_that_let_nothing_be_moved_say_so_and_the_fee_is_shown_before_it_is_agreed_to(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    on_terms(clinic, monkeypatch, Terms(free_until_seconds=30 * 86400, late_fee_cents=2500))
    assert "The time cannot be changed any more" in browser.get(f"/visits/{visit}/move").text
    page = browser.get(f"/visits/{visit}/cancel")
    assert "Canceling now costs $25" in page.text
    post(browser, f"/visits/{visit}/cancel", {"request": "c" * 24, "reason": "time", "agreed": "2500"})
    ask = clinic.visits.asked[-1]
    assert (ask.act, ask.subject, ask.agreed_cents) == ("cancel", "time", 2500)


@pytest.mark.parametrize(
    ("money", "words"),
    [("none", "Nothing was charged"), ("voided", "authorization was released"), ("captured", "The fee you agreed to")],
)
def test_a_canceled_visit_says_what_became_of_the_money(clinic: Clinic, money: str, words: str) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    with clinic.database.writing() as session:
        session.execute(update(Visit).values(stage="cancelled", payment_state=money))
        session.commit()
    assert words in browser.get(f"/visits/{visit}").text


def test_the_calendar_entry_follows_the_visit_and_says_nothing_of_it(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    first = browser.get(f"/visits/{visit}/calendar.ics")
    assert first.headers["content-type"].startswith("text/calendar")
    assert "SEQUENCE:0" in first.text and "Marigold" in first.text
    move(browser, visit, free(browser, visit)[-1])
    assert "SEQUENCE:1" in browser.get(f"/visits/{visit}/calendar.ics").text
    words = first.text.lower()
    assert not any(word in words for word in ("june", "hartley", "urgent", "achebe", "okafor", visit.lower()))


def test_holidays_close_the_day_for_everybody(clinic: Clinic) -> None:
    hours = clinic.content.clinics[SLUG].hours
    day = (clinic.visits.clock.now() + timedelta(days=2)).date()
    assert hours.on(day)
    assert not replace(hours, closed=frozenset({day})).on(day)


def test_the_clinic_calls_a_visit_off_with_a_reason_that_the_visit_is_told(clinic: Clinic) -> None:
    browser, staff = clinic.browser(), clinic.browser()
    visit = booked(clinic, browser)
    answer = post(staff, "/staff/sign-in", {"person": "clinic_admin"}, to="/staff/demo/sign-in")
    assert answer.status_code == 200
    path = f"/staff/visits/{visit}/call-off"
    assert "pays nothing" in staff.get(path).text
    assert post(staff, path, {"request": "d" * 24}).status_code == 422
    post(staff, path, {"request": "e" * 24, "reason": "clinician_away"})
    assert (clinic.visits.asked[-1].act, clinic.visits.asked[-1].subject) == ("call_off", "clinician_away")
    assert "This visit was canceled" in browser.get(f"/visits/{visit}").text
    assert "cannot be called off any more" in staff.get(path).text


def test_a_patient_asks_for_texts_and_the_phone_ends_them(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    assert "We can also text them" in browser.get("/texts").text
    assert "We text reminders" in post(browser, "/texts", {"wanted": "yes"}).text
    assert "We can also text them" in post(browser, "/texts", {"word": "STOP"}, to="/texts/answer").text


def test_where_nothing_carries_texts_nobody_is_promised_any(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    assert 'href="/texts"' in browser.get(f"/visits/{visit}").text
    deps = clinic.app.state.deps
    own_mail = replace(deps.settings, mail_server="smtps://care@mail.example.org")
    clinic.app.state.deps = replace(deps, settings=own_mail)
    assert 'href="/texts"' not in browser.get(f"/visits/{visit}").text
    assert browser.get("/texts").status_code == 404


def test_the_phone_asks_for_help_and_is_told_whom_to_call_and_how_to_end_texts(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    helped = post(browser, "/texts", {"word": " Help! "}, to="/texts/answer").text
    assert "Help: +1 305 555 0142. Reply STOP to end texts." in helped
    assert "You get no more texts" in post(browser, "/texts", {"word": "ALTO"}, to="/texts/answer").text
    assert "The phone is answered" not in post(browser, "/texts", {"word": "thanks"}, to="/texts/answer").text


def test_a_visit_may_be_moved_to_any_time_of_a_day(clinic: Clinic) -> None:
    browser = clinic.browser()
    at = f"/visits/{booked(clinic, browser)}/move"
    page = browser.get(at).text
    day = re.findall(r"move\?day=(\d{4}-\d\d-\d\d)", page)[1]
    whole = browser.get(f"{at}?day={day}").text
    assert "Back to all days" in whole and whole.count('name="time" value="') > page.count(f"|{day}")
    assert f"{at}?who=same&amp;day={day}" in browser.get(f"{at}?who=same").text
