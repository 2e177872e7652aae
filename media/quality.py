"""How good a participant's link is both ways, and what follows for the pictures that go over it.

Towards a participant the node decides: every picture gets an even share of what the link carries, after sound. From a
participant the browser decides, by the level it is told; nobody sends more than the others' links can show.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from media import protocol
from media.estimate import FILLED_SHARE
from media.forward import HIGHEST_LAYER, Forwarder
from media.ladder import Ladder, LadderRules, Link, Step
from media.peer import Peer, Picture
from media.publication import Publication

LOOK_EVERY = 0.25
TOLD_FOR = 5.0
SILENT_AFTER = 3.0
# More than any level shows: no limit.
BEST = 1 << 16
# A camera of 540 lines in half its size is as good as 270 for a level of 250.
ABOUT = 1.1
USUAL = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a participant's pictures are to the others: the lines of the best that anybody's link shows of theirs, and
    how high the best layer of a publication is now."""

    wanted: int
    top: Callable[[Publication], int]


class LinkQuality:
    """Both ladders of one participant; `look` once in a while, `told` with what the browser measures."""

    def __init__(self, rules: LadderRules) -> None:
        self.down = Ladder(rules)
        self.up = Ladder(rules)
        self._due = 0.0
        self._available: deque[tuple[float, float]] = deque(maxlen=2)
        self._packets = (0, 0.0)
        self._told: dict[str, Step] = {}
        self._shown: dict[Forwarder, int | None] = {}

    def told(self, available: float | None, now: float) -> None:
        """Bits a second that the browser believes it can send; None or 0 where it does not say."""
        if available:
            self._available.append((available, now))

    def look(self, peer: Peer, view: View, now: float) -> list[protocol.Outbound]:
        """Looks at the participant's links and goes by what it sees; answers what the browser has to be told."""
        if now < self._due or not peer.connected:
            return []
        self._due = now + LOOK_EVERY
        pictures = peer.pictures()
        self.down.limit(max((one.publication.lines or BEST for one in pictures), default=BEST))
        self.down.look(_downlink(peer, len(pictures), now), now)
        self._show(pictures, view, now)
        share = self.down.wanted_bitrate
        peer.probe(None if share is None or not pictures else share * len(pictures))
        self.up.limit(min(view.wanted, peer.camera_lines or BEST))
        self.up.look(self._uplink(peer, now), now)
        return [*self._tell("receive", self.down.step), *self._tell("send", self.up.step)]

    def _show(self, pictures: Sequence[Picture], view: View, now: float) -> None:
        """Every picture in the layer of the level, or none; only where that is new."""
        height = self.down.step.level.height
        layers = {one.forwarder: layer_at(height, one.publication, view.top(one.publication)) for one in pictures}
        before, self._shown = self._shown, layers
        for forwarder, layer in layers.items():
            if before.get(forwarder, BEST) == layer:
                continue
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
        told = [bits for bits, at in self._available if now - at < TOLD_FOR] if peer.sends_picture else []
        # The better of two: a browser is often wrong for a moment, and mends that by itself.
        bitrate = max(told) if len(told) > 1 else None
        measures = peer.measures()
        return Link(
            bitrate=bitrate,
            filled=bitrate is None or peer.incoming.rate >= FILLED_SHARE * bitrate,
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


def layer_at(height: int, publication: Publication, top: int) -> int | None:
    """The best layer of a publication for a level of ``height`` lines; None for no picture.

    Each layer has half the lines of the next; the best one is ``top`` lines high at present.
    """
    if not height:
        return None
    whole, last = publication.lines or USUAL, len(publication.rids) - 1
    if not last:
        return HIGHEST_LAYER
    sizes = [whole / 2 ** (last - place) for place in range(last)] + [min(top, whole)]
    return max((place for place, size in enumerate(sizes) if size <= height * ABOUT), default=0)


def _downlink(peer: Peer, pictures: int, now: float) -> Link:
    flow = peer.flow
    measures = peer.measures()
    return Link(
        bitrate=None if flow.bitrate is None else flow.bitrate / max(1, pictures),
        loss=measures["loss_out"] if flow.bitrate is None else flow.estimate.loss,
        round_trip=measures["round_trip"],
        alive=flow.alive(now),
        proven=flow.estimate.proven / max(1, pictures),
        tight=flow.estimate.tight,
        filled=flow.estimate.filled,
    )
