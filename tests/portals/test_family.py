"""A mother books for her child, a grandmother may book and not consent, and an adult lets somebody help and ends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from engine.evaluators import ClosuresOnly
from engine.library import Library
from records.access import Role
from records.work import Actor
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic, csrf_of, post, sign_in
from tests.portals.helpers_journey import GOOD_CARD, HERE, KIND, MIAMI, choose, fill_intake, ref
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow  # each of these builds a clinic: they run in `all`


CHILD = {
    "given": "Ivy",
    "family": "Hartley",
    "birth_date-m": "3",
    "birth_date-d": "2",
    "birth_date-y": "2019",
    "sex": "female",
    "relation": "parent",
    "attest": "yes",
}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The demo clinic with its law, and nothing else that is real outside the web program."""
    built = build_clinic(tmp_path_factory.mktemp("family") / "data")
    library: Library = built.app.state.deps.library()
    built.visits.gates = LawGateKeeper(lambda: library, ClosuresOnly())
    object.__setattr__(built.app.state.deps, "gates", built.visits.gates)
    object.__setattr__(built.app.state.deps, "search", built.visits.gates)
    yield built
    built.database.close()


def scope_provider(clinic: Clinic, visit: str) -> str:
    """The visit's clinician."""
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        return scope.visits.get(visit).provider


def leo_of(browser: TestClient) -> str:
    """The answer that stands for Leo on the page that asks whom the visit is for."""
    page = browser.get(KIND).text
    found = re.search(r'name="who" value="(rel_\w+)"[^>]*><span>For Leo Hartley', page)
    assert found, page
    return found[1]


def held_for(browser: TestClient, who: str, *, acting: bool = True) -> str:
    page = post(browser, KIND, {**MIAMI, "who": who})
    assert ("You are acting for" in page.text) is acting
    times = re.findall(r'name="time" value="([^"]+)"', page.text)
    review = choose(browser, times[0]).text
    assert (("Leo Hartley will be in" in review), ("You will be in" in review)) == (acting, not acting)
    assert bool(re.search(r"<dt>Patient</dt>\s*<dd>Leo Hartley", review)) == acting
    answer = post(browser, "/book/review", {"request": "b" * 24})
    found = re.search(r"/visits/(vis_\w+)/pay", str(answer.url))
    assert found, answer.text
    assert ("Patient: Leo Hartley" in answer.text) == acting
    return found[1]


def test_a_mother_books_for_her_child_and_the_room_opens_once_she_signed_as_guardian(clinic: Clinic) -> None:
    june = clinic.browser()
    sign_in(june)
    visit = held_for(june, leo_of(june))
    assert "new=booked" in str(post(june, f"/visits/{visit}/pay", GOOD_CARD).url)
    done = fill_intake(clinic, june, visit, unasked=("patient.pregnant",))
    assert "Check your answers" in done.text and "pregnant" not in done.text
    place = june.get(f"/visits/{visit}/place").text
    assert "Where is Leo Hartley right now?" in place and "Where are you" not in place
    post(june, f"/visits/{visit}/intake/review", {}, to=f"/visits/{visit}/intake/submit")
    post(june, f"/visits/{visit}/place", HERE)
    store, gates = clinic.visits.store, clinic.visits.gates
    shut = gates.ask(store.dossier(ref(visit)), "join", clinic.clock.now())
    assert not shut.open
    assert "Fla. Stat. 1014.06" in {reason["law"] for reason in shut.reasons}
    page = june.get(f"/visits/{visit}/consent").text
    assert "You sign for a child" in page
    askers = re.findall(r"asked for by: ([^<]+)<|Asked for by: ([^<]+)<", page)
    assert askers and all(len(set(one.split(", "))) == len(one.split(", ")) for pair in askers for one in pair if one)
    assert "Fla. Stat. 1014.06" in page
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest
    signed = {"digest": digest[1], "signature": "June Hartley", "agree": "yes", "csrf": csrf_of(page)}
    answer = june.post(f"/visits/{visit}/consent", data=signed)
    assert answer.status_code == 200, answer.text
    assert "Signed for the patient by June Hartley (Parent)" in (june.get(f"/visits/{visit}/consent/signed").text)
    told = store.dossier(ref(visit))
    assert told.patient.guardian_present is True
    assert "guardian" in {one.kind for one in told.consents}
    assert gates.ask(told, "join", clinic.clock.now()).open
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        provider = scope.people.provider(scope.visits.get(visit).provider).seed_key
    desk = clinic.browser()
    post(desk, "/staff/sign-in", {"person": provider}, to="/staff/demo/sign-in")
    seen = desk.get(f"/staff/visits/{visit}").text
    assert "June Hartley acts for the patient as parent. Nobody checked a document that says so." in seen
    assert "Confirmed by June Hartley, " in seen
    assert "Confirmed by the patient" not in seen
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        kinds = [part.role for part in scope.visits.participants(visit)]
    assert sorted(kinds) == ["caregiver", "patient", "provider"]


