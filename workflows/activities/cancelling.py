"""Keeps what came of a cancellation: undone in time or let go; the pharmacy's refusal, or its silence."""

from __future__ import annotations

from temporalio import activity

from engine.pharmacy import AskedCancellation, PharmacyBook
from engine.ports import VisitRef
from workflows.contracts import CancellationInput


class CancellingActivities:
    """Ids and codes only; done twice each of them is done once."""

    def __init__(self, book: PharmacyBook) -> None:
        self._book = book

    @activity.defn(no_thread_cancel_exception=True)
    def let_go(self, asked: CancellationInput) -> bool:
        """Whether it goes to the pharmacy: from here on it cannot be undone, unless it was already."""
        return self._book.let_go(_asked(asked))

    @activity.defn(no_thread_cancel_exception=True)
    def keep_unanswered(self, asked: CancellationInput) -> None:
        """Keeps that the pharmacy has not answered so far, unless it has meanwhile."""
        self._book.unanswered(_asked(asked))

    @activity.defn(no_thread_cancel_exception=True)
    def keep_refused(self, asked: CancellationInput) -> None:
        """Puts it before people that the pharmacy cancels nothing; the answer itself is on record already."""
        self._book.refused(_asked(asked))


def _asked(asked: CancellationInput) -> AskedCancellation:
    return AskedCancellation(
        ref=VisitRef(clinic=asked.clinic, visit=asked.visit),
        order=asked.order,
        message_id=asked.message,
        key=asked.key,
        actor=asked.actor,
    )
