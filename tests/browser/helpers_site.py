"""The patient's pages in Chromium without the rest of the product: real records, content and law, quick visits."""

from __future__ import annotations

import dataclasses
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from playwright.async_api import Page

from engine.evaluators import ClosuresOnly
from engine.library import Library
from tests.browser.helpers_people import AXE, AXE_RULES
from tests.portals.helpers_clinic import SLUG, Clinic, build_clinic
from workflows.gatekeeper import LawGateKeeper

PUMP_SECONDS = 0.2


@dataclass
class Site:
    """A running web program at a port of its own; ``stop`` takes it away from under an open page."""

    clinic: Clinic
    port: int
    server: uvicorn.Server
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"http://{SLUG}.localhost:{self.port}"


@dataclass
class Watch:
    """What a page did that it should not: console errors, requests elsewhere, barriers."""

    page: Page
    base: str
    trouble: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self._console(message.type, message.text))
        self.page.on("pageerror", lambda error: self.trouble.append(f"script: {error}"))
        self.page.on("request", lambda request: self._request(request.url))

    async def barriers(self) -> None:
        """Looks for barriers with axe and for a page that is wider than the screen, once the page is whole."""
        await self.page.wait_for_load_state()
        if await self.page.evaluate("typeof window.axe") == "undefined":
            await self.page.evaluate(AXE.read_text())
        found: dict[str, Any] = await self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", AXE_RULES
        )
        for violation in found["violations"]:
            nodes = "; ".join(node["html"][:120] for node in violation["nodes"])
            self.trouble.append(f"{self.page.url} {violation['id']}: {nodes}")
        if await self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            self.trouble.append(f"{self.page.url} is wider than the screen")

    def _console(self, kind: str, text: str) -> None:
        if kind == "error":
            self.trouble.append(f"{self.page.url} console: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "blob:")):
            self.trouble.append(f"a request elsewhere: {url}")


@contextmanager
def running_site(folder: Path, several: Library | None = None) -> Iterator[Site]:
    """Serves the demo clinic, or several; what patients say reaches their visits as the outbox would tell them."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = int(listener.getsockname()[1])
    clinic = build_clinic(folder, port=port, several=several)
    _with_the_law(clinic)
    server = uvicorn.Server(uvicorn.Config(clinic.app, log_level="error", access_log=False, lifespan="off"))
    site = Site(clinic=clinic, port=port, server=server)
    threads = [
        threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True),
        threading.Thread(target=_pump, args=(site,), daemon=True),
    ]
    for thread in threads:
        thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield site
    finally:
        site.ended.set()
        server.should_exit = True
        for thread in threads:
            thread.join(10)
        clinic.database.close()


def _with_the_law(clinic: Clinic) -> None:
    deps = clinic.app.state.deps
    keeper = LawGateKeeper(deps.library, ClosuresOnly())
    clinic.app.state.deps = dataclasses.replace(deps, gates=keeper, search=keeper)
    clinic.visits.gates = keeper


def _pump(site: Site) -> None:
    while not site.ended.wait(PUMP_SECONDS):
        site.clinic.visits.pump()
