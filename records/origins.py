"""How much of where somebody called from the audit keeps: the network, and a keyed mark of the exact address.

An investigation asks whether two accesses came from the same place, and from which network; neither needs the address
of somebody's home. So the address is cut to its network (IPv4 /24, IPv6 /48), and twelve digits of an HMAC under the
clinic's own key tell equal addresses from different ones. Both are sealed in the entry.
"""

from __future__ import annotations

import hmac
import ipaddress

_KEPT_BITS = {4: 24, 6: 48}


def kept_origin(origin: str, key: bytes) -> str:
    """``203.0.113.0/24 a1b2c3d4e5f6``; what is no address (a program's name) is kept as the mark alone."""
    if not origin:
        return ""
    mark = hmac.digest(key, b"origin|" + origin.encode(), "sha256").hex()[:12]
    return f"{_network(origin)} {mark}".strip()


def _network(origin: str) -> str:
    try:
        address = ipaddress.ip_address(origin.removeprefix("ip:"))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    kept = _KEPT_BITS[address.version]
    cut = address.max_prefixlen - kept
    return f"{type(address)(int(address) >> cut << cut)}/{kept}"
