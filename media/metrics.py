"""What a media node counts about itself, for Prometheus on its own machine: numbers and codes, never who or which.

No label holds an id, an address or a clinic. Packets are summed from the connections each second, so that they stay
counted when their participant leaves.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request

from media.peer import Peer
from media.room import Room

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SUMMED = {
    "packets_in": "Packets received from participants.",
    "packets_out": "Packets sent to participants.",
    "packets_lost_in": "Packets that participants sent and that never came.",
    "repeated": "Packets sent once more on request.",
    "key_requests": "Key frames asked of publishers.",
}
PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-real-ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFigures:
    """What the node knows beside its rooms: seconds of CPU used, datagrams dropped, refusals by code, ICE sessions."""

    cpu_seconds: float
    dropped: int
    ice_sessions: int
    refused: Mapping[str, int]
    takes_rooms: bool


@dataclass(slots=True)
class NodeMeter:
    """Sums over the connections that there are and were; `sample` is called each second."""

    totals: Counter[str] = field(default_factory=Counter)
    _before: WeakKeyDictionary[Peer, dict[str, float]] = field(default_factory=WeakKeyDictionary)

    def sample(self, rooms: Iterable[Room]) -> None:
        """Adds what has happened since the last time."""
        for peer in _peers(rooms):
            now = peer.measures()
            before = self._before.get(peer, {})
            for name in SUMMED:
                self.totals[name] += max(0, round(now[name] - before.get(name, 0.0)))
            self._before[peer] = now

    def page(self, rooms: Iterable[Room], figures: NodeFigures) -> bytes:
        """All of it in Prometheus' text format."""
        rooms = [room for room in rooms if room.open]
        self.sample(rooms)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Page(self.totals, rooms, figures))
        return generate_latest(registry)


class _Page(Collector):
    """One look at the node."""

    def __init__(self, totals: Mapping[str, int], rooms: list[Room], figures: NodeFigures) -> None:
        self._totals = totals
        self._rooms = rooms
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        yield GaugeMetricFamily("clinic_media_rooms", "Rooms open now.", len(self._rooms))
        people = Counter(person.claims.role.value for room in self._rooms for person in room.people)
        yield _by("clinic_media_participants", "Participants in rooms now.", "role", people)
        yield _by(
            "clinic_media_ladder", "Participants by the height of the picture they receive.", "height", self._heights()
        )
        loss = [max(one["loss_in"], one["loss_out"]) for one in (peer.measures() for peer in _peers(self._rooms))]
        yield GaugeMetricFamily(
            "clinic_media_worst_loss", "Worst loss of a connection now, 0..1.", max(loss, default=0.0)
        )
        for name, sentence in SUMMED.items():
            yield CounterMetricFamily(f"clinic_media_{name}", sentence, self._totals.get(name, 0))
        yield CounterMetricFamily("clinic_media_cpu_seconds", "Processor time used.", figures.cpu_seconds)
        yield CounterMetricFamily("clinic_media_dropped", "Datagrams not sent: the socket was full.", figures.dropped)
        yield GaugeMetricFamily("clinic_media_ice_sessions", "ICE sessions now.", figures.ice_sessions)
        yield GaugeMetricFamily(
            "clinic_media_takes_rooms", "1 while another room may be opened.", int(figures.takes_rooms)
        )
        refused = CounterMetricFamily("clinic_media_refused", "What was refused, by code.", labels=["code"])
        for code, count in sorted(figures.refused.items()):
            refused.add_metric([code], count)
        yield refused

    def _heights(self) -> Counter[str]:
        return Counter(str(one.quality.down.step.level.height) for room in self._rooms for one in room.people)


def _by(name: str, sentence: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, sentence, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _peers(rooms: Iterable[Room]) -> Iterator[Peer]:
    return (person.peer for room in rooms for person in room.people if person.peer is not None)


def asks_from_here(request: Request) -> bool:
    """Whether a collector of this very machine asks, and not somebody through a proxy on it."""
    if request.client is None or any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
