"""Who is inside a room, what they are told together, and what the visit's record hears of them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.room_roles import RoomAct
from engine.rooms import RoomEvent, RoomEventKind, RoomSpec
from media import protocol
from media.participant import Participant, Services


class Company:
    """Those who are inside, by id; ``spec`` is the room's, which may be given anew."""

    def __init__(self, spec: RoomSpec, services: Services) -> None:
        self.spec = spec
        self.present: dict[str, Participant] = {}
        self._services = services

    def everybody(self) -> list[Participant]:
        return list(self.present.values())

    def others(self, participant: Participant) -> list[Participant]:
        """Everybody but one."""
        return [other for other in self.present.values() if other is not participant]

    def hosts(self) -> list[Participant]:
        """Those who lead the visit."""
        return [one for one in self.present.values() if RoomAct.ADMIT in one.rights.acts]

    def tell(self, message: protocol.Outbound) -> None:
        for one in self.everybody():
            one.send(message)

    def tell_others(self, participant: Participant, message: protocol.Outbound) -> None:
        for other in self.others(participant):
            other.send(message)

    def tell_hosts(self, message: protocol.Outbound) -> None:
        for host in self.hosts():
            host.send(message)

    def emit(
        self,
        kind: RoomEventKind,
        participant: Participant | None,
        reason: str,
        measures: Mapping[str, float] | None = None,
        *,
        by: str | None = None,
    ) -> None:
        """Tells the visit's record what has happened, by ids and codes."""
        self._services.emit(
            RoomEvent(
                kind=kind,
                room_id=self.spec.room_id,
                clinic=self.spec.clinic,
                visit_id=self.spec.visit_id,
                at=self._services.wall(),
                participant_id=participant.id if participant else None,
                role=participant.claims.role if participant else None,
                by=by,
                reason=reason,
                measures=measures or {},
            )
        )
