"""An interpreter is invited into a call by a link, waits at the door, is let in, is seen, and is taken out again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.helpers_call_site import DESK, PHONE, Call, Caller, CallSite, call_of, running_call_site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
NAME = "Rosa Delgado"


@pytest.fixture(scope="module")
def call_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CallSite]:
    with running_call_site(tmp_path_factory.mktemp("call")) as running:
        yield running


async def invited(provider: Caller, role: str = "interpreter") -> str:
    """The link that the clinician's page makes."""
    page = provider.page
    if not await provider.part("people-panel").get_attribute("open"):
        await provider.opens("people")
    await provider.part("invite-role").select_option(role)
    before = await provider.part("invite-link").input_value()
    await page.get_by_role("button", name="Make a link").click()
    await expect(provider.part("invite-link")).not_to_have_value(before)
    return str(await provider.part("invite-link").input_value())


async def knocks(call: Call, link: str, name: str = NAME) -> Caller:
    """A guest uses the link, in Spanish and on a phone, and stands at the door."""
    guest = await call.guest(link, PHONE, "es")
    await guest.page.get_by_label("Su nombre").fill(name)
    await guest.watch.barriers()
    await guest.page.get_by_role("button", name="Continuar").click()
    await guest.page.wait_for_url("**/guest")
    await guest.enter("waiting")
    return guest


async def test_an_interpreter_comes_by_a_link_and_goes_when_told(call_site: CallSite, media: Browser) -> None:
    call, secret = call_of(call_site, media)
    provider, patient = await call.provider(), await call.patient(secret)
    await provider.enter()
    await patient.enter()
    await provider.sees(1)
    link = await invited(provider)
    assert "#" in link and "?" not in link
    guest = await knocks(call, link)
    await expect(guest.part("status")).to_have_text(re.compile("le dejará entrar"))
    await expect(provider.part("door")).to_contain_text(f"{NAME} (Interpreter)")
    await provider.looks("guest-at-the-door")
    await guest.looks("guest-waits")
    await provider.part("door").get_by_role("button", name="Let in").press("Enter")
    await guest.sees(2)
    await provider.sees(2)
    await patient.sees(2)
    await expect(patient.page.locator("figcaption", has_text=NAME)).to_be_visible()
    await guest.looks("guest-inside")
    await patient.looks("patient-with-guest")
    await provider.looks("provider-with-guest")
    other = await call.guest(link, DESK)
    await other.page.get_by_label("Your name").fill("Somebody else")
    await other.page.get_by_role("button", name="Go on").click()
    await expect(other.page.get_by_text("This link was used already")).to_be_visible()
    other.watch.trouble = [one for one in other.watch.trouble if "410" not in one]  # the browser notes the refusal
    assert ("links:link:refused", '{"code":"used"}') in call.audited()
    await provider.page.get_by_role("button", name=f"Take {NAME} out").click()
    await expect(guest.part("over-text")).to_contain_text("le sacó de la llamada")
    await provider.sees(1)
    await guest.part("rejoin").click()
    await guest.enter("waiting")
    await provider.page.get_by_role("button", name=f"Take back the link of {NAME}").click()
    await expect(guest.part("over-text")).to_be_visible(timeout=40_000)
    guest.watch.trouble = [one for one in guest.watch.trouble if "403" not in one]
    kinds = {one.kind.value for one in call_site.events if one.visit_id == call.visit}
    assert {"knocked", "admitted", "joined", "left"} <= kinds
    assert call.trouble() == []
