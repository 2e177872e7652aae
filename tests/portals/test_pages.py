"""What holds for every page: headers, errors that keep secrets, languages with the same words, colours one can read."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from portals.base.colour import (
    DARK_SURFACE,
    GRAPHIC_CONTRAST,
    LIGHT_SURFACE,
    TEXT_CONTRAST,
    contrast,
    dark_tokens,
    light_tokens,
    pairs_of,
)
from portals.base.i18n import MissingMessage, catalogue, choose_language, languages, translator
from portals.base.sealing import Sealer
from portals.base.throttle import Throttle
from records.errors import Overtaken
from tests.portals.helpers_clinic import Clinic, csrf_of

STATIC = Path(__file__).resolve().parents[2] / "portals" / "static"
PAGES = ("/", "/sign-in", "/sign-up", "/book/urgent_care/video_visit", "/staff/sign-in", "/nowhere")
# Each pair of tokens that stands on the other: text first, then its ground.
TEXT_ON = [
    *[(ink, ground) for ink in ("ink", "ink-2", "muted") for ground in ("ground", "surface", "sunken")],
    *[(f"{meaning}-ink", f"{meaning}-soft") for meaning in ("info", "success", "warning", "danger")],
    *[("ink", f"{meaning}-soft") for meaning in ("info", "success", "warning", "danger")],
    ("danger", "surface"),
    ("danger", "ground"),
    ("on-danger", "danger"),
]
GRAPHIC_ON = [(line, ground) for line in ("line-strong", "focus") for ground in ("ground", "surface")]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_what_is_not_its_own(clinic: Clinic, path: str) -> None:
    headers = clinic.browser().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_scripts_or_styles_in_line_or_from_elsewhere(clinic: Clinic, path: str) -> None:
    html = clinic.browser().get(path).text
    assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", html)
    assert "<style" not in html
    assert not re.search(r"\s(style|on\w+)=\"", html)
    assert not re.search(r"(src|href)=\"(https?:)?//(?!marigold)", html)
    assert html.count("<h1") == 1


def test_a_first_visit_weighs_less_than_a_hundred_kilobytes(clinic: Clinic) -> None:
    browser = clinic.browser()
    html = browser.get("/").text
    parts = set(re.findall(r'(?:href|src)="(/(?:static|brand)[^"#]+)', html))
    assert len(html) + sum(len(browser.get(part).content) for part in parts) < 100_000


def test_files_asked_for_by_digest_may_be_kept(clinic: Clinic) -> None:
    browser = clinic.browser()
    found = re.search(r'href="(/static/css/base.css\?v=\w+)"', browser.get("/").text)
    assert found
    assert "immutable" in browser.get(found[1]).headers["cache-control"]
    assert browser.get("/static/css/base.css").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("language", "title"), [("en", "Somebody was quicker"), ("es", "Alguien fue más rápido")])
def test_who_lost_a_race_is_told_calmly_to_try_again(clinic: Clinic, language: str, title: str) -> None:
    async def late(_request: Request) -> None:
        raise Overtaken("another transaction was quicker")

    clinic.app.add_api_route(f"/late/{language}", late)
    page = clinic.browser().get(f"/late/{language}", headers={"accept-language": language})
    assert (page.status_code, page.headers["retry-after"]) == (503, "1")
    assert f"<h1>{title}</h1>" in page.text


def test_a_crash_tells_a_reference_and_its_log_the_visit_and_nothing_else(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    async def crash(_request: Request) -> None:
        raise ValueError("a secret somebody typed")

    clinic.app.add_api_route("/crash/{visit}", crash)
    page = clinic.browser().get("/crash/vis_0a1b2c")
    assert page.status_code == 500
    assert "secret" not in page.text
    assert "secret" not in caplog.text
    reference = re.search(r"Reference (\w{8})", page.text)
    assert reference
    assert f"reference={reference[1]} visit=vis_0a1b2c" in caplog.text


@pytest.mark.parametrize(
    ("language", "again", "back"), [("en", "Try again", "Back to"), ("es", "Intentar", "Volver a")]
)
def test_a_crash_leads_back_to_where_the_person_was(clinic: Clinic, language: str, again: str, back: str) -> None:
    async def crash(_request: Request) -> None:
        raise ValueError("broken")

    clinic.app.add_api_route(f"/crashes/{language}", crash, methods=["GET", "POST"])
    browser = clinic.browser()
    browser.headers["accept-language"] = language
    shown = browser.get(f"/crashes/{language}?week=2").text
    assert re.search(rf'href="/crashes/{language}\?week=2"[^>]*>\s*{again}', shown)
    assert re.search(r'<a class="[^"]*" href="/"', shown)
    token = {"csrf": csrf_of(browser.get("/sign-in").text)}
    own = {"referer": str(browser.base_url.join("/visits?all=1"))}
    sent = browser.post(f"/crashes/{language}", data=token, headers=own)
    assert sent.status_code == 500 and re.search(rf'href="/visits\?all=1"[^>]*>\s*{back}', sent.text)
    foreign = browser.post(f"/crashes/{language}", data=token, headers={"referer": "https://elsewhere.example/visits"})
    assert "elsewhere" not in foreign.text and back not in foreign.text


def test_when_nothing_is_known_of_who_asks_the_page_speaks_every_language(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the records are away")

    monkeypatch.setattr("portals.base.errors.render", broken)
    page = clinic.browser().get("/nowhere-at-all")
    assert page.status_code == 500
    assert "Something went wrong on our side" in page.text and 'lang="es"' in page.text
    assert page.text.count('href="/"') == 2 and page.text.count("988") >= 2


def test_the_language_follows_the_browser_until_the_visitor_chooses(clinic: Clinic) -> None:
    browser = clinic.browser()
    assert 'lang="es"' in browser.get("/", headers={"accept-language": "es-MX,es;q=0.9,en;q=0.5"}).text
    assert choose_language("en", "es-MX", ("en", "es")) == "en"
    assert choose_language("", "fr", ("es", "en")) == "es"
    assert choose_language("xx", "", ()) == "en"


def test_all_languages_say_the_same_things_with_the_same_values() -> None:
    first = catalogue("en")
    assert set(languages()) >= {"en", "es"}
    for language in languages():
        other = catalogue(language)
        assert set(other) == set(first), f"{language}: {set(other) ^ set(first)}"
        for key, text in first.items():
            assert _names(other[key]) == _names(text), f"{language}: {key}"


def test_a_missing_message_is_an_error_and_not_half_a_page() -> None:
    with pytest.raises(MissingMessage):
        translator("en")("there.is.no.such.message")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_of_colours_in_use_can_be_read(scheme: str) -> None:
    tokens = _tokens(scheme)
    for ink, ground in TEXT_ON:
        assert contrast(tokens[ink], tokens[ground]) >= TEXT_CONTRAST, f"{scheme}: {ink} on {ground}"
    for line, ground in GRAPHIC_ON:
        assert contrast(tokens[line], tokens[ground]) >= GRAPHIC_CONTRAST, f"{scheme}: {line} on {ground}"


@pytest.mark.parametrize("colour", ["#b4530a", "#ffd400", "#000000", "#ffffff", "#1f5c4d", "#7ec8e3", "#ff0000"])
def test_any_brand_colour_becomes_one_that_can_be_read(colour: str) -> None:
    light, dark = light_tokens(colour), dark_tokens(colour)
    assert contrast(light.brand, LIGHT_SURFACE) >= TEXT_CONTRAST
    assert contrast(light.on_brand, light.brand) >= TEXT_CONTRAST
    assert contrast(light.ink, light.soft) >= TEXT_CONTRAST
    assert contrast(dark.brand, DARK_SURFACE) >= TEXT_CONTRAST
    assert contrast(dark.on_brand, dark.brand) >= TEXT_CONTRAST
    assert contrast(dark.ink, dark.soft) >= TEXT_CONTRAST


@given(st.integers(0, 0xFFFFFF))
def test_every_pair_that_the_living_page_shows_of_a_brand_can_be_read(number: int) -> None:
    assert [pair for pair in pairs_of(f"#{number:06x}") if pair.ratio < TEXT_CONTRAST] == []


def test_the_living_page_shows_every_component() -> None:
    """But those that only stand inside others: a token, a message below a field, a source inside a law card."""
    inside = {"csrf", "field_error", "described", "source", "citations", "as_published"}
    templates = STATIC.parent / "base" / "templates"
    macros = set(re.findall(r"{% macro (\w+)", (templates / "components.html").read_text(encoding="utf-8")))
    sheets = [file.read_text(encoding="utf-8") for file in (templates / "design").glob("*.html")]
    shown = set(re.findall(r"\bui\.(\w+)", "".join(sheets)))
    assert macros - inside - shown == set()


def test_what_is_sealed_opens_only_unchanged_and_for_its_purpose() -> None:
    sealer = Sealer(bytes(32))
    sealed = sealer.seal({"state": "FL"}, "flow:one")
    assert "FL" not in sealed
    assert sealer.open(sealed, "flow:one") == {"state": "FL"}
    assert sealer.open(sealed, "flow:two") == {}
    assert sealer.open(sealed[:-2] + "AA", "flow:one") == {}
    assert sealer.open("", "flow:one") == {}


def test_tries_come_back_with_time() -> None:
    now = [0.0]
    throttle = Throttle(tries=2, seconds=10, now=lambda: now[0])
    assert [throttle.allow("a") for _ in range(3)] == [True, True, False]
    assert throttle.allow("b")
    now[0] = 10
    assert throttle.allow("a")
    assert not throttle.allow("a")


def _names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def _tokens(scheme: str) -> dict[str, str]:
    css = (STATIC / "css" / "tokens.css").read_text()
    light, _, dark = css.partition("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))
    return {**found, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))} if scheme == "dark" else found
