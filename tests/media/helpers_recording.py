"""A desk for recordings that tests lead: what it permits, what it was told, and tapes that lie in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from engine.recordings import PartSpec, Permit, RecordingState
from engine.rooms import RoomClaims
from media.rtcp import SenderReport, sender_report
from media.rtp import build
from tests.media.helpers_bot import OPUS, VP8, Bot
from tests.media.helpers_clip import Encoded, Sender


@dataclass
class MemoryTape:
    spec: PartSpec
    data: bytearray = field(default_factory=bytearray)
    duration_ms: int = -1
    broken: bool = False

    def write(self, data: bytes) -> None:
        if self.broken:
            raise OSError("no space left")
        self.data += data

    def sync(self) -> None:
        pass

    def finish(self, duration_ms: int) -> None:
        self.duration_ms = duration_ms


@dataclass
class FakeDesk:
    """Permits everything until told otherwise; ``told`` is its record, in the order of things."""

    refuses: str = ""
    refuses_to_begin: str = ""
    cannot_keep: bool = False
    broken: bool = False
    breaks_off: bool = False
    told: list[tuple[str, ...]] = field(default_factory=list)
    tapes: list[MemoryTape] = field(default_factory=list)

    async def ask(self, claims: RoomClaims) -> Permit:
        self.told.append(("ask", claims.participant_id))
        return Permit(code=self.refuses, gate="gat-1") if self.refuses else Permit(recording="rec-1", gate="gat-1")

    async def said(self, recording: str, claims: RoomClaims, agrees: bool, language: str) -> None:
        if self.cannot_keep:
            raise OSError("the database is away")
        self.told.append(("said", claims.participant_id, str(agrees)))

    async def begin(self, recording: str, claims: RoomClaims) -> Permit:
        self.told.append(("begin", recording))
        return Permit(code=self.refuses_to_begin, gate="gat-2") if self.refuses_to_begin else Permit(recording="rec-1")

    async def moved(self, recording: str, claims: RoomClaims, state: RecordingState, code: str) -> None:
        self.told.append(("moved", state.value, code))

    async def broken_off(self, claims: RoomClaims) -> bool:
        self.told.append(("broken_off", claims.room_id))
        return self.breaks_off

    def tape(self, spec: PartSpec) -> MemoryTape:
        self.tapes.append(MemoryTape(spec, broken=self.broken))
        return self.tapes[-1]


async def play(bot: Bot, frames: list[Encoded], samples: list[Encoded], seconds: float) -> None:
    """Sends the clip's first seconds as they were taken, with sender reports; a key frame begins what is asked for."""
    video, audio = Sender("video", 90_000, 1_000), Sender("audio", 48_000, 77_000)
    video.number, audio.number = bot.video.sequence, bot.audio.sequence
    loop, started = asyncio.get_running_loop(), asyncio.get_running_loop().time()
    sent = sorted([*video.packets(frames), *audio.packets(samples)], key=lambda one: one.now)
    bot.send_key_on_pli = False
    for number, one in enumerate(sent):
        at = one.now - 1000.0
        if at >= seconds:
            break
        await asyncio.sleep(max(0.0, started + at - loop.time()))
        kind, ssrc = (VP8, bot.video.ssrc) if one.track == "video" else (OPUS, bot.audio.ssrc)
        marked = kind | 0x80 if one.packet.marker else kind
        bot.send_plain(build(marked, one.packet.number & 0xFFFF, one.packet.timestamp, ssrc, one.packet.payload))
        if number % 40 == 3:
            for sender, stream in ((video, bot.video.ssrc), (audio, bot.audio.ssrc)):
                told = sender.report(at, 3_900_000_000.0)
                bot.send_control(sender_report(SenderReport(stream, told.ntp, told.timestamp, 1, 1)))
    bot.video.sequence, bot.audio.sequence = video.number & 0xFFFF, audio.number & 0xFFFF
