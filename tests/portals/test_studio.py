"""The authoring studio: who may come in, what a walk-through shows while files change, and that nothing is kept."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.testclient import TestClient

from engine.evaluators import ClosuresOnly
from portals.law.link import read_link
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic, csrf_of, post
from tests.portals.helpers_journey import MIAMI
from tests.portals.helpers_studio import Desk, copied, desk_of
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow
HOME = "/staff/studio"
PAGE = f"{HOME}/specialties/urgent_care"
FORM = "urgent_care/intake"
CLINIC = f"clinics/{SLUG}.yaml"
ASKED = """form: smoking/intake
version: 1
languages: [en, es]
title: {en: Your smoking, es: Su tabaco}
items:
  - id: a_day
    type: integer
    least: 0
    most: 99
    text: {en: How many cigarettes a day?, es: ¿Cuántos cigarrillos al día?}
"""
NOTE = """note: quit_smoking/note
version: 1
sections:
  - id: plan
    title: {en: Plan, es: Plan}
    fields: [{id: advice, type: text, required: true, label: {en: Advice, es: Consejos}}]
for_patient: [plan.advice]
"""
QUIT = """specialty: quit_smoking
languages: [en, es]
title: {en: Quit smoking, es: Dejar de fumar}
summary: {en: A plan to stop smoking., es: Un plan para dejar de fumar.}
visit_types:
  - id: quit_visit
    title: {en: Quit plan, es: Plan para dejarlo}
    about: {en: Make a plan by video., es: Haga un plan por video.}
    modality: audio_video
    duration: 20 min
    price: {cents: 4900, currency: USD}
    professions: [MD, NP]
    steps:
      - {kind: book}
      - {kind: pay, after: book}
      - {kind: intake, after: pay, form: smoking/intake}
      - {kind: locate, after: pay}
      - {kind: license, after: locate}
      - {kind: consent, after: locate, kinds: [telehealth, treatment]}
      - {kind: wait, after: [intake, license, consent]}
      - {kind: consult, after: wait, medium: video}
      - {kind: document, after: consult}
