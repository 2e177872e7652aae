"""How pages reach the files of a visit: the store of this program, who is refused, and how a file is handed out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from anyio.lowlevel import RunVar
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from portals.base.requests import actor_of, audit_refusal, deps_of
from portals.base.visitor import visitor
from portals.deps import PortalDeps
from records.blob_sniff import ENDINGS, PICTURES
from records.blob_store import BlobStore
from records.blob_sweep import sweep
from records.blobs import BlobView
from records.errors import AccessRefused, Erased, NotFound, Unreadable

Found = TypeVar("Found")
_LOG = logging.getLogger(__name__)
# Whatever a file turns out to be, it runs nothing, loads nothing and is of no origin.
CHECKS_AT_ONCE = 2  # a picture may take a gigabyte
CHECK_PATIENCE_SECONDS = 15.0
_CHECKS: RunVar[CapacityLimiter] = RunVar("checks")
_SHUT_IN = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def tidy(deps: PortalDeps) -> None:
    """Checks what waits in quarantine at every clinic, and removes files that no row names."""
    store = BlobStore(deps.database, deps.settings.files_dir, deps.scanner)
    for clinic in deps.clinics():
        store.check_waiting(clinic)
    sweep(deps.database, deps.settings.files_dir)


def store_of(request: Request) -> BlobStore:
    """This program's store of files."""
    deps = deps_of(request)
    return BlobStore(deps.database, deps.settings.files_dir, deps.scanner)


async def in_store(request: Request, work: Callable[[BlobStore], Found]) -> Found:
    """Runs ``work`` in a thread; what the asker may not see is a 404, as for rows."""
    try:
        return await run_in_threadpool(work, store_of(request))
    except AccessRefused:
        raise HTTPException(404) from None
    except Erased:
        raise
    except Unreadable as fault:
        _LOG.error("a file cannot be read: %s", fault)
        raise HTTPException(404) from None
    except NotFound:
        await audit_refusal(request, "unknown")
        raise HTTPException(404) from None


async def check_sent(request: Request, blob: str) -> None:
    """Has a file checked while its sender waits; when too many are, it stays in quarantine for `tidy`.

    Checks have few threads, and those are their own: pages never wait for one. Raises `FileRefused`.
    """
    clinic, store = visitor(request).here.slug, store_of(request)
    with move_on_after(CHECK_PATIENCE_SECONDS):  # ends only the waiting for a thread, never a check that has begun
        await to_thread.run_sync(store.check_sent, clinic, blob, limiter=_checks())


def _checks() -> CapacityLimiter:
    """The limiter of this event loop; a loop that knows none gets one."""
    limiter = _CHECKS.get(None)
    if limiter is None:
        limiter = CapacityLimiter(CHECKS_AT_ONCE)
        _CHECKS.set(limiter)
    return limiter


async def hand_out(request: Request, visit: str, blob: str) -> Response:
    """One file of a visit for who may see it: a picture to be shown, everything else to be saved."""
    clinic, actor, held = visitor(request).here.slug, actor_of(request), contextlib.ExitStack()
    view, pieces = await in_store(request, lambda store: held.enter_context(store.open(clinic, actor, blob, visit)))
    return StreamingResponse(_closing(held, pieces), media_type=view.media_type, headers=_headers(view))


async def hand_out_said(request: Request, conversation: str, blob: str) -> Response:
    """The same for a file that was sent in a conversation."""
    clinic, actor, held = visitor(request).here.slug, actor_of(request), contextlib.ExitStack()
    view, pieces = await in_store(
        request, lambda store: held.enter_context(store.open_said(clinic, actor, blob, conversation))
    )
    return StreamingResponse(_closing(held, pieces), media_type=view.media_type, headers=_headers(view))


def _closing(held: contextlib.ExitStack, pieces: Iterator[bytes]) -> Iterator[bytes]:
    with held:
        yield from pieces


def _headers(view: BlobView) -> dict[str, str]:
    way = "inline" if view.media_type in PICTURES else "attachment"
    return {
        "content-length": str(view.size),
        "content-disposition": f'{way}; filename="{view.kind}.{ENDINGS[view.media_type]}"',
        "content-security-policy": _SHUT_IN,
    }
