"""Takes the README's pictures from a demonstration that runs: `./clinic docs --pictures` starts a new one for it.

Each is taken from the pages as they are, in a Chromium of this machine, and written to docs/pictures/.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, expect

from admin_ui.demo.story import CHAPTERS, FILE
from tests.browser.helpers_people import Clinician, Patient, chromium
from tests.browser.helpers_stack import ROOT, SLUG, Stack, running_stack

FOLDER = ROOT / "docs" / "pictures"
STORY_SECONDS = 600.0
DESK: dict[str, Any] = {"viewport": {"width": 1360, "height": 860}, "locale": "en-US", "color_scheme": "light"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 800},
    "device_scale_factor": 1.5,
    "is_mobile": True,
    "has_touch": True,
    "locale": "en-US",
    "color_scheme": "light",
}
BLOCKED: Any = {"width": 720, "height": 900}
GROUND, EDGE, GAP = "#e9e6e0", "#c9c3b9", 24
COLOURS = 256
JUNE, ACHEBE = "june.hartley@patients.example", "rosalind.achebe@marigoldquay.example"
OTHER_STATE = ("NY", "10011")


async def take(stack: Stack) -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with chromium() as browser:
        await _start(browser, stack)
        await _clinician(browser, stack)
        await _law(browser, stack)
        await _patient(browser, stack)


async def _start(browser: Browser, stack: Stack) -> None:
    page = await _page(browser, DESK)
    await page.goto(f"http://127.0.0.1:{stack.port}/")
    await expect(page.locator(".kind")).to_have_count(5)
    await page.screenshot(path=FOLDER / "start.png", full_page=True)
    _small(FOLDER / "start.png")


async def _clinician(browser: Browser, stack: Stack) -> None:
    """The visit with the red flag."""
    desk = Clinician("clinician", await _page(browser, DESK), stack)
    await desk.sign_in(ACHEBE)
    await desk.page.locator("main tr", has_text="Urgent").first.get_by_role("link").first.click()
    await desk.page.wait_for_url("**/staff/visits/*")
    await expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
    await desk.page.screenshot(path=FOLDER / "clinician.png")
    _small(FOLDER / "clinician.png")


async def _law(browser: Browser, stack: Stack) -> None:
    page = await _page(browser, DESK)
    await page.goto(f"{stack.clinic}/staff/sign-in")
    await page.locator("button[value=compliance]").click()
    await expect(page.locator("form[action='/staff/sign-out']")).to_be_attached()
    await page.goto(f"{stack.clinic}/staff/law")
    await page.locator("main form button").first.click()
    await expect(page.locator(".ask-verdict")).to_be_visible()
    await page.evaluate("window.scrollTo(0, 0)")
    await page.screenshot(path=FOLDER / "law.png")
    _small(FOLDER / "law.png")


async def _patient(browser: Browser, stack: Stack) -> None:
    """On a phone: the clinic, a question, the way, a visit that another state's law stops, and what is left of one."""
    june = Patient("june", await _page(browser, PHONE), stack)
    shots = [await _phone(june, "/")]
    await june.sign_in(JUNE)
    await june.go("/visits")
    over = await june.page.locator("main a[href^='/visits/vis_']", has_text="Completed").first.get_attribute("href")
    await june.book("Achebe")
    shots.append(await _phone(june, f"/visits/{june.visit}/intake/2"))
    shots.append(await _phone(june, f"/visits/{june.visit}"))
    await june.say_place(*OTHER_STATE)
    await june.go(f"/visits/{june.visit}")
    await june.says(re.compile("stopped|does not|not allow"))
    shots.append(await _phone(june, f"/visits/{june.visit}"))
    await june.page.set_viewport_size(BLOCKED)
    await june.page.screenshot(path=FOLDER / "blocked.png")
    _small(FOLDER / "blocked.png")
    await june.page.set_viewport_size(PHONE["viewport"])
    shots.append(await _phone(june, f"{over}/summary"))
    _beside(shots, FOLDER / "patient.png")


async def _phone(person: Patient, path: str) -> Path:
    """What fits on the screen of a phone."""
    await person.go(path)
    await expect(person.page.get_by_role("heading", level=1).first).to_be_visible()
    file = Path(tempfile.mkdtemp()) / "phone.png"
    await person.page.screenshot(path=file)
    return file


async def _page(browser: Browser, look: dict[str, Any]) -> Page:
    return await (await browser.new_context(**look)).new_page()


def _beside(files: Sequence[Path], to: Path) -> None:
    """The pictures side by side, each with a thin edge."""
    shots = [Image.open(file).convert("RGB") for file in files]
    width = sum(one.width for one in shots) + GAP * (len(shots) + 1)
    sheet = Image.new("RGB", (width, shots[0].height + 2 * GAP), GROUND)
    at = GAP
    for one in shots:
        sheet.paste(Image.new("RGB", (one.width + 2, one.height + 2), EDGE), (at - 1, GAP - 1))
        sheet.paste(one, (at, GAP))
        at += one.width + GAP
    sheet.save(to)
    _small(to)


def _small(file: Path) -> None:
    """Pages have few colours: a palette holds them, in a third of the bytes."""
    Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)


def _until_told(stack: Stack) -> None:
    """Waits until the demonstration's people have come through the clinic's pages."""
    file, deadline = stack.data / FILE, time.monotonic() + STORY_SECONDS
    wanted = {f"{SLUG}/{name}" for name in CHAPTERS}
    while not file.exists() or not wanted <= set(json.loads(file.read_text(encoding="utf-8"))):
        if time.monotonic() > deadline:
            raise TimeoutError("the demonstration did not come to life")
        time.sleep(1)


def main() -> None:
    """Takes the pictures from the demonstration at ``--port``, or from one of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, help="of a demonstration that runs and whose story is told")
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as folder:
        if port:
            asyncio.run(take(Stack(folder=Path(folder), port=port, process=subprocess.Popen(["true"]))))
            return
        with running_stack(Path(folder), empty=False) as stack:
            _until_told(stack)
            asyncio.run(take(stack))


if __name__ == "__main__":
    main()
