"""How packets in their order become encoded frames again: VP8 (RFC 7741), H264 (RFC 6184), Opus (RFC 7587).

Frames stay as they were encoded. After a loss video gives out nothing until the next key frame: what is between refers
to what nobody has. Bytes come from the network: what is not well formed counts as a loss and raises nothing.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from media.source import Packet

MOST_FRAME_BYTES = 4 << 20
_START = b"\x00\x00\x00\x01"
_STAP_A, _FU_A, _IDR, _SPS = 24, 28, 5, 7


class Frame(NamedTuple):
    """One encoded frame; ``timestamp`` in ticks of the stream's clock, as its packets carried it."""

    timestamp: int
    key: bool
    data: bytes


class Assembler(Protocol):
    """Makes frames of one stream. ``wants_key`` is true while it waits for a key frame."""

    wants_key: bool

    def feed(self, packet: Packet) -> Frame | None: ...
    def lose(self) -> None: ...


class OpusFrames:
    """Every packet is a frame; each stands for itself."""

    wants_key = False

    def feed(self, packet: Packet) -> Frame | None:
        return Frame(packet.timestamp, True, packet.payload) if packet.payload else None

    def lose(self) -> None:
        """A lost packet is a gap of its own length, and no more."""


class _Video:
    """What is common to video: one frame at a time, from its first packet to the marker."""

    def __init__(self) -> None:
        self.wants_key = True
        self._timestamp: int | None = None
        self._data = bytearray()

    def feed(self, packet: Packet) -> Frame | None:
        if not packet.payload:
            return None  # padding that probes bandwidth
        if self._timestamp is not None and packet.timestamp != self._timestamp:
            self.lose()
        if not self._add(packet) or len(self._data) > MOST_FRAME_BYTES:
            self.lose()
            return None
        self._timestamp = packet.timestamp
        return self._finish() if packet.marker else None

    def lose(self) -> None:
        """What is under way is not whole, and what follows may need it."""
        self.wants_key = True
        self._forget()

    def _finish(self) -> Frame | None:
        timestamp, data = self._timestamp, bytes(self._data)
        key = self._is_key(data)
        self._forget()
        if timestamp is None or (self.wants_key and not key):
            return None
        self.wants_key = False
        return Frame(timestamp, key, data)

    def _forget(self) -> None:
        self._timestamp = None
        self._data.clear()

    def _add(self, packet: Packet) -> bool:
        raise NotImplementedError

    def _is_key(self, data: bytes) -> bool:
        raise NotImplementedError


class Vp8Frames(_Video):
    """A frame begins with the start of its first partition; the payload descriptors are left out."""

    def _add(self, packet: Packet) -> bool:
        payload = packet.payload
        at = _descriptor(payload)
        begins = bool(payload[0] & 0x10) and not payload[0] & 0x07
        if not at or (self._timestamp is None) != (begins and not self._data):
            return False
        self._data += payload[at:]
        return True

    def _is_key(self, data: bytes) -> bool:
        starts = len(data) >= 10 and not data[0] & 0x01 and data[3:6] == b"\x9d\x01\x2a"
        return starts and all(vp8_size(data))


class H264Frames(_Video):
    """A frame is its NAL units with start codes before them (Annex B)."""

    def __init__(self) -> None:
        super().__init__()
        self._key = False
        self._in_fragment = False

    def _add(self, packet: Packet) -> bool:
        payload = packet.payload
        kind = payload[0] & 0x1F
        if kind == _STAP_A:
            return self._add_many(payload)
        if kind == _FU_A:
            return self._add_fragment(payload)
        self._add_unit(payload)
        return 0 < kind < _STAP_A

    def _add_unit(self, unit: bytes) -> None:
        self._key = self._key or unit[0] & 0x1F == _IDR
        self._data += _START + unit

    def _add_many(self, payload: bytes) -> bool:
        at = 1
        while at + 2 < len(payload):
            length = int.from_bytes(payload[at : at + 2], "big")
            unit = payload[at + 2 : at + 2 + length]
            if not length or len(unit) < length:
                return False
            self._add_unit(unit)
            at += 2 + length
        return at == len(payload)

    def _add_fragment(self, payload: bytes) -> bool:
        if len(payload) < 3:
            return False
        first, last = payload[1] & 0x80, payload[1] & 0x40
        if bool(first) == self._in_fragment:
            return False
        if first:
            self._add_unit(bytes((payload[0] & 0xE0 | payload[1] & 0x1F,)) + payload[2:])
        else:
            self._data += payload[2:]
        self._in_fragment = not last
        return True

    def _forget(self) -> None:
        super()._forget()
        self._key = self._in_fragment = False

    def _is_key(self, data: bytes) -> bool:
        whole = self._key and not self._in_fragment
        return whole and (not self.wants_key or has_h264_parameters(data))


def assembler(codec: str) -> Assembler:
    """What makes frames of a codec: ``opus``, ``vp8`` or ``h264``. Raises `KeyError` for another one."""
    made: dict[str, type[OpusFrames | Vp8Frames | H264Frames]] = {
        "opus": OpusFrames,
        "vp8": Vp8Frames,
        "h264": H264Frames,
    }
    return made[codec]()


def vp8_size(frame: bytes) -> tuple[int, int]:
    """Width and height that a VP8 key frame says (RFC 6386, section 9.1)."""
    return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF


def has_h264_parameters(frame: bytes) -> bool:
    """Whether a frame brings the parameter sets that a decoder begins with."""
    return _START + b"\x67" in frame or any(frame[at + 4] & 0x1F == _SPS for at in _starts(frame))


def _starts(frame: bytes) -> list[int]:
    found, at = list[int](), frame.find(_START)
    while 0 <= at < len(frame) - 4:
        found.append(at)
        at = frame.find(_START, at + 4)
    return found


def _descriptor(payload: bytes) -> int:
    """Length of the VP8 payload descriptor, 0 when the packet holds no more than that."""
    at = 1
    if payload[0] & 0x80:
        flags = payload[1] if len(payload) > 1 else 0
        at = 2
        if flags & 0x80:
            at += 2 if len(payload) > at and payload[at] & 0x80 else 1
        at += bool(flags & 0x40) + bool(flags & 0x30)
    return at if at < len(payload) else 0
