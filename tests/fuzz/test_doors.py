"""Whatever is sent to the doors of sign-in, by whoever: no door breaks, none lets in by chance."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from engine.sign_in_rules import IdentityProvider, SignInRules
from integrations.identity.oidc import Client, IdentityRefused, OpenIdProvider, new_question
from portals.base.visitor import COOKIES, PATIENT, STAFF, csrf_token
from tests.fuzz.helpers_doors import JSON, Sent, as_json, assertions, client_data, requests, urlencoded
from tests.fuzz.helpers_settings import few, many
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic, sign_in
from tests.portals.helpers_crawl import PARAMETER, Route, routes_of

pytestmark = pytest.mark.slow

DOORS = ("sign-in", "sign-up", "sign-out", "forgot", "reset", "proof", "passkeys", "security", "confirm", "session")
MORE_DOORS = (*DOORS, "provider", "invitation", "invitations", "demo", "language", "outbox")
WHO = ("nobody", "a patient", "a clinician")
FEW, MANY = few(20), many(5000)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """The demo clinic, with a provider that nobody answers for, and without the limit of tries."""
    folder = tmp_path_factory.mktemp("doors")
    built = build_clinic(folder)
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / SLUG).write_text("secret")
    (secrets / SLUG).chmod(0o600)
    told = IdentityProvider(issuer="http://127.0.0.1:1", client_id="clinic", label="Example")
    file = dataclasses.replace(built.content.clinics[SLUG], sign_in=SignInRules(provider=told))
    content = dataclasses.replace(built.content, clinics={SLUG: file})
    deps = built.app.state.deps
    built.app.state.deps = dataclasses.replace(
        deps, content=lambda: content, settings=dataclasses.replace(deps.settings, identity_secrets=secrets)
    )
    with pytest.MonkeyPatch.context() as patch:
        for name in ("auth.routes", "auth.passkeys", "auth.reset", "auth.provider_door"):
            patch.setattr(f"portals.{name}.may_try", lambda *_: True, raising=False)
        yield built
    built.database.close()


def auth_routes(clinic: Clinic) -> list[Route]:
    """Every route of signing in, of both portals."""
    found = [one for one in routes_of(clinic.app) if one.path.removeprefix("/staff").split("/")[1:2] != []]
    return sorted(
        (one for one in found if one.path.removeprefix("/staff").split("/")[1] in MORE_DOORS),
        key=lambda one: (one.path, one.method),
    )


def browser_of(clinic: Clinic, who: str) -> TestClient:
    browser = clinic.browser()
    for door in ("/sign-in", "/staff/sign-in"):
        browser.get(door)
    if who == "a patient":
        sign_in(browser)
    if who == "a clinician":
        token = csrf_token(browser.cookies.get(COOKIES[STAFF], ""))
        answer = browser.post("/staff/demo/sign-in", data={"csrf": token, "person": "rosalind_achebe"})
        assert answer.status_code == 200
    return browser


def send(browser: TestClient, route: Route, sent: Sent) -> httpx.Response:
    """One request with the right token of a form, so that the door itself has to deal with it."""
    mine = browser.cookies.get(COOKIES[STAFF if route.portal == "staff" else PATIENT], "")
    path = PARAMETER.sub(lambda _: sent.id, route.path)
    headers = {**sent.headers, "x-csrf-token": csrf_token(mine).encode()}
    cookies = "; ".join(f"{name}={value}" for name, value in sent.cookies.items())
    if cookies:
        headers["cookie"] = cookies.encode()
    answer: httpx.Response = browser.request(
        route.method,
        f"{path}?{sent.query}" if sent.query else path,
        headers=headers,
        content=sent.body if route.method == "POST" else None,
        follow_redirects=False,
    )
    return answer


def knock(clinic: Clinic, who: str, some: settings) -> list[str]:
    """Sends made-up requests to every door; what broke."""
    routes, broken = auth_routes(clinic), []
    browsers = {"": browser_of(clinic, who)}

    @some
    @given(route=st.sampled_from(routes), sent=requests())
    def ask(route: Route, sent: Sent) -> None:
        browser = browsers[""]
        answer = send(browser, route, sent)
        if answer.status_code >= 500:
            broken.append(f"{route.method} {route.path}: {sent}")
        if route.method == "POST" and answer.headers.get("set-cookie"):
            browsers[""] = browser_of(clinic, who)

    ask()
    return broken


@pytest.mark.parametrize("who", WHO)
def test_no_door_breaks_whatever_is_sent_to_it(clinic: Clinic, who: str) -> None:
    assert knock(clinic, who, FEW) == []


@pytest.mark.soak
@pytest.mark.parametrize("who", WHO)
def test_nor_after_thousands_of_requests(clinic: Clinic, who: str) -> None:
    assert knock(clinic, who, MANY) == []


def test_every_door_is_among_those_that_are_knocked_at(clinic: Clinic) -> None:
    assert len(auth_routes(clinic)) >= 80


@pytest.mark.parametrize("door", ["/passkeys/sign-in", "/staff/passkeys/sign-in"])
def test_no_made_up_passkey_signs_in_for_a_challenge_that_was_given(clinic: Clinic, door: str) -> None:
    browser = browser_of(clinic, "nobody")
    portal = STAFF if door.startswith("/staff") else PATIENT

    @settings(FEW, max_examples=25)
    @given(made=assertions())
    def ask(made: dict[str, Any]) -> None:
        headers = {"x-csrf-token": csrf_token(browser.cookies.get(COOKIES[portal], ""))}
        given_now = browser.post(f"{door}/options", headers=headers).json()
        if isinstance(made.get("response"), dict):
            signed = client_data(given_now["challenge"], str(browser.base_url).rstrip("/"), "webauthn.get")
            made = {**made, "response": {**made["response"], "clientDataJSON": signed}}
        answer = browser.post(door, content=as_json(made), headers={**headers, "content-type": "application/json"})
        assert answer.status_code in (400, 401, 413, 422), answer.text

    ask()


ANSWER = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("state", "code", "iss", "error", "session_state"), st.text(max_size=30))
)


def test_no_made_up_answer_of_a_provider_gets_past_the_way_back(clinic: Clinic) -> None:
    browser = browser_of(clinic, "nobody")

    @settings(FEW, max_examples=25)
    @given(answer=ANSWER)
    def ask(answer: dict[str, str]) -> None:
        browser.get("/staff/provider", follow_redirects=False)
        back = browser.get(f"/staff/provider/back?{urlencoded(answer)}", follow_redirects=False)
        assert back.status_code == 303
        assert back.headers["location"].startswith("/staff/sign-in?said=")

    ask()


WORDS = st.sampled_from(("http://[", "http://127.0.0.1:1/x", "https://127.0.0.1:99999/", "\x00", "http://\ud800/", "x"))
DOCUMENT = st.fixed_dictionaries(
    {"issuer": st.just("http://127.0.0.1:1")},
    optional=dict.fromkeys(
        ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"), st.one_of(WORDS, JSON)
    ),
)
TOKENS = st.fixed_dictionaries({}, optional={"id_token": st.one_of(JSON, st.just("a.b.c")), "access_token": JSON})
KEYS = st.one_of(JSON, st.fixed_dictionaries({"keys": st.one_of(JSON, st.lists(JSON, max_size=2))}))


def test_a_provider_that_talks_nonsense_is_refused_and_breaks_nothing() -> None:
    client = Client(issuer="http://127.0.0.1:1", client_id="clinic", secret="s", redirect="http://x/back")

    @settings(FEW, max_examples=60)
    @given(document=DOCUMENT, tokens=TOKENS, keys=KEYS)
    def ask(document: dict[str, Any], tokens: Any, keys: Any) -> None:
        def said(request: httpx.Request) -> httpx.Response:
            if request.url.path.endswith("openid-configuration"):
                return httpx.Response(200, content=as_json(document))
            return httpx.Response(200, content=as_json(tokens if request.method == "POST" else keys))

        asked = new_question()
        with httpx.Client(transport=httpx.MockTransport(said)) as web:
            provider = OpenIdProvider(client, web)
            with pytest.raises(IdentityRefused):
                provider.identity(asked, {"state": asked.state, "code": "c"})
            with contextlib.suppress(IdentityRefused):
                assert provider.address(asked).startswith(str(document["authorization_endpoint"]))

    ask()
