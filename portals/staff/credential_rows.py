"""How a credential reads on a page: whose, what, how long it still counts, and what its source last said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from engine.credentials import threshold_of
from portals.base.formats import Formats
from portals.base.i18n import Translate, translator
from records.credentials import CredentialView
from records.people import CLINIC_FILE

ACTIVE, SILENT = "active", "silent"
SCHEDULES = ("II", "III", "IV", "V")


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRow:
    """One credential as a line of a table; ``sort`` is what it is, ``what`` that and its number."""

    person: str
    credential: str
    name: str
    sort: str
    what: str
    state: str
    status: str
    tone: str
    ends: str
    verified: str
    silent: bool
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """In which language, in which zone, and on which day of the clinic."""

    language: str
    zone: str
    today: date

    @property
    def t(self) -> Translate:
        return translator(self.language)

    @property
    def fmt(self) -> Formats:
        return Formats(self.language)


def credential_rows(
    views: Iterable[CredentialView], names: Mapping[str, str], reading: Reading
) -> tuple[CredentialRow, ...]:
    """The most pressing first: what does not hold, then what ends soonest."""
    ordered = sorted(views, key=lambda one: (one.status == ACTIVE, one.expires or date.max, one.credential))
    return tuple(_row(one, names.get(one.person, ""), reading) for one in ordered)


def grouped(rows: Iterable[CredentialRow]) -> tuple[tuple[CredentialRow, ...], ...]:
    """The lines, those together that differ by their state and number alone, as who holds many of a sort has them."""
    groups: dict[tuple[str, ...], list[CredentialRow]] = {}
    for row in rows:
        groups.setdefault((row.person, row.sort, row.status, row.ends, row.verified), []).append(row)
    return tuple(tuple(sorted(group, key=lambda one: one.state)) for group in groups.values())


def _row(view: CredentialView, name: str, reading: Reading) -> CredentialRow:
    t, left = reading.t, (view.expires - reading.today).days if view.expires else None
    over = view.status == ACTIVE and left is not None and left < 0
    status = "expired" if over else view.status
    return CredentialRow(
        person=view.person,
        credential=view.credential,
        name=name,
        sort=_sort(view, t),
        what=" ".join(part for part in (_sort(view, t), view.number) if part),
        state=view.state,
        status=_standing(status, view, reading),
        tone=_tone(view, status, reading.today),
        ends=reading.fmt.date(view.expires) if view.expires else t("credentials.no_end"),
        verified=_verified(view, reading),
        silent=view.outcome == SILENT,
        simulated=view.source == "simulator",
    )


def _sort(view: CredentialView, t: Translate) -> str:
    kind = t(f"credentials.kind.{view.kind}")
    about = schedule_words(view.schedules, t) if view.schedules else view.profession
    return " ".join(part for part in (kind, about) if part)


def schedule_words(schedules: Sequence[str], t: Translate) -> str:
    """``Schedule III`` for one alone, ``Schedules II\u2013V`` for three or more neighbours, else each by name."""
    if len(schedules) == 1:
        return t("credentials.schedule", name=schedules[0])
    first = SCHEDULES.index(schedules[0]) if schedules[0] in SCHEDULES else 0
    neighbours = len(schedules) > 2 and tuple(schedules) == SCHEDULES[first : first + len(schedules)]
    names = f"{schedules[0]}\u2013{schedules[-1]}" if neighbours else ", ".join(schedules)
    return t("credentials.several", names=names)


def _standing(status: str, view: CredentialView, reading: Reading) -> str:
    """The status in words; of what holds but ends soon, when that is."""
    if status != ACTIVE or view.expires is None or threshold_of(view.expires, reading.today) is None:
        return reading.t(f"credentials.status.{status}")
    left = (view.expires - reading.today).days
    return reading.t({0: "credentials.today", 1: "credentials.tomorrow"}.get(left, "credentials.left"), count=left)


def _tone(view: CredentialView, status: str, today: date) -> str:
    threshold = threshold_of(view.expires, today) if view.expires else None
    if status != ACTIVE or threshold == 0:
        return "danger"
    return "success" if threshold is None else "warning"


def _verified(view: CredentialView, reading: Reading) -> str:
    if view.verified_at is None:
        return reading.t("credentials.never")
    key = "by_clinic" if view.source == CLINIC_FILE else "by_source"
    return reading.t(f"credentials.{key}", time=reading.fmt.moment(view.verified_at, reading.zone))
