"""What becomes of a prescription once a pharmacy has it: what the pharmacy tells, and what is asked of it later?

The words are those of records, workflows and pages; `integrations.erx` translates them from NCPDP SCRIPT (RxFill,
CancelRx and its response). Nothing here says what was prescribed to whom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from engine.ports import VisitRef

DISPENSED, PARTLY_DISPENSED = "dispensed", "partly_dispensed"
NOT_DISPENSED, TRANSFERRED = "not_dispensed", "transferred"
FILLS = (DISPENSED, PARTLY_DISPENSED, NOT_DISPENSED, TRANSFERRED)
"""The states that a pharmacy's RxFill may tell."""

CANCEL_HELD, CANCEL_UNDONE = "cancel_held", "cancel_undone"
"""A cancellation that is asked for and has not left yet, so that it can be undone; and that it was."""

UNDO_SECONDS = 30
"""How long a cancellation is held, at the least, before its pharmacy is asked."""

CANCELLING, CANCEL_REFUSED, CANCEL_UNANSWERED = "cancelling", "cancel_refused", "cancel_unanswered"
FATES = frozenset({*FILLS, CANCEL_HELD, CANCELLING, CANCEL_REFUSED, CANCEL_UNANSWERED})
"""What a prescription that went out may have come to; its own state stays that it went out."""

ALREADY_FILLED = "already_filled"
"""The code of a pharmacy that has given the medicine out and so cancels nothing."""

TELLS_THE_PATIENT = frozenset({"cancelled", CANCEL_REFUSED, CANCEL_UNANSWERED, NOT_DISPENSED, TRANSFERRED})
"""What a patient is written to about: without looking they would go for nothing, or take what they are not to take."""

TELLS_AT_NIGHT = frozenset({CANCEL_REFUSED, CANCEL_UNANSWERED})
"""What does not wait for the morning: the medicine may be in the patient's hands, and is not to be taken."""

CANCEL_REASONS = ("allergy", "interaction", "wrong_drug", "wrong_dose", "wrong_pharmacy", "not_needed", "other")
"""Why a clinician takes a prescription back."""

_CANCELLABLE = frozenset({"", PARTLY_DISPENSED})
_NEWEST_COUNTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        CANCEL_REFUSED: frozenset({NOT_DISPENSED, TRANSFERRED}),
        CANCEL_HELD: frozenset(),
        CANCELLING: frozenset(),
        CANCEL_UNANSWERED: frozenset(),
    }
)


def may_be_cancelled(fate: str) -> bool:
    """Whether asking the pharmacy makes sense: it has given out nothing, or not all, and was not asked before."""
    return fate in _CANCELLABLE


def fate_after(fate: str, fill: str) -> str:
    """What a prescription has come to after an RxFill: the answer to a cancellation is not hidden by what it means."""
    newest = _NEWEST_COUNTS.get(fate)
    return fill if newest is None or fill in newest else fate


@dataclass(frozen=True, slots=True, kw_only=True)
class FillReport:
    """An RxFill: which message it answers (``relates_to``), of which order, one of `FILLS`, and when it was so."""

    message_id: str
    relates_to: str
    order: str
    state: str
    at: datetime
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedCancellation:
    """A cancellation that a clinician asked for and no pharmacy has answered; ids only, ``key`` is its own."""

    ref: VisitRef
    order: str
    message_id: str
    key: str
    actor: str


class PharmacyMail(Protocol):
    """The mailbox that a network keeps for a clinic's system."""

    def collect(self, most: int) -> Sequence[FillReport]:
        """What lies there, oldest first; it stays until it is taken. Network trouble raises ``PortUnavailable``."""
        ...

    def taken(self, message_id: str) -> None:
        """Says that a message is on record here; once more is harmless."""
        ...


class PharmacyBook(Protocol):
    """What records keep of a pharmacy's later messages and of cancellations."""

    def keep_fill(self, report: FillReport) -> bool:
        """Keeps it once; False when it is about no prescription of ours."""
        ...

    def asked(self) -> Sequence[AskedCancellation]:
        """Every cancellation that waits for an answer, every clinic's."""
        ...

    def let_go(self, asked: AskedCancellation) -> bool:
        """Ends the time in which it could be undone; False when it was undone. Done twice it is done once."""
        ...

    def unanswered(self, asked: AskedCancellation) -> None:
        """Keeps that nobody answered so far, and puts it before people; an answer on record stays."""
        ...

    def refused(self, asked: AskedCancellation) -> None:
        """Puts it before people that the pharmacy cancels nothing."""
        ...
