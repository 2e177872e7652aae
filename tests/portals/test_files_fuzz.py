"""Whatever is sent as a file, the answer is one of ours, and what is not kept leaves nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from records import blob_rows
from tests.portals.helpers_clinic import Clinic, build_clinic, csrf_of
from tests.portals.helpers_files import lying, patient_at
from tests.records.helpers_blobs import PDF, FakeScanner, picture

REAL = (
    picture(),
    picture("PNG", mode="RGBA"),
    picture("WEBP", turned=True),
    picture("PNG", mode="L"),
    PDF,
)
ANSWERS = {200, 303, 400, 403, 404, 409, 413, 415, 422}
HEADS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"%PDF-", b"\0\0\0\x18ftypheic", b"")


@pytest.fixture(scope="module")
def sent_to(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clinic, TestClient, str, str]]:
    """One clinic for all examples: a browser, its visit and its token."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blob_rows, "MOST_FILES", 1_000_000)
        clinic = build_clinic(Path(tmp_path_factory.mktemp("fuzz")))
        object.__setattr__(clinic.app.state.deps, "scanner", FakeScanner())
        browser, visit = patient_at(clinic)
        yield clinic, browser, visit, csrf_of(browser.get(f"/visits/{visit}/files").text)
        clinic.database.close()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real file with some bytes changed, cut out, doubled or put in."""
    content = bytearray(draw(st.sampled_from(REAL)))
    chance = random.Random(draw(st.integers(0, 1 << 32)))
    for _ in range(draw(st.integers(0, 6))):
        at, length = chance.randrange(len(content) or 1), chance.randrange(1, 40)
        match chance.randrange(4):
            case 0:
                content[at : at + length] = chance.randbytes(length)
            case 1:
                del content[at : at + length]
            case 2:
                content[at:at] = content[at : at + length]
            case _:
                content[at:at] = b"\xff" * length
    return bytes(content)


@st.composite
def headed(draw: st.DrawFn) -> bytes:
    """Bytes that begin as a file of some kind does."""
    return draw(st.sampled_from(HEADS)) + draw(st.binary(max_size=300))


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, bytes]:
    """A content type, and a body that is a form with a file, or nearly one."""
    content = draw(st.one_of(mutated(), headed(), st.binary(max_size=400)))
    mark = draw(st.sampled_from(("x", "----WebKitFormBoundaryAaB0", "a b", "é", "")))
    name = draw(
        st.sampled_from(('name="file"', "name=file", 'name="other"', 'filename="x"', "", 'name="file"; filename*=u'))
    )
    lines = draw(st.sampled_from(("\r\n", "\n", "\r\n\r\n")))
    head = f"--{mark}{lines}Content-Disposition: form-data; {name}{lines}{lines}".encode()
    tail = draw(st.sampled_from((f"\r\n--{mark}--\r\n", f"\r\n--{mark}\r\n", "", "--"))).encode()
    body = head + content + tail
    body *= draw(st.sampled_from((1, 1, 1, 2)))
    kind = draw(
        st.sampled_from((f"multipart/form-data; boundary={mark}",) * 4 + ("multipart/form-data", "image/jpeg", ""))
    )
    return kind, body[: draw(st.one_of(st.just(len(body)), st.integers(0, len(body))))]


def answered(sent_to: tuple[Clinic, TestClient, str, str], form: tuple[str, bytes], *, scripts: bool) -> None:
    clinic, browser, visit, token = sent_to
    before = lying(clinic)
    headers = {"x-csrf-token": token, "content-type": form[0].encode("utf-8", "replace")}
    if scripts:
        headers["accept"] = "application/json"
    answer = browser.post(f"/visits/{visit}/files", content=form[1], headers=headers, follow_redirects=not scripts)
    assert answer.status_code in ANSWERS
    after = lying(clinic)
    assert [path for path in after if path.name.startswith(".")] == []
    if answer.status_code != 200:
        assert after == before
    shown = browser.get(f"/visits/{visit}/files")
    assert shown.status_code == 200


@pytest.mark.slow
@settings(max_examples=15)
@given(form=forms(), scripts=st.booleans())
def test_no_upload_breaks_anything_or_leaves_anything(
    sent_to: tuple[Clinic, TestClient, str, str], form: tuple[str, bytes], scripts: bool
) -> None:
    answered(sent_to, form, scripts=scripts)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@settings(max_examples=5000)
@given(form=forms(), scripts=st.booleans())
def test_no_upload_of_thousands_breaks_anything_or_leaves_anything(
    sent_to: tuple[Clinic, TestClient, str, str], form: tuple[str, bytes], scripts: bool
) -> None:
    answered(sent_to, form, scripts=scripts)
