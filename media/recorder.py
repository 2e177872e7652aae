"""The recording of a room while it runs: taps on what is published, a thread that writes, files that are sealed.

The loop only hands packets over. A queue that the disk cannot keep up with ends the recording; it never grows without
end and never holds up the call.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.recordings import PartSpec, Tape
from media.publication import Publication
from media.record_part import RATES, Heard, PartHooks, PartRecorder
from media.source import Packet, Source

MOST_QUEUED = 20_000
TICK_SECONDS = 0.1
OWN, SCREEN = "own", "screen"
_LABELS = {"microphone": OWN, "camera": OWN, "screen": SCREEN, "screen_audio": SCREEN}
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Who is recorded by a group of tracks, and which part of what they send that is."""

    participant: str
    role: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run of a recording: its id, clinic and visit, where tapes come from, whom to tell when it cannot go on."""

    recording: str
    clinic: str
    visit: str
    tape: Callable[[PartSpec], Tape]
    failed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Group:
    """The tracks of a participant that go into one file, as they are from now on; none ends what there was."""

    who: Recorded
    codecs: Mapping[str, str]


class _Tap:
    """Hands one publication's packets to the thread."""

    def __init__(self, run: Run, publication: Publication) -> None:
        self._run = run
        self.publication = publication

    def packet(self, packet: Packet, source: Source, now: float) -> None:
        heard = Heard(self.publication.id, (source.ssrc, source.epoch), packet, source.last_report, now)
        self._run.put(heard)


class Run:
    """Records from its making until `stop`. All calls on the loop; a pause is a stop, and going on another run."""

    def __init__(self, spec: RunSpec, begun: float) -> None:
        """``begun`` is when the recording's time began, by the loop's clock."""
        self._spec = spec
        self._begun = begun
        self._loop = asyncio.get_running_loop()
        self._taps: dict[str, _Tap] = {}
        self._groups: dict[tuple[str, str], Mapping[str, str]] = {}
        self._queue: queue.Queue[Heard | _Group | None] = queue.Queue()
        self.deaf = False
        self._failed = False
        self._stopping = False
        self._ticked = 0.0
        self._thread = threading.Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    # --- on the loop -------------------------------------------------------------------------------------------------

    def follow(self, participant: str, role: str, publications: Mapping[str, Publication]) -> None:
        """Records what the participant publishes now; called again whenever that changes, with nothing when they go."""
        if self.deaf:
            return
        now = self._loop.time()
        wanted = {one.id: one for one in publications.values() if one.codec in RATES}
        for known in [tap for tap in self._taps.values() if tap.publication.participant_id == participant]:
            if known.publication.id not in wanted:
                self._untap(known)
        for label in (OWN, SCREEN):
            self._regroup(
                Recorded(participant=participant, role=role, label=label),
                {one.id: one.codec for one in wanted.values() if _LABELS[one.label] == label},
            )
        for publication in wanted.values():
            if publication.id not in self._taps:
                tap = self._taps[publication.id] = _Tap(self, publication)
                publication.tap(tap, now)
                publication.want_key(now)

    def put(self, item: Heard) -> None:
        if self._queue.qsize() > MOST_QUEUED:
            self._fail("queue")
            return
        self._queue.put(item)

    def deafen(self) -> None:
        """Not one more packet is recorded; `stop` has to follow."""
        self.deaf = True
        for tap in list(self._taps.values()):
            self._untap(tap)

    async def stop(self) -> None:
        """Ends every part and waits until they are on the disk; safe to call twice."""
        self.deafen()
        if not self._stopping:
            self._stopping = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _untap(self, tap: _Tap) -> None:
        self._taps.pop(tap.publication.id, None)
        tap.publication.untap(tap)

    def _regroup(self, who: Recorded, codecs: Mapping[str, str]) -> None:
        group = (who.participant, who.label)
        if self._groups.get(group, {}) != codecs:
            self._groups[group] = codecs
            self._queue.put(_Group(who, codecs))

    def _want_key(self, track: str) -> None:
        tap = self._taps.get(track)
        if tap is not None:
            tap.publication.want_key(self._loop.time())

    def _fail(self, code: str) -> None:
        if not self._failed:
            self._failed = True
            log.error("recording %s failed: %s", self._spec.recording, code)
            self._spec.failed()

    # --- in the thread -----------------------------------------------------------------------------------------------

    def _work(self) -> None:
        parts: dict[tuple[str, str], PartRecorder] = {}
        tracks: dict[str, PartRecorder] = {}
        try:
            while self._step(parts, tracks):
                pass
        except Exception as fault:
            # Its class only. What is on the disk stays readable, and everybody is told that it ended.
            self._from_thread(self._fail, type(fault).__name__)
        finally:
            for part in parts.values():
                self._finish(part)

    def _step(self, parts: dict[tuple[str, str], PartRecorder], tracks: dict[str, PartRecorder]) -> bool:
        """One packet or change; False at the end."""
        try:
            item = self._queue.get(timeout=TICK_SECONDS)
        except queue.Empty:
            self._tick(parts)
            return True
        if item is None:
            return False
        if isinstance(item, _Group):
            self._change(item, parts, tracks)
        elif item.track in tracks:
            tracks[item.track].hear(item)
        self._tick(parts)
        return True

    def _tick(self, parts: Mapping[tuple[str, str], PartRecorder]) -> None:
        now = time.monotonic()
        if now - self._ticked >= TICK_SECONDS:
            self._ticked = now
            for part in parts.values():
                part.tick(now)

    def _change(
        self, group: _Group, parts: dict[tuple[str, str], PartRecorder], tracks: dict[str, PartRecorder]
    ) -> None:
        name = (group.who.participant, group.who.label)
        before = parts.pop(name, None)
        if before is not None:
            for track in [track for track, part in tracks.items() if part is before]:
                del tracks[track]
            before.finish(time.monotonic())
        if group.codecs:
            part = parts[name] = PartRecorder(group.codecs, self._hooks(group.who))
            tracks |= dict.fromkeys(group.codecs, part)

    def _hooks(self, who: Recorded) -> PartHooks:
        spec = self._spec

        def tape(video: str, audio: str, begins: float) -> Tape:
            return spec.tape(
                PartSpec(
                    recording=spec.recording,
                    clinic=spec.clinic,
                    visit=spec.visit,
                    participant=who.participant,
                    role=who.role,
                    label=who.label,
                    offset_ms=max(0, round((begins - self._begun) * 1000)),
                    video=video,
                    audio=audio,
                )
            )

        return PartHooks(tape=tape, want_key=lambda track: self._from_thread(self._want_key, track))

    def _from_thread(self, act: Callable[[str], None], what: str) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, what)

    def _finish(self, part: PartRecorder) -> None:
        try:
            part.finish(time.monotonic())
        except Exception as fault:
            self._from_thread(self._fail, type(fault).__name__)
