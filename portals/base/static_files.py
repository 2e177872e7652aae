"""The files that pages are made of: kept for a year when asked for by digest, and packed on the way.

Only these are packed: they are the same for everybody, so that their length tells nothing (BREACH).
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PACKED = (".css", ".js", ".svg")


class VersionedFiles(StaticFiles):
    """Static files: kept for a year when asked for by digest, checked every time otherwise."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        if isinstance(answer, FileResponse) and answer.status_code == 200 and path.endswith(PACKED):
            answer = _packed(answer, scope)
        by_digest = b"v=" in scope.get("query_string", b"")
        answer.headers["cache-control"] = "public, max-age=31536000, immutable" if by_digest else "no-cache"
        return answer


def _packed(answer: FileResponse, scope: Scope) -> Response:
    """The same file, gzipped for who takes that; caches are told that it depends."""
    answer.headers["vary"] = "accept-encoding"
    if "gzip" not in Headers(scope=scope).get("accept-encoding", "") or scope["method"] != "GET":
        return answer
    file = Path(answer.path)
    status = file.stat()
    kept = ("content-type", "etag", "last-modified", "vary")
    headers = {name: answer.headers[name] for name in kept if name in answer.headers}
    return Response(_gzipped(str(file), status.st_mtime_ns), headers={**headers, "content-encoding": "gzip"})


@lru_cache(maxsize=256)
def _gzipped(file: str, _changed: int) -> bytes:
    return gzip.compress(Path(file).read_bytes(), 9, mtime=0)
