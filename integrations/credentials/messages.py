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
SCHEDULES = ("I", "II", "III", "IV", "V")  # 21 U.S.C. 812
_IN_FORCE = frozenset({"active", "probation"})
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


def report(
    about: tuple[str, Mapping[str, str]], sender: str, as_of: datetime, found: Mapping[str, object] | None
) -> bytes:
    """What the source says ``about`` an inquiry (`read_inquiry`); ``found`` None: it knows no such credential."""
    transaction, asked = about
    head = {"TransactionId": transaction, "Sender": sender, "AsOf": as_of.isoformat()}
    subject = {name: asked.get(name, "") for name in ("Kind", "NPI", "Jurisdiction", "Number")}
    result = {"Result": "NO_MATCH"} if found is None else {"Result": "MATCH", "Credential": dict(found)}
    return json.dumps({**head, "Subject": subject, **result}, sort_keys=True).encode()


def read_report(message: bytes, transaction: str, claim: Claim) -> SourceAnswer:
    """The report on one inquiry, which was about the claim. A last day that it leaves out is the one that is held.

    Raises:
        MalformedReport: it is none, one about something else, or says that a credential is in force and nobody knows
            how long.
    """
    told = _object(message)
    try:
        as_of, source = datetime.fromisoformat(told["AsOf"]), _text(told["Sender"]).lower()
        if told["TransactionId"] != transaction or as_of.tzinfo is None or not source:
            raise MalformedReport
        _refuse_another(told["Subject"], claim)
        if told["Result"] == "NO_MATCH":
            return SourceAnswer(source=source, as_of=as_of, found=False)
        if told["Result"] != "MATCH":
            raise MalformedReport
        return _answer(told["Credential"], claim, source, as_of)
    except (KeyError, TypeError, ValueError):
        raise MalformedReport from None


def _answer(found: Mapping[str, Any], claim: Claim, source: str, as_of: datetime) -> SourceAnswer:
    status, expires = STATUSES[found["Status"]], _day(found["ExpirationDate"]) or claim.expires
    if status in _IN_FORCE and expires is None:
        raise MalformedReport
    return SourceAnswer(
        source=source,
        as_of=as_of,
        found=True,
        status=status,
        issued=_day(found["IssueDate"]),
        expires=expires,
        schedules=_schedules(found["Schedules"]),
        disciplined=found["DisciplineOnFile"] is not False,  # anything but a clear no is a yes
    )


def _refuse_another(subject: Mapping[str, Any], claim: Claim) -> None:
    """Raises `MalformedReport` unless the report says that it is about the claim; a number only if we hold one."""
    ours = {"Kind": claim.kind.upper(), "NPI": claim.npi, "Jurisdiction": claim.state}
    ours |= {"Number": claim.number} if claim.number else {}
    if any(subject[name] != value for name, value in ours.items()):
        raise MalformedReport


def _schedules(told: object) -> tuple[str, ...]:
    """A list of known codes and nothing else: a bare word would be read letter by letter."""
    if not isinstance(told, list) or not all(one in SCHEDULES for one in told):
        raise MalformedReport
    return tuple(told)


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
    return None if text is None else date.fromisoformat(_text(text))


def _text(told: object) -> str:
    """Raises `MalformedReport` for anything that is not text."""
    if not isinstance(told, str):
        raise MalformedReport
    return told


def _object(message: bytes) -> dict[str, Any]:
    if len(message) > _LONGEST:
        raise MalformedReport
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        raise MalformedReport from None
    if not isinstance(told, dict):
        raise MalformedReport
    return told
