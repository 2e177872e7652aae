"""The doors: accounts, sessions, cookies of their own per portal and clinic, forged requests, demo sign-in."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest

from tests.portals.helpers_clinic import PORT, Clinic, build_clinic, csrf_of, password, post, sign_in

ADA = {
    "given": "Ada",
    "family": "Brook",
    "birth_date-m": "4",
    "birth_date-d": "27",
    "birth_date-y": "1990",
    "sex": "female",
    "email": "ada@patients.example",
    "phone": "305 555 0100",
    "password": "four quiet words here",
}


def test_signing_up_signs_in(clinic: Clinic) -> None:
    browser = clinic.browser()
    assert post(browser, "/sign-up", ADA).url.path == "/visits"


def test_a_sign_up_with_mistakes_names_them_all_and_keeps_the_rest_but_never_the_password(clinic: Clinic) -> None:
    page = post(clinic.browser(), "/sign-up", {**ADA, "phone": "5", "birth_date-m": "13", "password": "tinypass"})
    assert page.status_code == 422
    assert page.text.count('class="error"') == 3
    assert 'value="ada@patients.example"' in page.text
    assert 'value="27"' in page.text
    assert "tinypass" not in page.text


def test_an_e_mail_address_can_have_one_account(clinic: Clinic) -> None:
    post(clinic.browser(), "/sign-up", ADA)
    page = post(clinic.browser(), "/sign-up", ADA)
    assert page.status_code == 409
    assert "Sign in instead" in page.text


def test_a_wrong_password_says_so_without_saying_which_half_is_wrong(clinic: Clinic) -> None:
    told = {
        post(clinic.browser(), "/sign-in", {"email": email, "password": "wrong"}).text.count("do not belong together")
        for email in ("june.hartley@patients.example", "nobody@patients.example")
    }
    assert told == {2}


def test_signing_in_leads_back_to_the_page_that_asked_for_it(clinic: Clinic) -> None:
    browser = clinic.browser()
    door = browser.get("/visits/vis_x/waiting")
    assert door.url.path == "/sign-in"
    values = {"email": "june.hartley@patients.example", "password": password(), "next": "/visits"}
    assert post(browser, "/sign-in", values).url.path == "/visits"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(clinic: Clinic, elsewhere: str) -> None:
    values = {"email": "june.hartley@patients.example", "password": password(), "next": elsewhere}
    assert post(clinic.browser(), "/sign-in", values).url.host == "marigold.localhost"


def test_a_session_cookie_is_host_only_and_out_of_reach_for_scripts(clinic: Clinic) -> None:
    browser = clinic.browser()
    token = csrf_of(browser.get("/sign-in").text)
    answer = browser.post("/demo/sign-in", data={"csrf": token, "person": "june_hartley"}, follow_redirects=False)
    cookie = SimpleCookie(answer.headers.get_list("set-cookie")[0])["cw_patient"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert cookie["domain"] == ""


def test_under_tls_only_a_cookie_that_the_browser_binds_to_this_host_counts(clinic: Clinic) -> None:
    browser = clinic.browser()
    browser.base_url = str(browser.base_url).replace("http:", "https:")
    sign_in(browser)
    assert set(browser.cookies) == {"__Host-cw_patient", "__Host-cw_patient_device"}
    assert browser.get("/visits").url.path == "/visits"
    planted = clinic.browser()
    planted.base_url = browser.base_url
    planted.cookies.set("cw_patient", browser.cookies["__Host-cw_patient"])
    assert planted.get("/visits").url.path == "/sign-in"


def test_signing_in_changes_the_secret_that_a_guest_had(clinic: Clinic) -> None:
    browser = clinic.browser()
    browser.get("/sign-in")
    before = browser.cookies["cw_patient"]
    sign_in(browser)
    assert browser.cookies["cw_patient"] != before


def test_a_patient_is_nobody_in_the_staff_portal(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    assert browser.get("/staff").url.path == "/staff/sign-in"


def test_a_session_of_one_clinic_opens_nothing_at_another_host(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    other = clinic.browser("127.0.0.1")
    other.cookies.set("cw_patient", browser.cookies["cw_patient"])
    assert other.get("/visits").status_code in (303, 404)
    assert clinic.browser("nobody.localhost").get("/").status_code == 404


def test_signing_out_ends_the_session_on_the_server(clinic: Clinic) -> None:
    browser = clinic.browser()
    sign_in(browser)
    kept = browser.cookies["cw_patient"]
    post(browser, "/visits", {}, to="/sign-out")
    thief = clinic.browser()
    thief.cookies.set("cw_patient", kept)
    assert thief.get("/visits").url.path == "/sign-in"


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({}, {}),
        ({"csrf": "0" * 64}, {}),
        ({"csrf": "right"}, {"origin": "http://evil.example"}),
        ({"csrf": "right"}, {"sec-fetch-site": "cross-site"}),
    ],
)
def test_a_forged_request_changes_nothing(clinic: Clinic, data: dict[str, str], headers: dict[str, str]) -> None:
    browser = clinic.browser()
    right = csrf_of(browser.get("/sign-in").text)
    sent = {**{name: right if value == "right" else value for name, value in data.items()}, "person": "june_hartley"}
    answer = browser.post("/demo/sign-in", data=sent, headers=headers)
    assert answer.status_code == 403
    assert browser.get("/visits").url.path == "/sign-in"


def test_the_token_of_one_session_is_worth_nothing_in_another(clinic: Clinic) -> None:
    one, other = clinic.browser(), clinic.browser()
    sign_in(one)
    sign_in(other, "mateo_villareal")
    foreign = csrf_of(one.get("/visits").text)
    assert other.post("/sign-out", data={"csrf": foreign}).status_code == 403


def test_a_token_in_the_header_serves_scripts(clinic: Clinic) -> None:
    browser = clinic.browser()
    token = csrf_of(browser.get("/").text)
    answer = browser.post("/language", headers={"x-csrf-token": token}, data={"language": "es", "next": "/"})
    assert answer.status_code == 200
    assert 'lang="es"' in answer.text


def test_one_click_leads_to_the_page_that_asked_and_never_to_another_site(clinic: Clinic) -> None:
    asked = clinic.browser().get("/security")
    assert 'name="next" value="/security"' in asked.text.partition('action="/demo/sign-in"')[2]
    for wanted, path in (("/security", "/security"), ("//evil.example", "/visits")):
        browser = clinic.browser()
        sent = {"person": "june_hartley", "next": wanted}
        assert post(browser, "/sign-in", sent, to="/demo/sign-in").url.path == path


def test_one_click_sign_in_exists_only_in_a_demo_on_this_machine(clinic: Clinic) -> None:
    away = clinic.browser(address="192.0.2.7")
    page = away.get("/sign-in").text
    assert "Demo people" not in page
    assert away.post("/demo/sign-in", data={"csrf": csrf_of(page), "person": "june_hartley"}).status_code == 404


def test_one_click_sign_in_is_unknown_outside_a_demo(tmp_path_factory: pytest.TempPathFactory) -> None:
    real = build_clinic(tmp_path_factory.mktemp("real"), demo=False)
    browser = real.browser()
    page = browser.get("/sign-in").text
    assert browser.post("/demo/sign-in", data={"csrf": csrf_of(page), "person": "june_hartley"}).status_code == 404
    real.database.close()


def test_the_bare_address_shows_the_clinics_and_their_doors(clinic: Clinic) -> None:
    page = clinic.browser("127.0.0.1").get("/")
    assert page.status_code == 200
    assert f"http://marigold.localhost:{PORT}/staff/sign-in" in page.text
    assert "demonstration" in page.text
