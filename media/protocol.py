"""What browser and node say to each other over the WebSocket: every message, read strictly.

``docs/media.md`` describes the same messages for people. The client's messages are parsed into frozen types here;
the server's are plain mappings made by the functions below. Nothing is trusted: unknown types, keys of the wrong kind
and long lists are :class:`BadMessage`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from media.ladder import LadderRules, Step
from media.publication import LABELS
from media.sdp import MAX_BYTES

VERSION = 1
MAX_MESSAGE = MAX_BYTES + (16 << 10)
MAX_TOKEN = 4096
MAX_ITEMS = 40
MAX_MEASURES = 32
# The numbers of a browser that are passed on; a name of its own making goes nowhere.
MEASURES = frozenset(
    {
        "available",
        "camera_height",
        "frame_height",
        "frames_decoded",
        "freezes",
        "loss_in",
        "loss_out",
        "round_trip",
        "sent_height",
    }
)

# What one participant may tell another by a press of a button; words are the page's.
SIGNALS = frozenset({"cannot_hear", "cannot_see", "all_well", "hand"})

Outbound = dict[str, Any]

# Why a WebSocket was closed; docs/media.md says after which a client comes back.
BAD_MESSAGE, REFUSED, TURNED_AWAY, NOT_OPEN, LATE = 4400, 4401, 4403, 4404, 4408
REPLACED, ENDED, LOCKED, FLOOD, MEDIA_LOST, FULL = 4409, 4410, 4423, 4429, 4500, 4503
NO_RESUME = 4412
LEFT = 1000
RESTART = 1012


class BadMessage(ValueError):
    """A message that is none of the protocol; carries a code (``message_...``), never the message."""


@dataclass(frozen=True, slots=True, repr=False)
class Join:
    """The first message of a connection."""

    token: str


@dataclass(frozen=True, slots=True, repr=False)
class Resume:
    """The first message of a connection that goes on where another one broke; ``heard`` counts what was heard there."""

    token: str
    heard: int


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer: its number, SDP, and which sections publish what and subscribe to what."""

    id: int
    sdp: str
    publish: Mapping[str, str]
    subscribe: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Applied:
    """The answer to offer ``id`` is in effect in the browser: subscriptions may begin."""

    id: int


@dataclass(frozen=True, slots=True)
class MuteState:
    """Whether the participant's microphone and camera are on, for the others to see."""

    audio: bool
    video: bool


@dataclass(frozen=True, slots=True)
class Stats:
    """The browser's own view of its connection, numbers only."""

    measures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leave:
    """The participant goes."""


@dataclass(frozen=True, slots=True)
class End:
    """The participant ends the room for everybody, if their role may."""


@dataclass(frozen=True, slots=True)
class Admit:
    """Lets somebody in who waits at the door, or (``inside`` is false) sends them away."""

    participant: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Remove:
    """Takes somebody out of the room; whoever comes again waits to be let in."""

    participant: str


@dataclass(frozen=True, slots=True)
class Lock:
    """Shuts the door to whom the visit is not about and who has not been inside, or opens it."""

    locked: bool


@dataclass(frozen=True, slots=True)
class Mute:
    """Asks a microphone to be off, everybody's but one's own where nobody is named; nothing of it is forwarded."""

    participant: str


@dataclass(frozen=True, slots=True)
class Record:
    """Whoever leads the visit wants it recorded, or no more."""

    on: bool


@dataclass(frozen=True, slots=True)
class RecordingSaid:
    """A participant's answer to being recorded; ``language`` is the one they were asked in."""

    recording: str
    agrees: bool
    language: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One of `SIGNALS` for one participant, or for all where nobody is named."""

    to: str
    code: str


@dataclass(frozen=True, slots=True)
class Written:
    """There is something new in the visit's chat; what, only the records know."""


@dataclass(frozen=True, slots=True)
class Extend:
    """Whoever leads the visit wants the room to close later."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Answered with ``pong``."""


ClientMessage = (
    Join
    | Resume
    | Offer
    | Applied
    | MuteState
    | Stats
    | Leave
    | End
    | Admit
    | Remove
    | Lock
    | Mute
    | Record
    | RecordingSaid
    | Signal
    | Written
    | Extend
    | Ping
)


def parse(text: str) -> ClientMessage:
    """The message in ``text``. Raises `BadMessage`."""
    if len(text) > MAX_MESSAGE:
        raise BadMessage("message_size")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage("message_json") from error
    if not isinstance(value, dict):
        raise BadMessage("message_shape")
    kind = value.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise BadMessage("message_type")
    return reader(value)


def _join(value: Mapping[str, Any]) -> Join:
    if value.get("version") != VERSION:
        raise BadMessage("message_version")
    return Join(_text(value, "token", MAX_TOKEN))


def _resume(value: Mapping[str, Any]) -> Resume:
    if value.get("version") != VERSION:
        raise BadMessage("message_version")
    return Resume(_text(value, "token", 64), _number(value, "heard"))


