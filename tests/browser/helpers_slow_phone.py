"""A page on a slow phone: what it weighs, how much it jumps and when its largest part is painted, in a cold Chromium.

The profile is Lighthouse's mobile one: 150 ms of latency, 1.6 Mbit/s down, 750 kbit/s up, a quarter of the processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, Page

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
    "device_scale_factor": 2,
}
LINK = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOWER = 4
# Both observers start before the page does; a shift that follows the person's own touch does not count (WICG).
WATCH = """
window.__seen = {cls: 0, lcp: 0, largest: ''};
new PerformanceObserver(list => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.__seen.cls += one.value;
}).observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => {
  for (const one of list.getEntries()) {
    window.__seen.lcp = one.startTime;
    window.__seen.largest = one.url || (one.element ? one.element.textContent : '');
  }
}).observe({type: 'largest-contentful-paint', buffered: true});
"""
PAINTED = "() => window.__seen && window.__seen.lcp > 0 && document.readyState === 'complete'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One page: bytes that came over the wire, the cumulative layout shift, the largest paint in milliseconds.

    ``largest`` is what was painted then: its text, or its address where it is a picture.
    """

    path: str
    bytes: int
    shift: float
    paint_ms: float
    largest: str = ""


async def on_a_slow_phone(chromium: Browser, address: str, path: str, state: Any = None) -> Measured:
    """Opens one page with nothing cached; ``state`` carries the cookies of who is signed in."""
    context = await chromium.new_context(**PHONE, storage_state=state)
    page = await context.new_page()
    received = await _throttled(page)
    await page.add_init_script(WATCH)
    await page.goto(address + path, wait_until="load")
    await page.wait_for_function(PAINTED)
    # Fonts, icons and scripts may move things after the load: two frames later they have.
    await page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    seen = await page.evaluate("() => window.__seen")
    await context.close()
    return Measured(
        path=path,
        bytes=sum(received),
        shift=float(seen["cls"]),
        paint_ms=float(seen["lcp"]),
        largest=str(seen["largest"]),
    )


async def without_scripts(chromium: Browser, address: str, path: str, state: Any = None) -> str:
    """The text of the server's first answer, as a browser reads it that runs no script."""
    context = await chromium.new_context(**PHONE, storage_state=state, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(address + path)
    text = await page.locator("body").text_content()
    await context.close()
    return " ".join((text or "").split())


async def signed_in(chromium: Browser, address: str, person: str) -> Any:
    """The cookies of a demo person who signed in with one click."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{address}/sign-in")
    await page.locator(f"button[value={person}]").click()
    await page.wait_for_url("**/visits")
    state = await context.storage_state()
    await context.close()
    return state


async def _throttled(page: Page) -> list[int]:
    """The list that fills with the bytes of each answer, heads and bodies, as they came over the wire."""
    received: list[int] = []
    session = await page.context.new_cdp_session(page)
    session.on("Network.loadingFinished", lambda told: received.append(int(told["encodedDataLength"])))
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", LINK)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    return received
