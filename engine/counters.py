"""How much has a clinician worked in a state, by the clinic's own encounters and by what it states of them?

Law that counts days, patients or encounters asks two facts: the sums of a calendar year and the days of a rolling
window. A clinic's rows tell nothing of work elsewhere, so they count only for a clinician of whom it states the fact
(an empty list: none elsewhere); otherwise the fact stays untold. What is stated of elsewhere is added to the rows.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

ACTIVITY, DAYS = "provider.activity", "provider.days_worked"
_PREFIX = "provider."
_SUMS = ("days", "patients", "encounters")
_ENDS = (timezone(timedelta(hours=-12)), timezone(timedelta(hours=14)))

_Key = tuple[str | None, int]
"""State and calendar year."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Encounter:
    """One encounter held or reserved: when, with whom, the patient's state and time zone; None where nobody knows."""

    at: datetime
    patient: str
    state: str | None
    time_zone: str | None

    def days(self) -> Iterator[date]:
        """The patient's local day; where the time zone is not known, every day that it may have been."""
        zones = (ZoneInfo(self.time_zone),) if self.time_zone else _ENDS
        yield from sorted({self.at.astimezone(zone).date() for zone in zones})


def is_counted(extra: Mapping[str, Any]) -> bool:
    """Whether the clinic states a count of this clinician's work, so that its own encounters are to be counted too."""
    return any(_path(name) in _COUNTS for name in extra)


def with_own_work(extra: Mapping[str, Any], encounters: Sequence[Encounter]) -> dict[str, Any]:
    """A clinician's further facts, by path with or without `provider.`, the clinic's own work added to what is stated
    of elsewhere.

    An encounter in a state that nobody knows any more is one in any state: the question then lacks a fact.
    """
    return {
        name: _COUNTS[_path(name)](value, encounters) if _path(name) in _COUNTS and _is_records(value) else value
        for name, value in extra.items()
    }


def _path(name: str) -> str:
    return name if name.startswith(_PREFIX) else _PREFIX + name


def _is_records(value: Any) -> bool:
    """Anything else is broken input, which the question says."""
    return isinstance(value, (list, tuple)) and all(isinstance(one, Mapping) for one in value)


def _activity(stated: Sequence[Mapping[str, Any]], encounters: Iterable[Encounter]) -> list[Mapping[str, Any]]:
    """A record for each state and year that the clinic worked in; every other one as it is stated."""
    own = _sums(encounters)
    kept = [one for one in stated if (one.get("state"), one.get("year")) not in own]
    for key, sums in own.items():
        same = [one for one in stated if (one.get("state"), one.get("year")) == key]
        added = {
            name: sum(one[name] or 0 for one in same) + sums[name]
            for name in _SUMS
            if all(name in one for one in same)  # what is untold stays so
        }
        kept.append(_record(key[0], year=key[1], **added))
    return kept


def _sums(encounters: Iterable[Encounter]) -> dict[_Key, dict[str, int]]:
    held: dict[_Key, tuple[set[date], set[str], set[int]]] = {}
    for number, one in enumerate(encounters):
        for day in one.days():
            days, patients, numbers = held.setdefault((one.state, day.year), (set(), set(), set()))
            days.add(day)
            patients.add(one.patient)
            numbers.add(number)
    return {key: dict(zip(_SUMS, (len(each) for each in found), strict=True)) for key, found in held.items()}


def _days(stated: Sequence[Mapping[str, Any]], encounters: Iterable[Encounter]) -> list[Mapping[str, Any]]:
    """What is stated, and every other day that the clinic worked on, one record a state and day."""
    known = {(one.get("state"), str(one.get("date"))) for one in stated}
    own = {(one.state, day.isoformat()) for one in encounters for day in one.days()}
    return [*stated, *(_record(state, date=day) for state, day in sorted(own - known, key=str))]


def _record(state: str | None, **fields: Any) -> dict[str, Any]:
    return {**({} if state is None else {"state": state}), **fields}


_COUNTS: Mapping[str, Callable[[Sequence[Mapping[str, Any]], Iterable[Encounter]], list[Mapping[str, Any]]]] = {
    ACTIVITY: _activity,
    DAYS: _days,
}
