"""Made-up offers, packets, control packets and checks: refused or taken, never a crash, and nothing kept of them."""

from __future__ import annotations

import gc
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from aioice import stun

from media import rtcp
from media.answer import Transport, choose, write_answer
from media.forward import Forwarder, OutStream, Wire
from media.ice import IcePeer, IceRefused, IceTable
from media.incoming import MAX_SSRCS_PER_SECTION, Incoming
from media.publication import Publication
from media.rtp import FIXED, BadPacket, extension_block
from media.sdp import BadOffer, parse_offer
from media.sent import read_feedback
from tests.bench.measuring import held_megabytes
from tests.helpers_soak import SECONDS

CHROMIUM = (Path(__file__).parent / "chromium_offer.sdp").read_text().replace("\n", "\r\n")
LAYERED = CHROMIUM.replace(
    "a=mid:1\r\n",
    "a=mid:1\r\na=rid:q send\r\na=rid:f send\r\na=simulcast:send q;f\r\n"
    "a=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n"
    "a=extmap:11 urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n",
)
TRANSPORT = Transport(ufrag="srvr", password="p" * 24, fingerprint="sha-256 AA", addresses=("127.0.0.1",), port=5000)
NOISE = "aZ09 :;=/-~,\t\x00\u00e9\u0663"
FEW = 150
# What an allocator may keep for later; each round's own things are some kilobytes.
KEPT_MEGABYTES = 15.0


def for_a_while(one: Callable[[random.Random], None], record: Callable[[str, object], None]) -> None:
    """Does it with ever new chance, and nothing is left of it in memory. A failure names its seed."""
    started, count, first = time.monotonic(), 0, random.SystemRandom().randrange(1 << 40)
    warm: float | None = None
    while (lasted := time.monotonic() - started) < SECONDS:
        if warm is None and lasted > SECONDS / 10:
            gc.collect()
            warm = held_megabytes()
        for seed in range(first + count, first + count + 20):
            seeded(one, seed)
        count += 20
    gc.collect()
    assert warm is not None
    grown = held_megabytes() - warm
    record("rounds", count)
    record("memory_grown_mb", round(grown, 1))
    assert count > SECONDS
    assert grown < KEPT_MEGABYTES


def seeded(one: Callable[[random.Random], None], seed: int) -> None:
    try:
        one(random.Random(seed))
    except Exception as error:
        raise AssertionError(f"seed {seed}") from error


# --- offers ----------------------------------------------------------------------------------------------------------


def offer(chance: random.Random) -> None:
    """An offer with a few lines dropped, doubled, cut, moved or filled with something else."""
    lines = chance.choice([CHROMIUM, LAYERED]).split("\r\n")
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        change = chance.randrange(6)
        if change == 0 and len(lines) > 1:
            del lines[at]
        elif change == 1:
            lines.insert(chance.randrange(len(lines)), lines[at])
        elif change == 2:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
        elif change == 3:
            lines[at] = lines[at][:4] + "".join(
                chance.choices("aZ09 :;=/-~,\t\x00\u00e9\u0663", k=chance.randrange(40))
            )
        elif change == 4:
            number = str(chance.choice([-1, 0, 1, 65535, 1 << 32, 1 << 70]))
            lines[at] = re.sub(r"\d+", number, lines[at], count=chance.randint(1, 3))
        else:
            lines[at] = chance.choice(lines)
    try:
        parsed = parse_offer("\r\n".join(lines))
    except BadOffer as bad:
        assert re.fullmatch(r"sdp_[a-z_-]+", str(bad)), "a code, never the offer's words"
        return
    incoming = Incoming(Counter())
    for section in parsed.sections:
        choice = None if section.rejected else choose(section)
        if choice is not None:
            incoming.take(section, choice, publication(section.kind), 0.0)
    write_answer(parsed, TRANSPORT, {}, set(incoming.sections))


def publication(kind: str) -> Publication:
    label = "camera" if kind == "video" else "microphone"
    return Publication(participant_id="p", stream="s", label=label, feedback=lambda _: None)


def test_no_made_up_offer_does_more_than_be_refused() -> None:
    for seed in range(60):
        seeded(offer, seed)


@pytest.mark.soak
def test_nor_do_offers_for_ten_minutes(record_property: Callable[[str, object], None]) -> None:
    for_a_while(offer, record_property)


# --- packets ---------------------------------------------------------------------------------------------------------


