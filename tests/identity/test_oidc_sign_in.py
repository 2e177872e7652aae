"""Staff sign in by the word of a real OpenID provider; a word that is not about us, not now or not proved is none."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.testclient import TestClient

from engine.sign_in_rules import IdentityProvider, SignInRules
from integrations.identity.oidc import Client, IdentityRefused, OpenIdProvider, new_question
from tests.identity.conftest import BACK, Provider
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic

pytestmark = pytest.mark.slow

ADMIN = "inez.calloway@marigoldquay.example"


@pytest.fixture
def clinic(provider: Provider, tmp_path: Path) -> Iterator[Clinic]:
    """A clinic whose file names the provider, and whose client's secret lies in a folder of its own."""
    built = build_clinic(tmp_path)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / SLUG).write_text(provider.secret)
    (secrets / SLUG).chmod(0o600)
    told = IdentityProvider(issuer=provider.issuer, client_id="clinic", label="Example")
    file = dataclasses.replace(built.content.clinics[SLUG], sign_in=SignInRules(provider=told))
    content = dataclasses.replace(built.content, clinics={SLUG: file})
    deps = built.app.state.deps
    built.app.state.deps = dataclasses.replace(
        deps, content=lambda: content, settings=dataclasses.replace(deps.settings, identity_secrets=secrets)
    )
    yield built
    built.database.close()


def way_there(browser: TestClient) -> str:
    """Opens the sign-in page and presses the provider's button; returns where it leads."""
    assert "Sign in with Example" in browser.get("/staff/sign-in").text
    answer = browser.get("/staff/provider", follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def answer_for(address: str, login: str) -> str:
    """Signs in and agrees at the provider as a browser would; returns the address it sends one back to."""
    with httpx.Client(follow_redirects=False, timeout=20) as web:
        answer = web.get(address)
        for _ in range(12):
            if answer.is_redirect:
                target = str(httpx.URL(str(answer.request.url)).join(answer.headers["location"]))
                if target.startswith(BACK):
                    return target
                answer = web.get(target)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
            assert form, answer.text[:500]
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            sent = {"prompt": prompt[1] if prompt else "login", "login": login, "password": "x"}
            answer = web.post(str(httpx.URL(str(answer.request.url)).join(form[1])), data=sent)
    raise AssertionError("the provider never sent anybody back")


def back(browser: TestClient, address: str) -> str:
    """Follows the provider's answer; returns the path and the words of where it leads."""
    answer = browser.get(address.removeprefix("http://marigold.localhost:8080"))
    return f"{answer.url.path}?{answer.url.query.decode()}"


def test_the_clinics_administrator_gets_in_and_the_answer_works_once(clinic: Clinic) -> None:
    browser = clinic.browser()
    address = answer_for(way_there(browser), ADMIN)
    stranger = clinic.browser()
    stranger.get("/staff/sign-in")
    assert back(stranger, address) == "/staff/sign-in?said=expired"
    assert not back(browser, address).startswith("/staff/sign-in")
    assert browser.get("/staff/security").url.path == "/staff/security"
    other = clinic.browser()
    assert back(other, address) == "/staff/sign-in?said=expired"
    browser.cookies.clear()
    browser.get("/staff/sign-in")
    assert back(browser, address) == "/staff/sign-in?said=expired"


@pytest.mark.parametrize(
    "login", [f"unverified-{ADMIN}", "somebody@elsewhere.example", "june.hartley@patients.example"]
)
def test_an_unproved_address_a_stranger_and_a_patient_do_not(clinic: Clinic, login: str) -> None:
    browser = clinic.browser()
    assert back(browser, answer_for(way_there(browser), login)) == "/staff/sign-in?said=provider"
    assert browser.get("/staff").url.path == "/staff/sign-in"


def test_another_state_and_another_issuer_are_refused(clinic: Clinic) -> None:
    for change in ({"state": "other"}, {"iss": "https://elsewhere.example"}, {"code": "other"}):
        browser = clinic.browser()
        parts = urlsplit(answer_for(way_there(browser), ADMIN))
        query = {name: values[0] for name, values in parse_qs(parts.query).items()} | change
        assert back(browser, f"{BACK}?{httpx.QueryParams(query)}") == "/staff/sign-in?said=provider"


def test_a_role_that_needs_a_second_factor_shows_one_all_the_same(clinic: Clinic) -> None:
    deps = clinic.app.state.deps
    clinic.app.state.deps = dataclasses.replace(deps, settings=dataclasses.replace(deps.settings, demo=False))
    browser = clinic.browser()
    assert back(browser, answer_for(way_there(browser), ADMIN)).startswith("/staff/sign-in/set-up")
    assert browser.get("/staff").url.path == "/staff/sign-in"


def test_patients_have_no_such_door_and_a_secret_that_others_can_read_is_none(clinic: Clinic) -> None:
    assert "Sign in with Example" not in clinic.browser().get("/sign-in").text
    (clinic.app.state.deps.settings.identity_secrets / SLUG).chmod(0o644)
    assert clinic.browser().get("/staff/provider").status_code == 404


def test_a_token_for_another_client_nonce_or_issuer_is_refused(provider: Provider) -> None:
    good = Client(issuer=provider.issuer, client_id="clinic", secret=provider.secret, redirect=BACK)
    asked = new_question()
    address = answer_for(OpenIdProvider(good).address(asked), ADMIN)
    answer = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    with pytest.raises(IdentityRefused) as refused:
        OpenIdProvider(good).identity(dataclasses.replace(asked, nonce="other"), answer)
    assert refused.value.code == "token"
    with pytest.raises(IdentityRefused) as refused:  # its code was used
        OpenIdProvider(good).identity(asked, answer)
    assert refused.value.code == "provider"
    elsewhere = dataclasses.replace(good, issuer=provider.issuer.replace("127.0.0.1", "localhost"))
    with pytest.raises(IdentityRefused):
        OpenIdProvider(elsewhere).address(asked)
