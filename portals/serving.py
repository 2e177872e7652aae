"""Runs the web program: listens, keeps the library current, and ends with status 0 when it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable, Iterator

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.evaluator_pool import EvaluatorPool
from engine.settings import Settings, check_listener
from integrations.telemetry.logs import start_logs
from portals.base.files import tidy
from portals.deps import PortalDeps
from portals.joining import Joined, join_parts
from portals.warming import keep_map_warm, warm

REFRESH_SECONDS = 2.0
FILES_SECONDS = 300.0
GRACE_SECONDS = 3

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """uvicorn without its own signals, which would end the program with the signal's status."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LastWord:
    """The outermost layer: a crash was answered and logged with its reference; uvicorn would log what was typed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except Exception as error:
            log.error("request ended error=%s", type(error).__name__)


def run(settings: Settings, make: Callable[[PortalDeps], FastAPI]) -> None:
    """Serves until SIGTERM or Ctrl-C. Rules engines start first: they are processes and come before any thread."""
    check_listener("CLINIC_WEB_HOST", settings.web_host, tls=settings.has_tls)
    start_logs(settings.log_level, settings.log_format)
    pool = EvaluatorPool(settings.evaluator_processes)
    try:
        asyncio.run(_serve(settings, make, pool))
    finally:
        pool.close()


async def _serve(settings: Settings, make: Callable[[PortalDeps], FastAPI], pool: EvaluatorPool) -> None:
    joined = await join_parts(settings, pool)
    app = make(joined.deps)
    server = Server(_config(settings, LastWord(app)))

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    kept = (_keep_current(joined), _keep_files(joined.deps), _keep_map(joined.deps))
    refreshing = [asyncio.create_task(one) for one in kept]
    try:
        await warm(app, joined.deps)
        await server.serve()
    finally:
        for one in refreshing:
            one.cancel()
        joined.close()


async def _keep_map(deps: PortalDeps) -> None:
    """Has the map of the law ready; where that fails, whoever opens it waits for it and sees what is wrong."""
    while True:
        try:
            await keep_map_warm(deps)
        except Exception as fault:  # the pages are served without it
            log.error("map: %s", type(fault).__name__)


def _config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """No access log: addresses hold ids of visits and join links."""
    return uvicorn.Config(
        app,
        host=settings.web_host,
        port=settings.web_port,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=settings.web_keep_alive,
        ssl_certfile=str(settings.tls_certificate) if settings.tls_certificate else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
    )


async def _keep_current(joined: Joined) -> None:
    """Takes up changed YAML; a broken change is refused and said once, the old keeps running."""
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        before = joined.keeper.problems
        taken = await asyncio.to_thread(joined.take_up)
        if joined.keeper.refused and joined.keeper.problems != before:
            log.warning("a change was refused: %d problems; run `clinic check`", len(joined.keeper.problems))
        elif taken:
            log.info("the library changed and is in force")


async def _keep_files(deps: PortalDeps) -> None:
    """Has files checked that wait for the scanner, and removes what a crash left; at the start, and now and then."""
    while True:
        try:
            await asyncio.to_thread(tidy, deps)
        except Exception as fault:  # whatever ails a file, the next look may find it well
            log.error("files: %s", type(fault).__name__)
        await asyncio.sleep(FILES_SECONDS)
