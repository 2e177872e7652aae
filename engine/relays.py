"""By which relays may a call's media travel where no direct way is open, and with which credentials that soon expire?

A relay is a TURN server (RFC 8656) that shares a secret with us: a user name is the second at which it ends, and its
password that name's HMAC ("REST API for access to TURN services", coturn's ``use-auth-secret``). Nobody is named in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFE = timedelta(hours=2)
_URL = re.compile(
    r"(turn|turns):([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?(\?transport=(udp|tcp))?", re.ASCII
)

IceServer = Mapping[str, str | Sequence[str]]


def is_relay_url(text: str) -> bool:
    """Whether a browser takes it for a relay's address (RFC 7065).

    >>> [is_relay_url(url) for url in ("turn:192.0.2.1:3478?transport=udp", "turns:a.example", "stun:a.example")]
    [True, True, False]
    """
    return _URL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Relay:
    """The relays of an installation: their addresses, the secret shared with them, and whether there is no other way.

    Raises:
        ValueError: no address, a broken one, or no secret.
    """

    urls: tuple[str, ...]
    secret: str
    is_only: bool = False

    def __post_init__(self) -> None:
        if not self.urls or not self.secret or not all(map(is_relay_url, self.urls)):
            raise ValueError("relay")

    def ice_servers(self, now: datetime, nonce: str) -> list[IceServer]:
        """What a browser's connection is made with; good for `LIFE` from ``now`` (machine time, aware)."""
        name = f"{int((now + LIFE).timestamp())}:{nonce}"
        return [{"urls": list(self.urls), "username": name, "credential": password(self.secret, name)}]


def password(secret: str, name: str) -> str:
    """The password of a user name under the shared secret: base64 of its HMAC-SHA1, as coturn computes it."""
    return base64.b64encode(hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()).decode()


def relay_of(urls: Sequence[str], secret: str, *, is_only: bool) -> Relay | None:
    """The relays that the settings name, None where they name none."""
    return Relay(urls=tuple(urls), secret=secret.strip(), is_only=is_only) if urls else None
