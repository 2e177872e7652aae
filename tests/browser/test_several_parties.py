"""Four browsers in a call with small pictures, and two with large ones: every leg is decoded, no sound has gaps."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_room_client import Site, browser, enter, site

__all__ = ["browser", "site"]
pytestmark = [pytest.mark.browser, pytest.mark.slow]
Record = Callable[[str, object], None]
SMALL = {"audio": True, "video": {"width": 320, "height": 180, "frameRate": 15}}
LARGE = {"audio": True, "video": {"width": 1280, "height": 720, "frameRate": 30}}
# Shares of sound that were made up: on a quiet machine none, beside the rest of a suite some.
MADE_UP, MADE_UP_IN_THE_SUITE = 0.05, 0.1
LEGS = """async () => [...(await window.pc.getStats()).values()]
  .filter((entry) => entry.type === 'inbound-rtp')
  .map((one) => ({
    ssrc: one.ssrc, kind: one.kind, lost: one.packetsLost, height: one.frameHeight ?? 0,
    frames: one.framesDecoded ?? 0, frozen: one.totalFreezesDuration ?? 0,
    samples: one.totalSamplesReceived ?? 0, concealed: one.concealedSamples ?? 0, energy: one.totalAudioEnergy ?? 0,
  }))"""


@dataclass(slots=True)
class Seen:
    """What became of all legs of a call in a time."""

    pictures: list[dict[str, Any]]
    sounds: list[dict[str, Any]]
    seconds: float

    def figures(self) -> dict[str, float]:
        rates = [leg["frames"] / self.seconds for leg in self.pictures]
        return {
            "pictures": len(self.pictures),
            "sounds": len(self.sounds),
            "fps_least": round(min(rates), 1),
            "fps_median": round(statistics.median(rates), 1),
            "height_least": min(leg["height"] for leg in self.pictures),
            "frozen_s_most": round(max(leg["frozen"] for leg in self.pictures), 2),
            "concealed_most": round(max(leg["concealed"] / max(1, leg["samples"]) for leg in self.sounds), 4),
            "lost": sum(leg["lost"] for leg in (*self.pictures, *self.sounds)),
        }


async def legs(pages: list[Page]) -> dict[tuple[int, int], dict[str, Any]]:
    """Every stream that any page receives."""
    told = await asyncio.gather(*(page.evaluate(LEGS) for page in pages))
    return {(number, leg["ssrc"]): leg for number, found in enumerate(told) for leg in found}


async def seen(pages: list[Page], seconds: float) -> Seen:
    """Waits until every page decodes every other, then looks for so long."""
    others = len(pages) - 1
    async with asyncio.timeout(60):
        while True:
            before = await legs(pages)
            alive = [leg for leg in before.values() if leg["frames"] > 3 or leg["energy"] > 0]
            if len(alive) == 2 * others * len(pages):
                break
            await asyncio.sleep(0.2)
    started = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    after = await legs(pages)
    lasted = asyncio.get_running_loop().time() - started
    assert after.keys() == before.keys()
    counted = ("frames", "frozen", "samples", "concealed", "lost", "energy")
    changes = [leg | {name: leg[name] - before[key][name] for name in counted} for key, leg in after.items()]
    of_kind = {kind: [leg for leg in changes if leg["kind"] == kind] for kind in ("video", "audio")}
    return Seen(of_kind["video"], of_kind["audio"], lasted)


def holds(call: Seen, parties: int, record: Record, made_up: float = MADE_UP_IN_THE_SUITE) -> None:
    for name, value in call.figures().items():
        record(name, value)
    assert len(call.pictures) == len(call.sounds) == parties * (parties - 1)
    assert all(leg["frames"] > 2 * call.seconds for leg in call.pictures), (
        "each is decoded, however busy the machine is"
    )
    assert all(leg["energy"] > 0 and leg["samples"] > 0 for leg in call.sounds)
    assert all(leg["concealed"] < made_up * leg["samples"] for leg in call.sounds)


async def talk(browser: Browser, site: Site, media: Any, who: list[str], seconds: float) -> Seen:
    pages = [await enter(browser, site, one, media) for one in who]
    return await seen(pages, seconds)


FOUR, TWO = ["d1", "p1", "p2", "p3"], ["d1", "p1"]


async def test_four_decode_each_other_and_hear_each_other_without_gaps(
    browser: Browser, site: Site, record_property: Record
) -> None:
    call = await talk(browser, site, SMALL, FOUR, 8.0)
    holds(call, 4, record_property)
    assert all(leg["height"] == 180 for leg in call.pictures)


async def test_two_decode_each_other_in_large_pictures(browser: Browser, site: Site, record_property: Record) -> None:
    call = await talk(browser, site, LARGE, TWO, 10.0)
    holds(call, 2, record_property)
    assert all(leg["height"] >= 360 for leg in call.pictures), "a browser begins small, and on a busy machine stays so"


@pytest.mark.soak
async def test_four_for_longer(browser: Browser, site: Site, record_property: Record) -> None:
    holds(await talk(browser, site, SMALL, FOUR, 30.0), 4, record_property, MADE_UP)


@pytest.mark.soak
async def test_two_in_large_pictures_for_longer(browser: Browser, site: Site, record_property: Record) -> None:
    call = await talk(browser, site, LARGE, TWO, 60.0)
    holds(call, 2, record_property, MADE_UP)
