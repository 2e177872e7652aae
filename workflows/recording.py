"""The desk that a media node asks about recording: the visit decides the law, the records keep what everybody said."""

from __future__ import annotations

import asyncio
import uuid

from engine.ports import VisitRef
from engine.recordings import GATE_SHUT, NOT_OFFERED, UNAVAILABLE, PartSpec, Permit, RecordingBook, RecordingState, Tape
from engine.rooms import RoomClaims
from workflows.client import VisitClient, VisitClosed, VisitUnreachable
from workflows.contracts import Ask

_SAID = frozenset({GATE_SHUT, NOT_OFFERED})


class VisitRecordingDesk:
    """`engine.recordings.RecordingDesk`: each question of law is an ask of the visit, decided by both engines."""

    def __init__(self, visits: VisitClient, book: RecordingBook) -> None:
        self._visits = visits
        self._book = book

    async def ask(self, claims: RoomClaims) -> Permit:
        permit = await self._may(claims, "asked")
        if permit.code:
            return permit
        recording = await asyncio.to_thread(self._book.ask, claims, permit.gate)
        return Permit(recording=recording, gate=permit.gate)

    async def said(self, recording: str, claims: RoomClaims, agrees: bool, language: str) -> None:
        await asyncio.to_thread(self._book.said, recording, claims, agrees, language)

    async def begin(self, recording: str, claims: RoomClaims) -> Permit:
        permit = await self._may(claims, "agreed")
        return permit if permit.code else Permit(recording=recording, gate=permit.gate)

    async def moved(self, recording: str, claims: RoomClaims, state: RecordingState, code: str) -> None:
        await asyncio.to_thread(self._book.moved, recording, claims, state, code)

    async def broken_off(self, claims: RoomClaims) -> bool:
        return await asyncio.to_thread(self._book.broken_off, claims)

    def tape(self, spec: PartSpec) -> Tape:
        return self._book.tape(spec)

    async def _may(self, claims: RoomClaims, when: str) -> Permit:
        """Whether the visit lets its call be recorded; whatever is no answer is a no."""
        person = await asyncio.to_thread(self._book.person_of, claims)
        ask = Ask(request=f"record-{uuid.uuid4().hex}", act="record", actor=person, subject=when)
        try:
            answer = await self._visits.ask(VisitRef(clinic=claims.clinic, visit=claims.visit_id), ask)
        except (VisitClosed, VisitUnreachable):
            return Permit(code=UNAVAILABLE)
        if answer.done:
            return Permit(gate=answer.gate)
        return Permit(code=answer.code if answer.code in _SAID else UNAVAILABLE, gate=answer.gate)