def test_a_mother_reads_who_opened_her_childs_record_and_a_helper_does_not(clinic: Clinic) -> None:
    june, agnes = clinic.browser(), clinic.browser()
    sign_in(june)
    sign_in(agnes, "agnes_tollefsen")
    visit = held_for(june, leo_of(june))
    with clinic.database.scope(SLUG, Actor(person=scope_provider(clinic, visit), role=Role.PROVIDER)) as scope:
        scope.people.patient(scope.visits.get(visit).patient)
    listed = june.get("/visits").text
    assert "You have no visits yet</h2>" not in listed
    assert listed.index("Visits of Leo Hartley") < listed.index("Visits of my own")
    of = re.search(r'href="(/accesses\?of=rel_\w+)"', listed)
    assert of
    theirs = june.get(of[1]).text
    assert "Who saw Leo Hartley&#39;s record" in theirs and "name and details" in theirs
    assert "your name and details" not in theirs and "Nobody has opened" not in theirs
    assert "name and details" not in june.get("/accesses").text
    assert "/accesses?of=" not in agnes.get("/visits").text
    assert agnes.get(of[1]).status_code == 404
    assert agnes.get(f"/accesses?of={leo_of(agnes)}").status_code == 404
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        leo = scope.visits.get(visit).patient
        told = {(entry.act, entry.subject) for entry in scope.audit.entries(limit=200)}
    assert ("audit:own:viewed", leo) in told


@pytest.mark.parametrize(("typed", "said"), [("99999", "do not know this ZIP"), ("3313", "with five digits")])
def test_a_zip_code_that_is_none_is_told_from_one_that_is_not_whole(clinic: Clinic, typed: str, said: str) -> None:
    page = post(clinic.browser(), KIND, {"state": "TX", "postal_code": typed, "who": "self"})
    assert (page.status_code, said in page.text) == (422, True)


def test_a_grandmother_who_may_book_cannot_consent(clinic: Clinic) -> None:
    june, agnes = clinic.browser(), clinic.browser()
    sign_in(june)
    sign_in(agnes, "agnes_tollefsen")
    visit = held_for(june, leo_of(june))
    post(june, f"/visits/{visit}/pay", GOOD_CARD)
    post(june, f"/visits/{visit}/place", HERE)
    home = agnes.get(f"/visits/{visit}")
    assert "You are acting for Leo Hartley." in home.text
    assert "What you answer" not in home.text and f"/visits/{visit}/files" not in home.text
    assert "What you answer and sign here is for Leo Hartley" in june.get(f"/visits/{visit}").text
    assert agnes.get(f"/visits/{visit}/waiting", follow_redirects=False).headers["location"] == f"/visits/{visit}"
    assert set(agnes.get(f"/visits/{visit}/waiting/state").json()) == {"stage"}
    assert f"/visits/{visit}/cancel" in home.text
    assert "Leo Hartley" in agnes.get("/visits").text
    for path in ("consent", "consent/signed", "intake", "summary"):
        assert agnes.get(f"/visits/{visit}/{path}").status_code == 404
    token = csrf_of(home.text)
    for path in ("consent", "arrive", "join"):
        assert agnes.post(f"/visits/{visit}/{path}", data={"csrf": token, "agree": "yes"}).status_code == 404
    stranger = clinic.browser()
    sign_in(stranger, "mateo_villareal")
    assert stranger.get(f"/visits/{visit}").status_code == 404


