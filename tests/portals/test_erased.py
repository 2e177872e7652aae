"""A patient who was erased leaves calm pages behind: nothing of theirs, and nothing that fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.ports import Effect, VisitChange, VisitRef
from records.access import Role
from records.erasure import erase
from records.visit_records import RecordsVisitStore
from records.work import Actor
from tests.portals.helpers_clinic import build_clinic
from tests.portals.helpers_crawl import MINE, Crawl, Route, crawl_of, routes_of, two_clinics

pytestmark = pytest.mark.slow
OPERATOR = Actor(person="dana", role=Role.PLATFORM_OPERATOR)


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    """Everybody at a clinic, one of whose patients was erased after their visit."""
    folder = tmp_path_factory.mktemp("erased")
    clinic = build_clinic(folder / "data", several=two_clinics())
    made = crawl_of(clinic)
    told, database = made.visits[MINE], clinic.database
    ref = VisitRef(clinic=MINE, visit=told.ids["visit"])
    RecordsVisitStore(database).change(
        Effect(ref=ref, step="crawl", key="end", actor="system"), VisitChange(event="completed", stage="completed")
    )
    with database.scope(MINE, Actor.system("crawl")) as scope:
        scope.alerts.close(told.ids["alert"], "seen")
    for asker in made.askers:
        made.browser_of(asker)  # signed in before
    with database.work(MINE, OPERATOR) as work:
        erase(work, told.patient, {"reason": "patient_request"})
    yield made
    database.close()


def test_no_page_fails_and_none_shows_anything_of_theirs(crawl: Crawl) -> None:
    told, bad = crawl.visits[MINE], []
    for route in routes_of(crawl.clinic.app):
        if route.method != "GET" or not _fits(route, told.ids):
            continue
        for asker in crawl.askers:
            if asker.clinic != MINE:
                continue
            answer = crawl.send(asker, route, told.ids)
            shown = [secret for secret in told.secrets[1:] if secret in answer.text]
            if answer.status_code >= 500 or shown:
                bad.append(f"{asker.name}: GET {route.path}: {answer.status_code} {shown}")
    assert bad == []


def test_who_treated_them_is_told_calmly_in_both_languages(crawl: Crawl) -> None:
    clinician = next(asker for asker in crawl.askers if asker.name == "the clinician")
    for language, words in (("en", "This record was erased"), ("es", "Este expediente fue borrado")):
        crawl.browser_of(clinician).headers["accept-language"] = language
        answer = crawl.send(clinician, Route("GET", "/staff/visits/{visit}"), crawl.visits[MINE].ids)
        assert (answer.status_code, words in answer.text) == (410, True)


def test_the_patient_is_signed_out(crawl: Crawl) -> None:
    patient = next(asker for asker in crawl.askers if asker.name == "the patient")
    answer = crawl.send(patient, Route("GET", "/visits"), crawl.visits[MINE].ids)
    assert answer.status_code == 303 and "/sign-in" in answer.headers["location"]


def test_the_others_go_on(crawl: Crawl) -> None:
    clinician = next(asker for asker in crawl.askers if asker.name == "the clinician")
    assert crawl.send(clinician, Route("GET", "/staff"), {}).status_code == 200


def _fits(route: Route, ids: object) -> bool:
    """Whether we have an id for each of the path's parameters."""
    names = {part.strip("{}") for part in route.path.split("/") if part.startswith("{")}
    return isinstance(ids, dict) and names <= set(ids)
