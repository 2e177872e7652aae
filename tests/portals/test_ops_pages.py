"""The pages of who runs a clinic: its visits and their replay, what waits for somebody, and its people."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.evaluators import ClosuresOnly
from engine.library import load_library
from engine.ports import GateRecord, VisitChange, VisitRef
from records.access import Role
from records.work import Actor
from tests.portals.helpers_clinic import ROOT, SLUG, Clinic, _effect, build_clinic, post
from tests.portals.helpers_crawl import Told, tell_visit
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow
MARK = "Qx8"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    made = build_clinic(tmp_path_factory.mktemp("ops"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def told(clinic: Clinic) -> Told:
    found = tell_visit(clinic, SLUG, MARK)
    ref = VisitRef(clinic=SLUG, visit=found.ids["visit"])
    store = clinic.visits.store
    decision = {
        "topic": "licensing",
        "outcome": "forbidden",
        "forbids": [
            {"act": "practise", "rule": "r", "title": "No licence there", "cite": ["s"], "because": {"x": MARK}}
        ],
        "sources": {
            "s": {"law": "Stat. 1", "title": "A statute", "url": "https://example.org/1", "checked": "2026-11-01"}
        },
    }
    asked = clinic.clock.now()
    store.record_gate(
        _effect(ref), GateRecord(gate="join", open=False, asked_at=asked, decisions={"licensing": decision})
    )
    unclear = {"licensing": {"topic": "licensing", "outcome": "review"}}
    store.record_gate(_effect(ref), GateRecord(gate="sign", open=False, asked_at=asked, decisions=unclear))
    return found


def staff(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    answer = post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
    assert answer.status_code == 200, answer.text
    return browser


def send(browser: TestClient, review: str, act: str, **data: str) -> Any:
    page = browser.get(f"/staff/reviews/{review}").text
    version = re.search(r'name="version" value="(\d+)"', page)
    values = {"version": version[1] if version else "", **data}
    return post(browser, f"/staff/reviews/{review}", values, to=f"/staff/reviews/{review}/{act}")


def unclear(clinic: Clinic) -> str:
    """The matter that the unclear gate became."""
    page = staff(clinic, "clinical_ops").get("/staff/reviews?kind=gate_review").text
    found = re.search(r"/staff/reviews/(rvw_\w+)", page)
    assert found
    return found[1]


@pytest.mark.parametrize("person", ["clinical_ops", "clinic_admin", "compliance"])
def test_the_menu_leads_to_visits_inbox_and_people_with_a_number(clinic: Clinic, told: Told, person: str) -> None:
    browser = staff(clinic, person)
    page = browser.get("/staff/ops/visits").text
    assert all(f'href="/staff/{one}"' in page for one in ("ops/visits", "reviews", "people"))
    assert "nav-count" in page
    assert all(browser.get(f"/staff/{one}").status_code == 200 for one in ("reviews", "people"))


def test_a_visit_is_found_and_told_step_by_step_without_anything_its_patient_said(clinic: Clinic, told: Told) -> None:
    browser, visit = staff(clinic, "clinical_ops"), told.ids["visit"]
    assert visit in browser.get("/staff/ops/visits").text
    assert visit not in browser.get("/staff/ops/visits?stage=expired").text
    page = browser.get(f"/staff/ops/visits/{visit}")
    assert page.status_code == 200 and MARK not in page.text
    assert "No licence there" in page.text and 'href="https://example.org/1"' in page.text
    assert 'id="m-1"' in page.text and 'rel="next" href="#m-2"' in page.text
    only = browser.get(f"/staff/ops/visits/{visit}?only=gate").text
    assert "No licence there" in only and "moment-event" not in only


def test_a_replay_folds_looks_shows_seconds_and_leaves_what_one_person_did(clinic: Clinic, told: Told) -> None:
    browser, at = staff(clinic, "compliance"), f"/staff/ops/visits/{told.ids['visit']}"
    with clinic.database.scope(SLUG, Actor.system("test")) as scope:
        provider = scope.replays.of_visit(told.ids["visit"]).line.provider
    for _ in range(2):
        with clinic.database.scope(SLUG, Actor(person=provider, role=Role.PROVIDER)) as scope:
            scope.visits.get(told.ids["visit"])
            scope.visits.events(told.ids["visit"])
    page = browser.get(at).text
    assert 'class="moment__looks"' in page and re.search(r"\d:\d\d:\d\d", page)
    each = browser.get(f"{at}?looks=1").text
    assert 'class="moment__looks"' not in each and each.count('class="moment ') > page.count('class="moment ')
    looks = browser.get(f"{at}?only=look").text
    assert "moment-look" in looks and "moment-event" not in looks
    mine = browser.get(f"{at}?by=patient").text
    assert 0 < mine.count('class="moment ') < page.count('class="moment ')
    assert browser.get(f"{at}?by=nobody&only=nothing").text.count('class="moment ') == page.count('class="moment ')


def test_the_list_is_taken_along_without_anybody_in_it(clinic: Clinic, told: Told) -> None:
    answer = staff(clinic, "clinical_ops").get("/staff/ops/visits.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"].startswith("text/csv") and told.ids["visit"] in {one["visit"] for one in rows}
    assert told.patient not in answer.text and MARK not in answer.text


@pytest.mark.parametrize("query", ["since=x&until=9999-12-31", "page=0", "page=99999999", "stage=%00", "step='%3B--"])
def test_nothing_typed_into_the_address_breaks_the_list(clinic: Clinic, told: Told, query: str) -> None:
    assert staff(clinic, "clinical_ops").get(f"/staff/ops/visits?{query}").status_code == 200


def test_compliance_goes_from_a_verdict_to_the_law_of_its_state_and_ops_are_told_no_state(
    clinic: Clinic, told: Told
) -> None:
    ref = VisitRef(clinic=SLUG, visit=told.ids["visit"])
    ruled = {"topic": "licensing", "outcome": "forbidden", "forbids": [{"rule": "none@us/ny", "act": "practise"}]}
    asked = clinic.clock.now()
    record = GateRecord(gate="join", open=False, asked_at=asked, decisions={"licensing": ruled})
    clinic.visits.store.record_gate(_effect(ref), record)
    at = f"/staff/ops/visits/{told.ids['visit']}"
    page = staff(clinic, "compliance").get(at).text
    assert "Asked for a patient in New York" in page and "Since this gate was asked before" in page
    assert 'href="/staff/law?state=NY"' in page
    law = staff(clinic, "compliance").get("/staff/law?state=NY").text
    assert re.search(r'<option value="NY"[^>]* selected', law)
    assert re.search(r'<option value="FL"[^>]* selected', staff(clinic, "compliance").get("/staff/law?state=QQ").text)
    assert "New York" not in staff(clinic, "clinical_ops").get(at).text


def test_two_people_settle_what_the_law_leaves_open(clinic: Clinic, told: Told) -> None:
    review, first, second = unclear(clinic), staff(clinic, "clinical_ops"), staff(clinic, "compliance")
    assert "said=taken" in str(send(first, review, "take").url)
    assert "said=too_late" in str(send(second, review, "take", version="1").url)
    assert send(first, review, "decide", decision="law_is_clear").status_code == 422
    send(second, review, "comment", text="The board wrote last week")
    assert "said=decided" in str(
        send(first, review, "decide", decision="law_is_clear", reason="See the letter of the board").url
    )
    assert "said=same_person" in str(
        send(first, review, "confirm", word="agree", reason="It is me again, I agree", version="3").url
    )
    page = send(second, review, "confirm", word="agree", reason="I have read the letter, too")
    assert "said=agreed" in str(page.url)
    assert [
        one
        for one in ("The board wrote last week", "See the letter", "I have read the letter, too")
        if one not in page.text
    ] == []


def test_ops_see_no_chart_opened_in_an_emergency_and_compliance_does(clinic: Clinic, told: Told) -> None:
    listed = staff(clinic, "compliance").get("/staff/reviews?kind=emergency").text
    found = re.search(r"/staff/reviews/(rvw_\w+)", listed)
    assert found
    ops = staff(clinic, "clinical_ops")
    assert found[1] not in ops.get("/staff/reviews").text
    assert ops.get(f"/staff/reviews/{found[1]}").status_code == 404


def test_everybody_is_on_the_people_page_with_what_they_hold_and_where_they_may_practise(clinic: Clinic) -> None:
    page = staff(clinic, "clinical_ops").get("/staff/people").text
    assert "Bram Sorensen" in page and "Rosalind Achebe" in page and "June Hartley" not in page
    assert "matrix-yes" in page and "/shut" not in page
    only = staff(clinic, "clinical_ops").get("/staff/people?role=compliance").text
    assert 'class="panel__head"><h2>Odalys Pruitt' in only.replace("\n", "") and "<h2>Bram Sorensen" not in only


def test_an_administrator_shuts_a_log_in_and_opens_it_again(clinic: Clinic) -> None:
    admin, nils = staff(clinic, "clinic_admin"), staff(clinic, "support")
    with clinic.database.scope(SLUG, Actor(person="t", role=Role.CLINIC_ADMIN)) as scope:
        person = next(one.person for one in scope.roster.everybody() if one.name == "Nils Abara")
    page = post(admin, "/staff/people", {}, to=f"/staff/people/{person}/shut")
    assert "said=shut" in str(page.url)
    assert "sign-in" in str(nils.get("/staff/connections").url)
    assert "said=reopened" in str(post(admin, "/staff/people", {}, to=f"/staff/people/{person}/reopen").url)


def test_a_blocked_visit_stays_in_the_inbox_until_it_goes_on(clinic: Clinic, told: Told) -> None:
    ref = VisitRef(clinic=SLUG, visit=told.ids["visit"])
    ops = staff(clinic, "clinical_ops")
    clinic.visits.store.change(_effect(ref), VisitChange(event="visit_blocked", stage="blocked"))
    assert told.ids["visit"] in ops.get("/staff/ops/visits?blocked=1").text
    assert "/staff/reviews/rvw" in ops.get("/staff/reviews?kind=visit_blocked").text
    clinic.visits.store.change(_effect(ref), VisitChange(event="visit_ready", stage="ready"))
    assert "/staff/reviews/rvw" not in ops.get("/staff/reviews?kind=visit_blocked").text


def test_the_law_is_asked_of_each_state_in_a_time_that_it_keeps(tmp_path: Path) -> None:
    """A group of two coasts: the clinic's own zone is kept in none of the west, which is no broken question."""
    library = load_library(ROOT, (ROOT / "clinics" / "wrenfield.yaml",))
    made = build_clinic(tmp_path, several=library, law=LawGateKeeper(lambda: library, ClosuresOnly()))
    for person in ("compliance", "clinical_ops"):
        browser = made.browser("wrenfield.localhost")
        post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in")
        page = browser.get("/staff/people?state=WA")
        assert page.status_code == 200 and len(page.text) < 100_000
        assert re.findall(r'<th scope="col">([A-Z]{2})</th>', page.text) == ["WA"]
        assert "matrix-yes" in page.text and "matrix-no" in page.text
    everywhere = browser.get("/staff/people?state=all")
    assert {*re.findall(r"&amp;state=([A-Z]{2})#serving", everywhere.text)} == {
        *library.content.clinic("wrenfield").states
    }
    assert ">Nobody<" not in everywhere.text and len(everywhere.text) < 100_000
    held = browser.get("/staff/credentials")
    assert held.text.count("<tr>") == 1 + 60 and 'name="of"' in held.text
    whose = re.findall(r'<option value="(per[^"]+)">Solveig', held.text)[0]
    assert browser.get(f"/staff/credentials?of={whose}").text.count("<tr>") == 1 + 12 + 4
    made.database.close()
