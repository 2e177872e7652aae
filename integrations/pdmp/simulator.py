"""A hub of monitoring programs that no state stands behind: RxHistoryRequest goes in, RxHistoryResponse comes back.

It behaves like the network: it takes its time, is away, too slow or answers nonsense when told so, and some states are
not connected. What it reports is made up from a digest of who is asked about, the same each time, unless it was told a
history for them. It remembers moods, states and the names of histories, never what a message said about a person.
Every answer names the simulator as its sender.
"""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from engine.monitoring import DispensedDrug, MonitoringQuestion, MonitoringReport
from engine.ports import PortUnavailable
from integrations.ledger import Ledger
from integrations.moods import GARBLED, Moods
from integrations.pdmp import messages

SENDER = "SIMULATOR"
_LATENCY_SECONDS = 0.3
_Fill = tuple[str, str, str, int, int, str, str]
"""Drug, schedule, quantity, days supplied, days since it was filled, prescriber, pharmacy."""
HISTORIES: Mapping[str, tuple[_Fill, ...]] = {
    "nothing": (),
    "no_match": (),
    "one": (("methylphenidate", "II", "30", 30, 34, "Okafor", "Corner Pharmacy"),),
    "steady": (
        ("methylphenidate", "II", "30", 30, 6, "Okafor", "Corner Pharmacy"),
        ("methylphenidate", "II", "30", 30, 36, "Okafor", "Corner Pharmacy"),
        ("methylphenidate", "II", "30", 30, 66, "Okafor", "Corner Pharmacy"),
    ),
    "overlap": (
        ("oxycodone", "II", "40", 10, 4, "Marsh", "Harbor Drugs"),
        ("alprazolam", "IV", "60", 30, 12, "Lindqvist", "Corner Pharmacy"),
        ("oxycodone", "II", "20", 5, 41, "Petrov", "Main Street Pharmacy"),
        ("alprazolam", "IV", "60", 30, 43, "Lindqvist", "Corner Pharmacy"),
    ),
}
"""What a patient may have been given; told by name, or chosen by the digest of who is asked about."""
_BY_CHANCE = ("nothing", "one", "steady", "overlap")


class SimulatedHub:
    """The far side: how it is today, which states it reaches, and what it was told of somebody."""

    def __init__(self, state_file: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._ledger = Ledger(state_file)
        self._now = now
        self.moods = Moods(self._ledger, "pdmp", _LATENCY_SECONDS)

    def connect(self, state: str, connected: bool) -> None:
        """Whether the program of a state can be reached through this hub."""
        self._ledger.put(f"state:{state.upper()}", {"connected": int(connected)})

    def tell(self, patient: Mapping[str, str], history: str) -> None:
        """From now on it reports one of `HISTORIES` of this patient."""
        if history not in HISTORIES:
            raise ValueError("unknown history")
        self._ledger.put(_who(patient), {"history": history})

    def exchange(self, message: bytes) -> bytes:
        """Answers one request. Raises `PortUnavailable` when it is away, `MalformedReport` for what is no request."""
        if self.moods.answer_time():
            return GARBLED
        about = messages.read(message)
        return messages.response(about, SENDER, self._now(), self._result(about))

    def _result(self, about: ET.Element) -> tuple[str, tuple[DispensedDrug, ...]]:
        entry = self._ledger.get(f"state:{about.findtext('Header/To', '')}") or {}
        if entry.get("connected") == 0:
            return "NotConnected", ()
        who = _asked_about(about)
        told = self._ledger.get(_who(who))
        name = str(told["history"]) if told else _BY_CHANCE[int(_who(who)[-2:], 16) % len(_BY_CHANCE)]
        today = self._now().date()
        rows = tuple(_row(fill, today) for fill in HISTORIES[name])
        return ("NoMatch" if name == "no_match" else "Approved" if rows else "NoRecords"), rows


class SimulatedMonitoringNetwork:
    """``engine.monitoring.MonitoringNetwork`` over the simulated hub."""

    def __init__(self, hub: SimulatedHub, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._hub = hub
        self._now = now

    def ask(self, question: MonitoringQuestion) -> MonitoringReport:
        """Asks once. Raises `PortUnavailable` when the hub is away or its answer cannot be read."""
        ident = "CW" + hashlib.sha256(question.key.encode()).hexdigest()[:32]
        answer = self._hub.exchange(messages.request(question, ident, self._now()))
        try:
            reply = messages.read_response(answer, ident, question)
        except messages.MalformedReport:
            raise PortUnavailable("pdmp: garbled") from None
        return MonitoringReport(
            outcome=reply.outcome, sender=reply.sender, as_of=reply.as_of, rows=reply.rows, simulated=True
        )


def _asked_about(about: ET.Element) -> Mapping[str, str]:
    patient = about.find("Body/RxHistoryRequest/Patient/HumanPatient")
    if patient is None:
        raise messages.MalformedReport
    return {
        "family": patient.findtext("Name/LastName", ""),
        "given": patient.findtext("Name/FirstName", ""),
        "birth_date": patient.findtext("DateOfBirth", ""),
    }


def _who(patient: Mapping[str, str]) -> str:
    """Under what name somebody's history is told: nothing of it is readable."""
    parts = "|".join(patient.get(name, "").strip().lower() for name in ("family", "given", "birth_date"))
    return "patient:" + hashlib.sha256(parts.encode()).hexdigest()[:32]


def _row(fill: _Fill, today: date) -> DispensedDrug:
    drug, schedule, quantity, days, ago, prescriber, pharmacy = fill
    return DispensedDrug(
        drug=drug,
        schedule=schedule,
        quantity=quantity,
        unit="tablet",
        days_supply=days,
        filled_on=today - timedelta(days=ago),
        prescriber=prescriber,
        pharmacy=pharmacy,
    )