class Received:
    """Everything that one participant sends, with a subscriber to each publication."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.incoming = Incoming(self.refused)
        self.sent = 0
        self.forwarders: list[Forwarder] = []
        self.ssrcs = [1, 2, 3]
        for section in parse_offer(LAYERED).sections[:2]:
            choice = choose(section)
            assert choice is not None
            made = publication(section.kind)
            self.incoming.take(section, choice, made, 0.0)
            self.ssrcs += section.ssrcs
            self._subscribe(made)

    def _subscribe(self, made: Publication) -> None:
        out = OutStream(
            ssrc=77, rtx_ssrc=78, payload_type=96, rtx_type=97, codec=made.codec, clock=90000, block=b"", cname="c"
        )
        forwarder = Forwarder(made.kind, out, Wire(media=self._media, control=lambda _: None))
        forwarder.start()
        made.add(forwarder, 0.0)
        self.forwarders.append(forwarder)

    def _media(self, packet: bytearray, now: float) -> bool:
        self.sent += 1
        assert len(packet) < 1600
        return self.sent % 50 != 0

    def packet(self, chance: random.Random) -> bytes:
        """A well-formed packet of a stream that is known, or nearly."""
        names = {
            4: chance.choice([b"0", b"1", b"1", b"x", b"\xff"]),
            10: chance.choice([b"q", b"f", b"z"]),
            11: chance.choice([b"q", b"f"]),
            3: chance.randbytes(chance.randint(1, 3)),
        }
        kept = {number: value for number, value in names.items() if chance.random() < 0.7}
        block = extension_block(kept) if kept else b""
        kind = chance.choice([96, 96, 97, 111, 102, 127]) | chance.choice([0, 128])
        number = chance.choice([chance.randrange(1 << 16), self.sent & 0xFFFF])
        head = FIXED.pack(0x90 if block else 0x80, kind, number, chance.randrange(1 << 32), chance.choice(self.ssrcs))
        payload = chance.choice([b"\x10\x00", b"\x90\xe0\x80\x05\x01\x40\x00", b"\x90\x80", b""])
        return head + block + payload + chance.randbytes(chance.randrange(40))

    def one(self, chance: random.Random, now: float) -> None:
        data = bytearray(self.packet(chance))
        for _ in range(chance.choice([0, 0, 1, 3])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            self.incoming.receive(bytes(data[: chance.choice([len(data), chance.randrange(len(data))])]), now)
        except BadPacket as bad:
            assert re.fullmatch(r"[a-z_]+", str(bad))
        if chance.random() < 0.1:
            self.incoming.tick(now)
            self.incoming.receiver_report(now)
            self.incoming.arrivals()
            forwarder = chance.choice(self.forwarders)
            forwarder.wanted_layer = chance.randrange(-1, 4)
            forwarder.repeat([chance.randrange(1 << 16) for _ in range(20)], now)


def packets(chance: random.Random) -> None:
    received = Received()
    for step in range(60):
        received.one(chance, step * chance.random())
    assert len(received.incoming._routes) <= MAX_SSRCS_PER_SECTION * 2


def control(chance: random.Random) -> None:
    """Control packets of every kind, whole, cut and changed."""
    report = rtcp.SenderReport(1, 1 << 40, 5, 1, 2)
    block = rtcp.ReportBlock(77, 3, 4, 5, 6, 7, 8)
    whole = chance.choice(
        [
            rtcp.sender_report(report) + rtcp.description(1, "c"),
            rtcp.receiver_report(1, [block]),
            rtcp.nack(1, 77, sorted(chance.sample(range(1 << 16), 20))),
            rtcp.picture_loss(1, 77),
            rtcp.write(rtcp.RTPFB, rtcp.FMT_TWCC, chance.randbytes(4 * chance.randint(2, 12))),
            rtcp.write(rtcp.PSFB, rtcp.FMT_FIR, chance.randbytes(16)),
            rtcp.write(rtcp.BYE, 2, chance.randbytes(8)),
            chance.randbytes(chance.randrange(60)),
        ]
    )
    data = bytearray(whole)
    for _ in range(chance.choice([0, 1, 3]) if data else 0):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        for message in rtcp.parse_compound(bytes(data)):
            if isinstance(message, rtcp.TransportFeedback):
                assert len(read_feedback(message.body).arrivals) <= 1 << 16
    except BadPacket as bad:
        assert re.fullmatch(r"[a-z_]+", str(bad))


def check(chance: random.Random) -> None:
    """STUN in pieces and with changes: answered only where it is whole and signed."""
    table, peer = IceTable(), IcePeer("remote", lambda data, address: None)
    table.add(peer)
    names = {"USERNAME": f"{peer.ufrag}:remote", "ICE-CONTROLLING": 1, "PRIORITY": 1}
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST, attributes=names)
    request.add_message_integrity(peer.password.encode())
    data = bytearray(bytes(request))
    for _ in range(chance.randint(1, 4)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    cut = bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
    try:
        table.answer(cut, ("127.0.0.1", 9), 0.0)
    except IceRefused as refused:
        assert re.fullmatch(r"stun_[a-z]+", str(refused))
    # The fingerprint after the signature is there to tell STUN from other packets, not to prove anything.
    assert table.addresses <= (cut[:-8] == bytes(request)[:-8])


@pytest.mark.parametrize(("one", "times"), [(packets, 20), (control, FEW), (check, FEW)])
def test_no_made_up_packet_does_more_than_be_counted(one: Callable[[random.Random], None], times: int) -> None:
    for seed in range(times):
        seeded(one, seed)


@pytest.mark.soak
@pytest.mark.parametrize("one", [packets, control, check])
def test_nor_do_packets_for_ten_minutes(
    one: Callable[[random.Random], None], record_property: Callable[[str, object], None]
) -> None:
    for_a_while(one, record_property)
