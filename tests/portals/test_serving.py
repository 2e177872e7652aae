"""The program around the pages: a crash is answered once and logged without what somebody typed."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send

from portals.serving import LastWord


async def test_a_crash_leaves_no_words_of_a_person_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def crash(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("chest pain since yesterday")

    async def nothing(*_: object) -> dict[str, str]:
        return {"type": "http.disconnect"}

    await LastWord(crash)({"type": "http"}, nothing, nothing)  # type: ignore[arg-type]
    assert "ValueError" in caplog.text
    assert "chest pain" not in caplog.text
