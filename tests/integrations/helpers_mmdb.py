"""Writes a small file in the MaxMind DB format (specification 2.0): a search tree of 24-bit records and its data."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_MAP, _TEXT, _UINT16, _UINT32, _UINT64, _ARRAY = 7, 2, 5, 6, 9, 11
_EMPTY = None


def write_mmdb(path: Path, networks: Mapping[str, Mapping[str, Any]], version: int = 4) -> Path:
    """One entry for each network (CIDR, of one IP ``version``)."""
    nodes: list[list[Any]] = [[_EMPTY, _EMPTY]]
    data, offsets = b"", {}
    for name, entry in networks.items():
        offsets[name] = len(data)
        data += _encoded(dict(entry))
        _insert(nodes, ipaddress.ip_network(name), name)
    tree = b"".join(_record(side, len(nodes), offsets) for node in nodes for side in node)
    about = {
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, 1_772_000_000),
        "database_type": "Test",
        "description": {"en": "made by a test"},
        "ip_version": (_UINT16, version),
        "languages": ["en"],
        "node_count": (_UINT32, len(nodes)),
        "record_size": (_UINT16, 24),
    }
    path.write_bytes(tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _encoded(about))
    return path


def _insert(nodes: list[list[Any]], network: Any, name: str) -> None:
    bits = f"{int(network.network_address):0{network.max_prefixlen}b}"[: network.prefixlen]
    at = 0
    for bit in bits[:-1]:
        if nodes[at][int(bit)] is _EMPTY:
            nodes.append([_EMPTY, _EMPTY])
            nodes[at][int(bit)] = len(nodes) - 1
        at = nodes[at][int(bit)]
    nodes[at][int(bits[-1])] = name


def _record(side: Any, count: int, offsets: Mapping[str, int]) -> bytes:
    value = count if side is _EMPTY else side if isinstance(side, int) else count + 16 + offsets[side]
    return int(value).to_bytes(3, "big")


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return _control(_MAP, len(value)) + b"".join(_encoded(key) + _encoded(one) for key, one in value.items())
    if isinstance(value, list):
        return _control(_ARRAY, len(value)) + b"".join(map(_encoded, value))
    if isinstance(value, str):
        raw = value.encode()
        return _control(_TEXT, len(raw)) + raw
    kind: int
    number: int
    kind, number = value
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return _control(kind, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    """Type and size; types above seven take a byte of their own, sizes up to 284 one more."""
    extra = b"" if kind < 8 else bytes([kind - 7])
    first = (kind if kind < 8 else 0) << 5
    if size < 29:
        return bytes([first | size]) + extra
    return bytes([first | 29]) + extra + bytes([size - 29])
