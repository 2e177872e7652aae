"""How pages reach the files of a visit: the store of this program, who is refused, and how a file is handed out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

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


async def hand_out(request: Request, visit: str, blob: str) -> Response:
    """One file of a visit for who may see it: a picture to be shown, everything else to be saved."""
    clinic, actor, held = visitor(request).here.slug, actor_of(request), contextlib.ExitStack()
    view, pieces = await in_store(request, lambda store: held.enter_context(store.open(clinic, actor, blob)))
    if view.visit != visit:
        held.close()
        raise HTTPException(404)
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
