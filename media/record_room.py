"""Whether a room is recorded: asked of the law, then of everybody who is there, and told to all at every step.

Nothing is recorded before the last one has agreed, nor while somebody is in the room who has not. Who takes their
agreement back ends it at once. What the desk cannot answer or keep is a no.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from engine.recordings import (
    ENDED,
    FAULT,
    INTERRUPTED,
    NOT_OFFERED,
    REFUSED,
    STOPPED,
    UNANSWERED,
    UNAVAILABLE,
    WITHDRAWN,
    Permit,
    RecordingDesk,
    RecordingState,
)
from engine.room_places import number_of
from engine.room_roles import RoomAct
from media import protocol
from media.participant import Participant, Refused
from media.recorder import Run, RunSpec

ASKING_SECONDS = 120.0
DESK_SECONDS = 30.0
_OFF, _ASKING, _ON, _PAUSED = RecordingState.OFF, RecordingState.ASKING, RecordingState.ON, RecordingState.PAUSED
log = logging.getLogger(__name__)


class Company(Protocol):
    """The room as its recording sees it."""

    def everybody(self) -> list[Participant]:
        """Who is inside."""
        ...

    def tell(self, message: protocol.Outbound) -> None:
        """Tells them all."""
        ...

    def keep(self, work: Coroutine[Any, Any, None]) -> None:
        """Sees to it that the work is done, also when the room closes meanwhile."""
        ...


class RoomRecording:
    """The recording of one room; of its runs there is one at a time. All calls on the loop."""

    def __init__(self, desk: RecordingDesk | None, company: Company) -> None:
        self.state = _OFF
        self._desk = desk
        self._company = company
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._recording = ""
        self._agreed: set[str] = set()
        self._run: Run | None = None
        self._begun: float | None = None
        self._code = ""
        self._gate = ""
        self._leader: Participant | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._looked_back = False

    # --- what people do ----------------------------------------------------------------------------------------------

    def switch(self, participant: Participant, on: bool) -> None:
        """The clinician wants to record, or to stop. Raises `Refused` for everybody else."""
        participant.require(RoomAct.RECORD)
        self._company.keep(self._start(participant) if on else self._end(STOPPED))

    def said(self, participant: Participant, answer: protocol.RecordingSaid) -> None:
        """Somebody agrees, or does not, or no more; an answer about another recording counts for nothing."""
        if not self._recording or answer.recording != self._recording:
            raise Refused(protocol.REFUSED, "recording_unknown")
        if not answer.agrees:
            self._agreed.discard(participant.id)
            self._hush()
        self._company.keep(self._hear(participant, answer))

    # --- what happens in the room ------------------------------------------------------------------------------------

    def told(self) -> protocol.Outbound:
        """How things stand, as everybody is told."""
        missing = [one.id for one in self._company.everybody() if one.id not in self._agreed]
        return {
            "type": "recording",
            "state": self.state.value,
            "recording": self._recording,
            "code": self._code,
            "gate": self._gate,
            "missing": missing if self.state is not _OFF else [],
        }

    def came(self, participant: Participant) -> None:
        """Somebody is inside from now on; who has not agreed is asked, and nothing is recorded meanwhile."""
        if self.state is _OFF:
            self._look_back(participant)
            return
        if not self._may_run():
            self._hush()
        self._company.keep(self._settle())

    def changed(self, participant: Participant) -> None:
        """Somebody shows or says something else, or nothing any more."""
        if self._run is not None:
            self._run.follow(participant.id, participant.claims.role.value, participant.publications)

    def gone(self, participant: Participant) -> None:
        """Somebody has left; without the one who leads nothing is recorded."""
        if self.state is not _OFF:
            self.came(participant)

    async def close(self) -> None:
        """The room is over. Returns when what was recorded is on the disk."""
        await self._end(ENDED)

    # --- the course of a recording; one step at a time ---------------------------------------------------------------

    async def _start(self, leader: Participant) -> None:
        async with self._turn:
            if self.state is not _OFF:
                return
            permit = await self._ask(lambda desk: desk.ask(leader.claims))
            if permit.code:
                self._recording, self._code, self._gate = "", permit.code, permit.gate
                leader.send(self.told())
                return
            self.state, self._recording, self._leader = _ASKING, permit.recording, leader
            self._code = self._gate = ""
            self._agreed, self._begun = set(), None
            self._patience = self._loop.call_later(ASKING_SECONDS, self._lose_patience)
            if await self._kept(lambda desk: desk.said(permit.recording, leader.claims, True, "")):
                self._agreed.add(leader.id)
            await self._go_on()

    async def _hear(self, participant: Participant, answer: protocol.RecordingSaid) -> None:
        async with self._turn:
            if self.state is _OFF or answer.recording != self._recording:
                return
            claims = participant.claims
            kept = await self._kept(lambda desk: desk.said(answer.recording, claims, answer.agrees, answer.language))
            if not answer.agrees:
                await self._finish(REFUSED if self._begun is None else WITHDRAWN)
                return
            if kept:
                self._agreed.add(participant.id)
            await self._go_on()

    def _look_back(self, participant: Participant) -> None:
        """A room that came after another one asks once whether that one was being recorded when it broke down."""
        if not self._looked_back and number_of(participant.claims.room_id) > 1:
            self._looked_back = True
            self._company.keep(self._tell_broken_off(participant))

    async def _tell_broken_off(self, participant: Participant) -> None:
        async with self._turn:
            found = False

            async def look(desk: RecordingDesk) -> None:
                nonlocal found
                found = await desk.broken_off(participant.claims)

            if await self._kept(look) and found and self.state is _OFF and not self._code:
                self._code = INTERRUPTED
                self._company.tell(self.told())

    async def _settle(self) -> None:
        async with self._turn:
            if self.state is not _OFF:
                await self._go_on()

    async def _end(self, code: str) -> None:
        self._hush()
        async with self._turn:
            if self.state is not _OFF:
                await self._finish(code)

    async def _go_on(self) -> None:
        """Begins, goes on, pauses, or tells who is still to be asked, as it now stands."""
        if not self._may_run():
            await self._pause()
        elif self._run is None or self._run.deaf:
            await self._pause()
            await self._begin()
        self._company.tell(self.told())

    async def _begin(self) -> None:
        leader = self._leader
        assert leader is not None  # set with the recording
        permit = await self._ask(lambda desk: desk.begin(self._recording, leader.claims))
        if permit.code:
            self._gate = permit.gate
            await self._finish(permit.code)
            return
        if not self._may_run() or self.state is _OFF:  # somebody came while the law was asked
            return
        if self._patience is not None:
            self._patience.cancel()
        self._begun = self._loop.time() if self._begun is None else self._begun
        desk, claims = self._desk, leader.claims
        assert desk is not None  # nothing is permitted without one
        spec = RunSpec(
            recording=self._recording,
            clinic=claims.clinic,
            visit=claims.visit_id,
            tape=desk.tape,
            failed=lambda: self._company.keep(self._end(FAULT)),
        )
        self._run, self.state = Run(spec, self._begun), _ON
        for one in self._company.everybody():
            self.changed(one)
        if not await self._kept(lambda desk: desk.moved(self._recording, claims, _ON, "")):
            await self._finish(UNAVAILABLE)

    async def _pause(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self.state = _PAUSED
        await run.stop()
        leader = self._leader
        if leader is not None:
            await self._kept(lambda desk: desk.moved(self._recording, leader.claims, _PAUSED, ""))

    async def _finish(self, code: str) -> None:
        run, self._run, leader, recording = self._run, None, self._leader, self._recording
        self.state, self._code, self._recording = _OFF, code, ""
        if self._patience is not None:
            self._patience.cancel()
        if run is not None:
            await run.stop()
        if leader is not None and recording:
            await self._kept(lambda desk: desk.moved(recording, leader.claims, _OFF, code))
        self._company.tell(self.told())

    # --- parts -------------------------------------------------------------------------------------------------------

    def _may_run(self) -> bool:
        """Whether everybody who is inside has agreed, and somebody who leads is among them."""
        inside = self._company.everybody()
        led = any(RoomAct.RECORD in one.rights.acts for one in inside)
        return led and all(one.id in self._agreed for one in inside)

    def _hush(self) -> None:
        """Not one more packet is recorded, from this very moment."""
        if self._run is not None:
            self._run.deafen()

    def _lose_patience(self) -> None:
        if self.state is _ASKING:
            self._company.keep(self._end(UNANSWERED))

    async def _ask(self, work: Callable[[RecordingDesk], Coroutine[Any, Any, Permit]]) -> Permit:
        if self._desk is None:
            return Permit(code=NOT_OFFERED)
        try:
            return await asyncio.wait_for(work(self._desk), DESK_SECONDS)
        except Exception as fault:
            # Fail closed, whatever went wrong; a message could quote what was asked.
            log.error("recording could not be asked for: %s", type(fault).__name__)
            return Permit(code=UNAVAILABLE)

    async def _kept(self, work: Callable[[RecordingDesk], Coroutine[Any, Any, None]]) -> bool:
        try:
            if self._desk is not None:
                await asyncio.wait_for(work(self._desk), DESK_SECONDS)
            return self._desk is not None
        except Exception as fault:
            log.error("recording could not be kept on record: %s", type(fault).__name__)
            return False
