"""Which publication a participant's packets belong to, and what they are told about them.

Packets find their section by SSRC: the offer names most, the MID extension of the first packets names the rest, and
the stream id beside it (RFC 8852) the layer of a simulcast.
Retransmissions become the packets they repeat. Everything from the network is counted or raises `BadPacket`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from media import rtcp, sdp
from media.answer import Choice
from media.cc import ArrivalRecorder
from media.publication import Layer, Publication
from media.rtp import RtpHeader, build, extension, parse_header, undo_rtx
from media.source import Source

# Three layers with their retransmissions, and as many again for a publisher that starts anew without an offer.
MAX_SSRCS_PER_SECTION = 12


@dataclass(slots=True, eq=False)
class IncomingSection:
    """A section of the offer that the participant sends in."""

    publication: Publication
    choice: Choice
    ssrcs: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Route:
    """Where packets of an SSRC go; without a layer they are retransmissions of the layer named ``rid``."""

    section: IncomingSection
    rid: str
    layer: Layer | None


class Incoming:
    """All streams that one participant sends."""

    def __init__(self, refused: Counter[str]) -> None:
        self.sections: dict[str, IncomingSection] = {}
        self.packets = 0
        self._refused = refused
        self._routes: dict[int, _Route] = {}
        self._mid_id: int | None = None
        self._rid_id: int | None = None
        self._repaired_id: int | None = None
        self._twcc_id: int | None = None
        self._arrivals = ArrivalRecorder()

    # --- negotiation -------------------------------------------------------------------------------------------------

    def take(self, section: sdp.Section, choice: Choice, publication: Publication, now: float) -> None:
        """Receives a section of an offer as this publication."""
        known = self.sections.get(section.mid)
        if known is None or known.publication is not publication:
            known = self.sections[section.mid] = IncomingSection(publication, choice)
        known.choice = choice
        publication.settle(choice.codec, choice.rids)
        self._mid_id = choice.mid_id or self._mid_id
        self._twcc_id = choice.twcc_id or self._twcc_id
        if choice.rids:
            # Some browsers name the streams of a simulcast too; which is which only their packets say.
            self._rid_id, self._repaired_id = choice.rid_id, choice.repaired_id
            return
        for gone in known.ssrcs - set(section.ssrcs) if section.ssrcs else ():
            known.ssrcs.discard(gone)
            self._routes.pop(gone, None)
        for ssrc in section.ssrcs:
            self._route(known, ssrc, "", repairs=ssrc in section.rtx_of, now=now)

    def forget(self, mid: str) -> None:
        for ssrc in self.sections.pop(mid).ssrcs:
            self._routes.pop(ssrc, None)

    def _route(self, section: IncomingSection, ssrc: int, rid: str, *, repairs: bool, now: float) -> _Route | None:
        known = self._routes.get(ssrc)
        if known is not None:
            return known if known.section is section else None
        if len(section.ssrcs) >= MAX_SSRCS_PER_SECTION:
            return None
        section.ssrcs.add(ssrc)
        layer = None if repairs else section.publication.continue_with(ssrc, now, rid)
        route = self._routes[ssrc] = _Route(section, rid, layer)
        return route

    # --- packets -----------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Takes an unprotected RTP packet in. Raises `BadPacket`."""
        header = parse_header(data)
        self.packets += 1
        if self._twcc_id is not None:
            number = extension(data, header, self._twcc_id)
            if number is not None and len(number) == 2:
                self._arrivals.add(int.from_bytes(number, "big"), now)
        route = self._routes.get(header.ssrc) or self._discover(data, header, now)
        if route is None:
            self._refused["ssrc_unknown"] += 1
            return
        payload = data[header.payload_at : header.payload_end]
        layer = route.layer
        if layer is None:
            self._repair(route, header, payload, now)
        elif layer.source.ssrc != header.ssrc:
            self._refused["ssrc_replaced"] += 1
        elif header.payload_type != route.section.choice.codec.payload_type:
            self._refused["payload_type"] += 1
        else:
            # Also padding without payload: its number counts, and must not look lost to anybody.
            route.section.publication.receive(layer, header, payload, now, repaired=False)

    def _discover(self, data: bytes, header: RtpHeader, now: float) -> _Route | None:
        """Finds the section and layer of an SSRC that the offer did not name."""
        section = self.sections.get(self._text(data, header, self._mid_id))
        if section is None:
            return None
        repairs = header.payload_type == section.choice.rtx
        rid = ""
        if section.choice.rids:
            rid = self._text(data, header, self._repaired_id if repairs else self._rid_id)
            if rid not in section.choice.rids:
                return None
        return self._route(section, header.ssrc, rid, repairs=repairs, now=now)

    def _text(self, data: bytes, header: RtpHeader, wanted: int | None) -> str:
        value = extension(data, header, wanted) if wanted is not None else None
        return value.decode("ascii", "replace") if value else ""

    def _repair(self, route: _Route, header: RtpHeader, payload: bytes, now: float) -> None:
        original = undo_rtx(payload)
        layer = route.section.publication.layers.get(route.rid)
        if original is None or layer is None:
            return
        sequence, payload = original
        kind = route.section.choice.codec.payload_type | (0x80 if header.marker else 0)
        rebuilt = parse_header(build(kind, sequence, header.timestamp, layer.source.ssrc, payload))
        route.section.publication.receive(layer, rebuilt, payload, now, repaired=True)

    def sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        route = self._routes.get(report.ssrc)
        if route is not None:
            route.section.publication.sender_report(report, now)

    # --- telling the publisher ---------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        for section in self.sections.values():
            section.publication.tick(now)

    def sources(self) -> Iterator[Source]:
        for section in self.sections.values():
            yield from (layer.source for layer in section.publication.layers.values())

    @property
    def rate(self) -> float:
        """Bits a second of everything that came lately."""
        return sum(source.rate for source in self.sources())

    def receiver_report(self, now: float) -> bytes | None:
        """What arrived of every stream since the last report."""
        blocks = [block for source in self.sources() if (block := source.report_block(now))]
        return rtcp.receiver_report(rtcp.LOCAL_SSRC, blocks) if blocks else None

    def arrivals(self) -> bytes | None:
        """Transport-wide feedback since the last; it must name an SSRC that the browser really sends."""
        source = next(self.sources(), None)
        return self._arrivals.feedback(rtcp.LOCAL_SSRC, source.ssrc) if source else None
