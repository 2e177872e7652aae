"""A primary source that no board stands behind: an inquiry goes in, a report comes back, as from a licence registry.

It behaves like the network: it takes its time, is away or too slow when told so, answers nonsense when told so, and
what it holds can be changed under a clinic's feet, as a board changes it. It believes what it is asked about first;
from then on it answers by its own register. Every report names the simulator as its sender.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from engine.credentials import Claim, SourceAnswer
from engine.ports import PortUnavailable
from integrations.credentials import messages
from integrations.ledger import Ledger
from integrations.moods import GARBLED, Moods

SENDER = "SIMULATOR"
_LATENCY_SECONDS = 0.05
_UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a register is told to say of a credential from now on; None leaves it as it is."""

    status: str | None = None
    expires: date | None = None
    disciplined: bool | None = None


class SimulatedRegister:
    """The far side: its register, and how it is today. Everything can be told so by a command while it runs."""

    def __init__(self, state_file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._ledger = Ledger(state_file)
        self._now = now
        self.moods = Moods(self._ledger, "credentials", _LATENCY_SECONDS)

    def tell(self, claim: Claim, told: Told) -> None:
        """What the board decided: the register says it at the next inquiry."""
        name = _name(messages.read_inquiry(messages.inquiry(claim, ""))[1])
        entry = dict(self._ledger.once(name, lambda: _entry(claim)))
        entry |= {"status": told.status} if told.status else {}
        entry |= {"expires": told.expires.isoformat()} if told.expires else {}
        entry |= {"disciplined": int(told.disciplined)} if told.disciplined is not None else {}
        self._ledger.put(name, entry)

    def forget(self, claim: Claim) -> None:
        """From now on it knows no such credential."""
        self._ledger.put(_name(messages.read_inquiry(messages.inquiry(claim, ""))[1]), {"status": _UNLISTED})

    def exchange(self, message: bytes, claimed: Mapping[str, str | int]) -> bytes:
        """Answers one inquiry. ``claimed`` is what it believes of a credential that it never heard of.

        Raises:
            PortUnavailable: it is away.
        """
        if self.moods.answer_time():
            return GARBLED
        about = messages.read_inquiry(message)
        entry = self._ledger.once(_name(about[1]), lambda: claimed)
        return messages.report(about, SENDER, self._now(), _found(entry))


class SimulatedPrimarySource:
    """``engine.credentials.PrimarySource`` over the simulated register."""

    def __init__(self, register: SimulatedRegister) -> None:
        self._register = register

    def ask(self, claim: Claim) -> SourceAnswer:
        """Asks about one credential; a report that cannot be read counts as none."""
        transaction = hashlib.sha256(f"{claim.credential}:{time.monotonic_ns()}".encode()).hexdigest()[:24]
        report = self._register.exchange(messages.inquiry(claim, transaction), _entry(claim))
        try:
            return messages.read_report(report, transaction, claim)
        except messages.MalformedReport:
            raise PortUnavailable("credentials: malformed") from None


def _name(asked: Mapping[str, str]) -> str:
    """Where a register keeps a credential: nothing of it is readable in the file's names."""
    parts = [asked.get(name, "") for name in ("Kind", "NPI", "Jurisdiction", "LicenseType", "Profession", "Number")]
    return "register:" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def _entry(claim: Claim) -> dict[str, str | int]:
    return {
        "status": claim.status,
        "issued": claim.issued.isoformat() if claim.issued else "",
        "expires": claim.expires.isoformat() if claim.expires else "",
        "schedules": " ".join(claim.schedules),
        "disciplined": 0,
    }


def _found(entry: Mapping[str, str | int]) -> Mapping[str, object] | None:
    if entry["status"] == _UNLISTED:
        return None
    days = (_day(entry["issued"]), _day(entry["expires"]))
    return messages.credential(
        str(entry["status"]), days, tuple(str(entry["schedules"]).split()), bool(entry["disciplined"])
    )


def _day(text: str | int) -> date | None:
    return date.fromisoformat(str(text)) if text else None
