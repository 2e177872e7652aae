"""An address speaks for a participant only after a binding request with the right name and integrity."""

from __future__ import annotations

from typing import Any

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from media.ice import MAX_ADDRESSES, IcePeer, IceRefused, IceTable

HOME, AWAY = ("192.0.2.1", 4000), ("192.0.2.2", 4000)


def table_with_peer() -> tuple[IceTable, IcePeer]:
    table = IceTable()
    peer = IcePeer("remote", lambda _data, _address: None)
    table.add(peer)
    return table, peer


def request(peer: IcePeer, *, password: str = "", user: str = "", nominate: bool = True, role: str = "") -> bytes:
    attributes: dict[str, Any] = {"USERNAME": user or f"{peer.ufrag}:{peer.remote_ufrag}", "PRIORITY": 1}
    attributes[role or "ICE-CONTROLLING"] = 7
    if nominate:
        attributes["USE-CANDIDATE"] = None
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes=attributes)
    message.add_message_integrity((password or peer.password).encode())
    return bytes(message)


def test_a_good_check_is_answered_with_the_address_it_came_from() -> None:
    table, peer = table_with_peer()
    question = request(peer)
    reply = stun.parse_message(table.answer(question, HOME, 5.0))
    assert reply.message_class == stun.Class.RESPONSE
    assert reply.transaction_id == question[8:20]
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == HOME
    assert reply.check_message_integrity(peer.password.encode())
    assert table.owner(HOME) is peer
    assert (peer.selected, peer.last_check) == (HOME, 5.0)


@pytest.mark.parametrize(
    ("user", "password", "code"),
    [("", "guess", "stun_integrity"), ("nobody:remote", "", "stun_user"), ("nobody", "", "stun_user")],
)
def test_forged_checks_get_no_answer_and_leave_nothing(user: str, password: str, code: str) -> None:
    table, peer = table_with_peer()
    with pytest.raises(IceRefused, match=code):
        table.answer(request(peer, user=user, password=password), HOME, 1.0)
    with pytest.raises(IceRefused, match="stun_user"):
        table.answer(request(peer, user=f"{peer.ufrag}:other"), HOME, 1.0)
    assert table.addresses == 0 and peer.selected is None and peer.last_check == 0.0


def test_a_check_without_integrity_is_forged() -> None:
    table, peer = table_with_peer()
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{peer.ufrag}:{peer.remote_ufrag}"
    message.add_fingerprint()
    with pytest.raises(IceRefused, match="stun_integrity"):
        table.answer(bytes(message), HOME, 1.0)


def test_responses_and_other_methods_are_ignored() -> None:
    table, _ = table_with_peer()
    for method, kind in ((stun.Method.BINDING, stun.Class.RESPONSE), (stun.Method.ALLOCATE, stun.Class.REQUEST)):
        with pytest.raises(IceRefused, match="stun_kind"):
            message = stun.Message(method, kind)
            message.add_fingerprint()
            table.answer(bytes(message), HOME, 1.0)


def test_a_browser_that_thinks_it_is_controlled_is_told_of_the_conflict() -> None:
    table, peer = table_with_peer()
    reply = stun.parse_message(table.answer(request(peer, role="ICE-CONTROLLED"), HOME, 1.0))
    assert reply.error_code == 487
    assert table.addresses == 0


def test_media_follows_the_nominated_address() -> None:
    table, peer = table_with_peer()
    table.answer(request(peer, nominate=False), HOME, 1.0)
    assert peer.selected == HOME
    table.answer(request(peer, nominate=False), AWAY, 2.0)
    assert peer.selected == HOME
    table.answer(request(peer), AWAY, 3.0)
    assert peer.selected == AWAY
    assert table.owner(HOME) is peer, "packets still under way are not lost"


def test_addresses_of_one_participant_are_bounded_and_the_used_one_stays() -> None:
    table, peer = table_with_peer()
    table.answer(request(peer), HOME, 1.0)
    for port in range(30):
        table.answer(request(peer, nominate=False), ("192.0.2.9", port), 1.0)
    assert table.addresses == len(peer.addresses) == MAX_ADDRESSES
    assert table.owner(HOME) is peer and peer.selected == HOME


def test_an_address_that_proves_another_name_changes_hands() -> None:
    table, first = table_with_peer()
    second = IcePeer("remote2", lambda _data, _address: None)
    table.add(second)
    table.answer(request(first), HOME, 1.0)
    table.answer(request(second), HOME, 2.0)
    assert table.owner(HOME) is second
    assert first.selected is None and first.addresses == []


def test_a_removed_participant_leaves_no_address() -> None:
    table, peer = table_with_peer()
    table.answer(request(peer), HOME, 1.0)
    table.remove(peer)
    assert (len(table), table.addresses) == (0, 0)
    with pytest.raises(IceRefused):
        table.answer(request(peer), HOME, 2.0)


@given(st.binary(max_size=100), st.integers(0, 120), st.integers(0, 255))
def test_no_bytes_do_more_than_be_refused(noise: bytes, at: int, value: int) -> None:
    table, peer = table_with_peer()
    good = bytearray(request(peer))
    # Its last eight bytes are the checksum, which guards against accidents only.
    at %= len(good) - 8
    good[at] ^= value or 1
    for data in (noise, b"\0\1\0\0\x21\x12\xa4\x42" + noise, bytes(good), bytes(good[:at])):
        if is_bare(data):
            continue
        with pytest.raises(IceRefused):
            table.answer(data, HOME, 1.0)
    assert table.addresses == 0


def is_bare(data: bytes) -> bool:
    return len(data) == 20 and data.startswith(b"\0\1\0\0\x21\x12\xa4\x42")


def test_a_bare_request_is_told_its_own_address_and_leaves_no_trace() -> None:
    table, _ = table_with_peer()
    asked = bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))
    answer = table.answer(asked, AWAY, 1.0)
    told = stun.parse_message(answer)
    assert told.attributes == {"XOR-MAPPED-ADDRESS": AWAY}
    assert told.transaction_id == asked[8:20]
    assert len(answer) <= len(asked) + 12, "what comes back is hardly more than what was asked: nothing to multiply"
    assert (table.addresses, table.owner(AWAY)) == (0, None)
    with pytest.raises(IceRefused):
        table.answer(asked[:4] + bytes(4) + asked[8:], AWAY, 1.0)
