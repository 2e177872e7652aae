"""What a clinic asks a primary source about a licence or a registration, and what it gets for an answer.

A primary source is whoever issued the credential: a board, or the Drug Enforcement Administration. The values here
cross from records through the worker to `integrations.credentials` and back; none of them is about a patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from engine.ports import VisitRef

LICENSE, DEA = "license", "dea"
AGREEMENT = "agreement"
EXPIRED = -1
THRESHOLDS = (EXPIRED, 0, 30, 60, 90)
"""Days before a credential's last valid day at which people are told, the most pressing first; -1: it is over."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Credential:
    """A licence or a registration: whose, what, where, and what it says of itself.

    ``credential`` is its id here; ``type`` is the kind of a licence (`full`, `compact_privilege`, ...).
    """

    credential: str
    person: str
    kind: str
    state: str
    status: str
    profession: str = ""
    type: str = ""
    number: str = ""
    issued: date | None = None
    expires: date | None = None
    schedules: tuple[str, ...] = ()
    verified_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Claim(Credential):
    """A credential as a primary source is asked about it: the holder goes by their NPI."""

    npi: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SourceAnswer:
    """What the source says: its dates, its status in our words, discipline, and the instant it is true of.

    ``found`` is False when the source knows no such credential: then it is not active, whatever we believed.
    """

    source: str
    as_of: datetime
    found: bool
    status: str = ""
    issued: date | None = None
    expires: date | None = None
    schedules: tuple[str, ...] = ()
    disciplined: bool = False


class PrimarySource(Protocol):
    """Whoever issues credentials; blocking. Network trouble and nonsense raise ``PortUnavailable``."""

    def ask(self, claim: Claim) -> SourceAnswer: ...


class CredentialBook(Protocol):
    """The clinic's own book of credentials, as the checks of the source read and write it."""

    def people_of(self, ref: VisitRef) -> Sequence[str]:
        """Whose credentials a visit stands on: its clinician and who supervises them."""
        ...

    def providers(self, clinic: str) -> Sequence[str]: ...
    def claims(self, clinic: str, people: Sequence[str]) -> Sequence[Claim]: ...
    def answered(self, clinic: str, claim: Claim, answer: SourceAnswer) -> None:
        """Keeps the answer; what differs becomes a new version of the credential. Audited."""
        ...

    def unanswered(self, clinic: str, claim: Claim, code: str) -> None:
        """Keeps that the source was asked and did not answer."""
        ...

    def now(self) -> datetime:
        """The instant visits go by."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Reader:
    """Somebody who is told, and in which language; without an address only the pages tell them."""

    person: str
    address: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Expiry:
    """Something that runs out: a credential or an agreement, its last valid day, the threshold it has passed."""

    credential: str
    person: str
    kind: str
    state: str
    expires: date
    threshold: int
    readers: tuple[Reader, ...] = ()


def threshold_of(expires: date, today: date) -> int | None:
    """The most pressing threshold that a last day has passed; None while it is far away."""
    left = (expires - today).days
    return next((threshold for threshold in THRESHOLDS if left <= threshold), None)


class ExpiryBook(Protocol):
    """What runs out, and who was told."""

    def due(self, clinic: str, today: date) -> Sequence[Expiry]: ...
    def tell(self, clinic: str, expiry: Expiry, reader: Reader, words: tuple[str, str]) -> None:
        """Queues the mail (subject, body) once for each credential, last day, threshold and reader."""
        ...
