"""Which publication a participant's packets belong to, and what they are told about them.

Packets find their section by SSRC: the offer names most, the MID extension of the first packets names the rest.
Retransmissions become the packets they repeat. Everything from the network is counted or raises `BadPacket`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from media import rtcp, sdp
from media.answer import Choice
from media.cc import ArrivalRecorder
from media.publication import Publication
from media.rtp import RtpHeader, build, extension, parse_header, undo_rtx
from media.source import Source

MAX_SSRCS_PER_SECTION = 4


@dataclass(slots=True, eq=False)
class IncomingSection:
    """A section of the offer that the participant sends in."""

    publication: Publication
    choice: Choice
    ssrcs: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Route:
    """Where packets of an SSRC go; without a source they are retransmissions."""

    section: IncomingSection
    source: Source | None


class Incoming:
    """All streams that one participant sends."""

    def __init__(self, refused: Counter[str]) -> None:
        self.sections: dict[str, IncomingSection] = {}
        self.packets = 0
        self._refused = refused
        self._routes: dict[int, _Route] = {}
        self._mid_id: int | None = None
        self._twcc_id: int | None = None
        self._arrivals = ArrivalRecorder()

    # --- negotiation -------------------------------------------------------------------------------------------------

    def take(self, section: sdp.Section, choice: Choice, publication: Publication, now: float) -> None:
        """Receives a section of an offer as this publication."""
        known = self.sections.get(section.mid)
        if known is None or known.publication is not publication:
            known = self.sections[section.mid] = IncomingSection(publication, choice)
        known.choice = choice
        publication.codec = choice.codec.name
        self._mid_id = choice.mid_id or self._mid_id
        self._twcc_id = choice.twcc_id or self._twcc_id
        for gone in known.ssrcs - set(section.ssrcs) if section.ssrcs else ():
            known.ssrcs.discard(gone)
            self._routes.pop(gone, None)
        for ssrc in section.ssrcs:
            self._route(known, ssrc, repairs=ssrc in section.rtx_of, now=now)

    def forget(self, mid: str) -> None:
        for ssrc in self.sections.pop(mid).ssrcs:
            self._routes.pop(ssrc, None)

    def _route(self, section: IncomingSection, ssrc: int, *, repairs: bool, now: float) -> _Route | None:
        known = self._routes.get(ssrc)
        if known is not None:
            return known if known.section is section else None
        if len(section.ssrcs) >= MAX_SSRCS_PER_SECTION:
            return None
        section.ssrcs.add(ssrc)
        source = None if repairs else section.publication.continue_with(ssrc, now)
        route = self._routes[ssrc] = _Route(section, source)
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
        if route.source is None:
            self._repair(route.section, header, payload, now)
        elif header.payload_type != route.section.choice.codec.payload_type:
            self._refused["payload_type"] += 1
        else:
            # Also padding without payload: its number counts, and must not look lost to anybody.
            route.section.publication.receive(route.source, header, payload, now, repaired=False)

    def _discover(self, data: bytes, header: RtpHeader, now: float) -> _Route | None:
        """Finds the section of an SSRC that the offer did not name."""
        value = extension(data, header, self._mid_id) if self._mid_id is not None else None
        section = self.sections.get(value.decode("ascii", "replace")) if value else None
        if section is None:
            return None
        return self._route(section, header.ssrc, repairs=header.payload_type == section.choice.rtx, now=now)

    def _repair(self, section: IncomingSection, header: RtpHeader, payload: bytes, now: float) -> None:
        original = undo_rtx(payload)
        source = section.publication.source
        if original is None or source is None:
            return
        sequence, payload = original
        kind = section.choice.codec.payload_type | (0x80 if header.marker else 0)
        rebuilt = parse_header(build(kind, sequence, header.timestamp, source.ssrc, payload))
        section.publication.receive(source, rebuilt, payload, now, repaired=True)

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
            if section.publication.source is not None:
                yield section.publication.source

    def receiver_report(self, now: float) -> bytes | None:
        """What arrived of every stream since the last report."""
        blocks = [block for source in self.sources() if (block := source.report_block(now))]
        return rtcp.receiver_report(rtcp.LOCAL_SSRC, blocks) if blocks else None

    def arrivals(self) -> bytes | None:
        """Transport-wide feedback since the last; it must name an SSRC that the browser really sends."""
        source = next(self.sources(), None)
        return self._arrivals.feedback(rtcp.LOCAL_SSRC, source.ssrc) if source else None
