"""What one participant does to the others or tells them: whoever leads the visit lets in, takes out, locks and mutes.

Each call raises `Refused` for a role that may not.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from engine.room_roles import RoomAct
from engine.rooms import TAKEN_OUT, RoomEventKind
from media import protocol
from media.company import Company
from media.doorway import Doorway
from media.participant import Participant, Refused


class Enter(Protocol):
    def __call__(self, participant: Participant) -> None: ...


class Leave(Protocol):
    def __call__(
        self, participant: Participant, reason: str, code: int = protocol.LEFT, *, by: str | None = None
    ) -> None: ...


class Leading:
    """The acts of one room's participants."""

    def __init__(self, company: Company, door: Doorway, *, enter: Enter, leave: Leave) -> None:
        self._company = company
        self._door = door
        self._enter = enter
        self._leave = leave

    # --- what whoever leads the visit does to others -----------------------------------------------------------------

    def answer_knock(self, host: Participant, message: protocol.Admit) -> None:
        """Lets somebody in who waits, or sends them away."""
        host.require(RoomAct.ADMIT)
        guest = self._door.waiting(message.participant)
        if not message.inside:
            self._company.emit(RoomEventKind.TURNED_AWAY, guest, "", by=host.id)
            self._leave(guest, "turned_away", protocol.TURNED_AWAY)
            return
        if len(self._company.present) >= self._company.spec.max_participants:
            raise Refused(protocol.FULL, "room_full")
        self._company.tell_hosts({"type": "knock_over", "participant": guest.id})
        self._company.emit(RoomEventKind.ADMITTED, guest, "", by=host.id)
        guest.since = asyncio.get_running_loop().time()
        self._enter(guest)

    def remove(self, host: Participant, who: str) -> None:
        """Takes somebody out; when they come again they wait."""
        host.require(RoomAct.REMOVE)
        target = self._company.present.get(who)
        if target is None or target is host:
            raise Refused(protocol.REFUSED, "not_here")
        self._door.send_back(who)
        self._leave(target, TAKEN_OUT, protocol.TURNED_AWAY, by=host.id)

    def lock(self, host: Participant, locked: bool) -> None:
        """Shuts or opens the door; see `Doorway.check`."""
        host.require(RoomAct.LOCK)
        if locked != self._door.locked:
            self._door.locked = locked
            self._company.emit(RoomEventKind.LOCKED if locked else RoomEventKind.UNLOCKED, None, "", by=host.id)
        self._company.tell({"type": "locked", "locked": locked})

    def silence(self, host: Participant, who: str) -> None:
        """Microphones are asked to be off, one or all others', and stop being forwarded at once."""
        host.require(RoomAct.MUTE)
        others = [other for other in self._company.others(host) if who in ("", other.id)]
        if who and not others:
            raise Refused(protocol.REFUSED, "not_here")
        for other in others:
            other.silence()
            other.send({"type": "mute", "by": host.id})
            self._company.tell_others(other, {"type": "participant", "participant": other.view()})
            self._company.emit(RoomEventKind.MUTED, other, "", by=host.id)

    # --- what everybody may tell the others ---------------------------------------------------------------------------

    def signal(self, participant: Participant, message: protocol.Signal) -> None:
        """Passes a word of few on, to one or to all."""
        told = {"type": "signal", "participant": participant.id, "code": message.code}
        for other in self._company.others(participant):
            if message.to in ("", other.id):
                other.send(told)

    def written(self, participant: Participant) -> None:
        """Tells who shares the visit's chat that there is something new."""
        if not participant.rights.writes:
            raise Refused(protocol.REFUSED, "may_not_write")
        for other in self._company.others(participant):
            if other.rights.writes:
                other.send({"type": "written", "participant": participant.id})
