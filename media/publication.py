"""What a participant shows or says, and who gets it.

A publication outlives its streams: when the publisher's SSRC changes, the next source continues it and every
subscriber's stream goes on. Layers of a simulcast publication will be several sources here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from media import rtcp
from media.forward import Forwarder
from media.rtp import RtpHeader
from media.source import Packet, Source

LABELS = {"microphone": "audio", "screen_audio": "audio", "camera": "video", "screen": "video"}


class Tap(Protocol):
    """Somebody who is shown every packet that is taken in, on the loop: it must not wait."""

    def packet(self, packet: Packet, source: Source, now: float) -> None: ...


@dataclass(slots=True, eq=False, kw_only=True)
class Publication:
    """One track of a participant; ``label`` is one of `LABELS`, ``codec`` what is sent once that is agreed.

    Nothing of it goes out while it is ``held``, nor is it recorded.
    """

    participant_id: str
    stream: str
    label: str
    clock: int
    feedback: Callable[[bytes], None]
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    source: Source | None = None
    held: bool = False
    forwarders: list[Forwarder] = field(default_factory=list)
    codec: str = ""
    taps: list[Tap] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return LABELS[self.label]

    def continue_with(self, ssrc: int, now: float) -> Source:
        """Makes ``ssrc`` the stream of this publication."""
        epoch = 0 if self.source is None else self.source.epoch + 1
        self.source = Source(ssrc=ssrc, kind=self.kind, clock=self.clock, epoch=epoch, feedback=self.feedback)
        if self.forwarders or self.taps:
            self.source.want_key(now)
        return self.source

    def receive(self, source: Source, header: RtpHeader, payload: bytes, now: float, *, repaired: bool) -> None:
        """Takes a packet in and hands it to everybody who subscribes."""
        packet = source.receive(header, payload, now, repaired=repaired)
        if packet is None or source is not self.source or self.held:
            return
        for tap in self.taps:
            tap.packet(packet, source, now)
        for forwarder in self.forwarders:
            forwarder.forward(packet, source, now)

    def sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        if self.source is None or self.source.ssrc != report.ssrc:
            return
        self.source.sender_report(report, now)
        for forwarder in self.forwarders:
            forwarder.report(report, now)

    def want_key(self, now: float) -> None:
        if self.source is not None:
            self.source.want_key(now)

    def tick(self, now: float) -> None:
        if self.source is not None:
            self.source.tick(now)
