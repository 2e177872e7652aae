"""A licence or a DEA registration as typed on the form: what it says, or what is wrong with each field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.datastructures import FormData

from engine.credentials import DEA, LICENSE
from engine.rulebook import Rulebook
from integrations.dea import is_dea
from portals.base.requests import field
from portals.patient.places import STATES
from portals.staff.credential_rows import SCHEDULES
from records.attesting import CredentialDraft
from records.credentials import CredentialView

FIELDS = ("person", "kind", "state", "profession", "type", "number", "issued", "expires")
NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,39}")
EARLIEST, YEARS_AHEAD = date(1940, 1, 1), 30
Faults = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What may be chosen: people by id, professions and kinds of licence as the law's vocabulary lists them."""

    people: Mapping[str, str]
    professions: tuple[str, ...]
    types: tuple[str, ...]


def choices_of(rulebook: Rulebook, people: Mapping[str, str]) -> Choices:
    """The choices of a clinic: its clinicians, and the codes of its law."""
    fields = dict(rulebook.vocabulary.facts["provider.licenses"].type.fields)
    return Choices(people=people, professions=fields["profession"].choices, types=fields["kind"].choices)


def typed_of(form: FormData) -> dict[str, str]:
    """The fields as typed, a DEA number in capitals."""
    typed = {name: field(form, name) for name in FIELDS}
    return {**typed, "number": typed["number"].upper()} if typed["kind"] == DEA else typed


def typed_from(view: CredentialView) -> dict[str, str]:
    """The fields as a credential has them now."""
    days = {name: day.isoformat() if day else "" for name, day in (("issued", view.issued), ("expires", view.expires))}
    told = {name: str(getattr(view, name)) for name in ("person", "kind", "state", "profession", "type", "number")}
    return {**told, **days}


def draft_of(
    typed: Mapping[str, str], form: FormData, choices: Choices, today: date
) -> tuple[CredentialDraft | None, Faults]:
    """The credential that a form describes; otherwise every field that is wrong with the code of its sentence."""
    is_license = typed["kind"] == LICENSE
    schedules = tuple(one for one in SCHEDULES if one in form.getlist("schedules"))
    issued, expires = _day(typed["issued"]), _day(typed["expires"])
    faults = {
        "person": "" if typed["person"] in choices.people else "person",
        "kind": "" if typed["kind"] in (LICENSE, DEA) else "kind",
        "state": "" if typed["state"] in STATES else "state",
        "profession": "" if not is_license or typed["profession"] in choices.professions else "profession",
        "type": "" if not is_license or typed["type"] in choices.types else "type",
        "schedules": "" if typed["kind"] != DEA or schedules else "schedules",
        "number": _number_fault(typed["kind"], typed["number"]),
        "issued": _issued_fault(typed["issued"], issued, today),
        "expires": _expires_fault(typed["expires"], (issued, expires), today),
    }
    wrong = {name: code for name, code in faults.items() if code}
    if wrong:
        return None, wrong
    words = ("person", "kind", "state", "number", *(("profession", "type") if is_license else ()))
    told = {name: typed[name] for name in words}
    return CredentialDraft(issued=issued, expires=expires, schedules=() if is_license else schedules, **told), {}


def _number_fault(kind: str, number: str) -> str:
    if not number:
        return "number"
    if kind == DEA:
        return "" if is_dea(number) else "number_dea"
    return "" if NUMBER.fullmatch(number) else "number_signs"


def _issued_fault(text: str, day: date | None, today: date) -> str:
    if not text:
        return ""
    if day is None or day < EARLIEST:
        return "issued"
    return "issued_future" if day > today else ""


def _expires_fault(text: str, days: tuple[date | None, date | None], today: date) -> str:
    """A last day may be past: what ran out is attested too, and counts for nothing."""
    issued, expires = days
    if not text:
        return ""
    if expires is None or not EARLIEST <= expires <= today.replace(year=today.year + YEARS_AHEAD, day=1):
        return "expires"
    return "expires_before" if issued is not None and expires < issued else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
