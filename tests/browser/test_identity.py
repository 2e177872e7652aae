"""Signing in with a passkey, a code or a new password, in Chromium: no barrier, no error, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pyotp
import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.helpers_site import Site, Watch

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MATEO = "mateo.villareal@patients.example"


@asynccontextmanager
async def on_a_page(site: Site, chromium: Browser, *, scripts: bool = True) -> AsyncIterator[tuple[Page, Watch]]:
    """A page of a browser of its own, which must have had no trouble at the end."""
    context = await chromium.new_context(java_script_enabled=scripts, viewport={"width": 390, "height": 844})
    page = await context.new_page()
    watch = Watch(page, site.base)
    yield page, watch
    await context.close()
    assert [line for line in watch.trouble if "console: Failed to load" not in line] == []


async def with_authenticator(page: Page) -> None:
    """A platform authenticator that verifies its user, as Chromium's developer tools offer it."""
    tools = await page.context.new_cdp_session(page)
    await tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    await tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


async def by_click(page: Page, site: Site, name: str) -> None:
    """Signs a demo person in with one click."""
    await page.goto(f"{site.base}/sign-in")
    await page.get_by_role("button", name=name).click()
    await expect(page).to_have_url(f"{site.base}/visits")


async def by_password(page: Page, site: Site, email: str, word: str) -> None:
    await page.goto(f"{site.base}/sign-in")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password", exact=True).fill(word)
    await page.get_by_role("button", name="Sign in", exact=True).last.click()


async def test_a_passkey_is_added_named_used_and_removed(site: Site, chromium: Browser) -> None:
    async with on_a_page(site, chromium) as (page, watch):
        await with_authenticator(page)
        await by_click(page, site, "June Hartley")
        await page.goto(f"{site.base}/security/passkeys/new")
        await page.get_by_label("Name").fill("My phone")
        await watch.barriers()
        await page.get_by_role("button", name="Make the passkey").click()
        await expect(page.get_by_role("heading", name="My phone")).to_be_visible()
        await watch.barriers()
        await page.get_by_label("Name My phone").fill("Old phone")
        await page.get_by_role("button", name="Save the name").click()
        await expect(page.get_by_role("heading", name="Old phone")).to_be_visible()
        await page.locator("details.menu > summary").click()
        await page.get_by_role("button", name="Sign out", exact=True).first.click()
        await page.goto(f"{site.base}/sign-in?next=/security")
        await watch.barriers()
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("heading", name="Old phone")).to_be_visible()
        await page.get_by_role("button", name="Remove Old phone").click()
        await expect(page.get_by_text("The passkey is removed.")).to_be_visible()


async def test_a_passkey_proves_anew_before_a_factor_is_changed(site: Site, chromium: Browser) -> None:
    async with on_a_page(site, chromium) as (page, watch):
        await with_authenticator(page)
        await by_click(page, site, "June Hartley")
        await page.goto(f"{site.base}/security/passkeys/new")
        await page.get_by_role("button", name="Make the passkey").click()
        await expect(page.get_by_role("heading", name="Passkey", exact=True)).to_be_visible()
        await page.goto(f"{site.base}/confirm")
        await watch.barriers()
        await page.get_by_role("button", name="Confirm with a passkey").click()
        await expect(page.get_by_role("heading", name="Confirmed")).to_be_visible()
        await watch.barriers()
        await page.goto(f"{site.base}/security")
        await page.get_by_role("button", name="Remove Passkey").click()
        await expect(page.get_by_text("The passkey is removed.")).to_be_visible()


async def test_a_forgotten_password_and_an_app_without_scripts(site: Site, chromium: Browser) -> None:
    async with on_a_page(site, chromium, scripts=False) as (page, _):
        await page.goto(f"{site.base}/sign-in")
        await page.get_by_role("link", name="I forgot my password").click()
        await page.get_by_label("E-mail address").fill(MATEO)
        await page.get_by_role("button", name="Send me a link").click()
        await page.get_by_role("link", name="Open the outbox").click()
        await page.locator("a[href^='/reset/']").first.click()
        await page.get_by_label("New password").fill("five new and quiet words")
        await page.get_by_role("button", name="Save the new password").click()
        await expect(page.get_by_text("Your new password is saved.")).to_be_visible()
        await by_password(page, site, MATEO, "five new and quiet words")
        await expect(page).to_have_url(f"{site.base}/visits")
        used = await add_app(page, site)
        await page.get_by_role("link", name="I have kept them").click()
        await page.locator("details.menu > summary").click()
        await page.get_by_role("button", name="Sign out", exact=True).first.click()
        await by_password(page, site, MATEO, "five new and quiet words")
        await expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
        await page.get_by_label("Code").fill(used)  # each works once, the one of the set-up too
        await page.get_by_role("button", name="Sign in", exact=True).last.click()
        await expect(page.get_by_text("This code does not fit.").first).to_be_visible()


async def add_app(page: Page, site: Site) -> str:
    """Sets an authenticator app up; returns the code that did."""
    await page.goto(f"{site.base}/security/app")
    secret = (await page.locator(".secret code").inner_text()).replace(" ", "")
    code = pyotp.TOTP(secret).now()
    await page.get_by_label("Code from the app").fill(code)
    await page.get_by_role("button", name="Turn it on").click()
    await expect(page.locator(".codes li")).to_have_count(10)
    return code


async def test_the_pages_about_signing_in_have_no_barriers(site: Site, chromium: Browser) -> None:
    async with on_a_page(site, chromium) as (page, watch):
        for path in ("/forgot", "/forgot/sent", "/outbox", "/reset/nothing", "/proof/something", "/staff/sign-in"):
            await page.goto(site.base + path)
            await watch.barriers()
        await page.goto(f"{site.base}/staff/sign-in")
        await page.get_by_role("button", name=re.compile("Clinic administrator")).click()
        await page.locator("details.menu > summary").click()
        await expect(page.get_by_role("link", name="Invitations")).to_be_visible()
        for path in ("/staff/invitations", "/staff/security", "/staff/security/app", "/staff/security/password"):
            await page.goto(site.base + path)
            await watch.barriers()
        await page.goto(f"{site.base}/staff/invitations")
        await page.get_by_label("First name").fill("Ines")
        await page.get_by_label("Last name").fill("Moreau")
        await page.get_by_label("E-mail address").fill("ines.moreau@marigoldquay.example")
        await page.get_by_label("Role").first.select_option("support")
        await page.get_by_role("button", name="Send the invitation").first.click()
        await expect(page.get_by_text("The invitation is on its way.")).to_be_visible()
        await watch.barriers()
        await page.goto(f"{site.base}/outbox")
        await page.locator("a[href^='/staff/invitation/']").first.click()
        await expect(page.get_by_label("Choose a password")).to_be_visible()
        await watch.barriers()


async def test_an_untouched_screen_warns_and_then_closes(site: Site, chromium: Browser) -> None:
    async with on_a_page(site, chromium) as (page, watch):
        await page.clock.install()
        await by_click(page, site, "June Hartley")
        await page.clock.run_for(59 * 60 * 1000)
        session = page.locator(".idle")
        await expect(session).to_be_hidden()  # the server says that there is time left: its own clock stands
        await page.route("**/session", lambda route: route.fulfill(json={"seconds": 90}))
        await page.clock.run_for(60 * 60 * 1000)
        await expect(page.get_by_role("button", name="Stay signed in")).to_be_visible()
        await watch.barriers()
