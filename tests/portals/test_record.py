"""My record: everything in one place, and a copy to take home that is proved, audited and for nobody else."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fhir.resources.R4B.bundle import Bundle
from starlette.testclient import TestClient

from engine.library import load_library
from engine.ports import Effect, VisitChange, VisitRef
from portals.auth.sessions import RecordsSessions
from records.access import Role
from records.audit_trail import AuditQuery
from records.relationships import RelationshipDraft, seed_helper
from records.work import Actor
from tests.portals.helpers_clinic import ROOT, Clinic, build_clinic, post
from tests.portals.helpers_crawl import Told, tell_visit
from tests.records.helpers import PATIENT

pytestmark = pytest.mark.slow
SLUG = "wrenfield"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    library = load_library(ROOT, (ROOT / "clinics" / f"{SLUG}.yaml",))
    built = build_clinic(tmp_path_factory.mktemp("record"), several=library)
    yield built
    built.database.close()


@pytest.fixture(scope="module")
def told(clinic: Clinic) -> Told:
    """A visit that has been held, with its summary."""
    made = tell_visit(clinic, SLUG, "Zzz", in_an_emergency=False)
    ref = VisitRef(clinic=SLUG, visit=made.ids["visit"])
    effect = Effect(ref=ref, step="tests", key="end", actor="system")
    clinic.visits.store.write_summary(effect)
    clinic.visits.store.change(effect, VisitChange(event="completed", stage="completed"))
    return made


def browser_of(clinic: Clinic, person: str) -> TestClient:
    browser = clinic.browser(f"{SLUG}.localhost")
    browser.get("/sign-in")
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        account = scope.accounts.of_person(person)
        assert account is not None
        token = scope.sessions.open(account.account, "patient")[0]
    browser.cookies.delete("cw_patient")
    browser.cookies.set("cw_patient", token, domain=f"{SLUG}.localhost")
    return browser


def helper_of(clinic: Clinic, patient: str, name: str, *scopes: str) -> str:
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        person = scope.people.create_patient(PATIENT)
        scope.accounts.create(person, f"{name}@helpers.example", "no hash", [Role.PATIENT])
    draft = RelationshipDraft(patient=patient, email="", name=name, relation="friend", kind="proxy", scopes=scopes)
    with clinic.database.work(SLUG, Actor(person=patient, role=Role.PATIENT)) as work:
        seed_helper(work, draft, person)
    return person


def test_the_page_shows_visits_consents_messages_and_who_looked(clinic: Clinic, told: Told) -> None:
    browser = browser_of(clinic, told.patient)
    page = browser.get("/record").text
    visit = told.ids["visit"]
    for there in (f"/visits/{visit}/summary.pdf", f"/visits/{visit}/consent/signed", "/accesses", "Zzzsubject"):
        assert there in page
    browser.cookies.set("cw_language", "es", domain=f"{SLUG}.localhost")
    assert "Descargar mi expediente" in browser.get("/record").text


def test_the_copy_has_pages_valid_fhir_and_every_file_and_is_audited(clinic: Clinic, told: Told) -> None:
    browser = browser_of(clinic, told.patient)
    answer = post(browser, "/record/download", {"of": ""})
    assert answer.headers["content-disposition"] == 'attachment; filename="record.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {"index.html", "record.fhir.json", "files/001.pdf"}
        pages, made = archive.read("index.html").decode(), archive.read("record.fhir.json").decode()
        assert archive.read("files/001.pdf").startswith(b"%PDF-")
    Bundle.model_validate_json(made)
    kinds = {one["resource"]["resourceType"] for one in json.loads(made)["entry"]}
    assert kinds >= {"Patient", "Encounter", "Consent", "DocumentReference", "Communication"}
    for words in ("Zzzgiven", "Zzzsignature", "Zzztext"):
        assert words in pages
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        found = scope.audit.search(AuditQuery(actor=told.patient, act="record:copy:exported"))
    assert len(found) == 1


def test_a_copy_is_for_who_may_read_the_record_and_nobody_else(clinic: Clinic, told: Told) -> None:
    reader = browser_of(clinic, helper_of(clinic, told.patient, "reader", "see_record"))
    writer = browser_of(clinic, helper_of(clinic, told.patient, "writer", "write"))
    of = reader.get("/record").text.partition("/record?of=")[2].partition('"')[0]
    assert of.startswith("rel_")
    assert reader.get(f"/record?of={of}").status_code == 200
    assert post(reader, "/record", {"of": of}, to="/record/download").content.startswith(b"PK")
    assert writer.get(f"/record?of={of}").status_code == 404
    assert post(writer, "/record", {"of": of}, to="/record/download").status_code == 404


def test_an_old_sign_in_is_asked_for_its_proof_first(
    clinic: Clinic, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = RecordsSessions.find

    def long_ago(*told_to: object, **named: object) -> object:
        view = find(*told_to, **named)  # type: ignore[arg-type]
        return replace(view, proved_at=clinic.database.now() - timedelta(minutes=11)) if view is not None else None

    monkeypatch.setattr(RecordsSessions, "find", long_ago)
    answer = post(browser_of(clinic, told.patient), "/record/download", {"of": ""})
    assert answer.status_code == 403 and "x-prove" in answer.headers
