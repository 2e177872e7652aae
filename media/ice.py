"""Which network address speaks for which participant: the ICE-lite side of RFC 8445, with consent by RFC 7675.

We never send checks: the browser is the controlling side and checks us. A binding request counts only with the right
user name and message integrity; the address of the last nominated one is where media goes.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from aioice import stun

Address = tuple[str, int]
COOKIE = b"\x21\x12\xa4\x42"
MAX_ADDRESSES = 8
BARE, BARE_REQUEST = 20, b"\x00\x01\x00\x00"


class IceRefused(ValueError):
    """A STUN message that is answered with nothing; carries a code for counting."""


@dataclass(slots=True, eq=False, repr=False)
class IcePeer:
    """One participant's ICE session: our credentials, theirs, and the addresses that have proven themselves."""

    remote_ufrag: str
    on_datagram: Callable[[bytes, Address], None]
    ufrag: str = field(default_factory=lambda: secrets.token_urlsafe(6).replace("-", "+").replace("_", "/"))
    password: str = field(default_factory=lambda: secrets.token_hex(16))
    addresses: list[Address] = field(default_factory=list)
    selected: Address | None = None
    last_check: float = 0.0


class IceTable:
    """All ICE sessions of a node, found by user name fragment or by an address that has proven itself."""

    def __init__(self) -> None:
        self._by_ufrag: dict[str, IcePeer] = {}
        self._by_address: dict[Address, IcePeer] = {}

    def __len__(self) -> int:
        return len(self._by_ufrag)

    @property
    def addresses(self) -> int:
        return len(self._by_address)

    def add(self, peer: IcePeer) -> None:
        self._by_ufrag[peer.ufrag] = peer

    def remove(self, peer: IcePeer) -> None:
        self._by_ufrag.pop(peer.ufrag, None)
        for address in peer.addresses:
            self._by_address.pop(address, None)
        peer.addresses.clear()
        peer.selected = None

    def owner(self, address: Address) -> IcePeer | None:
        """The participant whose media may come from this address."""
        return self._by_address.get(address)

    def answer(self, data: bytes, address: Address, now: float) -> bytes:
        """The reply to a binding request. Raises `IceRefused` for everything that is none, or is forged.

        A bare one (RFC 8489, section 6.3.1), 20 bytes of header, is told the address it came from and nothing else: so
        a browser finds out before a call whether this port can be reached. The answer is 12 bytes longer than that.
        """
        if len(data) == BARE:
            return _mapped(data, address)
        request = _parse(data)
        peer = self._authenticate(request)
        if "ICE-CONTROLLED" in request.attributes:
            return _role_conflict(request, peer)
        self._bind(peer, address)
        if peer.selected is None or "USE-CANDIDATE" in request.attributes:
            peer.selected = address
        peer.last_check = now
        return _success(request, peer, address)

    def _authenticate(self, request: stun.Message) -> IcePeer:
        local, _, remote = str(request.attributes.get("USERNAME", "")).partition(":")
        peer = self._by_ufrag.get(local)
        if peer is None or not secrets.compare_digest(remote.encode(), peer.remote_ufrag.encode()):
            raise IceRefused("stun_user")
        if not request.check_message_integrity(peer.password.encode()):
            raise IceRefused("stun_integrity")
        return peer

    def _bind(self, peer: IcePeer, address: Address) -> None:
        before = self._by_address.get(address)
        if before is peer:
            return
        if before is not None:
            before.addresses.remove(address)
            before.selected = None if before.selected == address else before.selected
        self._by_address[address] = peer
        peer.addresses.append(address)
        if len(peer.addresses) > MAX_ADDRESSES:
            spare = next(known for known in peer.addresses if known not in (peer.selected, address))
            peer.addresses.remove(spare)
            del self._by_address[spare]


def _mapped(data: bytes, address: Address) -> bytes:
    if data[:4] != BARE_REQUEST or data[4:8] != COOKIE:
        raise IceRefused("stun_malformed")
    attributes = {"XOR-MAPPED-ADDRESS": address}
    return bytes(stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, data[8:BARE], attributes))


def _parse(data: bytes) -> stun.Message:
    if len(data) < 20 or data[4:8] != COOKIE:
        raise IceRefused("stun_malformed")
    try:
        message = stun.parse_message(data)
    except (ValueError, IndexError, struct.error) as error:
        raise IceRefused("stun_malformed") from error
    if "FINGERPRINT" not in message.attributes:
        # Required of ICE checks by RFC 8445 section 7.1; a wrong one has failed to parse.
        raise IceRefused("stun_malformed")
    if message.message_method != stun.Method.BINDING or message.message_class != stun.Class.REQUEST:
        raise IceRefused("stun_kind")
    return message


def _success(request: stun.Message, peer: IcePeer, address: Address) -> bytes:
    response = stun.Message(
        stun.Method.BINDING,
        stun.Class.RESPONSE,
        transaction_id=request.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": address},
    )
    response.add_message_integrity(peer.password.encode())
    return bytes(response)


def _role_conflict(request: stun.Message, peer: IcePeer) -> bytes:
    response = stun.Message(
        stun.Method.BINDING,
        stun.Class.ERROR,
        transaction_id=request.transaction_id,
        attributes={"ERROR-CODE": (487, "Role Conflict")},
    )
    response.add_message_integrity(peer.password.encode())
    return bytes(response)
