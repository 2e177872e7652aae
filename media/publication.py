"""What a participant shows or says, in which layers, and who gets which of them.

A publication outlives its streams: when the publisher's SSRC changes, the next source continues it and every
subscriber's stream goes on. A simulcast has several layers, lowest first; every other publication has one, named "".
Each subscriber is led to the best layer that it wants and that really comes, and changes there at a key frame.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from media import rtcp
from media.forward import Forwarder
from media.rtp import RtpHeader
from media.sdp import Codec
from media.source import Packet, Source, StreamFacts
from media.tap import Follower, Tap

LABELS = {"microphone": "audio", "screen_audio": "audio", "camera": "video", "screen": "video"}


class Listener(Protocol):
    """Who is led to a layer and gets its packets: a subscription, or what taps are shown."""

    wanted_layer: int
    paused: bool
    source: Source | None
    target: Source | None

    def aim(self, source: Source, now: float) -> None: ...
    def listens(self, source: Source) -> bool: ...
    def forward(self, packet: Packet, source: Source, now: float) -> None: ...
    def interrupt(self) -> None: ...
    def report(self, report: rtcp.SenderReport, source: Source, now: float) -> None: ...


@dataclass(slots=True, eq=False)
class Layer:
    """One stream of a publication and the subscribers that are on it or on their way to it."""

    rid: str
    source: Source
    listeners: list[Listener] = field(default_factory=list)


@dataclass(slots=True, eq=False, kw_only=True)
class Publication:
    """One track of a participant; ``label`` is one of `LABELS`, ``sent`` the codec that the offer settled on.

    Nothing of it goes out while it is ``held``, nor is it recorded; a picture goes on with a key frame.
    ``told_lines`` is how high the picture is before it is made smaller to be sent, as its publisher says.
    """

    participant_id: str
    stream: str
    label: str
    sent: Codec | None = None
    feedback: Callable[[bytes], None]
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    rids: tuple[str, ...] = ("",)
    layers: dict[str, Layer] = field(default_factory=dict)
    held: bool = False
    told_lines: int = 0
    seen_lines: int = 0
    forwarders: list[Forwarder] = field(default_factory=list)
    follower: Follower = field(default_factory=Follower)
    asked_for: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return LABELS[self.label]

    @property
    def codec(self) -> str:
        """The codec's name in small letters; empty before an offer settled on it."""
        return self.sent.name if self.sent else ""

    @property
    def lines(self) -> int:
        """How high the whole picture is: as told, else the highest that came; 0 for unknown."""
        return self.told_lines or self.seen_lines

    # --- the publisher's side ----------------------------------------------------------------------------------------

    def settle(self, codec: Codec, rids: tuple[str, ...]) -> None:
        """What the publisher's offer says: the codec, and the layers with the lowest first (none: one stream)."""
        self.sent = codec
        self.rids = rids or ("",)
        for rid in set(self.layers) - set(self.rids):
            self._drop_layer(rid)

    def _drop_layer(self, rid: str) -> None:
        gone = self.layers.pop(rid).source
        for listener in self._everybody():
            if listener.target is gone:
                listener.target = None

    def continue_with(self, ssrc: int, now: float, rid: str = "") -> Layer:
        """Makes ``ssrc`` the stream of this publication, or of one layer of it."""
        assert self.sent is not None  # settled before any stream
        facts = StreamFacts(ssrc=ssrc, kind=self.kind, codec=self.codec, clock=self.sent.clock)
        layer = self.layers.get(rid)
        if layer is None:
            layer = Layer(rid, Source(facts, self.feedback))
            self.layers = {name: one for name in self.rids if (one := (self.layers | {rid: layer}).get(name))}
        else:
            before = layer.source
            layer.source = Source(facts, self.feedback, epoch=before.epoch + 1)
            for listener in self._everybody():
                if listener.target is before:
                    listener.target = layer.source
        if layer.listeners:
            layer.source.want_key(now)
        self._direct(now)
        return layer

    def receive(self, layer: Layer, header: RtpHeader, payload: bytes, now: float, *, repaired: bool) -> None:
        """Takes a packet in and hands it to everybody who listens to its layer."""
        source = layer.source
        packet = source.receive(header, payload, now, repaired=repaired)
        if packet is None:
            return
        if packet.key and source.height > self.seen_lines:
            self.seen_lines = source.height
        for listener in layer.listeners:
            if self.held:
                listener.interrupt()
            else:
                listener.forward(packet, source, now)

    def sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        for layer in self.layers.values():
            if layer.source.ssrc == report.ssrc:
                layer.source.sender_report(report, now)
                for listener in layer.listeners:
                    listener.report(report, layer.source, now)

    # --- the subscribers' side ---------------------------------------------------------------------------------------

    def add(self, forwarder: Forwarder, now: float) -> None:
        """Another subscription; it sends nothing before it is started."""
        self.forwarders.append(forwarder)
        self._direct(now)

    def remove(self, forwarder: Forwarder) -> None:
        """Ends a subscription; a second call does nothing."""
        if forwarder in self.forwarders:
            self.forwarders.remove(forwarder)
        self._listen()

    def tap(self, tap: Tap, now: float) -> None:
        """Shows every packet from now on, of the best layer, to somebody who records."""
        self.follower.taps.append(tap)
        self._direct(now)

    def untap(self, tap: Tap) -> None:
        """Ends that; a second call does nothing."""
        if tap in self.follower.taps:
            self.follower.taps.remove(tap)
        self._listen()

    def want_key(self, now: float) -> None:
        """Asks for a key frame of what a tap is shown."""
        self.follower.want_key(now)

    def tick(self, now: float) -> None:
        """What is due by the clock: repeated requests, and leading subscribers to their layers."""
        for layer in self.layers.values():
            layer.source.tick(now)
        self._direct(now)

    def taken(self) -> tuple[str, ...]:
        """The layers that somebody wants, or still gets until a wanted one has come; the best where nobody looks, so
        that whoever comes sees at once. A publisher need not make any other."""
        places = {min(one.wanted_layer, len(self.rids) - 1) for one in self._everybody() if not one.paused}
        rids = {self.rids[place] for place in places or {len(self.rids) - 1}}
        for rid, layer in self.layers.items():
            if any(not one.paused and one.source is layer.source for one in self._everybody()):
                rids.add(rid)
        return tuple(rid for rid in self.rids if rid in rids)

    def _direct(self, now: float) -> None:
        for listener in self._everybody():
            best = self._best(listener, now)
            if best is not None:
                listener.aim(best.source, now)
        self._listen()

    def _listen(self) -> None:
        for layer in self.layers.values():
            layer.listeners = [one for one in self._everybody() if one.listens(layer.source)]

    def _everybody(self) -> list[Listener]:
        return [*self.forwarders, self.follower] if self.follower.taps else [*self.forwarders]

    def _best(self, listener: Listener, now: float) -> Layer | None:
        """The highest live layer that is not above the wanted one, else the lowest live one, else what there is."""
        layers = list(self.layers.values())
        if len(layers) < 2:
            return layers[0] if layers else None
        live = [layer for layer in layers if layer.source.live(now)]
        if not live:
            # The camera is off: who waits for a layer waits on, the others wait for the lowest.
            return None if listener.target else layers[0]
        fitting = [layer for layer in live if self.rids.index(layer.rid) <= listener.wanted_layer]
        return fitting[-1] if fitting else live[0]