"""
ANSWERED = f"a.{FORM}:chief_complaint=fever&a.{FORM}:danger_signs=none"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = copied(tmp_path_factory.mktemp("studio"))
    clinic = build_clinic(folder)
    yield desk_of(clinic, folder)
    clinic.database.close()


def inside(clinic: Clinic, person: str = "clinical_ops") -> TestClient:
    browser = clinic.browser()
    token = csrf_of(browser.get("/staff/sign-in").text)
    answer = browser.post("/staff/demo/sign-in", data={"csrf": token, "person": person})
    assert answer.status_code == 200, answer.text
    return browser


def frame_of(page: str) -> str:
    """The address of the screen that a page shows."""
    found = re.search(r'<iframe[^>]* src="([^"]+)"', page)
    assert found, page
    return html.unescape(found[1])


def send(browser: TestClient, page: str, **answer: str | list[str]) -> str:
    """Sends the form of the screen that a page shows; the page that follows."""
    screen = browser.get(frame_of(page)).text
    found = dict(re.findall(r'<input type="hidden" name="(csrf|state|screen)" value="([^"]*)">', screen))
    hidden = {name: html.unescape(value) for name, value in found.items()}
    followed = browser.post(f"{PAGE}/answer", data={**hidden, **answer})
    assert followed.status_code == 200, followed.text
    return str(followed.text)


def test_a_walk_through_asks_what_the_form_asks_and_stops_at_an_emergency(desk: Desk) -> None:
    ops = inside(desk.clinic)
    page = ops.get(f"{PAGE}?state=FL&at={FORM}:danger_signs").text
    stopped = send(ops, page, answer="stroke")
    assert "tag-danger" in stopped
    assert "at=emergency" in frame_of(stopped)
    assert "911" in ops.get(frame_of(stopped)).text
    calm = send(ops, page, answer="none")
    assert "at=emergency" not in frame_of(calm)


def test_an_answer_that_does_not_fit_is_refused_on_the_screen_in_the_patients_words(desk: Desk) -> None:
    ops = inside(desk.clinic)
    refused = send(ops, ops.get(f"{PAGE}?language=es&at={FORM}:danger_signs").text, answer=["none", "stroke"])
    assert "wrong=alone" in frame_of(refused)
    assert "field-wrong" in ops.get(frame_of(refused)).text


def test_typed_words_are_never_carried(desk: Desk) -> None:
    ops = inside(desk.clinic)
    followed = send(ops, ops.get(f"{PAGE}?at={FORM}:own_words").text, answer="Ruth Example of Elm Street")
    assert "Ruth" not in followed
    assert dict(parse_qsl(urlsplit(frame_of(followed)).query))[f"a.{FORM}:own_words"] == "~"


def test_a_broken_file_is_told_with_its_line_while_the_last_good_version_is_played(desk: Desk) -> None:
    ops = inside(desk.clinic)
    whole = "What is the main reason for your visit?"
    before = ops.get(f"{HOME}/state").json()
    desk.edit(f"forms/{FORM}.yaml", "type: multi_choice\n    alone: none", "type: multi_choise\n    alone: none")
    assert ops.get(f"{HOME}/state").json() != before
    page = ops.get(f"{PAGE}?at={FORM}:chief_complaint&{ANSWERED}").text
    assert re.search(rf"forms/{FORM}.yaml:\d+:11", page), re.findall(rf"forms/{FORM}[^<]*", page)
    assert "<mark>multi_choise</mark>" in page
    assert "last good version" in page
    assert whole in html.unescape(ops.get(frame_of(page)).text)

    desk.edit(f"forms/{FORM}.yaml", "multi_choise", "multi_choice")
    desk.edit(f"forms/{FORM}.yaml", whole, "What brings you here?")
    mended = ops.get(f"{PAGE}?at={FORM}:chief_complaint&{ANSWERED}").text
    assert "last good version" not in mended
    screen = html.unescape(ops.get(frame_of(mended)).text)
    assert "What brings you here?" in screen
    assert re.search(r'value="fever" checked', screen)


def test_a_specialty_whose_file_is_gone_is_not_said_to_be_right(desk: Desk) -> None:
    ops = inside(desk.clinic)
    file = desk.root / "specialties" / "urgent_care" / "specialty.yaml"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    page = ops.get(HOME).text
    file.write_text(text, encoding="utf-8")
    row = page.partition('href="/staff/studio/specialties/urgent_care"')[2].partition("</tr>")[0]
    assert "Refused" in row and "Right" not in row


def test_an_answer_whose_choice_is_gone_is_left_out_and_named(desk: Desk) -> None:
    page = inside(desk.clinic).get(f"{PAGE}?a.{FORM}:chief_complaint=gone_choice").text
    assert "no longer fit" in page
    assert f"{FORM}: chief_complaint" in page


def test_another_clinics_file_is_counted_and_not_shown(desk: Desk) -> None:
    ops = inside(desk.clinic)
    other = next(path for path in sorted((desk.root / "clinics").glob("*.yaml")) if path.stem != SLUG)
    kept = other.read_text(encoding="utf-8")
    other.write_text(kept + "nonsense: 1\n", encoding="utf-8")
    try:
        page = ops.get(PAGE).text
        assert f"clinics/{other.name}" not in page
        assert "1 more in files of other clinics" in page
    finally:
        other.write_text(kept, encoding="utf-8")


def test_the_cases_of_a_specialty_are_asked_and_one_that_fails_is_named(desk: Desk) -> None:
    ops = inside(desk.clinic)
    assert "cases hold" in ops.get(f"{PAGE}?cases=1").text
    file = "specialties/urgent_care/cases.yaml"
    kept = (desk.root / file).read_text(encoding="utf-8")
    desk.edit(file, "gates: {book: open", "gates: {book: shut")
    try:
        page = ops.get(f"{PAGE}?cases=1").text
        assert "1 of " in page
        assert file in page
    finally:
        (desk.root / file).write_text(kept, encoding="utf-8")


def test_every_question_to_the_law_is_one_that_its_page_takes(desk: Desk) -> None:
    ops = inside(desk.clinic)
    page = ops.get(f"{PAGE}?licence=elsewhere&state=FL").text
    links = [html.unescape(one) for one in re.findall(r'href="(/staff/law\?[^"]+)"', page)]
    law = desk.clinic.app.state.deps.library().law
    assert links
    for one in links:
        link = read_link(parse_qsl(urlsplit(one).query), law.vocabulary, law.drug_names)
        assert not link.wrong
        assert link.told["provider.profession"] == "MD"
    assert ops.get(links[0], follow_redirects=False).status_code == 200


def test_a_screen_runs_no_script_leads_nowhere_and_stands_in_our_own_frame_alone(desk: Desk) -> None:
    ops = inside(desk.clinic)
    for at in (
        "offer",
        "book",
        "pay",
        f"{FORM}:welcome",
        f"{FORM}:",
        "place",
        "consent",
        "waiting",
        "summary",
        "notices",
    ):
        answer = ops.get(f"{PAGE}/screen?at={at}&language=es")
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "script-src" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "<script" not in answer.text
        assert set(re.findall(r'<a\s[^>]*href="([^"]*)"', answer.text)) <= {"#answer"}
        assert 'lang="es"' in answer.text


def test_only_ops_and_compliance_come_in_and_outside_of_a_demo_only_where_it_was_opened(desk: Desk) -> None:
    assert inside(desk.clinic, "compliance").get(HOME).status_code == 200
    assert inside(desk.clinic, "clinic_admin").get(HOME).status_code == 403
    assert inside(desk.clinic, "clinic_admin").get(f"{PAGE}/screen").status_code == 403
    ops = inside(desk.clinic)
    deps = desk.clinic.app.state.deps
    try:
        desk.clinic.app.state.deps = replace(deps, settings=replace(deps.settings, demo=False))
        assert ops.get(HOME).status_code == 404
        desk.clinic.app.state.deps = replace(deps, settings=replace(deps.settings, demo=False, studio=True))
        assert ops.get(HOME).status_code == 200
    finally:
        desk.clinic.app.state.deps = deps


def test_an_unknown_specialty_or_one_that_leads_elsewhere_is_not_found(desk: Desk) -> None:
    ops = inside(desk.clinic)
    assert ops.get(f"{HOME}/specialties/nothing").status_code == 404
    assert ops.get(f"{HOME}/specialties/..%2F..").status_code == 404


def test_a_newcomers_specialty_appears_as_its_files_are_saved_and_is_booked_after_one_line(desk: Desk) -> None:
    ops, folder = inside(desk.clinic), desk.root / "specialties" / "quit_smoking"
    folder.mkdir()
    kept = (desk.root / CLINIC).read_text(encoding="utf-8")
    try:
        (folder / "specialty.yaml").write_text(QUIT, encoding="utf-8")
        begun = ops.get(f"{HOME}/specialties/quit_smoking").text
        assert "no good version yet" in begun
        assert "forms/smoking/intake" in html.unescape(begun) or "note.yaml" in begun
        (folder / "note.yaml").write_text(NOTE, encoding="utf-8")
        (desk.root / "forms" / "smoking").mkdir()
        (desk.root / "forms/smoking/intake.yaml").write_text(ASKED, encoding="utf-8")
        seen = ops.get(f"{HOME}/specialties/quit_smoking").text
        assert "does not offer this visit yet" in seen
        assert "How many cigarettes a day?" in seen
        assert ops.get("/book/quit_smoking/quit_visit").status_code == 404
        desk.edit(CLINIC, "specialties: [", "specialties: [quit_smoking, ")
        assert "does not offer this visit yet" not in ops.get(f"{HOME}/specialties/quit_smoking").text
        offered = post(desk.clinic.browser(), "/book/quit_smoking/quit_visit", MIAMI)
        assert 'name="time"' in offered.text
    finally:
        (desk.root / CLINIC).write_text(kept, encoding="utf-8")
        shutil.rmtree(folder)
        shutil.rmtree(desk.root / "forms" / "smoking", ignore_errors=True)


def test_a_child_comes_in_with_a_guardian_alone(desk: Desk) -> None:
    ops = inside(desk.clinic)
    clinic, kept = desk.clinic, desk.clinic.app.state.deps
    clinic.app.state.deps = replace(kept, gates=LawGateKeeper(kept.library, ClosuresOnly()))
    try:
        shut = ops.get(f"{PAGE}?age=10&state=FL").text
        assert re.search(r"The call: (?!You may treat)", shut)
        assert "The call: You may treat this patient now." in ops.get(f"{PAGE}?age=10&state=FL&company=guardian").text
    finally:
        clinic.app.state.deps = kept
