"""Two clinics on one server: each has its own look, words, cookies, people, mails; none opens anything of the other."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.dossier import Place
from engine.evaluators import ClosuresOnly
from engine.library import load_library
from portals.base.clinic import clinic_view
from portals.base.templating import environment
from portals.base.visitor import COOKIES, PATIENT
from portals.patient.times import Search, book_gate, offers
from records.access import Role
from records.work import Actor
from tests.portals.helpers_clinic import PORT, ROOT, Clinic, build_clinic, csrf_of, password, post
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow
BOUTIQUE, GROUP = "marigold", "wrenfield"
PATIENTS = {BOUTIQUE: "june.hartley@patients.example", GROUP: "beatriz.solano@patients.example"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    """The project's two clinics in one web program and one database."""
    return build_clinic(tmp_path_factory.mktemp("both"), several=load_library(ROOT, _files()))


@pytest.fixture
def lawful(both: Clinic) -> Iterator[Clinic]:
    """The same with the law that is carried in place of the tests' own."""
    deps = both.app.state.deps
    keeper = LawGateKeeper(deps.library, ClosuresOnly())
    both.app.state.deps = dataclasses.replace(deps, gates=keeper, search=keeper)
    yield both
    both.app.state.deps = deps


def _files() -> tuple[Path, ...]:
    return tuple(ROOT / "clinics" / f"{slug}.yaml" for slug in (BOUTIQUE, GROUP))


def signed_in(both: Clinic, slug: str) -> TestClient:
    browser = both.browser(f"{slug}.localhost")
    answer = post(browser, "/sign-in", {"email": PATIENTS[slug], "password": password()})
    assert answer.url.path == "/visits"
    return browser


@pytest.mark.parametrize(("slug", "other"), [(BOUTIQUE, GROUP), (GROUP, BOUTIQUE)])
def test_a_clinics_first_page_speaks_of_it_alone(both: Clinic, slug: str, other: str) -> None:
    page = both.browser(f"{slug}.localhost").get("/").text
    mine, others = both.content.clinics[slug], both.content.clinics[other]
    assert mine.name in page
    assert mine.texts["welcome"]["en"] in page
    assert mine.contact.phone in page
    for word in (others.name, others.texts["welcome"]["en"], others.contact.phone, others.brand.logo_text):
        assert word not in page


def test_each_host_has_its_own_colours_in_light_and_dark(both: Clinic) -> None:
    sheets = {slug: both.browser(f"{slug}.localhost").get("/brand.css").text for slug in (BOUTIQUE, GROUP)}
    assert sheets[BOUTIQUE] != sheets[GROUP]
    assert all("prefers-color-scheme:dark" in sheet for sheet in sheets.values())


def test_cookies_are_bound_to_the_host_that_set_them(both: Clinic) -> None:
    browser = both.browser(f"{GROUP}.localhost")
    browser.get("/sign-in")
    values = {"email": PATIENTS[GROUP], "password": password(), "csrf": csrf_of(browser.get("/sign-in").text)}
    answer = browser.post("/sign-in", data=values, follow_redirects=False)
    written = answer.headers.get_list("set-cookie")
    assert any(one.startswith(f"{COOKIES[PATIENT]}=") for one in written)
    assert [one for one in written if "domain=" in one.lower()] == []
    assert all("httponly" in one.lower() and "samesite=" in one.lower() for one in written)


@pytest.mark.parametrize(("slug", "other"), [(BOUTIQUE, GROUP), (GROUP, BOUTIQUE)])
def test_a_session_of_one_clinic_is_nothing_at_the_other(both: Clinic, slug: str, other: str) -> None:
    mine = signed_in(both, slug)
    assert mine.get("/visits").url.path == "/visits"
    stranger = both.browser(f"{other}.localhost")
    stolen = next(one.value for one in mine.cookies.jar if one.name == COOKIES[PATIENT])
    stranger.cookies.set(COOKIES[PATIENT], str(stolen), domain=f"{other}.localhost")
    assert stranger.get("/visits").url.path == "/sign-in"


def test_who_has_an_account_at_one_clinic_has_none_at_the_other(both: Clinic) -> None:
    page = post(both.browser(f"{GROUP}.localhost"), "/sign-in", {"email": PATIENTS[BOUTIQUE], "password": password()})
    assert page.url.path == "/sign-in"


@pytest.mark.parametrize("slug", [BOUTIQUE, GROUP])
def test_a_mail_names_its_clinic_and_leads_to_its_host(both: Clinic, slug: str) -> None:
    post(both.browser(f"{slug}.localhost"), "/forgot", {"email": PATIENTS[slug]})
    with both.database.scope(slug, Actor.system("tests")) as scope:
        mail = scope.mails.outbox()[0]
    name = both.content.clinics[slug].name
    assert name in mail.subject
    assert name in mail.body
    assert f"http://{slug}.localhost:{PORT}/reset/" in mail.body


