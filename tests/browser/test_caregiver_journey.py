"""A mother on a phone: she adds her child and does the whole visit for them, to the summary and a message after it."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.browser.helpers_journeys import ANY_VISIT, Walker, close_visit
from tests.browser.helpers_people import PHONE
from tests.browser.helpers_site import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]

CHILD = "Ivy Hartley"


async def test_a_mother_does_a_whole_visit_for_the_child_she_added(site: Site, media: Browser) -> None:
    context = await media.new_context(**PHONE, locale="en-US")  # type: ignore[arg-type]
    june = Walker(await context.new_page(), site, "caregiver")
    await _adds_the_child(june)
    await _books(june)
    await _prepares(june)
    await june.tries_devices()
    await june.waits_and_is_let_in()
    close_visit(site, june.visit, diagnosis="Ear infection", instructions="Rest and fluids.", sig="5 mL twice a day")
    await _reads(june)
    await _writes(june)
    await context.close()
    assert june.trouble == []


async def _adds_the_child(june: Walker) -> None:
    page = june.page
    await june.go("/sign-in")
    await page.click("button[value=june_hartley]")
    await page.wait_for_url("**/visits")
    await page.get_by_role("link", name="People I look after").click()
    await page.wait_for_url("**/family")
    await june.look("family")
    await page.get_by_role("link", name="Add a child").click()
    await page.wait_for_url("**/family/child")
    await june.fill(given="Ivy", family="Hartley", **{"birth_date-m": "3", "birth_date-d": "2", "birth_date-y": "2019"})
    await page.locator("input[name=sex][value=female]").check(force=True)
    await page.locator("input[name=relation][value=parent]").check(force=True)
    await page.locator("#attest").check(force=True)
    await june.look("child")
    await june.press()
    await page.wait_for_url("**/family?said=added")
    await expect(page.locator("main")).to_contain_text(CHILD)
    await june.look("added")


async def _books(june: Walker) -> None:
    page = june.page
    await june.go("/")
    await page.locator("main a[href='/book/urgent_care/video_visit']").click()
    await page.get_by_label(f"For {CHILD}").check(force=True)
    await page.select_option("#state", "FL")
    await june.fill(postal_code="33132")
    await june.look("place-first")
    await june.press()
    await page.wait_for_url("**/times")
    await _acts(june)
    await june.look("times")
    await page.locator(".slots button").first.click()
    await page.wait_for_url("**/book/review")
    await _acts(june)
    await june.look("review")
    await june.press()
    await page.wait_for_url("**/pay")
    await june.fill(name="June Hartley", number="4242 4242 4242 4242", expires="12/29", code="123")
    await _acts(june)
    await june.look("pay")
    await june.press()
    await page.wait_for_url("**new=booked")
    await _acts(june)
    await june.look("booked")
    june.visit = page.url.rpartition("/")[2].partition("?")[0]


async def _prepares(june: Walker) -> None:
    """Answers, says where the child is, and signs as the parent."""
    page = june.page
    await june.answer_all()
    await _acts(june)
    await june.look("intake-review")
    await june.press()
    await page.wait_for_url(ANY_VISIT)
    await june.at_visit("/place")
    await expect(page.get_by_role("heading", name=f"Where is {CHILD} right now?")).to_be_visible()
    await june.fill(street="5 Sable Court", city="Miami")
    await page.locator("#here").check(force=True)
    await june.look("place")
    await june.press()
    await page.wait_for_url(ANY_VISIT)
    await june.at_visit("/consent")
    await expect(page.locator("main")).to_contain_text("You sign for a child")
    await june.fill(signature="June Hartley")
    await page.locator("#agree").check(force=True)
    await june.look("consent")
    await june.press()
    await page.wait_for_url(ANY_VISIT)
    await june.at_visit("/consent/signed")
    await expect(page.locator("main")).to_contain_text("Signed for the patient by June Hartley (Parent)")
    await june.look("signed")


async def _reads(june: Walker) -> None:
    """The summary from the child's visit, and the child's record from the list of visits."""
    page = june.page
    await june.at_visit("/summary")
    await _acts(june)
    for words in ("Ear infection", "Rest and fluids.", "5 mL twice a day", "June Hartley"):
        await expect(page.locator("main")).to_contain_text(words)
    await june.look("summary")
    async with page.expect_download() as paper:
        await page.get_by_role("link", name="Download as PDF").click()
    assert (await paper.value).suggested_filename == "summary.pdf"
    await june.go("/visits")
    await june.look("visits")
    await page.get_by_role("link", name=f"Record of {CHILD}").click()
    await page.wait_for_url("**/record?of=*")
    await _acts(june)
    await expect(page.locator("main")).to_contain_text("5 mL twice a day")
    await expect(page.locator("main")).to_contain_text("Consent of the parent or guardian")
    await expect(page.locator(".lead")).to_contain_text(CHILD)
    await expect(page.locator("main")).not_to_contain_text("my record")
    await june.look("record")


async def _writes(june: Walker) -> None:
    page = june.page
    await june.go(f"/messages/new?visit={june.visit}")
    await expect(page.locator(f"input[value={june.visit}]")).to_be_checked()
    await expect(page.locator("label", has=page.locator(f"input[value={june.visit}]"))).to_contain_text(CHILD)
    await june.look("message-about")
    await june.press()
    await page.get_by_label("Subject").fill("Fever again")
    await page.get_by_label("Your message").fill("Should she stay at home?")
    await _acts(june)
    await june.look("message")
    await page.get_by_role("button", name="Send the message").click()
    await expect(page.get_by_text("Your message was sent")).to_be_visible()
    await expect(page.locator(".chat-mine")).to_contain_text(f"for {CHILD}")
    await june.look("message-sent")
    await june.go("/messages")
    await expect(page.get_by_role("heading", name=f"Messages about {CHILD}")).to_be_visible()
    await june.look("messages")


async def _acts(june: Walker) -> None:
    """The page says for whom she acts."""
    await expect(june.page.locator(".acting")).to_contain_text(CHILD)
