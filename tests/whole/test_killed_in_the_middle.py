"""A form, a booking and a note in a real browser while web, worker and Temporal are killed: what was saved is there."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from records.stages import DRAFT, FINAL
from tests.browser.helpers_people import DESK, PHONE, Clinician, Patient, chromium, context_of
from tests.browser.helpers_stack import Stack, running_stack
from tests.whole.helpers_killing import left_running

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

JUNE = "june.hartley@patients.example"
MATEO = "mateo.villareal@patients.example"
ACHEBE = "rosalind.achebe@marigoldquay.example"
BACK_MS = 90_000
SAVED, TRYING = re.compile("^Saved"), re.compile("keep trying")


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with running_stack(tmp_path) as running:
        yield running
    assert left_running(tmp_path / "data") == []


async def test_what_a_page_said_was_saved_survives_a_kill_of_every_program(stack: Stack) -> None:
    async with chromium() as browser:
        june = await _patient(browser, stack, "june")
        await june.sign_in(JUNE)
        await june.book("Achebe")
        await _form(stack, june)
        for program, provider in (("worker", "Okafor"), ("temporal", "Okafor"), ("web", "Okafor")):
            await _booking(browser, stack, program, provider)
        await _note(browser, stack, june.visit)


async def _patient(browser: Browser, stack: Stack, name: str) -> Patient:
    return Patient(name, await (await context_of(browser, PHONE)).new_page(), stack)


async def _form(stack: Stack, june: Patient) -> None:
    """An answer that was saved stays; one given while the web is away is kept on the page and saved by itself."""
    await june.go(f"/visits/{june.visit}/intake/2")
    page = june.page
    await page.locator("input[value=cough_cold]").check(force=True)
    await expect(page.locator("[data-saved]")).to_have_text(SAVED)
    dead = _kill(stack, "web")
    await page.locator("input[value=skin]").check(force=True)
    await expect(page.locator("[data-saved]")).to_have_text(TRYING)
    await expect(page.locator("input[value=skin]")).to_be_checked()
    await expect(page.locator("[data-saved]")).to_have_text(SAVED, timeout=BACK_MS)
    await _until_back(stack, "web", dead)
    await page.reload()
    await expect(page.locator("input[value=skin]")).to_be_checked()


async def _booking(browser: Browser, stack: Stack, program: str, provider: str) -> None:
    """A time is asked for in the moment of a kill; asked for again until it is held, it is one visit."""
    mateo = await _patient(browser, stack, program)
    await mateo.sign_in(MATEO)
    before = _visits(stack)
    await mateo.choose_time(provider)
    await mateo.page.wait_for_url("**/book/review")
    dead = _kill(stack, program)
    await mateo.page.locator("main form button").first.click(no_wait_after=True)
    await _until_back(stack, program, dead)
    for _ in range(6):
        await _settled(mateo)
        await mateo.go("/book/review")
        if not mateo.page.url.endswith("/book/review"):
            break  # nothing is chosen any more: it is booked
        await mateo.page.locator("main form button").first.click()
    assert len(_visits(stack) - before) == 1
    await mateo.page.context.close()


async def _settled(patient: Patient) -> None:
    """Waits until whatever the browser is loading is there, or has failed."""
    with suppress(Exception):  # a page of the browser's own while the web is away
        await patient.page.wait_for_load_state(timeout=BACK_MS)


async def _note(browser: Browser, stack: Stack, visit: str) -> None:
    """A note that was saved is there after each kill; what is typed while the web is away stays and is saved."""
    desk = Clinician("desk", await (await context_of(browser, DESK)).new_page(), stack)
    await desk.sign_in(ACHEBE)
    await desk.open(visit)
    box = desk.page.locator("#note-subjective-history")
    for number, program in enumerate(("worker", "temporal", "web"), 1):
        await box.fill(f"Sore throat for {number} days")
        await expect(desk.page.locator("[data-saved]")).to_have_text(SAVED)
        dead = _kill(stack, program)
        await box.fill(f"Sore throat for {number} days, no fever")
        if program == "web":
            await expect(desk.page.locator("[data-saved]")).to_have_text(TRYING)
        await expect(desk.page.locator("[data-saved]")).to_have_text(SAVED, timeout=BACK_MS)
        await _until_back(stack, program, dead)
        await desk.page.reload()
        await expect(box).to_have_value(f"Sore throat for {number} days, no fever")
    with stack.records() as scope:
        note = scope.notes.current(visit)
    assert note is not None and "Sore throat for 3 days, no fever" in note.fields.values()


def _visits(stack: Stack) -> set[str]:
    """The visits that stand in the clinic's calendar."""
    with stack.records() as scope:
        found: set[str] = set()
        for provider in scope.people.providers():
            found |= {one.visit for one in scope.hours.upcoming(provider.person) if one.stage not in {DRAFT, *FINAL}}
        return found


def _pid(stack: Stack, program: str) -> int:
    return int(json.loads((stack.data / "programs.json").read_text(encoding="utf-8"))[program]["pid"])


def _kill(stack: Stack, program: str) -> int:
    """Kills it with -9; returns what its process was."""
    pid = _pid(stack, program)
    os.kill(pid, signal.SIGKILL)
    return pid


async def _until_back(stack: Stack, program: str, dead: int) -> None:
    async with asyncio.timeout(BACK_MS / 1000):
        while _pid(stack, program) == dead or not await asyncio.to_thread(_serves, stack):
            await asyncio.sleep(0.2)


def _serves(stack: Stack) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
