"""Many files at once: pages are shown while checks wait, nobody sends too many, and what waits too long is not lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import anyio
import httpx
import pytest
from starlette.testclient import TestClient

from portals.base import files as base_files
from portals.base.files import CHECKS_AT_ONCE, tidy
from portals.patient import files as patient_files
from tests.portals.helpers_clinic import PORT, SLUG, Clinic, csrf_of
from tests.portals.helpers_files import lying, patient_at
from tests.records.helpers_blobs import PDF

GUARD_SECONDS = 60  # only so that a stall fails this test instead of all of them


@dataclass(slots=True)
class StuckScanner:
    """Holds every file until it is let go."""

    let_go: threading.Event = field(default_factory=threading.Event)
    looking: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def is_harmful(self, pieces: Iterable[bytes]) -> bool:
        b"".join(pieces)
        self.looking.release()
        self.let_go.wait(GUARD_SECONDS)
        return False


@pytest.fixture
def scanner(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> Iterator[StuckScanner]:
    stuck = StuckScanner()
    monkeypatch.setattr(base_files, "CHECK_PATIENCE_SECONDS", float(GUARD_SECONDS))
    object.__setattr__(clinic.app.state.deps, "scanner", stuck)
    yield stuck
    stuck.let_go.set()


def web(clinic: Clinic, browser: TestClient) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=clinic.app, client=("127.0.0.1", 5)),
        base_url=f"http://{SLUG}.localhost:{PORT}",
        cookies=dict(browser.cookies),
        headers={"accept": "application/json"},
        timeout=None,
    )


class Sending:
    """Sends different papers to one visit."""

    def __init__(self, page: str, token: str) -> None:
        self.page, self.token, self.sent = page, token, 0

    async def __call__(self, client: httpx.AsyncClient) -> httpx.Response:
        self.sent += 1
        content = PDF + str(self.sent).encode()
        return await client.post(self.page, data={"csrf": self.token}, files={"file": ("a.pdf", content)})


def sending_to(browser: TestClient, visit: str) -> Sending:
    page = f"/visits/{visit}/files"
    return Sending(page, csrf_of(browser.get(page).text))


async def until_checks_are_taken(scanner: StuckScanner) -> None:
    for _ in range(CHECKS_AT_ONCE):
        await asyncio.to_thread(scanner.looking.acquire)


def test_pages_are_shown_while_files_wait_for_their_check(
    clinic: Clinic, scanner: StuckScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patient_files, "AT_ONCE", 100)
    browser, visit = patient_at(clinic)
    send = sending_to(browser, visit)

    async def run() -> list[httpx.Response]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 4  # fewer than there are files
        async with web(clinic, browser) as client, asyncio.timeout(GUARD_SECONDS):
            under_way = [asyncio.create_task(send(client)) for _ in range(6)]
            await until_checks_are_taken(scanner)
            shown = await client.get("/visits")
            assert (shown.status_code, any(task.done() for task in under_way)) == (200, False)
            scanner.let_go.set()
            return await asyncio.gather(*under_way)

    assert [answer.status_code for answer in asyncio.run(run())] == [200] * 6


def test_one_person_sends_only_so_many_at_once_and_is_told(clinic: Clinic, scanner: StuckScanner) -> None:
    browser, visit = patient_at(clinic)
    send = sending_to(browser, visit)

    async def run() -> tuple[httpx.Response, httpx.Response]:
        async with web(clinic, browser) as client, asyncio.timeout(GUARD_SECONDS):
            under_way = [asyncio.create_task(send(client)) for _ in range(patient_files.AT_ONCE)]
            await until_checks_are_taken(scanner)
            while patient_files._SENDING.total() < patient_files.AT_ONCE:
                await asyncio.sleep(0)
            refused = await send(client)
            scanner.let_go.set()
            await asyncio.gather(*under_way)
            return refused, await send(client)

    refused, later = asyncio.run(run())
    assert (refused.status_code, "Wait until they are there" in refused.json()["problem"]) == (429, True)
    assert (later.status_code, len(lying(clinic))) == (200, patient_files.AT_ONCE + 1)


def test_a_file_that_would_wait_too_long_for_its_check_is_kept_and_checked_later(
    clinic: Clinic, scanner: StuckScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base_files, "CHECK_PATIENCE_SECONDS", 0.0)
    browser, visit = patient_at(clinic)
    send = sending_to(browser, visit)

    async def run() -> httpx.Response:
        async with web(clinic, browser) as client, asyncio.timeout(GUARD_SECONDS):
            return await send(client)

    assert asyncio.run(run()).status_code == 200
    assert "Being checked" in browser.get(send.page).text
    scanner.let_go.set()
    tidy(clinic.app.state.deps)
    assert "Being checked" not in browser.get(send.page).text
