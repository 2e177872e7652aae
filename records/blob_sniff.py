"""What is this file, by its first bytes? Its name and what a browser says of it are not asked."""

from __future__ import annotations

from types import MappingProxyType

JPEG, PNG, WEBP, PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
PICTURES = frozenset({JPEG, PNG, WEBP})
NEEDED = 16  # bytes from which every type can be told
# The neutral names under which files are handed out; nothing that anybody called them is kept.
ENDINGS = MappingProxyType({JPEG: "jpg", PNG: "png", WEBP: "webp", PDF: "pdf"})
# Brands of the ISO base media format that cameras use for HEIF pictures (ISO/IEC 23008-12, annex B).
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def sniff(head: bytes) -> str | None:
    """The media type of a file that may be taken, None for every other."""
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    return PDF if head.startswith(b"%PDF-") else None


def is_heif(head: bytes) -> bool:
    """Whether it is a picture as newer phones keep them, which nobody here can open."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF
