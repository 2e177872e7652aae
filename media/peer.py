"""How one participant's browser is spoken to: ICE session, DTLS association, streams in and streams out.

A peer is the media half of a participant; it knows nothing of rooms or roles. It is told which sections of an offer
publish and which subscribe, and does everything from the datagram up to the publication and back.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from media import rtcp, sdp
from media.aio_adapter import DtlsFailed, DtlsSession
from media.allowance import PacketAllowance
from media.answer import Outgoing, Transport, choose, write_answer
from media.forward import Forwarder, OutStream, Wire
from media.ice import Address, IcePeer
from media.incoming import Incoming
from media.mux import MediaPort
from media.outflow import Outflow, Slot
from media.probe import PACKET
from media.publication import Publication
from media.rtp import BadPacket, numbered_block
from media.sent import read_feedback

CONSENT_SECONDS = 12.0
CONNECT_SECONDS = 25.0
REPORT_EVERY = 1.0
FEEDBACK_EVERY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerHooks:
    """Whom to tell: once media can flow, and once it surely cannot any more (with a code)."""

    connected: Callable[[], None]
    lost: Callable[[str], None]


@dataclass(slots=True, eq=False)
class _Outgoing:
    """A section of the offer that we send in."""

    publication: Publication
    forwarder: Forwarder
    announced: Outgoing
    number_at: int


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that a participant is shown: whose it is, and how it gets there."""

    publication: Publication
    forwarder: Forwarder


