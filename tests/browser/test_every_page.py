"""Every page that links lead anybody to: no barriers, no errors, nothing from elsewhere, light, never too wide.

A new page comes in by itself. One that no link of anybody's leads to is named, unless it says below why that is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.helpers_every_page import (
    CALLED,
    OPENED,
    WIDTHS,
    Living,
    Person,
    Walk,
    living_clinic,
    shapes,
    signed_in,
)
from tests.browser.helpers_site import Site, running_site
from tests.portals.test_access_crawl import DOORS

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
GUEST = ("/", "/design", "/outbox", "/staff/sign-in")
PEOPLE = (
    Person(name="a visitor", homes=GUEST),
    Person(name="a visitor in Spanish", homes=("/",), language="es"),
    Person(name="the patient", homes=("/visits",), key="june_hartley"),
    Person(name="the patient in Spanish", homes=("/visits",), key="june_hartley", language="es"),
    Person(name="a caregiver", homes=("/visits", "/family"), key="agnes_tollefsen"),
    Person(name="the clinician", homes=("/staff",), key="rosalind_achebe", screen="desk"),
    Person(name=OPENED, homes=("/staff/emergency",), screen="desk"),
    Person(name=CALLED, homes=("/visits",)),
    Person(name="compliance", homes=("/staff",), key="compliance", screen="desk"),
    Person(name="the administrator", homes=("/staff",), key="clinic_admin", screen="desk"),
    Person(name="clinical ops", homes=("/staff",), key="clinical_ops", screen="desk"),
    Person(name="support", homes=("/staff",), key="support", screen="desk"),
)
# The same pages in other words: their width and their language are looked at, their barriers have been.
WORDS_ONLY = {"a visitor in Spanish", "the patient in Spanish"}
BY_MAIL = "its link comes by mail"
BY_FORM = "a form leads there, and the patient's and the identity's own tests look at it"
HALF_WAY = "for who has just signed in, or has to prove who they are"
PARTS = "no page: a part of one, or a file"
MACHINES = "for programs"
UNLINKED = {
    **dict.fromkeys(("/api/v1/openapi.json", "/health", "/healthz", "/metrics", "/ready"), MACHINES),
    **dict.fromkeys(("/brand.css", "/brand/logo", "/session", "/staff/session", "/staff/queue/changes"), PARTS),
    **dict.fromkeys(("/staff/visits/{visit}/changes", "/visits/{visit_id}/changes"), PARTS),
    "/staff/visits/{visit}/recordings/{part}": PARTS,
    "/visits/{visit}/recordings/{part}": PARTS,
    "/visits/{visit}/recordings": "only where a call was recorded; test_recording_journey looks at it",
    **dict.fromkeys(("/staff/visits/{visit}/files/{blob}", "/visits/{visit_id}/files/{blob}"), PARTS),
    **dict.fromkeys(("/visits/{visit_id}/calendar.ics", "/visits/{visit_id}/summary.pdf"), PARTS),
    **dict.fromkeys(("/messages/{conversation}/files/{blob}", "/staff/messages/{conversation}/files/{blob}"), PARTS),
    "/visits/{visit_id}/waiting/state": PARTS,
    **dict.fromkeys(("/visits/{visit}/people", "/staff/visits/{visit}/people"), PARTS),
    **dict.fromkeys(("/visits/{visit}/chat", "/staff/visits/{visit}/chat"), PARTS),
    **dict.fromkeys(
        ("/guest", "/guest/check", "/guest/enter"), "a guest's, by a link of its own; test_guest_journey looks at them"
    ),
    **dict.fromkeys(("/staff/hours/hours.ics", "/staff/ops/visits.csv"), PARTS),
    "/visits/{visit_id}/papers/{paper}": "only where a referral or a test was written; test_requests looks at it",
    "/visits/{visit_id}/papers/{paper}/letter.pdf": PARTS,
    **dict.fromkeys(("/staff/studio/state", "/staff/studio/specialties/{specialty}/screen"), PARTS),
    "/staff/studio/checks/download": "there is none before a check ran; the studio's own tests look at it",
    **dict.fromkeys(("/book/review", "/book/{specialty}/{kind}/times", "/forgot/sent", "/staff/forgot/sent"), BY_FORM),
    **dict.fromkeys(("/visits/{visit_id}/emergency", "/staff/relationships/{relationship}"), BY_FORM),
    "/visits/{visit_id}/case": "only visits without a call have one",
    "/visits/{visit_id}/photos-again": "only where a photo was refused late; test_photos_again looks at it",
    **dict.fromkeys(("/confirm", "/confirm/done", "/staff/confirm", "/staff/confirm/done"), HALF_WAY),
    **dict.fromkeys(("/sign-in/code", "/sign-in/set-up", "/staff/sign-in/code", "/staff/sign-in/set-up"), HALF_WAY),
    **dict.fromkeys(("/staff/provider", "/staff/provider/back", "/demo/enter", "/staff/demo/enter"), HALF_WAY),
    **dict.fromkeys(("/proof/{token}", "/reset/{token}", "/staff/proof/{token}", "/staff/reset/{token}"), BY_MAIL),
    **dict.fromkeys(("/staff/invitation/{token}", "/family/invitation/{token}", "/takeover/{token}"), BY_MAIL),
    **dict.fromkeys(("/visits/join/{token}", "/visits/back/{token}"), BY_MAIL),
    "/staff/visits/{visit}/orders/{order}/cancel": "only until the medicine was given out; test_cancelling looks at it",
    "/demo/clock": "at the address without a clinic's name; the start page's tests look at it",
}


@dataclass(slots=True, kw_only=True)
class Found:
    """What all walks together reached."""

    reached: set[str] = field(default_factory=set)
    walked: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(tmp_path_factory.mktemp("every-page")) as running:
        running.ended.set()  # what is under way stays as it is
        yield running


@pytest.fixture(scope="module")
def told(living: Site) -> Living:
    """What the clinic holds."""
    return living_clinic(living.clinic)


@pytest.fixture(scope="module")
def found() -> Found:
    return Found()


@pytest.mark.parametrize("person", PEOPLE, ids=lambda one: one.name)
async def test_every_page_of(living: Site, told: Living, chromium: Browser, found: Found, person: Person) -> None:
    homes = (*person.homes, *told.pages.get(person.name, ()))
    who = replace(person, homes=homes, account=told.accounts.get(person.name, ""))
    width, height = WIDTHS[who.screen]
    look: dict[str, Any] = {"viewport": {"width": width, "height": height}, "locale": who.language}
    context = await chromium.new_context(**look)
    await signed_in(context, living, who)
    routes = shapes(name.removeprefix("GET ") for name in DOORS if name.startswith("GET "))
    walk = Walk(site=living, routes=routes, person=who, barriers=who.name not in WORDS_ONLY)
    await walk.everywhere(context)
    found.reached |= set(walk.reached)
    found.walked.add(who.name)
    assert walk.trouble == []


def test_no_page_is_without_a_way_to_it(found: Found) -> None:
    if len(found.walked) < len(PEOPLE):
        pytest.skip("only when everybody has walked")
    pages = {name.removeprefix("GET ") for name in DOORS if name.startswith("GET ")}
    assert sorted(pages - found.reached - set(UNLINKED)) == []
