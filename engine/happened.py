"""Can a date that lies in the past be true on the day a question asks about?

Not after that day, not before the patient was born, and not longer ago than anybody lives. A record of a later day (an
examination that is planned) is true and has not happened yet: for the question there is none.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast

from engine.diagnostics import Location, Problems
from engine.values import Duration, Value, shift

BIRTH = "patient.birth_date"
_OF_THE_PATIENT = ("patient.", "relationship.")
_LIFETIME = Duration(months=12 * 130)


def check_happened(paths: Iterable[tuple[str, str]], facts: dict[str, Value], day: str, problems: Problems) -> None:
    """Report every such date (`path`, and the field of its records) that cannot be; leave out what is still to come."""
    oldest, born = _oldest(day), str(facts.get(BIRTH) or "")
    for path, field in paths:
        value = facts.get(path)
        if value is None:
            continue
        first = max(oldest, born if path.startswith(_OF_THE_PATIENT) and path != BIRTH else "")
        if not field and str(value) > day:
            _report(path, "it lies after the day asked about", problems)
        elif any(told < first for told in ([str(value)] if not field else _dates(value, field))):
            _report(path, "it lies before the patient's lifetime", problems)
        elif field:
            records = cast("tuple[Mapping[str, Value], ...]", value)
            facts[path] = tuple(one for one in records if str(one.get(field) or "") <= day)


@lru_cache(maxsize=400)
def _oldest(day: str) -> str:
    return shift(day, _LIFETIME, -1)


def _dates(value: Value, field: str) -> Iterable[str]:
    found = (one.get(field) for one in cast("tuple[Mapping[str, Value], ...]", value))
    return (str(told) for told in found if told is not None)


def _report(path: str, reason: str, problems: Problems) -> None:
    fix = "correct the date, or the day the question asks about"
    problems.report("VOC002", Location("facts", path=path), path=path, reason=reason, fix=fix)
