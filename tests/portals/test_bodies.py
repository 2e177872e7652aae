"""A request that never ends: how much of it is taken, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from portals.base import bodies
from portals.base.bodies import bounded
from portals.base.middleware import LARGEST_FORM
from portals.base.multipart import BadUpload, FileForm, TooLong, take_file
from tests.portals.helpers_clinic import PORT, SLUG, Clinic

HEAD = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\naaaa\r\n'
KINDS = {
    "named alike": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nz\r\n',
    "nameless": b"--x\r\nX: y\r\n\r\nz\r\n",
    "the file": b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nz\r\n',
}


async def nothing(_: bytes) -> None:
    """Takes a piece of a file."""


async def body(head: bytes, more: bytes, times: int) -> AsyncIterator[bytes]:
    yield head
    for _ in range(times):
        yield more
    yield b"--x--\r\n"


def taken(pieces: AsyncIterator[bytes], most: int) -> None:
    form = FileForm("multipart/form-data; boundary=x", "file")
    asyncio.run(take_file(pieces, form, nothing, most))


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_has_few_parts_whatever_they_are_called(kind: str) -> None:
    taken(body(HEAD, KINDS[kind], 7), 10_000)
    with pytest.raises(BadUpload):
        taken(body(HEAD, KINDS[kind], 8), 10_000)


def test_what_comes_after_a_forms_end_counts_too() -> None:
    taken(body(HEAD + b"--x--\r\n", b"q" * 100, 9), 1000)
    with pytest.raises(TooLong):
        taken(body(HEAD + b"--x--\r\n", b"q" * 100, 10), 1000)


async def piece() -> Message:
    return {"type": "http.request", "body": b"x" * 10, "more_body": True}


async def silence() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("nothing comes")


async def whole() -> Message:
    return {"type": "http.request", "body": b"x", "more_body": False}


@pytest.mark.parametrize(("receive", "status"), [(silence, 408), (piece, 413)])
async def test_a_body_has_one_deadline_and_one_size(receive: Callable[[], object], status: int) -> None:
    within = bounded(receive, 95, 0.0 if status == 408 else 3600.0)  # type: ignore[arg-type]
    with pytest.raises(HTTPException) as cut_off:
        for _ in range(10):
            await within()
    assert cut_off.value.status_code == status


async def test_after_a_whole_body_nobody_hurries() -> None:
    messages = [piece, whole]
    within = bounded(lambda: messages.pop(0)(), 95, 3600.0)
    assert [(await within())["more_body"] for _ in range(2)] == [True, False]
    messages.append(silence)
    waiting = asyncio.ensure_future(within())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_form_that_never_comes_is_answered(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.0)
    assert asyncio.run(status_of(clinic, kind)) == 408


async def status_of(clinic: Clinic, kind: str) -> int:
    """The answer's status to a form of which nothing comes."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"",
        "headers": [(b"host", f"{SLUG}.localhost:{PORT}".encode()), (b"content-type", kind.encode())],
        "client": ("127.0.0.1", 5), "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", PORT),
        "root_path": "",
    }  # fmt: skip
    await clinic.app(scope, silence, send)
    return int(sent[0]["status"])


def test_a_form_longer_than_any_of_ours_is_too_long(clinic: Clinic) -> None:
    browser = clinic.browser()
    browser.get("/sign-in")
    assert browser.post("/sign-in", data={"email": "x" * LARGEST_FORM}).status_code == 413
