"""The clinician's queue and inbox: who comes first, whom they may see now and why not, and what a filter leaves out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.dossier import Place
from engine.ports import Effect, VisitChange
from records.forms import AnswerDraft
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, sign_in
from tests.portals.helpers_files import clinician_at, patient_at, visit_of
from tests.portals.helpers_journey import ref
from tests.portals.helpers_provider import text_of

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`

MIAMI = Place(country="us", state="FL", postal_code="33132", time_zone="America/New_York")
PHQ_9 = "instruments/phq9"
BOISE = Place(country="us", state="ID", postal_code="83702", time_zone="America/Boise")


def triaged(clinic: Clinic, visit: str, level: str) -> None:
    effect = Effect(ref=ref(visit), step="triage", key=f"triaged-{visit}", actor="system")
    clinic.visits.store.change(effect, VisitChange(event="triaged", detail={"code": level}))


def in_place(clinic: Clinic, visit: str, place: Place) -> None:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        scope.visits.attest_place(visit, place)


def waits(clinic: Clinic, person: str, level: str = "", place: Place = MIAMI) -> tuple[TestClient, str]:
    browser = clinic.browser()
    sign_in(browser, person)
    visit = visit_of(clinic, browser, "ready")
    in_place(clinic, visit, place)
    if level:
        triaged(clinic, visit, level)
    clinic.visits.move(ref(visit), "waiting")
    return browser, visit


def test_the_queue_goes_by_urgency_and_the_waiting_patient_is_told_the_same_place(clinic: Clinic) -> None:
    first, came_first = waits(clinic, "june_hartley")
    _, came_later = waits(clinic, "mateo_villareal", "urgent")
    emergent, came_last = waits(clinic, "june_hartley", "emergent")
    page = clinician_at(clinic, came_first).get("/staff").text
    assert page.index(came_last) < page.index(came_later) < page.index(came_first)
    assert "2 people are ahead of you" in text_of(first.get(f"/visits/{came_first}/waiting").text)
    assert "You are next" in text_of(emergent.get(f"/visits/{came_last}/waiting").text)


def test_a_waiting_row_says_whether_the_patient_may_be_seen_now_and_the_laws_reason_when_not(clinic: Clinic) -> None:
    _, here = waits(clinic, "june_hartley")
    _, elsewhere = waits(clinic, "mateo_villareal", place=BOISE)
    rows = clinician_at(clinic, here).get("/staff").text.split("<tr data-row>")
    of_here, of_elsewhere = (next(row for row in rows if visit in row) for visit in (here, elsewhere))
    assert "tag-shut" in of_elsewhere and "Fla. Stat. 456.47(4)" in of_elsewhere
    assert "Fla. Stat." not in of_here or "Not now" in of_here  # a consent that is missing is a reason, too


def answers(clinic: Clinic, visit: str, form: str = "urgent_care/intake", version: int = 0, **said: object) -> None:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        for item, value in said.items():
            key = f"k-{item}-{version}"
            draft = AnswerDraft(visit=visit, form=form, item=item, value=value, version=version, key=key)
            scope.forms.save_answer(draft)


def test_a_row_says_in_words_why_the_patient_comes_and_which_answers_raised_a_flag(clinic: Clinic) -> None:
    _, visit = waits(clinic, "june_hartley")
    desk = clinician_at(clinic, visit)
    assert "Not told yet" in desk.get("/staff").text
    words = "Since Tuesday. " + "It hurts to swallow and " * 5
    answers(
        clinic, visit, chief_complaint="chest_pain", danger_signs=["none"], chest_signs=["sweating"], own_words=words
    )
    page = desk.get("/staff").text
    row = text_of(next(one for one in page.split("<tr data-row>") if f"row-{visit}" in one))
    assert "Chest pain or pressure" in row and "Cold sweat" in row
    assert "Since Tuesday. It hurts to swallow" in row and "…" in row and words.strip() not in row
    assert "Chest" not in page[: page.index("<main")]


def test_a_filter_leaves_out_and_says_who_waits_unseen(clinic: Clinic) -> None:
    _, routine = waits(clinic, "june_hartley")
    _, urgent = waits(clinic, "mateo_villareal", "urgent", BOISE)
    desk = clinician_at(clinic, routine)
    by_urgency = desk.get("/staff?urgency=urgent").text
    assert urgent in by_urgency and f"row-{routine}" not in by_urgency
    assert "more patient waits whom your choice leaves out" in text_of(by_urgency)
    by_state = desk.get("/staff?state=FL").text
    assert routine in by_state and f"row-{urgent}" not in by_state
    nobody = desk.get("/staff?language=xx&show=waiting").text
    assert "Nobody here fits what you chose" in nobody
    unknown = desk.get("/staff?urgency=nonsense&show=nonsense").text
    assert routine in unknown and urgent in unknown


def test_the_inbox_puts_the_urgent_case_before_the_one_that_is_due_sooner(clinic: Clinic) -> None:
    browser, sooner = patient_at(clinic, "")
    kind = "dermatology/photo_review"
    sooner, urgent = visit_of(clinic, browser, "submitted", kind), visit_of(clinic, browser, "submitted", kind)
    for visit, hours in ((sooner, 1), (urgent, 20)):
        due = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
        effect = Effect(ref=ref(visit), step="consult", key=f"clock{hours}", actor="system")
        clinic.visits.store.change(effect, VisitChange(event="answer_clock", detail={"code": "clinician", "due": due}))
    triaged(clinic, urgent, "urgent")
    page = clinician_at(clinic, sooner).get("/staff/inbox").text
    assert page.index(f"row-{urgent}") < page.index(f"row-{sooner}")
    assert f"row-{sooner}" not in clinician_at(clinic, sooner).get("/staff/inbox?urgency=urgent").text


def test_a_patient_whose_answers_are_emergent_reads_what_to_do_on_the_visits_page(clinic: Clinic) -> None:
    browser, _ = patient_at(clinic, "")
    visit = visit_of(clinic, browser, "preparing", "telepsychiatry/follow_up")
    assert "Your answers cannot wait" not in browser.get(f"/visits/{visit}").text
    effect = Effect(ref=ref(visit), step="mood", key="flag", actor="system")
    clinic.visits.store.raise_alert(effect, "red_flag", "instruments/phq9:thoughts_of_self_harm")
    page = browser.get(f"/visits/{visit}").text
    assert "Your answers cannot wait" in page and 'href="tel:988"' in page
    assert "If you think of ending your life, call or text 988" in page  # the specialty's own words
    clinic.visits.move(ref(visit), "cancelled")
    page = browser.get(f"/visits/{visit}").text
    assert 'href="tel:988"' in page  # what they answered holds without a visit, too
    assert "Your clinicians were told" not in page
    seen = visit_of(clinic, browser, "preparing", "telepsychiatry/follow_up")
    clinic.visits.store.raise_alert(
        Effect(ref=ref(seen), step="mood", key="flag", actor="system"),
        "red_flag",
        "instruments/phq9:thoughts_of_self_harm",
    )
    clinic.visits.move(ref(seen), "documenting")
    assert "Your answers cannot wait" not in browser.get(f"/visits/{seen}").text


def test_one_form_that_is_answered_is_told_to_be_so_and_a_clinician_reads_which_answer_raised_the_flag(
    clinic: Clinic,
) -> None:
    """The patient is comforted, the clinician is told what was asked and answered; no other form is called answered."""
    browser, _ = patient_at(clinic, "")
    visit = visit_of(clinic, browser, "preparing", "telepsychiatry/new_evaluation")
    never = {item.id: "not_at_all" for item in clinic.content.form(PHQ_9).items if item.type == "choice"}
    asked: dict[str, Any] = {item: value for item, value in never.items() if item != "difficulty"}
    answers(clinic, visit, PHQ_9, **{**asked, "self_harm": "several_days"}, difficulty="somewhat")
    waits_to_be_sent = "All questions are answered."
    assert browser.get(f"/visits/{visit}").text.count(waits_to_be_sent) == 1
    effect = Effect(ref=ref(visit), step="mood", key="flag", actor="system")
    clinic.visits.store.raise_alert(effect, "red_flag", f"{PHQ_9}:thoughts_of_self_harm")
    desk = clinician_at(clinic, visit)
    said = "Thoughts that you would be better off dead or of hurting yourself in some way: Several days"
    screen, queue = (text_of(desk.get(path).text) for path in (f"/staff/visits/{visit}", "/staff"))
    assert said in screen and queue.count(said) == 2  # in what cannot wait, and in the visit's row
    assert "Thank you for telling us" not in screen + queue
    answers(clinic, visit, PHQ_9, version=1, self_harm="not_at_all")
    assert "some way: Not at all (corrected since)" in text_of(desk.get("/staff").text)
