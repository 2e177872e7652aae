"""The officer reads which past decisions would be other ones today, by visit number, with what changed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.evaluators import ClosuresOnly
from engine.library import load_library
from engine.ports import VisitRef
from tests.portals.helpers_clinic import ROOT, SLUG, Clinic, _effect, build_clinic, post
from tests.portals.helpers_crawl import tell_visit
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow
PAGE = "/staff/law/differing"
MARK = "Qx9"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    made = build_clinic(tmp_path_factory.mktemp("differing"))
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def visit(clinic: Clinic) -> str:
    """A visit with two records of a gate: as the law says today, and as if it had said something else then."""
    found = tell_visit(clinic, SLUG, MARK).ids["visit"]
    ref, store = VisitRef(clinic=SLUG, visit=found), clinic.visits.store
    library = load_library(ROOT, (Path(ROOT) / "clinics" / f"{SLUG}.yaml",))
    keeper = LawGateKeeper(lambda: library, ClosuresOnly())
    today = keeper.ask(store.dossier(ref, None, ""), "join", clinic.clock.now())
    assert today.asked is not None and today.asked["facts"]
    store.record_gate(_effect(ref), today)
    decisions: dict[str, Any] = copy.deepcopy(dict(today.decisions))
    decisions["consent"]["duties"] = []
    decisions["licensing"]["outcome"] = "review"
    store.record_gate(_effect(ref), replace(today, decisions=decisions))
    return found


def staff(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser()
    assert post(browser, "/staff/sign-in", {"person": person}, to="/staff/demo/sign-in").status_code == 200
    return browser


def test_only_what_differs_is_listed_with_its_rules_and_nothing_of_the_patient(clinic: Clinic, visit: str) -> None:
    browser = staff(clinic, "compliance")
    page = browser.get(PAGE)
    assert page.status_code == 200 and MARK not in page.text
    listed = page.text.split('id="differing"')[1].split("<details")[0]
    assert listed.count(f"/staff/ops/visits/{visit}") == 2
    assert "Then: " in listed and "us/" in listed
    assert f'href="{PAGE}"' in browser.get("/staff/oversight").text


def test_a_day_that_is_none_is_told_and_a_later_one_finds_nothing(clinic: Clinic, visit: str) -> None:
    browser = staff(clinic, "compliance")
    assert browser.get(f"{PAGE}?since=soon").status_code == 422
    later = browser.get(f"{PAGE}?since=2100-01-01")
    assert later.status_code == 200 and visit not in later.text
    assert browser.get(f"{PAGE}?after=gat_none").status_code == 404


def test_nobody_else_reads_it(clinic: Clinic) -> None:
    for person in ("clinical_ops", "clinic_admin", "support"):
        assert staff(clinic, person).get(PAGE).status_code == 403
