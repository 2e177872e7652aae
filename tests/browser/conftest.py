"""One Chromium and one patients' site for the tests that ask for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.helpers_people import CHROMIUM, FAKE_MEDIA
from tests.browser.helpers_site import Site, running_site

PATIENCE_MS = 20_000
"""What is expected of a page is awaited this long: a machine that also runs other tests is slow, not wrong."""

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The patients' site, with a database of its own for each module."""
    with running_site(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A Chromium that closes with the test."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def media() -> AsyncIterator[Browser]:
    """A Chromium whose camera shows a picture and whose microphone beeps."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FAKE_MEDIA)
        yield browser
        await browser.close()