def test_people_are_kept_apart_also_where_they_share_a_database(both: Clinic) -> None:
    shown: dict[str, set[str | None]] = {}
    for slug in (BOUTIQUE, GROUP):
        with both.database.scope(slug, Actor(person="tests", role=Role.SYSTEM)) as scope:
            shown[slug] = {one.seed_key for one in scope.people.providers()}
    assert shown[BOUTIQUE].isdisjoint(shown[GROUP])
    assert len(shown[GROUP]) == len(both.content.clinics[GROUP].people.providers)


@pytest.mark.parametrize(("state", "postal_code"), [("CA", "90012"), ("HI", "96813"), ("NY", "10011"), ("WY", "82001")])
@pytest.mark.parametrize("kind", ["urgent_care/video_visit", "therapy/session"])
def test_the_group_may_be_booked_from_coast_to_coast_by_the_law_itself(
    lawful: Clinic, kind: str, state: str, postal_code: str
) -> None:
    page = post(lawful.browser(f"{GROUP}.localhost"), f"/book/{kind}", {"state": state, "postal_code": postal_code})
    assert 'name="time" value="' in page.text


def test_in_every_state_the_law_lets_somebody_of_the_group_see_a_patient_for_whatever_it_offers(both: Clinic) -> None:
    deps = both.app.state.deps
    keeper = LawGateKeeper(deps.library, ClosuresOnly())
    with both.database.scope(GROUP, Actor.system("tests")) as scope:
        providers = scope.people.providers()
    zones = deps.library().rulebooks[GROUP].law.zones
    clinic, now = both.content.clinics[GROUP], deps.clock.now()
    plans = [kind.plan for name in clinic.specialties for kind in both.content.specialties[name].visit_types.values()]
    alone = []
    for plan, state in itertools.product(plans, clinic.states):
        place = Place(country="us", state=state, time_zone=zones.of(state)[0])
        search = Search(clinic=GROUP, plan=plan, place=place, hours=clinic.hours, time_zone=clinic.time_zone, now=now)
        able = (book_gate(search, one, now + timedelta(hours=1), keeper).open for one in providers if offers(plan, one))
        if not any(able):
            alone.append((plan.specialty, plan.visit_type, state))
    assert alone == []


def test_the_two_brands_are_one_state_and_all_the_states_whose_law_is_carried(both: Clinic) -> None:
    topics = ("licensing", "supervision", "consent", "prescribing", "recording", "retention")
    group, boutique = (set(both.content.clinics[slug].states) for slug in (GROUP, BOUTIQUE))
    folders = [folder for folder in (ROOT / "rules" / "us").iterdir() if folder.is_dir() and len(folder.name) == 2]
    carried = {one.name.upper() for one in folders if all((one / f"{topic}.yaml").exists() for topic in topics)}
    assert group == carried
    assert len(group) == 51
    assert len(boutique) == 1


def test_a_list_of_very_many_states_is_opened_by_who_asks(both: Clinic) -> None:
    pages = {slug: both.browser(f"{slug}.localhost").get("/").text for slug in (BOUTIQUE, GROUP)}
    assert "<summary>All 50 states and Washington, D.C.</summary>" in pages[GROUP]
    assert "Washington, D.C." not in pages[BOUTIQUE]
    assert all(len(page) < 100_000 for page in pages.values())


def test_a_logo_is_shown_by_its_own_host_only_and_can_do_nothing(both: Clinic) -> None:
    group, boutique = both.browser(f"{GROUP}.localhost"), both.browser(f"{BOUTIQUE}.localhost")
    found = re.search(
        r'class="mark-logo" src="(/brand/logo\?v=\w{10})" height="36" width="36" alt="">', group.get("/").text
    )
    assert found
    picture = group.get(found[1])
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/svg+xml")
    assert picture.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "immutable" in picture.headers["cache-control"]
    assert group.get("/brand/logo").headers["cache-control"] == "no-cache"
    assert boutique.get("/brand/logo").status_code == 404
    assert 'class="mark-tile" aria-hidden="true">M</span>' in boutique.get("/").text


@pytest.mark.parametrize("has_name", [True, False])
def test_a_picture_that_holds_the_name_stands_alone_and_is_read_out(both: Clinic, has_name: bool) -> None:
    view = clinic_view(both.content.clinics[GROUP])
    assert view.logo is not None
    logo = dataclasses.replace(view.logo, has_name=has_name, alt="Wrenfield, with a bird", ratio=3.0)
    components = environment().get_template("base/components.html")
    module: Any = components.make_module({"clinic": dataclasses.replace(view, logo=logo)})
    shown = str(module.logo())
    assert f'height="36" width="108" alt="{"Wrenfield, with a bird" if has_name else ""}"' in shown
    assert ("mark-name" in shown) is not has_name
