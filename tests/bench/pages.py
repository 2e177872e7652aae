"""What do pages weigh and when are they painted on a slow phone, beside an empty page of the same server?

Absolute times mean little on a shared machine, so the empty page (`/healthz`) is opened alike in the same run.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.browser.helpers_people import CHROMIUM
from tests.browser.helpers_site import running_site
from tests.browser.helpers_slow_phone import Measured, on_a_slow_phone, signed_in

FLOOR = "/healthz"
GUEST = (FLOOR, "/", "/book/urgent_care/video_visit", "/sign-in", "/sign-up", "/privacy", "/staff/sign-in", "/design")
PATIENT = ("/visits", "/accesses", "/security", "/family")
# What is held: the page's budget in bytes, and Web Vitals' "good" for paint and shift.
MOST_BYTES, MOST_PAINT_MS, MOST_SHIFT = 100_000, 2_500.0, 0.1


async def measured(folder: Path) -> list[Measured]:
    """Each page once, in a fresh context."""
    with running_site(folder) as site:
        async with async_playwright() as playwright:
            chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            found = [await on_a_slow_phone(chromium, site.base, path) for path in GUEST]
            state = await signed_in(chromium, site.base, "june_hartley")
            found += [await on_a_slow_phone(chromium, site.base, path, state) for path in PATIENT]
            await chromium.close()
    return found


def table(pages: list[Measured]) -> str:
    """One line a page; what misses its mark is marked."""
    lines = [f"{'page':<32}{'bytes':>9}{'paint ms':>10}{'shift':>8}"]
    for one in pages:
        mark = " <" if _is_over(one) else ""
        lines.append(f"{one.path:<32}{one.bytes:>9}{one.paint_ms:>10.0f}{one.shift:>8.3f}{mark}")
    held = f"held: {MOST_BYTES} bytes, {MOST_PAINT_MS:.0f} ms, {MOST_SHIFT}; {FLOOR} is empty"
    return "\n".join([*lines, held])


def misses(pages: list[Measured]) -> list[str]:
    """The pages that are heavier, slower or less still than is held."""
    return [one.path for one in pages if _is_over(one)]


def _is_over(one: Measured) -> bool:
    return one.bytes > MOST_BYTES or one.paint_ms > MOST_PAINT_MS or one.shift > MOST_SHIFT


def as_json(pages: list[Measured]) -> dict[str, Any]:
    """The same by path."""
    return {one.path: {"bytes": one.bytes, "paint_ms": one.paint_ms, "shift": one.shift} for one in pages}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="taken for the sake of the others; each page once")
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pages = asyncio.run(measured(Path(folder)))
    print(json.dumps({"pages": as_json(pages), "table": table(pages), "misses": misses(pages)}))


if __name__ == "__main__":
    main()
