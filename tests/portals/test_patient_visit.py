"""From booked to the waiting room and after: answers, red flags, place, consent, waiting, joining; without scripts."""

from __future__ import annotations

import dataclasses
import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.evaluators import ClosuresOnly
from engine.plans import Step, VisitPlan
from engine.ports import Effect, NetworkPlace
from portals.patient import place
from portals.patient.journey import Told, journey
from records.notes import NoteDraft
from records.scope import Actor
from records.visits import VisitView
from tests.portals.helpers_clinic import SLUG, Clinic, csrf_of, post, sign_in
from tests.portals.helpers_journey import HERE, answer_page, booked, fill_intake, ref
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "LOOKS", 0)


def test_the_visit_shows_what_is_done_and_what_is_next(clinic: Clinic) -> None:
    browser = clinic.browser()
    page = browser.get(f"/visits/{booked(clinic, browser)}").text
    assert re.findall(r'<li class="(\w+)"', page) == ["done", "now", *["later"] * 5]
    assert page.count('aria-current="step"') == 1
    assert "What happens if I stop now?" in page
    assert page.index("Cancel this visit") > page.index("</details>"), "canceling is not folded away"


@pytest.mark.slow
def test_answers_are_saved_one_by_one_and_the_next_sitting_goes_on(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    answer_page(browser, f"/visits/{visit}/intake", {"answer": "true"})
    answer_page(browser, f"/visits/{visit}/intake", {"answer": "skin"})
    elsewhere = clinic.browser()
    sign_in(elsewhere)
    assert elsewhere.get(f"/visits/{visit}/intake").url.path.endswith("/intake/3")
    assert re.search(r'value="skin" checked', elsewhere.get(f"/visits/{visit}/intake/2").text)


@pytest.mark.slow
def test_no_question_or_answer_is_in_an_address(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = answer_page(browser, f"/visits/{visit}/intake/2", {"answer": "skin"})
    assert re.fullmatch(rf"/visits/{visit}/intake/\d+", page.url.path)
    assert page.url.query == b""


@pytest.mark.slow
def test_a_blank_answer_is_named_at_its_field(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = answer_page(browser, f"/visits/{visit}/intake/2", {})
    assert page.status_code == 422
    assert page.text.count("Choose an answer") == 2


@pytest.mark.slow
def test_the_same_answer_sent_twice_is_saved_once_and_goes_on(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = browser.get(f"/visits/{visit}/intake/2")
    sent = {**_hidden(page.text), "csrf": csrf_of(page.text), "answer": "skin"}
    first, second = (browser.post(str(page.url), data=sent) for _ in range(2))
    third = browser.post(str(page.url), data={**sent, "key": "f" * 24})
    assert first.url.path == second.url.path == third.url.path
    assert third.status_code == 200


@pytest.mark.slow
def test_a_script_saves_in_the_background_and_learns_the_new_version(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = browser.get(f"/visits/{visit}/intake/2")
    sent = {**_hidden(page.text), "csrf": csrf_of(page.text), "answer": "skin"}
    answer = browser.post(str(page.url), data=sent, headers={"accept": "application/json"})
    assert answer.json() == {"version": 1, "emergency": ""}


def test_a_red_flag_leads_to_the_emergency_page_at_once(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    answer_page(browser, f"/visits/{visit}/intake/1", {"answer": "true"})
    answer_page(browser, f"/visits/{visit}/intake/2", {"answer": "chest_pain"})
    page = answer_page(browser, f"/visits/{visit}/intake/3", {"answer": ["stroke"]})
    assert page.url.path == f"/visits/{visit}/emergency"
    assert "tel:911" in page.text
    assert "not charged" in page.text
    clinic.visits.pump()
    assert browser.get(f"/visits/{visit}").url.path == f"/visits/{visit}/emergency"


@pytest.mark.slow
def test_an_urgent_answer_is_told_and_the_visit_goes_on(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    answer_page(browser, f"/visits/{visit}/intake/1", {"answer": "true"})
    answer_page(browser, f"/visits/{visit}/intake/2", {"answer": "urinary"})
    answer_page(browser, f"/visits/{visit}/intake/3", {"answer": ["none"]})
    form = clinic.content.form("urgent_care/intake")
    urgent = next(flag for flag in form.flags if flag.needs == ("urinary_signs",))
    signs = form.item("urinary_signs")
    assert signs is not None
    page = answer_page(
        browser, f"/visits/{visit}/intake/4", {"answer": [one for one in signs.choice_ids if one != signs.alone]}
    )
    assert page.url.path == f"/visits/{visit}/intake/5"
    assert f"<strong>{urgent.text['en']}</strong>" in html.unescape(page.text)
    clinic.visits.pump()
    assert browser.get(f"/visits/{visit}").url.path == f"/visits/{visit}", "the visit goes on"
    page = html.unescape(browser.get(f"/visits/{visit}/intake/2").text)
    assert f"<strong>{urgent.text['en']}</strong>" not in page, "said once, where it was answered"


@pytest.mark.slow
def test_answers_are_reviewed_in_words_and_handed_in_once(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    review = fill_intake(clinic, browser, visit)
    assert review.url.path == f"/visits/{visit}/intake/review"
    assert "Nothing" not in review.text
    assert "a sore throat" in review.text
    first = post(browser, str(review.url), {}, to=f"/visits/{visit}/intake/submit")
    assert first.url.path == f"/visits/{visit}"
    assert "Handed in." in first.text
    again = browser.post(f"/visits/{visit}/intake/submit", data={"csrf": csrf_of(first.text)})
    assert again.status_code == 200


@pytest.mark.slow
def test_a_place_must_be_attested_in_full(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    page = post(browser, f"/visits/{visit}/place", {"state": "FL", "postal_code": "33132", "city": "Miami"})
    assert page.status_code == 422
    assert "street address" in page.text
    assert "physically at this address" in page.text
    assert 'value="Miami"' in page.text


def test_attesting_a_state_the_clinician_is_not_licensed_in_stops_the_visit_with_its_law(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    elsewhere = {**HERE, "city": "New York", "state": "NY", "postal_code": "10001"}
    post(browser, f"/visits/{visit}/place", elsewhere)
    clinic.visits.pump()
    page = browser.get(f"/visits/{visit}").text
    assert "We had to stop here" in page
    assert "Fla. Stat. 456.47(4)" in page
    assert "Correct my location" in page
    post(browser, f"/visits/{visit}/place", HERE)
    clinic.visits.pump()
    assert "We had to stop here" not in browser.get(f"/visits/{visit}").text


class Elsewhere:
    """A database of addresses that holds every browser to be in another state."""

    def locate(self, address: str) -> NetworkPlace:
        return NetworkPlace(country="us", state="GA")


def test_a_network_that_seems_elsewhere_asks_once_more_and_the_answer_stands(clinic: Clinic) -> None:
    clinic.app.state.deps = dataclasses.replace(clinic.app.state.deps, places=Elsewhere())
    browser = clinic.browser()
    visit = booked(clinic, browser)
    doubted = post(browser, f"/visits/{visit}/place", HERE)
    assert doubted.status_code == 422
    assert "seems to be somewhere else" in doubted.text
    assert 'name="sure" value="FL"' in doubted.text
    for_another_state = post(browser, f"/visits/{visit}/place", {**HERE, "sure": "NY"})
    assert for_another_state.status_code == 422
    assert post(browser, f"/visits/{visit}/place", {**HERE, "sure": "FL"}).status_code == 200
    with clinic.database.scope(SLUG, Actor.system()) as scope:
        attested = scope.visits.get(visit).attested_place
        told = [event.event for event in scope.visits.events(visit)]
    assert attested is not None
    assert (attested.state, attested.ip_state) == ("FL", "GA")
    assert told[-2:] == ["place_attested", "place_doubted"]


def test_consent_shows_clauses_and_sources_and_is_signed_by_name(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    path = f"/visits/{visit}/consent"
    page = browser.get(path).text
    assert "Fla. Stat. 456.47(4)" in page
    digest = html.unescape(re.search(r'name="digest" value="([^"]+)"', page)[1])  # type: ignore[index]
    assert post(browser, path, {"digest": digest, "signature": "June Hartley"}).status_code == 422
    changed = post(browser, path, {"digest": "sha256:0", "signature": "June Hartley", "agree": "yes"})
    assert "text has changed" in changed.text
    assert 'value="June Hartley"' in changed.text
    post(browser, path, {"digest": digest, "signature": "June Hartley", "agree": "yes"})
    signed = browser.get(f"{path}/signed").text
    assert "Telehealth" in signed
    assert "Privacy" in signed


@pytest.mark.slow
def test_a_signature_is_the_patients_own_name_however_it_is_written(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    other = _sign(browser, visit, "Mateo Villareal")
    assert other.status_code == 422
    assert "not the name we know you by" in other.text
    assert 'value="Mateo Villareal"' in other.text
    assert _sign(browser, visit, "  JUNE  hartléy ").url.path == f"/visits/{visit}"


@pytest.mark.slow
def test_what_was_signed_shows_every_word_the_typed_name_and_the_time(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    shown = browser.get(f"/visits/{visit}/consent").text
    clauses = re.findall(r'<section class="clause"><h2>[^<]+</h2><p>([^<]+)</p>', shown)
    _sign(browser, visit, "june hartley")
    signed = browser.get(f"/visits/{visit}/consent/signed").text
    assert clauses
    assert [clause for clause in clauses if clause not in signed] == []
    assert "Signed as june hartley on" in signed


@pytest.mark.slow
def test_consent_can_be_taken_back_and_given_again(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    path = f"/visits/{visit}/consent"
    assert browser.get(f"{path}/take-back").url.path == f"{path}/signed", "there is nothing to take back"
    _sign(browser, visit, "June Hartley")
    assert f'href="{path}/take-back"' in browser.get(f"{path}/signed").text
    assert "cannot begin" in browser.get(f"{path}/take-back").text
    back = post(browser, f"{path}/take-back", {})
    assert "Taken back on" in back.text
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        assert all(one.revoked_at for one in scope.consents.for_visit(visit))
    assert "Read and sign" in browser.get(f"/visits/{visit}").text
    assert _sign(browser, visit, "June Hartley").url.path == f"/visits/{visit}"
    again = browser.get(f"{path}/signed").text
    assert again.count("Signed as June Hartley") == 2
    assert f'href="{path}/take-back"' in again


@pytest.mark.slow
def test_the_privacy_notice_is_a_page_that_the_footer_and_the_consent_lead_to(clinic: Clinic) -> None:
    browser = clinic.browser()
    assert 'href="/privacy"' in browser.get("/").text
    page = browser.get("/privacy").text
    assert "How we use your health information" in page
    assert "care@marigoldquay.example" in page
    assert "on our site" not in page, "the notice does not send its reader to itself"
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    assert browser.get(f"/visits/{visit}/consent").text.count('href="/privacy"') == 2


@pytest.mark.slow
def test_the_consent_says_of_each_part_who_asks_for_it(clinic: Clinic) -> None:
    keeper = LawGateKeeper(clinic.app.state.deps.library, ClosuresOnly())
    clinic.app.state.deps = dataclasses.replace(clinic.app.state.deps, gates=keeper, search=keeper)
    clinic.visits.gates = keeper
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    page = html.unescape(browser.get(f"/visits/{visit}/consent").text)
    assert "The law that applies to you" not in page
    asked = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)", page))
    assert asked["Telehealth"] == "This clinic's own policy asks for it."
    assert asked["Privacy"].startswith("Federal law asks for it: 45 CFR 164.520")
    links = re.findall(r'<ul class="cite">.*?</ul>', page)
    labels = [label for part in links for label in re.findall(r"<a [^>]+>([^<]+)<", part)]
    assert labels
    assert len(labels) == len(set(labels))


@pytest.mark.slow
def test_the_waiting_room_shows_the_place_and_lets_one_leave(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    page = post(browser, f"/visits/{visit}/waiting", {"request": "a" * 24}, to=f"/visits/{visit}/arrive")
    assert "You are next" in page.text
    assert "know yet how long" in page.text or "or sooner" in page.text
    assert '<meta http-equiv="refresh"' in page.text, "it stays current without scripts"
    state = browser.get(f"/visits/{visit}/waiting/state").json()
    assert state["stage"] == "waiting"
    left = post(browser, f"/visits/{visit}/waiting", {"request": "b" * 24}, to=f"/visits/{visit}/leave")
    assert left.url.path == f"/visits/{visit}"


@pytest.mark.slow
def test_the_time_to_wait_is_never_said_to_end_before_the_appointment(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        starts_at = scope.visits.get(visit).starts_at
    post(browser, f"/visits/{visit}/waiting", {"request": "a" * 24}, to=f"/visits/{visit}/arrive")
    clinic.clock.at = starts_at - timedelta(minutes=10)
    early = browser.get(f"/visits/{visit}/waiting/state").json()["interval"]
    assert re.fullmatch(r"At \d+:\d\d.(AM|PM) or sooner", early)
    clinic.clock.at = starts_at
    assert browser.get(f"/visits/{visit}/waiting/state").json()["interval"] == "We don't know yet how long it takes"


def test_a_join_link_is_shown_by_get_and_used_up_by_post(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    _attest(clinic, browser, visit)
    clinic.visits.move(ref(visit), "in_call")
    door = post(browser, f"/visits/{visit}/waiting", {"request": "a" * 24}, to=f"/visits/{visit}/join")
    assert door.url.path.startswith("/visits/join/")
    assert browser.get(str(door.url)).status_code == 200, "looking uses nothing up"
    used = browser.post(str(door.url), data={"csrf": csrf_of(door.text)}, follow_redirects=False)
    assert used.headers["location"] == f"/visits/{visit}/call"
    again = browser.post(str(door.url), data={"csrf": csrf_of(door.text)}, follow_redirects=False)
    assert again.headers["location"] == f"/visits/{visit}/call", "the answer was lost: the same browser may ask again"
    elsewhere = clinic.browser()
    sign_in(elsewhere)
    refused = elsewhere.post(str(door.url), data={"csrf": csrf_of(elsewhere.get("/visits").text)})
    assert refused.status_code == 410
    assert "used already" in refused.text
    assert browser.get(str(door.url)).status_code == 200


@pytest.mark.slow
def test_after_the_visit_the_patient_reads_what_is_meant_for_them(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    assert browser.get(f"/visits/{visit}/summary").url.path == f"/visits/{visit}"
    template = clinic.content.specialties["urgent_care"].note
    shown = template.for_patient[0]
    hidden = next(
        f"{part.id}.{one.id}"
        for part in template.sections
        for one in part.fields
        if f"{part.id}.{one.id}" not in template.for_patient
    )
    _sign_note(clinic, visit, {shown: "Rest and drink water", hidden: "only for colleagues"})
    page = browser.get(f"/visits/{visit}/summary").text
    assert "Rest and drink water" in page
    assert "only for colleagues" not in page
    assert "No prescription was sent" in page
    assert "If you get worse" in page


@pytest.mark.slow
def test_a_visit_of_somebody_else_is_a_page_that_does_not_exist(clinic: Clinic) -> None:
    browser, other = clinic.browser(), clinic.browser()
    visit = booked(clinic, browser)
    sign_in(other, "mateo_villareal")
    for tail in ("", "/intake", "/place", "/consent", "/waiting", "/summary", "/receipt", "/cancel", "/emergency"):
        assert other.get(f"/visits/{visit}{tail}").status_code == 404, tail


@pytest.mark.slow
def test_spanish_reaches_the_questions_and_the_consent(clinic: Clinic) -> None:
    browser = clinic.browser()
    visit = booked(clinic, browser)
    post(browser, "/visits", {"language": "es", "next": "/visits"}, to="/language")
    assert "¿Cuál es el motivo principal" in browser.get(f"/visits/{visit}/intake/2").text
    _attest(clinic, browser, visit)
    assert "Cómo usamos su información de salud" in browser.get(f"/visits/{visit}/consent").text


def test_steps_follow_the_plan_and_not_a_fixed_list() -> None:
    steps = (_step("pay"), _step("intake", form="a/b"), _step("intake", form="a/c"), _step("consult"))
    plan = VisitPlan(
        specialty="s",
        visit_type="t",
        modality="chat",
        recording=False,
        duration_seconds=600,
        professions=(),
        steps=steps,
        reminders=(),
        note_template="n",
        formulary=None,
    )
    told = Told(forms=frozenset({"a/b"}), consents=frozenset())
    found = [(step.kind, step.form, step.state) for step in journey(_visit(), plan, told)]
    assert found == [
        ("pay", "", "done"),
        ("intake", "a/b", "done"),
        ("intake", "a/c", "now"),
        ("waiting", "", "later"),
        ("summary", "", "later"),
    ]


def test_a_form_that_waits_for_a_flag_is_a_step_once_it_was_raised() -> None:
    guarded = Step(id="p", kind="intake", after=(), gate=None, settings={"form": "a/plan", "only_if": "a/b:danger"})
    plan = VisitPlan(
        specialty="s",
        visit_type="t",
        modality="chat",
        recording=False,
        duration_seconds=600,
        professions=(),
        steps=(_step("intake", form="a/b"), guarded),
        reminders=(),
        note_template="n",
        formulary=None,
    )
    for flags, forms in ((frozenset(), ["a/b"]), (frozenset({"a/b:danger"}), ["a/b", "a/plan"])):
        told = Told(forms=frozenset({"a/b"}), consents=frozenset(), flags=flags)
        assert [step.form for step in journey(_visit(), plan, told) if step.kind == "intake"] == forms


def _attest(clinic: Clinic, browser: TestClient, visit: str) -> None:
    post(browser, f"/visits/{visit}/place", HERE)
    clinic.visits.pump()


def _sign(browser: TestClient, visit: str, name: str) -> Any:
    path = f"/visits/{visit}/consent"
    found = re.search(r'name="digest" value="([^"]+)"', browser.get(path).text)
    assert found
    return post(browser, path, {"digest": html.unescape(found[1]), "signature": name, "agree": "yes"})


def _sign_note(clinic: Clinic, visit: str, fields: dict[str, str]) -> None:
    store, system = clinic.visits.store, Actor.system("test")
    with clinic.database.scope(SLUG, system) as scope:
        provider = scope.visits.get(visit).provider
    with clinic.database.scope(SLUG, Actor(person=provider, role="provider")) as scope:
        draft = NoteDraft(visit=visit, template="urgent_care/note", fields=fields, version=0, key="k")
        note = scope.notes.save(draft).note
    effect = Effect(ref=ref(visit), step="document", key="sign", actor=provider)
    store.sign_note(effect, note)
    store.write_summary(effect)
    clinic.visits.move(ref(visit), "completed")


def _hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(item|version|key)" value="([^"]*)">', page))


def _step(kind: str, **settings: Any) -> Step:
    return Step(id=kind, kind=kind, after=(), gate=None, settings=settings)


def _visit() -> VisitView:
    now = datetime(2026, 11, 22, 15, tzinfo=UTC)
    return VisitView(
        visit="vis_1",
        patient="p",
        provider="q",
        specialty="s",
        visit_type="t",
        modality="chat",
        encounter_kind="new",
        recording=False,
        stage="preparing",
        starts_at=now,
        ends_at=now + timedelta(minutes=10),
        plan_digest="",
        price_cents=100,
        currency="USD",
        payment_label="",
        payment_state="authorised",
        booked_place=None,
        attested_place=None,
        arrived_at=None,
        encounter_at=None,
        room=None,
        version=1,
        created_at=now,
        reason="",
    )
