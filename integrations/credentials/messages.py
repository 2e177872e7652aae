"""The inquiry and the report of a primary source, as JSON of the shape that licence registries answer with.

Names follow what boards and NURSYS publish about their reports; no registry's own schema is copied, and a real one
stands behind a contract. Reading is strict: what is missing or odd is no report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from engine.credentials import Claim, SourceAnswer

# Their words for how a licence stands, and ours.
STATUSES: Mapping[str, str] = {
    "ACTIVE": "active",
    "EXPIRED": "expired",
    "SUSPENDED": "suspended",
    "REVOKED": "revoked",
    "PROBATION": "probation",
    "INACTIVE": "inactive",
}
_LONGEST = 65_536


class MalformedReport(Exception):
    """The report cannot be read; nothing of it is repeated."""


def inquiry(claim: Claim, transaction: str) -> bytes:
    """Asks about one credential of one clinician, known by their NPI."""
    asked = {
        "Kind": claim.kind.upper(),
        "NPI": claim.npi,
        "Jurisdiction": claim.state,
        "LicenseType": claim.type,
        "Profession": claim.profession,
        "Number": claim.number,
    }
    return json.dumps({"TransactionId": transaction, "Inquiry": asked}, sort_keys=True).encode()


def read_inquiry(message: bytes) -> tuple[str, Mapping[str, str]]:
    """The transaction's id and what is asked. Raises `MalformedReport`."""
    told = _object(message)
    asked = told.get("Inquiry")
    if not isinstance(asked, dict) or not all(isinstance(value, str) for value in asked.values()):
        raise MalformedReport
    return str(told.get("TransactionId", "")), asked


def report(transaction: str, sender: str, as_of: datetime, found: Mapping[str, object] | None) -> bytes:
    """What the source says; ``found`` None means that it knows no such credential."""
    result = {"Result": "NO_MATCH"} if found is None else {"Result": "MATCH", "Credential": dict(found)}
    return json.dumps(
        {"TransactionId": transaction, "Sender": sender, "AsOf": as_of.isoformat(), **result}, sort_keys=True
    ).encode()


def read_report(message: bytes, transaction: str) -> SourceAnswer:
    """The report on one inquiry.

    Raises:
        MalformedReport: it is none, or one about something else.
    """
    told = _object(message)
    try:
        as_of = datetime.fromisoformat(told["AsOf"])
        source = str(told["Sender"]).lower()
        if told["TransactionId"] != transaction or as_of.tzinfo is None or not source:
            raise MalformedReport
        if told["Result"] == "NO_MATCH":
            return SourceAnswer(source=source, as_of=as_of, found=False)
        found = told["Credential"]
        return SourceAnswer(
            source=source,
            as_of=as_of,
            found=True,
            status=STATUSES[found["Status"]],
            issued=_day(found["IssueDate"]),
            expires=_day(found["ExpirationDate"]),
            schedules=tuple(str(one) for one in found["Schedules"]),
            disciplined=found["DisciplineOnFile"] is not False,  # anything but a clear no is a yes
        )
    except (KeyError, TypeError, ValueError):
        raise MalformedReport from None


def credential(
    status: str, days: tuple[date | None, date | None], schedules: tuple[str, ...], disciplined: bool
) -> Mapping[str, object]:
    """A credential as a report spells it; ``days`` are issue and expiration."""
    theirs = {ours: name for name, ours in STATUSES.items()}
    issued, expires = days
    return {
        "Status": theirs[status],
        "IssueDate": issued.isoformat() if issued else None,
        "ExpirationDate": expires.isoformat() if expires else None,
        "Schedules": list(schedules),
        "DisciplineOnFile": disciplined,
    }


def _day(text: object) -> date | None:
    return None if text is None else date.fromisoformat(str(text))


def _object(message: bytes) -> dict[str, Any]:
    if len(message) > _LONGEST:
        raise MalformedReport
    try:
        told = json.loads(message)
    except ValueError:
        raise MalformedReport from None
    if not isinstance(told, dict):
        raise MalformedReport
    return told
