"""How good a participant's link is both ways, and what follows for the pictures that go over it.

Towards a participant the node decides: every picture gets an even share of what the link carries, after sound. From a
participant the browser decides, by the level it is told; nobody sends more than the others' links can show.
"""

from __future__ import annotations

from collections.abc import Sequence

from media import protocol
from media.forward import Forwarder
from media.ladder import Ladder, LadderRules, Link, Step
from media.peer import Peer, Picture

LOOK_EVERY = 0.25
TOLD_FOR = 5.0
SILENT_AFTER = 3.0
LAYERS = {"q": 0, "h": 1, "f": 2}
# More than any level shows: no limit.
BEST = 1 << 16


class LinkQuality:
    """Both ladders of one participant; `look` once in a while, `told` with what the browser measures."""

    def __init__(self, rules: LadderRules) -> None:
        self.down = Ladder(rules)
        self.up = Ladder(rules)
        self._due = 0.0
        self._available: tuple[float, float] | None = None
        self._packets = (0, 0.0)
        self._told: dict[str, Step] = {}
        self._shown: tuple[Step, list[Forwarder]] | None = None

    def told(self, available: float | None, now: float) -> None:
        """Bits a second that the browser believes it can send."""
        self._available = None if available is None else (available, now)

    def look(self, peer: Peer, wanted: int, now: float) -> list[protocol.Outbound]:
        """Looks at the participant's links and goes by what it sees; answers what the browser has to be told.

        ``wanted`` is the height in lines of the best picture that anybody can be shown of this participant.
        """
        if now < self._due or not peer.connected:
            return []
        self._due = now + LOOK_EVERY
        pictures = peer.pictures()
        self.down.look(_downlink(peer, len(pictures), now), now)
        self._show(pictures, now)
        share = self.down.wanted_bitrate
        peer.probe(None if share is None or not pictures else share * len(pictures))
        if peer.shows_one_size:
            self.up.limit(wanted)
        self.up.look(self._uplink(peer, now), now)
        return [*self._tell("receive", self.down.step), *self._tell("send", self.up.step)]

    def _show(self, pictures: Sequence[Picture], now: float) -> None:
        """Every picture in the layer of the level, or none; only where the level or the pictures are new."""
        step, forwarders = self.down.step, [picture.forwarder for picture in pictures]
        if self._shown == (step, forwarders):
            return
        self._shown = (step, forwarders)
        layer = LAYERS.get(step.level.layer)
        for forwarder in forwarders:
            forwarder.pause(layer is None, now)
            if layer is not None:
                forwarder.wanted_layer = layer

    def measures(self) -> dict[str, float]:
        """Both levels by their heights in lines (0: sound alone), for the visit's record."""
        return {
            "receive_height": float(self.down.step.level.height),
            "send_height": float(self.up.step.level.height),
        }

    def _uplink(self, peer: Peer, now: float) -> Link:
        packets = peer.incoming.packets
        if packets != self._packets[0]:
            self._packets = (packets, now)
        # What a browser that sends no picture believes of its link is nobody's measure of a picture.
        told = self._available if peer.sends_picture else None
        measures = peer.measures()
        return Link(
            bitrate=told[0] if told is not None and now - told[1] < TOLD_FOR else None,
            loss=measures["loss_in"],
            round_trip=measures["round_trip"],
            alive=packets == 0 or now - self._packets[1] < SILENT_AFTER,
        )

    def _tell(self, direction: str, step: Step) -> list[protocol.Outbound]:
        if self._told.get(direction, step) == step:
            self._told[direction] = step
            return []
        self._told[direction] = step
        return [protocol.level(direction, step)]


def _downlink(peer: Peer, pictures: int, now: float) -> Link:
    flow = peer.flow
    measures = peer.measures()
    return Link(
        bitrate=None if flow.bitrate is None else flow.bitrate / max(1, pictures),
        loss=measures["loss_out"] if flow.bitrate is None else flow.estimate.loss,
        round_trip=measures["round_trip"],
        alive=flow.alive(now),
    )