def test_a_child_is_added_on_the_way_to_a_booking(clinic: Clinic) -> None:
    june = clinic.browser()
    sign_in(june)
    page = post(june, KIND, {**MIAMI, "who": "child"})
    assert str(page.url).endswith("/family/child")
    wrong = post(june, "/family/child", {**CHILD, "birth_date-y": "1999", "attest": ""})
    assert (wrong.status_code, "Confirm that you are the parent" in wrong.text) == (422, True)
    grown = post(june, "/family/child", {**CHILD, "birth_date-y": "1999"})
    assert "This person is 18 or older" in grown.text
    times = post(june, "/family/child", CHILD)
    assert str(times.url).endswith("/times")
    assert "You are acting for Ivy Hartley" in times.text


def test_who_is_not_acted_for_is_no_answer(clinic: Clinic) -> None:
    mateo = clinic.browser()
    sign_in(mateo, "mateo_villareal")
    page = post(mateo, KIND, {**MIAMI, "who": "rel_none"})
    assert (page.status_code, "Choose who the visit is for" in page.text) == (422, True)


def test_an_adult_lets_somebody_help_and_ends_it_at_once(clinic: Clinic) -> None:
    mateo, agnes = clinic.browser(), clinic.browser()
    sign_in(mateo, "mateo_villareal")
    sign_in(agnes, "agnes_tollefsen")
    mine = {"name": "Agnes", "email": "agnes.tollefsen@patients.example", "relation": "friend", "kind": "caregiver"}
    refused = post(mateo, "/family/share/me", {**mine, "scopes": "see_record"})
    assert (refused.status_code, "only what somebody like this may do" in refused.text) == (422, True)
    sent = post(mateo, "/family/share/me", {**mine, "scopes": "schedule"})
    assert "The invitation is on its way" in sent.text
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        mail = next(one for one in scope.mails.outbox() if one.template == "acting")
    link = re.search(r"/family/invitation/[\w-]+", mail.body)
    assert link
    assert mateo.get(link[0]).status_code == 410
    assert "Act for Mateo Villareal?" in agnes.get(link[0]).text
    assert "You act for them now" in post(agnes, link[0], {}).text
    assert "Visits of Mateo Villareal" in agnes.get("/visits").text
    assert agnes.get("/family/share/me").status_code == 200
    listed = mateo.get("/family").text
    end = re.search(r'href="(/family/rel_\w+/end)"', listed)
    assert end
    assert "It has ended" in post(mateo, end[1], {}).text
    assert "Visits of Mateo Villareal" not in agnes.get("/visits").text
    assert agnes.post(end[1], data={"csrf": csrf_of(agnes.get("/family").text)}).status_code in (200, 404)


def test_who_only_gets_notices_sees_when_a_visit_is_and_no_more(clinic: Clinic) -> None:
    mateo, agnes = clinic.browser(), clinic.browser()
    sign_in(mateo, "mateo_villareal")
    sign_in(agnes, "agnes_tollefsen")
    visit = held_for(mateo, "self", acting=False)
    post(mateo, f"/visits/{visit}/pay", GOOD_CARD)
    mine = {"name": "Agnes", "email": "agnes.tollefsen@patients.example", "relation": "friend", "kind": "caregiver"}
    post(mateo, "/family/share/me", {**mine, "scopes": "messages"})
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        mail = next(one for one in scope.mails.outbox() if one.template == "acting")
        provider = scope.people.provider(scope.visits.get(visit).provider).display_name
    link = re.search(r"/family/invitation/[\w-]+", mail.body)
    assert link
    post(agnes, link[0], {})
    listed, home = agnes.get("/visits").text, agnes.get(f"/visits/{visit}")
    door = listed.partition(f'href="/visits/{visit}"')[2].partition("</a>")[0]  # her other visits say whose they are
    assert door
    assert provider not in door
    assert (home.status_code, "You are acting for Mateo Villareal" in home.text) == (200, True)
    assert provider not in home.text
    for path in ("cancel", "intake", "files", "waiting", "summary", "place", "law"):
        assert agnes.get(f"/visits/{visit}/{path}").status_code == 404
    ended = re.search(r'href="(/family/rel_\w+/end)"', mateo.get("/family").text)
    assert ended
    post(mateo, ended[1], {})


