"""Which pictures may be a clinic's logo: those that only draw, are light, and fit the head of a page."""

from __future__ import annotations

import struct
import zlib

import pytest

from engine.logo import PNG, SVG, NoPicture, ratio_of
from tests.engine.helpers_content import ROOT

DRAWN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 40">{}</svg>'


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x7f" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "inside",
    [
        "",
        '<path d="M0 0h9v9z" fill="#123456"/>',
        '<defs><linearGradient id="a"><stop offset="0" stop-color="red"/></linearGradient></defs>'
        '<rect width="9" height="9" fill="url(#a)"/><use href="#a"/>',
        "<!-- made by hand --><title>Ours</title>",
    ],
)
def test_a_drawing_may_be_a_logo(inside: str) -> None:
    assert ratio_of(DRAWN.format(inside).encode(), SVG) == 3.0


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<image href="https://elsewhere.example/a.png"/>',
        '<rect width="9" height="9" onload="alert(1)"/>',
        '<use href="https://elsewhere.example/a.svg#a"/>',
        '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="data:image/svg+xml,x"/>',
        '<rect width="9" height="9" fill="url(https://elsewhere.example/a)"/>',
        '<rect width="9" height="9" style="fill:url( \'//elsewhere.example/a\')"/>',
        "<style>@import url(https://elsewhere.example/a.css);</style>",
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>words</p></foreignObject>",
        "<a href='javascript:alert(1)'><rect width='9' height='9'/></a>",
        '<animate attributeName="href" to="javascript:alert(1)"/>',
    ],
)
def test_what_does_more_than_draw_is_refused(inside: str) -> None:
    with pytest.raises(NoPicture, match="does more than draw"):
        ratio_of(DRAWN.format(inside).encode(), SVG)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html/>",
        b"<svg viewBox='0 0 9 9'/>",
        b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + DRAWN.format("&a;").encode(),
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 10"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 0 0"/>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 nan 1e9"/>',
    ],
)
def test_what_is_no_drawing_or_does_not_fit_is_refused(content: bytes) -> None:
    with pytest.raises(NoPicture):
        ratio_of(content, SVG)


def test_a_png_says_its_size_and_a_cut_one_is_refused() -> None:
    assert ratio_of(png(80, 40), PNG) == 2.0
    for broken in (png(80, 40)[:-4], b"GIF89a" + bytes(40), b"", DRAWN.encode()):
        with pytest.raises(NoPicture):
            ratio_of(broken, PNG)
    with pytest.raises(NoPicture, match="half as wide"):
        ratio_of(png(10, 80), PNG)


def test_the_groups_logo_is_one() -> None:
    assert ratio_of((ROOT / "clinics" / "wrenfield.svg").read_bytes(), SVG) == 1.0
