"""What a room does by the clock: nobody came, longer than booked, closing soon, put off, empty.

Times of the visit go by the visit's clock, waiting goes by the loop's. Everybody is told what concerns them once.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from engine.room_roles import RoomAct
from engine.rooms import RoomEventKind
from media import protocol
from media.company import Company
from media.participant import Participant, Refused, Services

LOOK_SECONDS = 0.5


class RoomClock:
    """The timers of one room; ``extended`` are the seconds by which its end was put off."""

    def __init__(self, company: Company, services: Services, extended: int) -> None:
        self.extended = extended
        self.empty = False
        self._company = company
        self._services = services
        self._somebody_at = asyncio.get_running_loop().time()
        self._alone_since: float | None = None
        self._company_came = False
        self._looked = 0.0
        self._told: set[tuple[str, str]] = set()
        self._events: set[RoomEventKind] = set()

    @property
    def closes_at(self) -> datetime | None:
        closes = self._company.spec.closes_at
        return closes + timedelta(seconds=self.extended) if closes is not None else None

    def is_over(self, now: datetime) -> bool:
        closes = self.closes_at
        return closes is not None and now >= closes

    def extend(self, host: Participant) -> None:
        """Puts the end off once more. Raises `Refused` for a role that may not, and when it was put off enough."""
        host.require(RoomAct.EXTEND)
        timers = self._company.spec.timers
        if self.extended >= timers.extension * timers.most_extensions:
            raise Refused(protocol.REFUSED, "extended_enough")
        self.extended += timers.extension
        self._told = {told for told in self._told if told[1] != "closing"}
        self._events.discard(RoomEventKind.CLOSING)
        self._company.emit(RoomEventKind.EXTENDED, None, "", {"seconds": timers.extension}, by=host.id)
        self._company.tell(self._message("extended", self._left()))

    def look(self, now: float) -> None:
        """Tells what has come about since; called often, and looks less often."""
        if now < self._looked + LOOK_SECONDS:
            return
        self._looked = now
        self._look_who_is_there(now)
        ends = self._company.spec.ends_at
        if ends is not None and self._services.visit_time() >= ends:
            self._once(RoomEventKind.OVERRUN)
            self._tell(self._company.hosts(), "overrun")
        left = self._left()
        if left is not None and 0 < left <= self._company.spec.timers.closing_notice:
            self._once(RoomEventKind.CLOSING)
            self._tell(self._company.everybody(), "closing")

    def _look_who_is_there(self, now: float) -> None:
        timers, people, hosts = self._company.spec.timers, self._company.everybody(), self._company.hosts()
        if people:
            self._somebody_at = now
        self.empty = now - self._somebody_at > timers.empty
        self._company_came = self._company_came or len(people) > len(hosts)
        if not hosts or self._company_came:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or now
        if now - self._alone_since > timers.no_show:
            self._once(RoomEventKind.NO_SHOW)
            self._tell(hosts, "no_show")

    def _left(self) -> float | None:
        closes = self.closes_at
        return (closes - self._services.visit_time()).total_seconds() if closes is not None else None

    def _once(self, kind: RoomEventKind) -> None:
        if kind not in self._events:
            self._events.add(kind)
            self._company.emit(kind, None, "")

    def _tell(self, people: list[Participant], code: str) -> None:
        for one in people:
            if (one.id, code) not in self._told:
                self._told.add((one.id, code))
                one.send(self._message(code, self._left()))

    def _message(self, code: str, left: float | None) -> protocol.Outbound:
        return {"type": "time", "code": code, "closes_in": None if left is None else round(left)}
