"""Whom does the actor of a transaction act for today, and within which scopes? Asked of the rows, never remembered.

A relationship counts from its acceptance until it ends, is taken back, or the minor it was made for comes of age at the
date that it is where they live. Who holds several for one patient may do what any of them lets them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine.questions import age
from engine.zones import zip_place
from records.access import TABLE
from records.errors import Erased
from records.stages import FINAL
from records.tables.people import Patient
from records.tables.relationships import RelationshipRow

if TYPE_CHECKING:
    from records.tables.visits import Visit
    from records.work import Work

GUARDIAN, CAREGIVER, PROXY = "guardian", "caregiver", "proxy"
INTAKE = "intake"
ADULT = 18
# What only a guardian does for a minor, whatever else was granted: to consent, and to be the adult in the call.
GUARDIANS_ONLY = frozenset({"consent", "join", "share"})
_EASTERNMOST = timezone(timedelta(hours=14))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What lets the actor act for one patient: the relationship that is told in the audit, its kind, every scope.

    ``intake_since`` is when the oldest of what lets them answer for the patient began; None where nothing does.
    """

    relationship: str
    kind: str
    scopes: frozenset[str]
    for_minor: bool
    intake_since: datetime | None = None


def held_for(work: Work, patient: str) -> Held | None:
    """What the actor holds for the patient now; None when that is nothing. Asked once in a transaction."""
    if work.actor.role not in TABLE.acting or work.actor.person == patient:
        return None
    if patient not in work.acting:
        work.acting[patient] = _held(work, patient)
    return work.acting[patient]


def is_active(work: Work, row: RelationshipRow) -> bool:
    """Whether the relationship holds at this instant."""
    if row.person is None or row.accepted_at is None or row.revoked_at is not None:
        return False
    within = row.valid_from <= work.at and (row.until is None or work.at < row.until)
    return within and not (row.for_minor and is_adult(work, row.patient))


def state_of(work: Work, row: RelationshipRow) -> str:
    """Whether it is open, active, ended, or over because nobody accepted in time."""
    if is_active(work, row):
        return "active"
    if row.accepted_at is None and row.revoked_at is None:
        return "open" if row.expires_at is not None and row.expires_at > work.now else "over"
    return "ended"


def is_adult(work: Work, patient: str, at: datetime | None = None) -> bool:
    """Whether the patient is of age at the date where they live; a birth date that nobody can read counts as of age.

    Where the postal code names no place, it is the date that comes first: a guardian's rights rather end a day early.
    """
    try:
        profile = work.open(("patients", "profile", patient), work.row(Patient, patient).profile)
    except Erased:
        return True
    return of_age(date.fromisoformat(profile["birth_date"]), str(profile["postal_code"]), at or work.at)


def of_age(birth_date: date, postal_code: str, at: datetime) -> bool:
    """Whether somebody born then is an adult at an instant, by the date of their postal code."""
    place = zip_place(postal_code) if postal_code else None
    zone = ZoneInfo(place.time_zone) if place is not None else _EASTERNMOST
    return age(birth_date.isoformat(), at.astimezone(zone).date().isoformat()) >= ADULT


def scopes_of(row: RelationshipRow) -> frozenset[str]:
    """The scopes that the relationship gives: those of the row that its kind may hold, less a guardian's own."""
    allowed = TABLE.kinds.get(row.kind, frozenset()) & frozenset(row.scopes)
    return allowed if row.kind == GUARDIAN or not row.for_minor else allowed - GUARDIANS_ONLY


def rows_of(work: Work, patient: str) -> Iterable[RelationshipRow]:
    """Every relationship about the patient, the oldest first."""
    query = select(RelationshipRow).where(RelationshipRow.clinic == work.clinic, RelationshipRow.patient == patient)
    return work.session.scalars(query.order_by(RelationshipRow.granted_at, RelationshipRow.id))


def content_of(work: Work, row: RelationshipRow) -> dict[str, Any]:
    """``name``, ``email`` and ``relation`` as sealed; empty words once the patient's key is destroyed."""
    try:
        found: dict[str, Any] = work.open(("relationships", "content", row.id), row.content)
    except Erased:
        return {"name": "", "email": "", "relation": ""}
    return found


def joining(work: Work, patient: str) -> tuple[str, ...]:
    """Who joins the patient at a visit that the actor books: a minor's guardians, and the actor where they may."""
    rows = [row for row in rows_of(work, patient) if row.person and "join" in scopes_of(row) and is_active(work, row)]
    people = {row.person for row in rows if row.person and (row.for_minor or row.person == work.actor.person)}
    return tuple(sorted(people))


def may_join(work: Work, patient: str, person: str) -> bool:
    """Whether a relationship of today lets the person be in the call with the patient."""
    rows = (row for row in rows_of(work, patient) if row.person == person and "join" in scopes_of(row))
    return any(is_active(work, row) for row in rows)


def guardian_takes_part(work: Work, patient: str, people: Iterable[str]) -> bool:
    """Whether one of these people is the minor's guardian today."""
    among = frozenset(people)
    rows = (row for row in rows_of(work, patient) if row.kind == GUARDIAN and row.person in among)
    return any(is_active(work, row) for row in rows)


def held_at(work: Work, visit: Visit) -> Held | None:
    """What the actor holds at one visit of the patient's; None when that is nothing.

    What a minor arranged alone stays the minor's: some services they may consent to by themselves, and no law file
    tells a page which visit is one, so none of them is shown. Who only answers for the patient does so at visits of
    their own time: what was said and sent at one that ended before is the record's.
    """
    held = held_for(work, visit.patient)
    if held is None or (held.for_minor and visit.relationship is None):
        return None
    if held.intake_since is None or "see_record" in held.scopes or visit.stage not in FINAL:
        return held
    began = visit.encounter_at or visit.starts_at
    return held if began >= held.intake_since else replace(held, scopes=held.scopes - {INTAKE})


def _held(work: Work, patient: str) -> Held | None:
    query = select(RelationshipRow).where(
        RelationshipRow.clinic == work.clinic,
        RelationshipRow.patient == patient,
        RelationshipRow.person == work.actor.person,
        RelationshipRow.revoked_at.is_(None),
    )
    rows = [row for row in work.session.scalars(query.order_by(RelationshipRow.id)) if is_active(work, row)]
    if not rows:
        return None
    first = next((row for row in rows if row.kind == GUARDIAN), rows[0])
    scopes = frozenset[str]().union(*map(scopes_of, rows))
    return Held(
        relationship=first.id,
        kind=first.kind,
        scopes=scopes,
        for_minor=first.for_minor,
        intake_since=min((row.valid_from for row in rows if INTAKE in scopes_of(row)), default=None),
    )
