"""How a call fares over bad links, told in numbers: worst freeze, time until it settles, time until it is back.

Run by ``clinic test soak``; the table is printed, a row for each link. The links are made by a router of the kernel's
(tests/browser/helpers_namespace.py) where the machine allows it, else by a proxy (tests/media/helpers_proxy.py).
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from playwright.async_api import Browser, Page

from tests.browser.helpers_namespace import apart, why_not
from tests.browser.test_room_client import Site, enter, launched, sees_and_hears, served
from tests.browser.test_thin_link import CAMERA, FarSite
from tests.media.helpers_proxy import Manners, Proxy

pytestmark = [pytest.mark.browser, pytest.mark.soak]
LASTS, AFTER = 15, 40

# What comes in: pictures decoded, seconds frozen, samples of sound and those made up, height, bytes.
LOOK = """async () => {
  const sum = {frames: 0, frozen: 0, freezes: 0, samples: 0, concealed: 0, height: 0, level: 720};
  for (const entry of (await window.pc.getStats()).values()) {
    if (entry.type !== 'inbound-rtp') continue;
    if (entry.kind === 'video') {
      sum.frames += entry.framesDecoded ?? 0;
      sum.frozen += entry.totalFreezesDuration ?? 0;
      sum.freezes += entry.freezeCount ?? 0;
      sum.height = Math.max(sum.height, entry.frameHeight ?? 0);
    } else {
      sum.samples += entry.totalSamplesReceived ?? 0;
      sum.concealed += entry.concealedSamples ?? 0;
    }
  }
  sum.level = window.levels?.receive?.height ?? 720;
  return sum;
}"""


@dataclass(frozen=True, slots=True)
class Told:
    """One step of a trial in numbers; times in seconds from the change of the link, None: not within the step."""

    name: str
    frozen: float
    still: float
    concealed: float
    silent: float
    settled: float | None
    moving: float | None
    back: float | None
    level: int
    best: int

    def __str__(self) -> str:
        times = {"settled": self.settled, "moving again": self.moving, "best again": self.back}
        told = ", ".join(f"{name} {'never' if at is None else f'after {at:.1f} s'}" for name, at in times.items())
        return (
            f"{self.name}: frozen {self.frozen:.1f} s, at once {self.still:.1f} s, sound made up {self.concealed:.1%}, "
            f"longest without sound {self.silent:.1f} s, {told}; level {self.level}, then {self.best}"
        )


async def watched(page: Page, seconds: float) -> list[dict[str, Any]]:
    """A look every half second."""
    looks = []
    for _ in range(int(seconds * 2)):
        looks.append(await page.evaluate(LOOK))
        await asyncio.sleep(0.5)
    return looks


def silence(looks: list[dict[str, Any]]) -> float:
    """The longest time in seconds without any sound that was not made up."""
    longest = lasting = 0.0
    for before, after in itertools.pairwise(looks):
        real = (after["samples"] - before["samples"]) - (after["concealed"] - before["concealed"])
        lasting = 0.0 if real > 0 else lasting + 0.5
        longest = max(longest, lasting)
    return longest


def still(looks: list[dict[str, Any]]) -> float:
    """The longest time in seconds without a new picture, where the link is said to carry any."""
    longest = lasting = 0.0
    for before, after in itertools.pairwise(looks):
        moves = after["frames"] > before["frames"] or not after["level"]
        lasting = 0.0 if moves else lasting + 0.5
        longest = max(longest, lasting)
    return longest


def settled(looks: list[dict[str, Any]]) -> float | None:
    """When sound was whole and the level moved no more."""
    for place in range(len(looks) - 2):
        rest = looks[place:]
        samples = rest[-1]["samples"] - rest[0]["samples"]
        whole = samples > 0 and (rest[-1]["concealed"] - rest[0]["concealed"]) / samples < 0.02
        if whole and len({look["level"] for look in rest}) == 1:
            return place / 2
    return None


class Link(Protocol):
    """Whatever can be told how to treat what passes."""

    def behave(self, manners: Manners) -> None: ...


async def trial(page: Page, line: Link, name: str, manners: Manners) -> Told:
    """The link misbehaves for a while, and then is well again."""
    line.behave(manners)
    during = await watched(page, 10 if manners.dark else LASTS)
    line.behave(Manners())
    after = await watched(page, AFTER)
    best = max(look["level"] for look in after)
    shown = (look["frames"] for look in after)
    moving = next((place / 2 for place, frames in enumerate(shown) if frames > during[-1]["frames"]), None)
    back = next((place / 2 for place, look in enumerate(after) if look["level"] == best), None)
    samples = during[-1]["samples"] - during[0]["samples"]
    return Told(
        name=name,
        frozen=during[-1]["frozen"] - during[0]["frozen"],
        still=still(during),
        concealed=(during[-1]["concealed"] - during[0]["concealed"]) / max(1, samples),
        silent=silence(during),
        settled=settled(during),
        moving=moving,
        back=back,
        level=during[-1]["level"],
        best=best,
    )


TRIALS = [
    ("900 kbit/s", Manners(rate=900_000.0)),
    ("450 kbit/s", Manners(rate=450_000.0)),
    ("90 kbit/s", Manners(rate=90_000.0)),
    ("5 % loss", Manners(loss=0.05)),
    ("15 % loss", Manners(loss=0.15)),
    ("200 ms delay", Manners(delay=0.2)),
    ("30 ms jitter", Manners(delay=0.05, jitter=0.03)),
    ("10 s black-out", Manners(dark=True)),
]


@dataclass(frozen=True, slots=True)
class Call:
    """A clinician behind a link, whose patient's link is good."""

    provider: Page
    link: Link


async def _call(site: Site, near: Browser, behind: Browser) -> Page:
    patient = await enter(near, site, "p1", CAMERA)
    await patient.wait_for_function("() => window.room.state() === 'connected'")
    provider = await enter(behind, site, "d1", CAMERA)
    await sees_and_hears(provider)
    await asyncio.sleep(8)
    return provider


@asynccontextmanager
async def by_proxy(_: Path) -> AsyncIterator[Call]:
    """The link is a program's."""
    async with launched() as browser, served(FarSite()) as site:
        proxy = Proxy(site.node.udp_port)
        await proxy.start()
        provider = await _call(site, browser, browser)
        yield Call(provider, proxy.lines[-1])
        await proxy.close()


@asynccontextmanager
async def by_router(folder: Path) -> AsyncIterator[Call]:
    """The link is the kernel's."""
    if lacking := why_not():
        pytest.skip(f"the proxy alone has to show it: {lacking}")
    async with apart(folder) as scene:
        yield Call(await _call(scene.site, scene.near, scene.far), scene.router)


WAYS = {"router": by_router, "proxy": by_proxy}


@pytest.mark.parametrize(("name", "manners"), TRIALS, ids=[name for name, _ in TRIALS])
@pytest.mark.parametrize("way", WAYS)
async def test_a_call_over_a_bad_link(
    tmp_path: Path, way: str, name: str, manners: Manners, capsys: pytest.CaptureFixture[str]
) -> None:
    async with WAYS[way](tmp_path) as call:
        told = await trial(call.provider, call.link, f"{way}, {name}", manners)
        with capsys.disabled():
            sys.stdout.write(f"\n{told}\n")
        held = 10.0 if manners.dark else 0.0
        assert told.silent <= held + 2.0
        assert told.still <= held + 2.0
        assert told.moving is not None
        await sees_and_hears(call.provider)
