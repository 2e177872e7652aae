"""What is read, compiled and opened before a web program listens, so that no first visitor waits for it.

A template is compiled when it is first used, and there are more than a hundred: without this the first person on each
page after a start waits for its own. What was compiled is kept in the data folder, so that a later start is quick.
"""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

import httpx
from jinja2 import FileSystemBytecodeCache
from starlette.types import ASGIApp

from engine.law_report import states_of
from portals.base.hosts import clinic_base
from portals.base.i18n import catalogue, languages
from portals.base.templating import STATIC, environment, static_url
from portals.deps import PortalDeps
from portals.law.country import ask_before

FOLDER = "pages"
FIRST_PAGES = ("/", "/sign-in", "/staff/sign-in")
PRIVATE = 0o700
MAP_SECONDS = 20.0
MAP_PAUSE = 0.02

log = logging.getLogger(__name__)


async def warm(app: ASGIApp, deps: PortalDeps) -> None:
    """Makes everything ready that pages share, then opens each clinic's first ones, as nobody."""
    begun = time.monotonic()
    count = warm_pages(deps.settings.data_dir / FOLDER)
    bases = [deps.settings.public_base, *(clinic_base(deps.settings.public_base, one) for one in deps.clinics())]
    for base in bases:
        await _open(app, base)
    log.info("warm templates=%d clinics=%d seconds=%.1f", count, len(bases) - 1, time.monotonic() - begun)


async def keep_map_warm(deps: PortalDeps) -> None:
    """Asks what the map of the law shows first, once the start is over and again for a new day or a changed law.

    A state at a time with a pause after each, so that nobody who is served meanwhile waits for it.
    """
    while True:
        await asyncio.sleep(MAP_SECONDS)
        await warm_map(deps)


async def warm_map(deps: PortalDeps, pause: float = MAP_PAUSE) -> None:
    """Asks it once, for every clinic; what was asked before costs nothing."""
    day = deps.clock.now().date().isoformat()
    for rulebook in tuple(deps.library().rulebooks.values()):
        asking = ask_before(rulebook, deps.settings.root, day)
        for _ in states_of(rulebook):
            await asyncio.to_thread(next, asking, "")
            await asyncio.sleep(pause)


def warm_pages(kept: Path) -> int:
    """Reads every catalogue, compiles every template (or takes it from ``kept``) and digests every file of the pages.

    Returns how many templates there are. A folder that cannot be written costs time and nothing else.
    """
    for language in languages():
        catalogue(language)
    pages = environment()
    pages.bytecode_cache = _cache(kept)
    names = pages.list_templates()
    for name in names:
        pages.get_template(name)
    pages.bytecode_cache = None
    for file in STATIC.rglob("*"):
        if file.is_file():
            static_url(file.relative_to(STATIC).as_posix())
    return len(names)


def _cache(kept: Path) -> FileSystemBytecodeCache | None:
    try:
        kept.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    except OSError:
        return None
    return FileSystemBytecodeCache(str(kept))


async def _open(app: ASGIApp, base: str) -> None:
    """Whatever a page answers, its parts are loaded then; what is broken shows itself to who asks for it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=base) as nobody:
        for path in FIRST_PAGES:
            await nobody.get(path)
