"""What the recording of a call is to the rest of the house: who may begin one, who agreed, where its parts are kept.

A *recording* is one run between a start and a stop in one room. Its *parts* are files: one for what a participant says
and shows, another for a shared screen, a new one whenever that changes or the recording was paused. Ids, codes and
numbers only. ``media`` records, ``records`` keeps, ``workflows/worker.py`` joins the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.rooms import RoomClaims

# What everybody is asked, word for word as their answer is kept.
NOTICE = {
    "en": "This call is to be recorded, with picture and sound, and kept in the patient's medical record. "
    "It is recorded only while everybody in the call agrees. You may say no, and you may stop agreeing at any time: "
    "the visit goes on without a recording.",
    "es": "Esta llamada se va a grabar, con imagen y sonido, y se guardará en el expediente médico del paciente. "
    "Solo se graba mientras todas las personas en la llamada estén de acuerdo. Puede decir que no, y puede dejar de "
    "estar de acuerdo en cualquier momento: la consulta sigue sin grabación.",
}


class EmptyTape(ValueError):
    """There is not one frame on a tape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedPart:
    """What a finished part is: its media type, its length, how many frames each track has."""

    media_type: str
    duration_ms: int
    frames: tuple[int, ...]


class RecordingState(StrEnum):
    """How far a recording is, as everybody in the room is told."""

    OFF = "off"
    ASKING = "asking"
    ON = "on"
    PAUSED = "paused"


# Why there is no recording (any more). The law's own reasons are the sentences of the gate's record.
STOPPED, REFUSED, WITHDRAWN, ENDED = "stopped", "refused", "withdrawn", "ended"
NOT_OFFERED, GATE_SHUT, UNAVAILABLE = "not_offered", "gate_shut", "unavailable"
FAULT, UNANSWERED, INTERRUPTED = "fault", "unanswered", "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSpec:
    """A part about to be written: whose, what of theirs (``own`` or ``screen``), after how many milliseconds."""

    recording: str
    clinic: str
    visit: str
    participant: str
    role: str
    label: str
    offset_ms: int
    video: str = ""
    audio: str = ""


class Tape(Protocol):
    """Where a part's bytes go, in order, sealed as they come. Methods may wait for the disk; one thread uses it."""

    def write(self, data: bytes) -> None:
        """Adds to the part. Raises `OSError` when the disk does not take it."""

    def sync(self) -> None:
        """Seals what is waiting and waits until the disk has it."""

    def finish(self, duration_ms: int) -> None:
        """Ends the part: from now on a missing end would show. A second call does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The answer to who wants to record: a recording's id, or a code of why not with the gate that is shut."""

    recording: str = ""
    code: str = ""
    gate: str = ""


class RecordingBook(Protocol):
    """What records keep of recordings (`records.recording_store`); synchronous, from any thread."""

    def person_of(self, claims: RoomClaims) -> str: ...
    def ask(self, claims: RoomClaims, gate: str) -> str: ...
    def said(self, recording: str, claims: RoomClaims, agrees: bool, language: str) -> None: ...
    def moved(self, recording: str, claims: RoomClaims, state: RecordingState, code: str) -> None: ...
    def broken_off(self, claims: RoomClaims) -> bool: ...
    def tape(self, spec: PartSpec) -> Tape: ...


class RecordingDesk(Protocol):
    """The records' side of recording, and the law's. Coroutines run on the node's loop, `tape` in any thread."""

    async def ask(self, claims: RoomClaims) -> Permit:
        """Whether the visit may be recorded, were everybody to agree; one that may is on record from now on."""
        ...

    async def said(self, recording: str, claims: RoomClaims, agrees: bool, language: str) -> None:
        """Keeps what a participant answered. Raises when it could not be kept: then nobody has agreed."""
        ...

    async def begin(self, recording: str, claims: RoomClaims) -> Permit:
        """Asks the law anew now that everybody who is there has agreed."""
        ...

    async def moved(self, recording: str, claims: RoomClaims, state: RecordingState, code: str) -> None:
        """Keeps that the recording went on, paused or ended, and why (a code)."""
        ...

    async def broken_off(self, claims: RoomClaims) -> bool:
        """Ends what was recorded in the visit's earlier rooms; whether a recording broke off with the last of them."""
        ...

    def tape(self, spec: PartSpec) -> Tape:
        """A sealed file for a part. Raises when the recording does not stand or the disk takes nothing."""
        ...
