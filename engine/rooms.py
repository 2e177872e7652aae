"""What a visit's media room is to the rest of the house: its spec, its door, what can be seen of it, how it ended.

Everything here is ids, codes, instants and numbers; a person's name never enters a room. ``media`` implements
:class:`RoomHost`; an activity opens the room, heartbeats its snapshot and waits until it is closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class RoomRole(StrEnum):
    """What a participant is in a room; :mod:`engine.room_roles` says what that lets them send, receive and do."""

    PATIENT = "patient"
    PROVIDER = "provider"
    INTERPRETER = "interpreter"
    CAREGIVER = "caregiver"
    OBSERVER = "observer"
    SECOND_SITE = "second_site"


# Why a room closed. A caller of `close_room` may give another short code of its own (`drain`, `cancelled`, ...).
ENDED_BY_PROVIDER = "ended_by_provider"
TIME_OVER = "time_over"
EMPTY = "empty"
NODE_STOPPED = "node_stopped"

# Why somebody left whom the one who leads the visit sent out.
TAKEN_OUT = "taken_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomTimers:
    """How long, in seconds, before something happens by itself.

    Everybody is told ``closing_notice`` before the room closes; who leads may put that off by ``extension``,
    ``most_extensions`` times. Who leads is told when ``no_show`` has passed and nobody else ever came. A room where
    nobody is for ``empty`` closes.
    """

    closing_notice: int = 300
    extension: int = 900
    most_extensions: int = 4
    no_show: int = 600
    empty: int = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomKept:
    """What of a room outlives its node: ids and numbers. ``hushed`` says of each microphone that was asked to be off
    whether it was; ``extended`` is in seconds."""

    locked: bool = False
    seen: frozenset[str] = frozenset()
    let_in: frozenset[str] = frozenset()
    sent_back: frozenset[str] = frozenset()
    hushed: Mapping[str, bool] = field(default_factory=dict)
    extended: int = 0

    def to_json(self) -> dict[str, Any]:
        names = {"seen": self.seen, "let_in": self.let_in, "sent_back": self.sent_back}
        told: dict[str, Any] = {name: sorted(ids) for name, ids in names.items()}
        return {**told, "locked": self.locked, "hushed": dict(self.hushed), "extended": self.extended}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> RoomKept:
        """What was kept; of an empty row nothing."""
        names = ("seen", "let_in", "sent_back")
        ids = {name: frozenset(map(str, raw.get(name, ()))) for name in names}
        hushed = {str(who): bool(was_off) for who, was_off in raw.get("hushed", {}).items()}
        return cls(locked=bool(raw.get("locked")), hushed=hushed, extended=int(raw.get("extended", 0)), **ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSpec:
    """A room to be opened for one media session of a visit.

    ``opens_at`` and ``closes_at`` are aware instants on the clock that visits go by, None leaves that side open;
    ``ends_at`` is until when it was booked. ``kept`` is what an earlier node left of it.
    A room id is used once: a room that has closed stays closed, and opening it again gives its report at once.
    """

    room_id: str
    clinic: str
    visit_id: str
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    max_participants: int = 6
    ends_at: datetime | None = None
    timers: RoomTimers = RoomTimers()
    kept: RoomKept = RoomKept()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClaims:
    """What a verified session token says: who may (re)join which room until ``expires_at`` (machine time).

    A ``guest`` came by an invitation, without an account; one who ``waits`` is let in by whoever leads the visit.
    """

    clinic: str
    visit_id: str
    room_id: str
    participant_id: str
    role: RoomRole
    expires_at: datetime
    guest: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One participant now in a room; ``connected`` is true while encrypted media can flow."""

    participant_id: str
    role: RoomRole
    joined_at: datetime
    connected: bool
    packets_in: int = 0
    packets_out: int = 0
    packets_lost_in: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomState:
    """A room as it is at ``at``: small enough for a heartbeat, with nothing in it that identifies a person."""

    room_id: str
    at: datetime
    open: bool
    participants: tuple[Presence, ...] = ()
    packets_in: int = 0
    packets_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomReport:
    """How a room ended: the reason's code, when, and whole seconds of presence by participant id."""

    room_id: str
    reason: str
    opened_at: datetime
    ended_at: datetime
    seconds: Mapping[str, int] = field(default_factory=dict)
    media_seconds: Mapping[str, int] = field(default_factory=dict)


class RoomEventKind(StrEnum):
    """What can happen in a room that the visit's record wants to know."""

    JOINED = "joined"
    LEFT = "left"
    QUALITY = "quality"
    ENDED = "ended"
    KNOCKED = "knocked"
    ADMITTED = "admitted"
    TURNED_AWAY = "turned_away"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    MUTED = "muted"
    SHARED = "shared"
    NO_SHOW = "no_show"
    OVERRUN = "overrun"
    CLOSING = "closing"
    EXTENDED = "extended"
    RESUMED = "resumed"
    RESUME_REFUSED = "resume_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomEvent:
    """One thing that happened.

    ``reason`` is a code: of a join `new | rejoined`, of a leave `left | lost | ended | removed | taken_out`, of an end
    the room's reason. ``by`` is the participant who did it to ``participant_id`` (admitted, turned away, muted, taken
    out) or to the room (locked). ``measures`` holds the numbers of a quality event: ratios 0..1, seconds, counts.
    """

    kind: RoomEventKind
    room_id: str
    clinic: str
    visit_id: str
    at: datetime
    participant_id: str | None = None
    role: RoomRole | None = None
    by: str | None = None
    reason: str = ""
    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceEntry:
    """What a device's link opens: a part in a room, and where that room is now; no room while there is no call."""

    claims: RoomClaims
    endpoint: str = ""


class DeviceLinks(Protocol):
    """Who a device is that shows a link of its own, without a browser or an account. Both calls may wait."""

    def look(self, bearer: str) -> DeviceEntry | None:
        """What the link opens; None (and that is audited) for one that opens nothing, or nothing any more."""
        ...

    def use(self, bearer: str) -> bool:
        """Uses it up; False when somebody else was quicker."""
        ...


TokenVerifier = Callable[[str], RoomClaims | None]
Admission = Callable[[RoomClaims], bool]
EventSink = Callable[[RoomEvent], Awaitable[None] | None]


class RoomUnknown(LookupError):
    """This host has never opened (or no longer remembers) the room; carries the room's id."""


class RoomsFull(RuntimeError):
    """This host cannot carry another room now; the caller should try another one. Carries the room's id."""


class RoomHost(Protocol):
    """One process that holds rooms. Its coroutines run on the event loop that the host was started on."""

    @property
    def endpoint(self) -> str:
        """The WebSocket address that browsers join by; it carries no token and no room."""
        ...

    async def open_room(self, spec: RoomSpec) -> None:
        """Opens the room; opening it again changes nothing but its limits. Raises `RoomsFull`."""
        ...

    def snapshot(self, room_id: str) -> RoomState:
        """The room as it is now, or as it closed. Raises `RoomUnknown`."""
        ...

    async def wait_closed(self, room_id: str) -> RoomReport:
        """Returns once the room has closed, at once when it already has. Raises `RoomUnknown`."""
        ...

    async def close_room(self, room_id: str, reason: str) -> RoomReport:
        """Tells everybody, closes the room, returns its report; the first reason stays. Raises `RoomUnknown`."""
        ...
