"""A call over a link that the kernel spoils: it narrows and goes dark; sound and picture come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.browser.helpers_namespace import apart, why_not
from tests.browser.test_room_client import enter, sees_and_hears
from tests.browser.test_thin_link import becomes, concealed
from tests.media.helpers_proxy import Manners

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SECONDS = 80.0
"""Two browsers on a crowded machine take their time; alone it is a quarter of that."""


async def test_a_call_behind_a_router_lasts_through_a_thin_link_and_a_dark_one(tmp_path: Path) -> None:
    if lacking := why_not():
        pytest.skip(f"the proxy alone has to show it: {lacking}")
    async with apart(tmp_path) as scene:
        patient = await enter(scene.near, scene.site, "p1")
        await patient.wait_for_function("() => window.room.state() === 'connected'")
        provider = await enter(scene.far, scene.site, "d1")
        await sees_and_hears(provider, seconds=SECONDS)
        await sees_and_hears(patient, seconds=SECONDS)
        scene.router.behave(Manners(rate=120_000.0))
        assert (await becomes(provider, "receive", "< 360", SECONDS))["why"] in ("bandwidth", "loss", "delay")
        assert await concealed(provider, 3.0) < 0.25
        scene.router.behave(Manners(dark=True))
        await asyncio.sleep(4)
        scene.router.behave(Manners())
        await sees_and_hears(provider, seconds=SECONDS)
        await sees_and_hears(patient, seconds=SECONDS)
        assert await provider.evaluate("() => window.sockets.length") == 1  # the signalling never came again
