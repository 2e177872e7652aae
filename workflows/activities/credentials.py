"""What the primary sources say of a clinician's licences now: asked every day, and before a gate that stands on them.

A source that does not answer in time shuts nothing by itself: its last answer counts for as long as the vocabulary
says (`greatest_age`), and after that the law's own "untold" shuts the gate. An answer that comes too late for the gate
that waited is kept for the next.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from engine.credentials import Claim, CredentialBook, PrimarySource
from engine.ports import PortUnavailable, VisitRef
from workflows.contracts import CredentialsInput

log = logging.getLogger(__name__)

AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPatience:
    """How long an answer counts without asking again, how long a gate and a day's round wait for one, and for how long
    a source that did not answer is left alone."""

    fresh_for: timedelta = timedelta(minutes=10)
    gate_seconds: float = 3.0
    round_seconds: float = 30.0
    leave_alone_seconds: float = 60.0


class CredentialChecks:
    """Asks a primary source about what the clinic's book holds, and keeps what it answers."""

    def __init__(self, book: CredentialBook, source: PrimarySource, patience: CheckPatience | None = None) -> None:
        self._book = book
        self._source = source
        self._patience = patience or CheckPatience()
        self._few = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._under_way: dict[str, threading.Event] = {}
        self._silent: dict[str, float] = {}

    def before_gate(self, ref: VisitRef) -> None:
        """Asks about who a visit stands on, where the newest answer is not fresh; waits a little and never raises.

        Whatever goes wrong here, the gate goes by what is on record and how old it is.
        """
        try:
            claims = self._book.claims(ref.clinic, self._book.people_of(ref))
            self._ask_all(ref.clinic, self._stale(claims), self._patience.gate_seconds)
        except Exception as fault:
            log.error("credentials of visit %s: %s", ref.visit, type(fault).__name__)

    @activity.defn(no_thread_cancel_exception=True)
    def check_credentials(self, asked: CredentialsInput) -> int:
        """One round over a clinic's clinicians; returns how many credentials were asked about."""
        count = 0
        for person in self._book.providers(asked.clinic):
            claims = self._stale(self._book.claims(asked.clinic, (person,)))
            self._ask_all(asked.clinic, claims, self._patience.round_seconds)
            count += len(claims)
            if activity.in_activity():
                activity.heartbeat()
        return count

    def settle(self) -> None:
        """Waits for every question that is under way."""
        with self._lock:
            under_way = tuple(self._under_way.values())
        for answered in under_way:
            answered.wait()

    def _stale(self, claims: Sequence[Claim]) -> Sequence[Claim]:
        """What to ask about: no fresh answer is on record, and the source was not silent a moment ago."""
        now, moment = self._book.now(), time.monotonic()
        return tuple(
            claim
            for claim in claims
            if (claim.verified_at is None or abs(now - claim.verified_at) > self._patience.fresh_for)
            and self._silent.get(claim.credential, 0.0) <= moment
        )

    def _ask_all(self, clinic: str, claims: Sequence[Claim], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        answers = [self._begin(clinic, claim) for claim in claims]
        for claim, answered in zip(claims, answers, strict=True):
            if not answered.wait(max(0.0, deadline - time.monotonic())):
                self._leave_alone(claim)
                log.warning("credentials: no answer in time about %s", claim.credential)

    def _begin(self, clinic: str, claim: Claim) -> threading.Event:
        """The question under way about a credential, begun if there is none."""
        with self._lock:
            known = self._under_way.get(claim.credential)
            if known is not None:
                return known
            answered = self._under_way[claim.credential] = threading.Event()
        threading.Thread(target=self._ask, args=(clinic, claim, answered), daemon=True).start()
        return answered

    def _ask(self, clinic: str, claim: Claim, answered: threading.Event) -> None:
        try:
            with self._few:
                self._ask_once(clinic, claim)
        except Exception as fault:  # the book could not be written: the next gate asks again
            log.error("credentials: %s is not kept: %s", claim.credential, type(fault).__name__)
        finally:
            with self._lock:
                self._under_way.pop(claim.credential, None)
            answered.set()

    def _ask_once(self, clinic: str, claim: Claim) -> None:
        try:
            answer = self._source.ask(claim)
        except Exception as fault:  # whatever a source's adapter raises, it has not answered
            self._leave_alone(claim)
            self._book.unanswered(clinic, claim, "away" if isinstance(fault, PortUnavailable) else "fault")
            return
        self._silent.pop(claim.credential, None)
        self._book.answered(clinic, claim, answer)

    def _leave_alone(self, claim: Claim) -> None:
        self._silent[claim.credential] = time.monotonic() + self._patience.leave_alone_seconds