def test_who_only_books_reads_nothing_of_an_emergency(clinic: Clinic) -> None:
    """That the answers may mean an emergency is part of them: a helper who arranges times learns that one is over."""
    mateo, agnes = clinic.browser(), clinic.browser()
    sign_in(mateo, "mateo_villareal")
    sign_in(agnes, "agnes_tollefsen")
    visit = held_for(mateo, "self", acting=False)
    post(mateo, f"/visits/{visit}/pay", GOOD_CARD)
    for scopes, told in (("schedule", False), ("messages", False), ("join", True)):
        _helps(clinic, mateo, agnes, scopes)
        clinic.visits.move(ref(visit), "escalated")
        door = agnes.get("/visits").text.partition(f'href="/visits/{visit}"')[2].partition("</a>")[0]
        pages = [agnes.get(path) for path in (f"/visits/{visit}", f"/visits/{visit}/emergency")]
        assert ("Emergency care needed" in door) is told and (">Over<" in door) is not told, scopes
        for page in pages:
            assert ("/emergency" in page.url.path) is told or page.status_code == 404, (scopes, page.url)
            assert ("Your answers" in page.text or "get emergency care" in page.text) is told, (scopes, page.url)
        ended = re.search(r'href="(/family/rel_\w+/end)"', mateo.get("/family").text)
        assert ended
        post(mateo, ended[1], {})
    assert "Emergency care needed" in mateo.get("/visits").text
    assert "/emergency" in mateo.get(f"/visits/{visit}").url.path


def _helps(clinic: Clinic, patient: TestClient, helper: TestClient, scopes: str) -> None:
    """The patient invites the helper within the scopes, and the helper accepts."""
    asked = {"name": "Agnes", "email": "agnes.tollefsen@patients.example", "relation": "friend", "kind": "caregiver"}
    post(patient, "/family/share/me", {**asked, "scopes": scopes})
    with clinic.database.scope(SLUG, Actor.system("tests")) as scope:
        mail = next(one for one in scope.mails.outbox() if one.template == "acting")
    link = re.search(r"/family/invitation/[\w-]+", mail.body)
    assert link
    post(helper, link[0], {})


def test_nobody_fills_a_letter_box_with_invitations(clinic: Clinic) -> None:
    mateo = clinic.browser()
    sign_in(mateo, "mateo_villareal")
    theirs = {"name": "X", "relation": "friend", "kind": "caregiver", "scopes": "schedule"}
    for number in range(5):
        sent = post(mateo, "/family/share/me", {**theirs, "email": f"one{number % 2}@elsewhere.example"})
        assert "The invitation is on its way" in sent.text
    full = post(mateo, "/family/share/me", {**theirs, "email": "other@elsewhere.example"})
    assert (full.status_code, "Five invitations are waiting for an answer" in full.text) == (429, True)
    mateo.headers["accept-language"] = "es"
    full = post(mateo, "/family/share/me", {**theirs, "email": "other@elsewhere.example"})
    assert "Hay cinco invitaciones que esperan respuesta" in full.text


def test_the_pages_are_in_spanish_too(clinic: Clinic) -> None:
    june = clinic.browser()
    sign_in(june)
    june.headers["accept-language"] = "es"
    assert "¿Para quién es esta consulta?" in june.get(KIND).text
    assert "Personas a mi cargo" in june.get("/family").text
    assert "Añadir a un menor" in june.get("/family/child").text
