"""A mail's page says the mail's words in the clinic's colours, fetches nothing, and names no clinic of a visit."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from engine.clinics import ClinicFile
from engine.logo import PNG, SVG, Logo
from engine.mail_page import mail_page
from tests.engine.helpers_content import content

SUBJECT = "A new password at <Marigold>"
BODY = "Somebody asked.\n\nOpen http://marigold.localhost/reset/ab-c?x=1&y=2. If it was not you, do nothing."
WORDS = (SUBJECT, BODY)


def clinic(media_type: str = "", *, has_name: bool = False) -> ClinicFile:
    file = content().clinics["marigold"]
    logo = Logo(media_type=media_type, content=b"x", ratio=2.0, alt="A quay", has_name=has_name, digest="d")
    return replace(file, brand=replace(file.brand, logo=logo if media_type else None))


def said(page: str) -> str:
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<title>.*?</title>|<[^>]+>", " ", page)).split())


def test_the_page_says_the_words_of_the_mail_and_how_to_reach_the_clinic() -> None:
    file = clinic()
    page = mail_page(file, "en", WORDS, named=True).html
    words = said(page)
    for part in (SUBJECT, "Somebody asked.", "Open", "If it was not you, do nothing.", file.name, file.contact.phone):
        assert part in words
    assert '<a href="http://marigold.localhost/reset/ab-c?x=1&amp;y=2"' in page
    assert "<Marigold>" not in page
    assert f"background:{file.brand.accent}" in page


def test_a_mail_about_a_visit_names_no_clinic() -> None:
    file = clinic(PNG)
    page = mail_page(file, "es", ("Novedades", "Inicie sesión."), named=False)
    assert said(page.html) == "Novedades Inicie sesión."
    assert (file.name in page.html, file.brand.logo_text in page.html, page.picture) == (False, False, b"")
    assert file.brand.accent in page.html


@pytest.mark.parametrize("media_type", ["", PNG, SVG])
@pytest.mark.parametrize("named", [True, False])
def test_the_page_fetches_nothing(media_type: str, named: bool) -> None:
    page = mail_page(clinic(media_type), "en", ("Words", "Without a link."), named=named).html
    assert re.findall(r'(?:src|href)="(?!cid:logo)|url\(|@import|https?:', page) == []


@pytest.mark.parametrize(
    ("media_type", "has_name", "seen"), [(PNG, True, "image"), (PNG, False, "both"), (SVG, True, "text")]
)
def test_the_logo_goes_along_where_mail_programs_show_it(media_type: str, has_name: bool, seen: str) -> None:
    file = clinic(media_type, has_name=has_name)
    page = mail_page(file, "en", WORDS, named=True)
    mark = re.search(r'<p class="mark".*?</p>', page.html, re.DOTALL)
    assert mark
    assert ("cid:logo" in mark[0], bool(page.picture)) == ((seen != "text"),) * 2
    assert (file.brand.logo_text in said(mark[0])) is (seen != "image")
    assert ('alt="A quay"' in mark[0]) is (seen == "image")
