"""A new demonstration lives by its people's own acts, is told once, and lets a clinician try the call with a bot."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from playwright.async_api import expect

from admin_ui.demo.story import CHAPTERS, FILE
from records.replays import VisitQuery
from records.reviews import ReviewQuery
from tests.browser.helpers_people import DESK, Clinician, chromium, context_of, enter_call, frames_decoded
from tests.browser.helpers_shots import shots
from tests.browser.helpers_stack import ROOT, SLUG, Stack, running_stack

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(700)]
ACHEBE = "rosalind.achebe@marigoldquay.example"
STORY_SECONDS = 420.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("demo"), empty=False) as running:
        _until_told(running)
        yield running


@pytest.fixture
async def clinician(stack: Stack) -> AsyncIterator[Clinician]:
    async with chromium() as browser:
        desk = await context_of(browser, DESK)
        yield Clinician("clinician", await desk.new_page(), stack, shots())


def test_the_story_leaves_a_queue_a_stopped_visit_and_one_that_is_over(stack: Stack) -> None:
    with stack.records() as scope:
        [achebe] = [one.person for one in scope.people.providers() if one.seed_key == "rosalind_achebe"]
        queue = scope.visits.queue(achebe)
        assert Counter(one.visit.stage for one in queue) == {"waiting": 3, "blocked": 1}
        assert sorted("red_flag" in one.alerts for one in queue if one.visit.stage == "waiting") == [False, False, True]
        [blocked] = [one.visit for one in queue if one.visit.stage == "blocked"]
        gate = scope.gates.latest(blocked.visit, "book")
        assert gate is not None
        assert any(decision["sources"] for decision in gate.decisions.values())
        [june] = [one for one in scope.mails.outbox() if one.address.startswith("priya.")][:1]
        assert june.subject
    assert "ERROR: the demonstration" not in stack.logs()


def test_the_finished_visit_lies_in_the_past_and_a_matter_waits_for_a_second_person(stack: Stack) -> None:
    """The folder is new: everything in it came about by the people of the story, on the clinic's pages."""
    with stack.records() as scope:
        [over] = scope.replays.listed(VisitQuery(stage="completed"))[0]
        assert over.starts_at is not None
        assert over.moved_at is not None
        assert over.starts_at < over.moved_at < datetime.now(UTC)
        matters = {one.kind: one for one in scope.reviews.listed(ReviewQuery())[0]}
        assert matters["visit_blocked"].state == "decided" and matters["red_flag"].state == "open"
    assert not (stack.data / "demo-clock.json").exists()


async def test_a_clinician_alone_has_a_whole_call_with_the_bot(stack: Stack, clinician: Clinician) -> None:
    await clinician.sign_in(ACHEBE)
    await expect(clinician.page.get_by_role("link", name="Priya Castellan").last).to_be_visible()
    await clinician.look("demo-queue")
    async with _bot(stack) as bot:
        visit = await _says(bot, r"/staff/visits/(vis_\w+)")
        await clinician.open(visit)
        await clinician.press("Let the patient in")
        await clinician.press("Join the call")
        await enter_call(clinician)
        await _says(bot, "(in the call)")
        deadline = time.monotonic() + 60
        while await frames_decoded(clinician) < 10:
            assert time.monotonic() < deadline, "the bot's picture was not seen"
            await asyncio.sleep(0.2)
        await clinician.look("demo-call")
        await clinician.press("End for all")
        await _says(bot, "(the call is over)")
        assert await bot.wait() == 0


@asynccontextmanager
async def _bot(stack: Stack) -> AsyncIterator[asyncio.subprocess.Process]:
    words = ["demo", "patient", "--clinic", SLUG, "--port", str(stack.port), "--data", str(stack.data)]
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "admin_ui.cli", *words, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield bot
    finally:
        if bot.returncode is None:
            bot.terminate()
        await bot.wait()


async def _says(bot: asyncio.subprocess.Process, pattern: str) -> str:
    assert bot.stderr is not None
    async with asyncio.timeout(240):
        async for line in bot.stderr:
            found = re.search(pattern, line.decode())
            if found:
                return found[1]
    raise AssertionError(pattern)


def _until_told(stack: Stack) -> None:
    file, deadline = stack.data / FILE, time.monotonic() + STORY_SECONDS
    wanted = {f"{SLUG}/{name}" for name in CHAPTERS}
    while set(json.loads(file.read_text(encoding="utf-8"))) != wanted:
        assert time.monotonic() < deadline, stack.logs()
        time.sleep(0.5)
