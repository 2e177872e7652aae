"""The clinician's queue and visit screen over real records: what they show, keep and refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.dossier import Place
from records.orders import OrderDraft
from tests.portals.helpers_law import decision
from tests.portals.helpers_provider import Portal, build_portal, opened, shut, text_of
from tests.records.helpers import PLACE, HandClock, build_world, open_database
from workflows.client import VisitUnreachable
from workflows.contracts import Answer

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


RX = {
    "drug": "list:0:0",
    "sig": "Take 1 capsule 2 times a day",
    "quantity": "20",
    "unit": "capsule",
    "days": "10",
    "refills": "0",
    "purpose": "other",
    "pharmacy": "bay",
    "note": "",
    "substitutions": "1",
}


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    clock = HandClock()
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in()
    yield made
    database.close()


def note(portal: Portal, version: int, history: str, key: str = "k1", **more: str) -> Any:
    form = {"version": str(version), "key": key, "subjective.history": history, "subjective.reviewed": "yes", **more}
    return portal.post(f"{portal.at}/note", **form)


def test_nobody_signed_in_is_led_to_the_staff_sign_in(portal: Portal) -> None:
    portal.client.cookies.clear()
    answer = portal.client.get("/staff", follow_redirects=False)
    assert answer.status_code == 303 and answer.headers["location"].startswith("/staff/sign-in")


@pytest.mark.slow
def test_an_empty_queue_says_what_will_show_up_there(portal: Portal) -> None:
    page = portal.client.get("/staff")
    assert page.status_code == 200
    assert "Nobody is waiting" in page.text


def test_a_waiting_patient_is_shown_with_age_place_language_and_wait(portal: Portal) -> None:
    portal.move("waiting")
    page = text_of(portal.client.get("/staff").text)
    assert "Ana Reyes" in page and "35 years" in page and "English" in page and "FL" in page
    assert "0 min" in page and "Not asked yet" in page


@pytest.mark.slow
def test_the_queue_tells_a_change_by_a_digest_without_a_person_in_it(portal: Portal) -> None:
    before = portal.client.get("/staff/queue/changes").json()
    portal.move("waiting")
    after = portal.client.get("/staff/queue/changes").json()
    assert before != after
    assert re.fullmatch(r"[0-9a-zA-Z:_-]{8,80}", after["revision"])


def test_a_red_flag_stands_on_top_until_somebody_has_seen_it(portal: Portal) -> None:
    portal.move("waiting")
    alert = portal.world.store.raise_alert(portal.world.effect(), "red_flag")
    page = portal.client.get("/staff")
    assert "Red flag in the patient&#39;s answers" in page.text
    after = portal.post(f"/staff/alerts/{alert}/seen", back="/staff")
    assert "Red flag in the patient" not in after.text


def test_the_visit_screen_shows_what_is_known_and_says_what_is_not(portal: Portal) -> None:
    page = text_of(portal.client.get(portal.at).text)
    assert "Ana Reyes" in page and "Video visit" in page
    assert "As booked; not confirmed for this visit yet" in page
    assert "Asked when you let the patient in." in page


def test_a_place_that_differs_from_the_booking_is_named(portal: Portal) -> None:
    portal.world.begin()
    with portal.world.database.scope(portal.world.clinic, portal.world.as_patient) as scope:
        scope.visits.attest_place(portal.world.visit, replace(PLACE, state="GA", attested=True))
    assert "Booked for FL, now confirmed GA" in portal.client.get(portal.at).text


def test_another_clinicians_visit_is_not_found(portal: Portal) -> None:
    assert portal.client.get("/staff/visits/vis_000000000000000000000000").status_code == 404


def test_a_patient_does_not_reach_the_clinicians_pages(portal: Portal) -> None:
    portal.client.cookies.clear()
    portal.sign_in("patient")
    assert portal.client.get(portal.at, follow_redirects=False).status_code in (303, 403)


def test_letting_in_joining_and_room_access_follow_each_other(portal: Portal) -> None:
    portal.move("waiting")
    portal.visits.gates["join"] = opened()
    page = portal.post(f"{portal.at}/admit")
    assert "Join the call" in page.text and "You may treat this patient now." in page.text
    refused = portal.client.post(f"{portal.at}/room-access", headers=csrf(portal))
    assert refused.status_code == 403
    page = portal.post(f"{portal.at}/join")
    assert "data-call" in page.text
    given = portal.client.post(f"{portal.at}/room-access", headers=csrf(portal)).json()
    assert given["endpoint"] == "ws://127.0.0.1:9/room"
    claims = portal.app.state.deps.token_signer.verify(given["token"])
    assert claims.room_id == "room1" and claims.role == "provider" and claims.visit_id == portal.world.visit


@pytest.mark.slow
def test_room_access_ends_with_the_call(portal: Portal) -> None:
    portal.move("waiting")
    portal.post(f"{portal.at}/admit")
    portal.post(f"{portal.at}/join")
    page = portal.post(f"{portal.at}/end")
    assert "Finish the note and sign" in page.text
    assert portal.client.post(f"{portal.at}/room-access", headers=csrf(portal)).status_code == 403


def test_a_shut_join_gate_says_why_with_the_statute(portal: Portal) -> None:
    portal.move("waiting")
    lapsed = [{"path": "full_license", "title": "A full licence of the state", "cite": ["fla-456.47-4"],
               "failed": ["at least one of provider.licenses where expires is on or after 2026-03-05"]}]  # fmt: skip
    portal.visits.gates["join"] = {"licensing": decision("licensing", "forbidden", tried=lapsed)}
    portal.visits.answers["admit"] = Answer(done=False, code="gate_shut")
    page = text_of(portal.post(f"{portal.at}/admit").text)
    assert "You must not treat this patient now." in page
    assert "at least one of licenses where" not in page
    assert "Fla. Stat. 456.47(4)" in page and "checked on November 21, 2026" in page


def test_the_note_is_saved_in_versions_and_says_when(portal: Portal) -> None:
    page = note(portal, 0, "Sore throat for 3 days")
    assert "Sore throat for 3 days" in page.text and "Saved 10:00" in page.text.replace("\xa0", " ")
    note(portal, 1, "Sore throat for 4 days", key="k2")
    assert "Earlier versions (1)" in portal.client.get(portal.at).text


def test_a_script_gets_the_new_version_as_json(portal: Portal) -> None:
    form = {"version": "0", "key": "k1", "subjective.history": "x"}
    answer = portal.client.post(f"{portal.at}/note", data=form, headers={**csrf(portal), "accept": "application/json"})
    assert answer.json()["version"] == 1 and answer.json()["saved"].startswith("Saved")


@pytest.mark.slow
def test_a_conflict_keeps_both_texts(portal: Portal) -> None:
    note(portal, 0, "the first window", key="k1")
    page = note(portal, 0, "the second window", key="k2")
    assert page.status_code == 409
    assert "Somebody saved this note in the meantime." in page.text
    assert "the first window" in page.text and "the second window" in page.text


@pytest.mark.slow
def test_sending_the_same_note_twice_saves_it_once(portal: Portal) -> None:
    note(portal, 0, "once", key="same")
    page = note(portal, 0, "once", key="same")
    assert page.status_code == 200 and "Earlier versions" not in page.text


def test_the_search_finds_formulary_and_drug_base_and_marks_the_schedule(portal: Portal) -> None:
    portal.move("documenting")
    assert "Take 1 capsule 2 times a day" in portal.client.get(f"{portal.at}?drug=amox").text
    assert "Schedule II" in portal.client.get(f"{portal.at}?drug=oxy").text
    assert "No drug of that name" in portal.client.get(f"{portal.at}?drug=zzz").text


@pytest.mark.slow
def test_picking_a_drug_fills_in_the_usual_directions(portal: Portal) -> None:
    page = portal.client.get(f"{portal.at}?pick=list:0:0").text
    assert 'value="20"' in page and 'value="capsule"' in page and "Take 1 capsule 2 times a day</textarea>" in page


def test_a_prescription_is_drafted_then_sent_and_says_that_the_network_is_simulated(portal: Portal) -> None:
    portal.move("documenting")
    page = portal.post(f"{portal.at}/orders", **RX)
    assert "Nothing has been sent" in page.text and "Simulated pharmacy network" in page.text
    order = re.search(r'data-order="([^"]+)"', page.text)
    assert order
    page = portal.post(f"{portal.at}/orders/{order.group(1)}/send")
    assert "Sent to the simulated pharmacy network." in page.text
    assert portal.visits.asked[-1].subject == order.group(1)


@pytest.mark.slow
def test_a_prescription_form_sent_twice_is_one_prescription(portal: Portal) -> None:
    form = portal.client.get(f"{portal.at}?pick=list:0:0").text.partition('class="rx-form"')[2]
    request = re.search(r'name="request" value="([0-9a-f]{24})"', form)
    assert request
    for _ in range(2):
        page = portal.post(f"{portal.at}/orders", **RX, request=request.group(1))
    assert page.text.count("data-order=") == 1


def test_a_broken_prescription_names_every_field_and_keeps_what_was_typed(portal: Portal) -> None:
    page = portal.post(f"{portal.at}/orders", **{**RX, "days": "ten", "quantity": "0", "sig": ""})
    assert page.status_code == 422
    words = text_of(page.text)
    assert "Days: a whole number" in words and "Quantity: a number above 0" in words
    assert "Directions for the patient: fill this in" in words
    assert 'value="ten"' in page.text


@pytest.mark.slow
def test_more_refills_than_the_list_allows_are_refused(portal: Portal) -> None:
    page = portal.post(f"{portal.at}/orders", **{**RX, "refills": "1"})
    assert page.status_code == 422 and "allows fewer" in page.text


def test_a_schedule_ii_drug_for_pain_is_refused_with_the_statute(portal: Portal) -> None:
    portal.move("documenting")
    order = draft(portal, "oxycodone")
    portal.visits.gates["prescribe"] = shut()
    portal.visits.answers["prescribe"] = Answer(done=False, code="gate_shut")
    answer = portal.post(f"{portal.at}/orders/{order}/send")
    assert f"{order}/send" not in answer.text and f"{order}/discard" in answer.text
    page = text_of(answer.text)
    assert "This prescription must not be sent." in page
    assert "It would be another question if one of these were different: schedule" in page
    assert "Schedule II by telehealth only for psychiatric treatment" in page
    assert "Fla. Stat. 456.47(2)(c)" in page


def test_a_controlled_drug_that_is_lawful_is_not_sent(portal: Portal) -> None:
    portal.move("documenting")
    order = draft(portal, "oxycodone")
    portal.visits.gates["prescribe"] = opened("prescribing")
    portal.visits.answers["prescribe"] = Answer(done=True, code="needs_epcs")
    page = portal.post(f"{portal.at}/orders/{order}/send").text
    assert "needs EPCS. Nothing was sent." in page
    assert "Lawful; sending needs EPCS" in page and f"{order}/send" not in page
    assert "The law allows this prescription." in page and "This prescription may be sent." not in page
    assert "What you can do: prescribe it in a system of yours that has EPCS" in page


@pytest.mark.slow
def test_a_prescription_that_waits_for_a_fact_is_held_back_and_may_be_asked_again(portal: Portal) -> None:
    portal.move("documenting")
    order = draft(portal, "oxycodone")
    missing = decision("prescribing", "incomplete", missing=["patient.setting"])
    portal.visits.gates["prescribe"] = {"prescribing": missing}
    portal.visits.answers["prescribe"] = Answer(done=False, code="gate_shut")
    page = portal.post(f"{portal.at}/orders/{order}/send").text
    assert "Held back" in page and "Still unknown: place of care" in page
    assert f"{order}/send" in page


def test_signing_needs_the_required_parts_and_then_completes_the_visit(portal: Portal) -> None:
    portal.move("documenting")
    page = portal.post(f"{portal.at}/sign")
    assert "Fill in the required parts" in page.text and not portal.visits.asked
    notice = page.text.partition("data-notice")[2].partition("</div></div>")[0]
    assert 'href="#note-subjective-history"' in notice and 'id="note-subjective-history"' in page.text
    note(portal, 0, "Sore throat")
    page = portal.post(f"{portal.at}/sign")
    assert "Your note is signed." in page.text and "Signed. The visit is complete." in page.text
    assert ("Signed" in page.text and "Dr. Lena Okafor" in page.text) or "Lena Okafor" in page.text


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "is_signed"), [("-3", False), ("a while", False), ("12.5", False), ("15", True)])
def test_minutes_that_are_no_count_keep_a_note_from_being_signed(portal: Portal, typed: str, is_signed: bool) -> None:
    portal.move("documenting")
    page = note(portal, 0, "Sore throat", **{"plan.minutes": typed})
    assert ("Write a whole number" in page.text) is not is_signed
    page = portal.post(f"{portal.at}/sign")
    assert ("Your note is signed." in page.text) is is_signed
    assert f'value="{typed}"' in page.text or is_signed


@pytest.mark.slow
def test_a_signed_note_that_the_visit_did_not_take_up_is_finished_by_a_button(portal: Portal) -> None:
    portal.move("documenting")
    note(portal, 0, "Sore throat")
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        kept = scope.notes.current(portal.world.visit)
    assert kept is not None
    portal.world.store.sign_note(portal.world.effect(actor=portal.world.provider), kept.note)
    page = portal.client.get(portal.at).text
    assert "the visit has not taken it up" in text_of(page) and f'action="{portal.at}/finish"' in page
    page = portal.post(f"{portal.at}/finish").text
    (asked,) = portal.visits.asked
    assert (asked.act, asked.subject, asked.actor) == ("sign", kept.note, portal.world.provider)
    assert "Signed. The visit is complete." in page and "/finish" not in page


def test_a_shut_sign_gate_signs_the_note_and_says_what_waits(portal: Portal) -> None:
    portal.move("documenting")
    note(portal, 0, "Sore throat")
    portal.visits.gates["sign"] = shut("licensing")
    portal.visits.answers["sign"] = Answer(done=True, code="gate_shut")
    page = portal.post(f"{portal.at}/sign").text
    assert "The note is signed. Payment and prescriptions wait" in page
    assert "Your note is not touched by this." in page


def test_a_signature_without_an_answer_says_what_is_saved_and_what_to_do(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object, **_more: object) -> Answer:
        raise RuntimeError("Sore throat")

    portal.move("documenting")
    note(portal, 0, "Sore throat")
    monkeypatch.setattr(type(portal.visits), "ask", broken)
    page = portal.post(f"{portal.at}/sign")
    assert page.status_code == 200 and "Your note is saved. If “Signed” does not stand here" in page.text
    assert 'data-doing="Signing…"' in page.text and f'action="{portal.at}/sign"' in page.text


def test_a_signed_note_is_only_added_to(portal: Portal) -> None:
    portal.move("documenting")
    note(portal, 0, "Sore throat")
    portal.post(f"{portal.at}/sign")
    page = portal.post(f"{portal.at}/addendum", text="Culture came back negative.")
    assert "Culture came back negative." in page.text and "<textarea" in page.text
    assert 'name="subjective.history"' not in page.text
    refused = note(portal, 1, "rewritten", key="k9")
    assert "rewritten" not in refused.text


@pytest.mark.slow
def test_an_addendum_sent_again_is_added_once(portal: Portal) -> None:
    portal.move("documenting")
    note(portal, 0, "Sore throat")
    page = portal.post(f"{portal.at}/sign").text.partition(f'action="{portal.at}/addendum"')[2]
    request = re.search(r'name="request" value="([0-9a-f]{24})"', page)
    assert request
    for _ in range(2):
        page = portal.post(f"{portal.at}/addendum", text="Culture is negative.", request=request.group(1)).text
    assert page.count("Culture is negative.") == 1
    page = portal.post(f"{portal.at}/addendum", text="Culture is negative.", request="0" * 24).text
    assert page.count("Culture is negative.") == 2


@pytest.mark.slow
def test_trouble_on_the_way_is_said_and_nothing_is_lost(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.move("waiting")

    async def silent(*_args: object, **_more: object) -> Answer:
        raise VisitUnreachable(portal.world.visit)

    monkeypatch.setattr(portal.visits, "ask", silent)
    assert "We could not reach the clinic&#39;s engine." in portal.post(f"{portal.at}/admit").text


def test_every_page_reads_in_both_languages(portal: Portal) -> None:
    portal.move("waiting")
    portal.client.cookies.set("cw_language", "es")
    assert "Esperan ahora" in portal.client.get("/staff").text
    assert "Lo que dice la ley" in portal.client.get(portal.at).text


def test_a_form_that_is_not_ours_changes_nothing(portal: Portal) -> None:
    portal.move("waiting")
    answer = portal.client.post(f"{portal.at}/admit", data={"csrf": "0" * 64})
    assert answer.status_code == 403 and not portal.visits.asked


def csrf(portal: Portal) -> dict[str, str]:
    page = portal.client.get("/staff").text
    found = re.search(r'name="csrf" content="([0-9a-f]+)"', page)
    assert found
    return {"x-csrf-token": found.group(1)}


def draft(portal: Portal, drug: str) -> str:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_provider) as scope:
        return scope.orders.draft(
            OrderDraft(
                visit=portal.world.visit,
                drug={"name": drug},
                sig="Take 1",
                quantity="10",
                quantity_unit="tablet",
                days_supply=5,
                refills=0,
                purpose="acute_pain",
            )
        )


@pytest.mark.slow
def test_the_place_of_a_dossier_is_shown_in_its_own_time(portal: Portal) -> None:
    place = Place(country="us", state="FL", postal_code="32501", time_zone="America/Chicago", attested=True)
    portal.world.begin()
    with portal.world.database.scope(portal.world.clinic, portal.world.as_patient) as scope:
        scope.visits.attest_place(portal.world.visit, place)
    assert "9:00 AM there" in text_of(portal.client.get(portal.at).text).replace("\xa0", " ")


@pytest.mark.slow
def test_pressing_twice_is_never_an_error(portal: Portal) -> None:
    portal.move("waiting")
    alert = portal.world.store.raise_alert(portal.world.effect(), "red_flag")
    order = draft(portal, "amoxicillin")
    for _ in range(2):
        assert portal.post(f"/staff/alerts/{alert}/seen", back="/staff").status_code == 200
        assert portal.post(f"{portal.at}/orders/{order}/discard").status_code == 200
    assert portal.post(f"{portal.at}/note", version="0", key="", **{"subjective.history": "x"}).status_code == 200
