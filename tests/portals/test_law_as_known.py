"""Ask the law as it was known at a moment: a back-dated correction changes the answer of now and not that of then."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from starlette.testclient import TestClient

from engine.library import Library, with_vouched
from engine.overlays import OwnLaw
from engine.releases import LOG
from engine.rulebook import join, load_law
from portals.api.asking import rulebook_for
from portals.law.link import PAGE
from records.vouched_law import as_node
from tests.engine.helpers_releases import FIRST, two_releases
from tests.portals.helpers_clinic import Clinic, build_clinic
from tests.portals.test_ask_the_law import signed_in, text_of, verdict

pytestmark = pytest.mark.slow
THEN, NOW = "2026-04-01T09:30", ""
ASKED = {
    "topic": "prescribing",
    "state": "FL",
    "on": "2026-02-01",
    "patient.age": "16",
    "encounter.modality": "in_person",
    "provider.hours": "1000",
    "provider.activity": "none",
    "prescription.days": "10",
}


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    """A clinic under a law that was released in March and corrected in June, from long before."""
    root = two_releases(tmp_path_factory.mktemp("law"))
    built = build_clinic(tmp_path_factory.mktemp("known"))
    deps = built.app.state.deps
    library = deps.library()
    file = dataclasses.replace(library.content.clinics["marigold"], own_law=OwnLaw())
    content = dataclasses.replace(library.content, clinics={"marigold": file})
    law = load_law(root)
    small = Library(law=law, content=content, rulebooks={"marigold": join(law)})
    settings = dataclasses.replace(deps.settings, root=root)
    built.app.state.deps = dataclasses.replace(deps, settings=settings, library=lambda: small)
    yield built
    built.database.close()


@pytest.fixture(scope="module")
def reader(clinic: Clinic) -> TestClient:
    return signed_in(clinic, "compliance")


def asked(reader: TestClient, known: str, **changes: str) -> Any:
    return reader.get(PAGE, params={**ASKED, **({"known": known} if known else {}), **changes})


def test_a_correction_changes_the_answer_of_now_and_not_the_one_of_then(reader: TestClient) -> None:
    now, then = asked(reader, NOW), asked(reader, THEN)
    assert verdict(now.text) == "The law forbids it."
    assert verdict(then.text) != verdict(now.text) and then.status_code == 200
    assert "As it was known then: release 1 of March 1, 2026" in text_of(then.text)
    assert "Release 2 of June 1, 2026" in text_of(now.text)


def test_the_moment_stays_in_every_link_of_the_page_and_in_its_address(reader: TestClient) -> None:
    page = asked(reader, THEN.replace("T", " ") + ":20")
    assert dict(parse_qsl(urlsplit(str(page.url)).query))["known"] == THEN
    assert page.text.count(f'name="known" value="{THEN}"') == 2  # the forms of the facts and of another day
    share = re.search(r'id="share" readonly value="([^"]+)"', page.text)
    assert share and reader.get(html.unescape(share[1])).status_code == 200 and "known=" in share[1]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("yesterday", "As known at (optional): a day and a time, such as 2026-03-05 14:30"),
        ("2026-02-30T10:00", "As known at (optional): a day of the calendar"),
        ("2026-03-08T02:30", "As known at (optional): the clocks skip this time"),
        ("2099-01-01T10:00", "As known at (optional): this moment is still to come"),
        ("2026-02-28T10:00", "As known at (optional): nothing had been released by then"),
    ],
)
def test_a_moment_that_does_not_fit_is_named_and_nothing_is_answered(reader: TestClient, known: str, told: str) -> None:
    answer = asked(reader, known)
    assert answer.status_code == 422 and told in text_of(answer.text)
    assert verdict(answer.text) == ""


def test_the_minute_in_which_a_release_was_made_knows_it(reader: TestClient) -> None:
    assert "release 1 of March 1, 2026, 7:00" in text_of(asked(reader, "2026-03-01T07:00").text).replace("\u00a0", " ")
    assert asked(reader, "2026-03-01T06:59").status_code == 422


def test_who_signs_in_first_comes_back_to_the_same_moment_and_nothing_is_read_for_them(clinic: Clinic) -> None:
    for known, kept in ((THEN, True), ("CANARY Ana", False)):
        answer = clinic.browser().get(PAGE, params={**ASKED, "known": known}, follow_redirects=False)
        assert answer.status_code == 303
        assert ("2026-04-01" in answer.headers["location"]) == kept and "CANARY" not in answer.headers["location"]


def test_law_that_nobody_released_and_a_release_that_was_edited_are_told(
    clinic: Clinic, reader: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    deps = clinic.app.state.deps
    library = deps.library()
    law = dataclasses.replace(library.law, known=None)
    changed = dataclasses.replace(library, law=law, rulebooks={"marigold": join(law)})
    monkeypatch.setitem(clinic.app.state._state, "deps", dataclasses.replace(deps, library=lambda: changed))
    assert "The files have changes that nobody has released" in text_of(asked(reader, NOW).text)
    assert "release 1 of March 1" in text_of(asked(reader, THEN).text)
    log = deps.settings.root / LOG
    whole = log.read_text()
    log.write_text(whole.replace('"note":""', '"note":"other"'))
    answer = asked(reader, THEN)
    log.write_text(whole)
    assert answer.status_code == 422 and "cannot be asked any more" in text_of(answer.text)


def test_the_clinics_officers_vouch_for_what_was_known_then_as_for_what_is_known_now(clinic: Clinic) -> None:
    deps = clinic.app.state.deps
    node = as_node(
        {
            "id": "att_one",
            "rule": "us/fl/prescribing/look",
            "title": "One looks first",
            "by": "Ida Marsh",
            "on": "2026-01-02",
            "until": "2026-12-31",
            "source": "The act",
        }
    )
    vouched = with_vouched(deps.library(), {"marigold": (node,)})
    asked_with = dataclasses.replace(deps, library=lambda: vouched)
    for known_at in (None, FIRST):
        overlay = rulebook_for(asked_with, "marigold", known_at).overlay
        assert overlay is not None and [one.id for one in overlay.attested] == ["att_one"]
    assert rulebook_for(asked_with, None, FIRST).overlay is None