def _offer(value: Mapping[str, Any]) -> Offer:
    publish = dict(_pair(item, "label") for item in _items(value, "publish"))
    if not set(publish.values()) <= set(LABELS):
        raise BadMessage("message_label")
    subscribe = dict(_pair(item, "publication") for item in _items(value, "subscribe"))
    if set(publish) & set(subscribe) or len(set(subscribe.values())) != len(subscribe):
        # A publication received twice would be paid for twice by everybody else.
        raise BadMessage("message_mid")
    return Offer(_number(value, "id"), _text(value, "sdp", MAX_BYTES), publish, subscribe)


def _pair(item: Any, name: str) -> tuple[str, str]:
    if not isinstance(item, dict):
        raise BadMessage("message_shape")
    return _text(item, "mid", 32), _text(item, name, 64)


def _applied(value: Mapping[str, Any]) -> Applied:
    return Applied(_number(value, "id"))


def _state(value: Mapping[str, Any]) -> MuteState:
    audio, video = value.get("audio"), value.get("video")
    if not isinstance(audio, bool) or not isinstance(video, bool):
        raise BadMessage("message_state")
    return MuteState(audio, video)


def _stats(value: Mapping[str, Any]) -> Stats:
    measures = value.get("measures")
    if not isinstance(measures, dict) or len(measures) > MAX_MEASURES:
        raise BadMessage("message_measures")
    return Stats({name: _measure(number) for name, number in measures.items() if name in MEASURES})


def _measure(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > 1e15 or math.isnan(number):
        raise BadMessage("message_measures")
    return float(number)


def _signal(value: Mapping[str, Any]) -> Signal:
    code = value.get("code")
    if not isinstance(code, str) or code not in SIGNALS:
        raise BadMessage("message_code")
    return Signal(_who(value), code)


def _record(value: Mapping[str, Any]) -> Record:
    on = value.get("on")
    if not isinstance(on, bool):
        raise BadMessage("message_on")
    return Record(on)


def _recording_said(value: Mapping[str, Any]) -> RecordingSaid:
    agrees = value.get("agrees")
    if not isinstance(agrees, bool):
        raise BadMessage("message_agrees")
    language = _text(value, "language", 2) if "language" in value else ""
    return RecordingSaid(_text(value, "recording", 64), agrees, language)


def _lock(value: Mapping[str, Any]) -> Lock:
    locked = value.get("locked")
    if not isinstance(locked, bool):
        raise BadMessage("message_locked")
    return Lock(locked)


def _who(value: Mapping[str, Any]) -> str:
    """A participant's id, empty where nobody is named."""
    return _text(value, "participant", 64) if "participant" in value else ""


def _items(value: Mapping[str, Any], name: str) -> Sequence[Any]:
    items = value.get(name, [])
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        raise BadMessage("message_list")
    return items


def _text(value: Mapping[str, Any], name: str, most: int) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not 0 < len(text) <= most:
        raise BadMessage(f"message_{name}")
    return text


def _number(value: Mapping[str, Any], name: str) -> int:
    number = value.get(name)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 1 << 31:
        raise BadMessage(f"message_{name}")
    return number


_READERS: Mapping[str, Callable[[Mapping[str, Any]], ClientMessage]] = {
    "join": _join,
    "resume": _resume,
    "offer": _offer,
    "applied": _applied,
    "state": _state,
    "stats": _stats,
    "leave": lambda _: Leave(),
    "end": lambda _: End(),
    "admit": lambda value: Admit(_text(value, "participant", 64), True),
    "turn_away": lambda value: Admit(_text(value, "participant", 64), False),
    "remove": lambda value: Remove(_text(value, "participant", 64)),
    "lock": _lock,
    "mute": lambda value: Mute(_who(value)),
    "record": _record,
    "recording_said": _recording_said,
    "signal": _signal,
    "written": lambda _: Written(),
    "extend": lambda _: Extend(),
    "ping": lambda _: Ping(),
}


def error(code: str, offer: int | None = None) -> Outbound:
    """Something was refused; ``offer`` names the offer it was about."""
    message: Outbound = {"type": "error", "code": code}
    return message if offer is None else {**message, "id": offer}


def level(direction: str, step: Step) -> Outbound:
    """The picture that a link carries now, in one ``direction`` (``send`` or ``receive``), and why it changed."""
    level = step.level
    return {
        "type": "level",
        "direction": direction,
        "name": level.name,
        "height": level.height,
        "frame_rate": level.frame_rate,
        "bitrate": level.spends,
        "why": step.why.value,
        "rescue": step.rescue,
        "full": step.full,
    }


def levels(rules: LadderRules) -> list[Outbound]:
    """What a picture of some height may cost, best first, for whoever sends one in several layers."""
    return [
        {"height": level.height, "frame_rate": level.frame_rate, "bitrate": level.spends}
        for level in rules.levels
        if level.height
    ]
