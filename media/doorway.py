"""Who stands at a room's door: who has to wait, who was let in before, and whom a locked room shuts out."""

from __future__ import annotations

from engine.room_roles import rights_of
from engine.rooms import RoomClaims, RoomKept
from media import protocol
from media.participant import Participant, Refused

MOST_WAITING = 6


class Doorway:
    """The door of one room. Nobody who waits here sees, hears or sends anything."""

    def __init__(self, kept: RoomKept) -> None:
        self.locked = kept.locked
        self._waiting: dict[str, Participant] = {}
        self._let_in = set(kept.let_in)
        self._sent_back = set(kept.sent_back)

    def kept(self) -> RoomKept:
        """What of the door outlives its node."""
        return RoomKept(locked=self.locked, let_in=frozenset(self._let_in), sent_back=frozenset(self._sent_back))

    def check(self, claims: RoomClaims, *, inside_before: bool) -> None:
        """Raises `Refused` for whom the lock shuts out, and when too many wait."""
        if self.locked and not inside_before and rights_of(claims.role).locked_out:
            raise Refused(protocol.LOCKED, "locked")
        if self.must_wait(claims) and len(self._waiting.keys() - {claims.participant_id}) >= MOST_WAITING:
            raise Refused(protocol.FULL, "room_full")

    def must_wait(self, claims: RoomClaims) -> bool:
        """Whether somebody has to be let in: once, and again after they were taken out."""
        who = claims.participant_id
        return who in self._sent_back or (claims.waits and who not in self._let_in)

    def wait(self, participant: Participant) -> Participant | None:
        """Keeps them at the door; returns their earlier connection there, if they had one."""
        before = self._waiting.pop(participant.id, None)
        self._waiting[participant.id] = participant
        return before

    def holds(self, participant: Participant) -> bool:
        return self._waiting.get(participant.id) is participant

    def waiting(self, who: str) -> Participant:
        """Whoever waits under this id. Raises `Refused`."""
        found = self._waiting.get(who)
        if found is None:
            raise Refused(protocol.REFUSED, "nobody_waits")
        return found

    def let_in(self, participant: Participant) -> None:
        """They may come in, now and when they come back."""
        self._waiting.pop(participant.id, None)
        self._let_in.add(participant.id)
        self._sent_back.discard(participant.id)

    def go(self, participant: Participant) -> bool:
        """They wait no more; whether they did."""
        if not self.holds(participant):
            return False
        del self._waiting[participant.id]
        return True

    def send_back(self, who: str) -> None:
        """They were taken out: the next time they wait."""
        self._let_in.discard(who)
        self._sent_back.add(who)

    def everybody(self) -> tuple[Participant, ...]:
        return tuple(self._waiting.values())