class Peer:
    """One participant's media connection on the node's UDP port."""

    def __init__(self, port: MediaPort, addresses: tuple[str, ...], hooks: PeerHooks) -> None:
        self.packets_out = 0
        self.incoming = Incoming(port.refused)
        self.stream = secrets.token_hex(6)
        self._port = port
        self._addresses = addresses
        self._hooks = hooks
        self._loop = asyncio.get_running_loop()
        self._ice: IcePeer | None = None
        self._retired: list[IcePeer] = []
        self._dtls = DtlsSession(self._send_raw, server=True)
        self.flow = Outflow(self._send_media, self._loop)
        self._allowance = PacketAllowance()
        self._fingerprint: tuple[str, str] | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._outgoing: dict[str, _Outgoing] = {}
        self._by_out: dict[int, _Outgoing] = {}
        self._report_due = 0.0
        self._feedback_due = 0.0
        self._heard_at = self._loop.time()
        self._closed = False

    @property
    def connected(self) -> bool:
        return self._dtls.connected and not self._closed

    @property
    def profile(self) -> str:
        """The SRTP protection profile in use."""
        return self._dtls.profile

    @property
    def refused(self) -> Counter[str]:
        return self._port.refused

    # --- negotiation -------------------------------------------------------------------------------------------------

    def feedback(self, packet: bytes) -> None:
        """Sends a control packet to the participant, if it can be."""
        if not self.connected:
            return
        try:
            self._send_raw(self._dtls.protect_rtcp(packet))
        except BadPacket:
            self.refused["too_long_to_send"] += 1

    def negotiate(
        self, offer: sdp.Offer, publish: Mapping[str, Publication], subscribe: Mapping[str, Publication]
    ) -> str:
        """Applies an offer and returns the answer. ``publish`` and ``subscribe`` name publications by section (mid).

        Raises `sdp.BadOffer` before anything is changed.
        """
        self._check(offer, (*publish, *subscribe))
        self._associate(offer)
        for mid in [mid for mid in self.incoming.sections if mid not in publish]:
            self.incoming.forget(mid)
        for mid in [mid for mid in self._outgoing if self._outgoing[mid].publication is not subscribe.get(mid)]:
            self._forget_outgoing(mid)
        for mid, publication in publish.items():
            self._take_in(offer, mid, publication)
        for mid, publication in subscribe.items():
            self._send_out(offer, mid, publication)
        answers = {mid: outgoing.announced for mid, outgoing in self._outgoing.items()}
        return write_answer(offer, self.transport, answers, set(self.incoming.sections))

    @property
    def transport(self) -> Transport:
        """Our side of the ICE session there is now, once there was an offer."""
        assert self._ice is not None  # set by _associate
        return Transport(
            ufrag=self._ice.ufrag,
            password=self._ice.password,
            fingerprint=self._dtls.fingerprint,
            addresses=self._addresses,
            port=self._port.port,
        )

    def restart(self, ufrag: str) -> bool:
        """Begins another ICE session within the same DTLS session; False for the user name there is already."""
        if self._ice is not None and self._ice.remote_ufrag == ufrag:
            return False
        self._begin_ice(ufrag)
        return True

    def lead(self, mid: str, publication: Publication) -> bool:
        """Sends another publication in a section from now on, without an offer; False where the codec is another."""
        outgoing = self._outgoing.get(mid)
        if outgoing is None or publication.codec != outgoing.announced.codec.name:
            return False
        outgoing.publication.remove(outgoing.forwarder)
        outgoing.publication = publication
        outgoing.forwarder.interrupt()
        publication.add(outgoing.forwarder, self._loop.time())
        return True

    def activate(self) -> None:
        """The browser has applied the last answer: new subscriptions begin, with a key frame."""
        if not self.connected:
            return
        now = self._loop.time()
        for outgoing in self._outgoing.values():
            if not outgoing.forwarder.active:
                outgoing.forwarder.start()
                outgoing.forwarder.want_key(now)

    def subscription(self, publication_id: str) -> Forwarder | None:
        """What this participant gets of a publication: layer, pause and numbers; None while it gets nothing."""
        found = (one.forwarder for one in self._outgoing.values() if one.publication.id == publication_id)
        return next(found, None)

    def pictures(self) -> list[Picture]:
        """What this participant is shown, or would be if it were not paused."""
        return [
            Picture(one.publication, one.forwarder)
            for one in self._outgoing.values()
            if one.publication.kind == "video" and one.forwarder.active
        ]

    @property
    def camera_lines(self) -> int:
        """How high the picture is that this participant could send at best; 0 for unknown."""
        cameras = [one.publication for one in self.incoming.sections.values() if one.publication.label == "camera"]
        return max((camera.lines for camera in cameras), default=0)

    @property
    def sends_picture(self) -> bool:
        now = self._loop.time()
        return any(source.kind == "video" and source.live(now) for source in self.incoming.sources())

    def probe(self, wanted: float | None) -> None:
        """Tries now and then whether the way to this participant carries ``wanted`` bits a second of pictures."""
        self.flow.look(wanted, self._padding)

    def _padding(self) -> tuple[bytearray, int] | None:
        for one in self._outgoing.values():
            packet = one.forwarder.padding(PACKET) if one.number_at and one.publication.kind == "video" else None
            if packet is not None:
                return packet, one.number_at
        return None

    def _check(self, offer: sdp.Offer, mids: Iterable[str]) -> None:
        if self._fingerprint is not None and offer.fingerprint != self._fingerprint:
            raise sdp.BadOffer("sdp_fingerprint_changed")
        for mid in mids:
            section = offer.section(mid)
            if section is None or choose(section) is None:
                raise sdp.BadOffer("sdp_section_unusable")

    def _associate(self, offer: sdp.Offer) -> None:
        self._fingerprint = offer.fingerprint
        if self._ice is None or self._ice.remote_ufrag != offer.ufrag:
            self._begin_ice(offer.ufrag)
        if self._connecting is None:
            self._connecting = self._loop.create_task(self._connect(*offer.fingerprint))

    def _begin_ice(self, ufrag: str) -> None:
        self._retire_ice()
        self._ice = IcePeer(ufrag, self._on_datagram)
        self._port.table.add(self._ice)

    def _retire_ice(self) -> None:
        """Keeps the path in use until the next has proven itself, and no other."""
        retiring = self._ice
        if retiring is None:
            return
        if retiring.selected is None:
            self._port.table.remove(retiring)
            return
        for old in self._retired:
            self._port.table.remove(old)
        self._retired = [retiring]

    async def _connect(self, algorithm: str, fingerprint: str) -> None:
        try:
            await self._dtls.connect(algorithm, fingerprint)
        except DtlsFailed as failure:
            self._hooks.lost(str(failure))
            return
        self._dtls.on_closed(lambda: self._hooks.lost("dtls_closed"))
        self._hooks.connected()

    def _take_in(self, offer: sdp.Offer, mid: str, publication: Publication) -> None:
        section = offer.section(mid)
        choice = choose(section) if section else None
        if section is not None and choice is not None:
            self.incoming.take(section, choice, publication, self._loop.time())

    def _send_out(self, offer: sdp.Offer, mid: str, publication: Publication) -> None:
        section = offer.section(mid)
        choice = choose(section, publication.sent) if section else None
        if choice is None or mid in self._outgoing:
            self.refused["codec_unavailable"] += choice is None
            return
        announced = Outgoing(
            stream=publication.stream,
            track=publication.id,
            cname=publication.stream,
            codec=choice.codec,
            ssrc=_new_ssrc(),
            rtx_ssrc=_new_ssrc() if choice.rtx is not None else None,
        )
        block, number_at = numbered_block(choice.mid_id, mid, choice.twcc_id)
        slot = Slot(number_at, urgent=publication.kind == "audio")
        out = OutStream(
            ssrc=announced.ssrc,
            rtx_ssrc=announced.rtx_ssrc,
            payload_type=choice.codec.payload_type,
            rtx_type=choice.rtx,
            codec=choice.codec.name,
            clock=choice.codec.clock,
            block=block,
            cname=announced.cname,
        )
        forwarder = Forwarder(publication.kind, out, Wire(media=partial(self.flow.media, slot), control=self.feedback))
        outgoing = _Outgoing(publication, forwarder, announced, number_at)
        self._outgoing[mid] = self._by_out[out.ssrc] = outgoing
        publication.add(forwarder, self._loop.time())

    def _forget_outgoing(self, mid: str) -> None:
        outgoing = self._outgoing.pop(mid)
        self._by_out.pop(outgoing.forwarder.out.ssrc, None)
        outgoing.publication.remove(outgoing.forwarder)

    # --- datagrams in ------------------------------------------------------------------------------------------------

    def _on_datagram(self, data: bytes, address: Address) -> None:
        if data[0] < 64:
            if not self._dtls.feed(data):
                self.refused["dtls_queue"] += 1
            return
        if not self.connected:
            self.refused["srtp_early"] += 1
            return
        if not self._allowance.take(self._loop.time()):
            # Before it costs anything to unprotect it, and before anybody else is sent it.
            self.refused["packet_flood"] += 1
            return
        try:
            if len(data) > 1 and 192 <= data[1] <= 223:
                self._on_control(self._dtls.unprotect_rtcp(data))
            else:
                now = self._loop.time()
                self.incoming.receive(self._dtls.unprotect(data), now)
                self._heard_at = now
        except BadPacket as bad:
            self.refused[str(bad)] += 1

    def _on_control(self, data: bytes) -> None:
        now = self._loop.time()
        for message in rtcp.parse_compound(data):
            self._on_message(message, now)

    def _on_message(self, message: rtcp.Message, now: float) -> None:
        if isinstance(message, rtcp.SenderReport):
            self.incoming.sender_report(message, now)
        elif isinstance(message, rtcp.Reports):
            for block in message.blocks:
                outgoing = self._by_out.get(block.ssrc)
                if outgoing is not None:
                    outgoing.forwarder.reported(block, now)
        elif isinstance(message, rtcp.TransportFeedback):
            self.flow.reported(read_feedback(message.body))
        elif isinstance(message, (rtcp.Nack, rtcp.KeyFrameWanted)):
            self._on_wish(message, now)

    def _on_wish(self, message: rtcp.Nack | rtcp.KeyFrameWanted, now: float) -> None:
        outgoing = self._by_out.get(message.ssrc)
        if outgoing is None:
            return
        if isinstance(message, rtcp.KeyFrameWanted):
            outgoing.forwarder.want_key(now)
        else:
            outgoing.forwarder.repeat(message.sequences, now)

    # --- datagrams out -----------------------------------------------------------------------------------------------

    def _send_raw(self, data: bytes) -> bool:
        ice = self._ice
        if ice is None:
            return True
        address = ice.selected
        if address is None and self._retired:
            address = self._retired[-1].selected
        return address is None or self._port.send(data, address)

    def _send_media(self, packet: bytearray) -> bool:
        """Sends a media packet; False when it was dropped because nothing more can leave just now."""
        try:
            data = self._dtls.protect(packet)
        except BadPacket:
            if self.connected:  # else there are no keys, and nobody misses it
                self.refused["too_long_to_forward"] += 1
            return True
        self.packets_out += 1
        return self._send_raw(data)

    # --- time --------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """What is due by the clock: repeated requests, reports, feedback, and whether the browser is still there."""
        if self._closed:
            return
        self._watch(now)
        if not self.connected:
            return
        self.incoming.tick(now)
        if now >= self._report_due:
            self._report_due = now + REPORT_EVERY
            self._send_if_any(self.incoming.receiver_report(now))
        if now >= self._feedback_due:
            self._feedback_due = now + FEEDBACK_EVERY
            self._send_if_any(self.incoming.arrivals())

    def _watch(self, now: float) -> None:
        ice = self._ice
        if ice is not None and ice.selected is not None:
            for old in self._retired:
                self._port.table.remove(old)
            self._retired.clear()
        # Checks may be seconds apart, but media that proves itself comes from nobody else either.
        last = max([self._heard_at, *(known.last_check for known in (ice, *self._retired) if known)])
        if now - last > (CONSENT_SECONDS if self.connected else CONNECT_SECONDS):
            self._hooks.lost("consent" if self.connected else "no_path")

    def _send_if_any(self, packet: bytes | None) -> None:
        if packet is not None:
            self.feedback(packet)

    def measures(self) -> dict[str, float]:
        """The connection's quality in numbers: loss ratios both ways, worst round trip in seconds, packets."""
        sources = list(self.incoming.sources())
        forwarders = [outgoing.forwarder for outgoing in self._outgoing.values()]
        return {
            "loss_in": max((source.reception.loss for source in sources), default=0.0),
            "loss_out": max((forwarder.loss for forwarder in forwarders), default=0.0),
            "round_trip": max((forwarder.round_trip for forwarder in forwarders), default=0.0),
            "packets_in": float(self.incoming.packets),
            "packets_out": float(self.packets_out),
            "packets_lost_in": float(sum(source.lost for source in sources)),
            "repeated": float(sum(forwarder.repeated for forwarder in forwarders)),
            "key_requests": float(sum(source.key_requests for source in sources)),
        }

    async def close(self) -> None:
        """Ends the connection and forgets its addresses; safe to call twice."""
        if self._closed:
            return
        self.flow.close()
        for mid in list(self._outgoing):
            self._forget_outgoing(mid)
        task = self._connecting
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._dtls.close()
        self._closed = True
        for ice in (self._ice, *self._retired):
            if ice is not None:
                self._port.table.remove(ice)


def _new_ssrc() -> int:
    return secrets.randbelow((1 << 32) - 2) + 2
