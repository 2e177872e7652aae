"""Where a picture begins in a payload, how large it is, and how VP8 numbers its pictures.

RFC 7741 (VP8), RFC 6184 (H264). Payloads are never decoded: the first bytes say all that forwarding needs. Bytes from
the network raise nothing here; what is cut off is no key frame and has no numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

PICTURE_MOD = 1 << 15
_KEY_UNITS = frozenset({5, 7})
_STAP_A, _FU_A = 24, 28


class Picture(NamedTuple):
    """The numbers in a VP8 descriptor; an offset of 0 says that the field is not there."""

    picture: int
    picture_at: int
    wide: bool
    level: int
    level_at: int


NO_PICTURE = Picture(0, 0, False, 0, 0)


def key_frame_test(codec: str) -> Callable[[bytes], bool] | None:
    """What tells the first packet of a key frame in a codec by its name; None for sound, where every packet will do."""
    return {"vp8": vp8_is_key_frame, "h264": h264_is_key_frame}.get(codec)


def vp8_is_key_frame(payload: bytes) -> bool:
    """Whether a VP8 payload begins a key frame (RFC 7741: first partition, P bit of the frame header zero)."""
    at = _vp8_descriptor(payload)
    return 0 < at < len(payload) and payload[0] & 0x17 == 0x10 and not payload[at] & 0x01


def vp8_height(payload: bytes) -> int:
    """The lines of the picture that a key frame begins; 0 when it does not say (RFC 6386, section 9.1)."""
    at = _vp8_descriptor(payload)
    if not vp8_is_key_frame(payload) or payload[at + 3 : at + 6] != b"\x9d\x01\x2a" or len(payload) < at + 10:
        return 0
    return int.from_bytes(payload[at + 8 : at + 10], "little") & 0x3FFF


def vp8_picture(payload: bytes) -> Picture:
    """The picture id and the number of its temporal base layer, as far as the descriptor has them."""
    if len(payload) < 2 or not payload[0] & 0x80 or not _vp8_descriptor(payload):
        return NO_PICTURE
    flags, at = payload[1], 2
    picture = picture_at = level = level_at = 0
    wide = False
    if flags & 0x80:
        picture_at, wide = at, bool(payload[at] & 0x80)
        picture = int.from_bytes(payload[at : at + 2], "big") & 0x7FFF if wide else payload[at]
        at += 2 if wide else 1
    if flags & 0x40 and at < len(payload):
        level, level_at = payload[at], at
    return Picture(picture, picture_at, wide, level, level_at)


def vp8_renumber(payload: bytes, picture_shift: int, level_shift: int) -> bytes:
    """The payload with its picture id and base layer number moved on, each within the width it has."""
    found = vp8_picture(payload)
    if not found.picture_at and not found.level_at:
        return payload
    changed = bytearray(payload)
    if found.picture_at:
        at = found.picture_at
        if found.wide:
            number = (found.picture + picture_shift) % PICTURE_MOD | 0x8000
            changed[at : at + 2] = number.to_bytes(2, "big")
        else:
            changed[at] = (found.picture + picture_shift) & 0x7F
    if found.level_at:
        changed[found.level_at] = (found.level + level_shift) & 0xFF
    return bytes(changed)


def _vp8_descriptor(payload: bytes) -> int:
    """Length of the VP8 payload descriptor in bytes, 0 when it is cut off."""
    if len(payload) < 2:
        return 0
    if not payload[0] & 0x80:
        return 1
    flags = payload[1]
    at = 2
    if flags & 0x80:
        if len(payload) <= at:
            return 0
        wide = bool(payload[at] & 0x80)
        at += 2 if wide else 1
        if wide and len(payload) < at:
            return 0
    at += bool(flags & 0x40) + bool(flags & 0x30)
    return at


def h264_is_key_frame(payload: bytes) -> bool:
    """Whether an H264 payload begins a key frame: an IDR slice or the parameters before it, in any packetisation."""
    if not payload:
        return False
    kind = payload[0] & 0x1F
    if kind == _STAP_A:
        return _aggregated_key(payload)
    if kind == _FU_A:
        return len(payload) > 1 and bool(payload[1] & 0x80) and payload[1] & 0x1F in _KEY_UNITS
    return kind in _KEY_UNITS


def _aggregated_key(payload: bytes) -> bool:
    at = 1
    while at + 2 < len(payload):
        if payload[at + 2] & 0x1F in _KEY_UNITS:
            return True
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return False
