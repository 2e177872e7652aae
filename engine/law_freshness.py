"""Until when may a law file go unread? Its last check and its review-by date, and what is wrong with them on a day.

The least sure entry of a file decides: whoever checked it comes back within twelve months where all of it is of high
confidence, within six where something is of medium confidence (that a law was not found counts as that), within three
where something is less sure; and never later than the last day of anything that is in force at the check.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

from engine.diagnostics import Location, Problems
from engine.law import CONFIDENCES, Cap, LawFile, LawValue, Rule
from engine.periods import LAST_DAY, Period
from engine.reading import Node, read_file
from engine.values import Duration, shift

MONTHS: Mapping[str, int] = MappingProxyType({"high": 12, "medium": 6, "low": 3, "unknown": 3})
"""Within how many months a file is read again, by its least sure entry."""
_ABSENT = "medium"
BESIDE = ("drugs.yaml", "safety.yaml", "zones.yaml")
"""Files beside the law of a country that are read again as it is."""


def _entries(file: LawFile) -> Iterable[tuple[Period, str, bool]]:
    """Every dated entry: its days, how sure it is, and whether it stands on a source of its own."""
    parts: tuple[LawValue | Rule | Cap, ...] = (*file.values, *file.rules, *file.schedules, *file.caps)
    for part in parts:
        yield part.period, part.cited.confidence, bool(part.cited.sources)


def least_sure(file: LawFile, day: str) -> str:
    """The confidence of the least sure entry that is in force on a day or later."""
    found = [sure for period, sure, cited in _entries(file) if cited and period.last >= day]
    found += [_ABSENT] if file.without else []
    return min(found, key=CONFIDENCES.index, default="high")


def latest_review(file: LawFile, checked: str) -> str:
    """The last day by which a file that was checked on a day must be read again."""
    months = shift(checked, Duration(months=MONTHS[least_sure(file, checked)]), 1)
    ends = (period.last for period, _, _ in _entries(file) if checked <= period.last < LAST_DAY)
    return min((months, *ends))


def is_due(file: LawFile, day: str) -> bool:
    """Whether a file should have been read again by a day; one that does not say when it was read is due always."""
    return not (file.checked and file.review_by and day <= file.review_by)


def report_freshness(files: Iterable[LawFile], today: date, problems: Problems) -> None:
    """Report files that do not say when they were read, that are overdue, or that promise too much."""
    for file in files:
        latest = latest_review(file, file.checked) if file.checked else ""
        _report(Location(file.file, 1, 1), (file.checked, file.review_by, latest), today, problems)


def report_beside(root: Path, today: date, problems: Problems) -> None:
    """The same of the files beside the law, which say how sure they are by their sources."""
    for path in sorted(path for name in BESIDE for path in root.glob(f"rules/*/{name}")):
        node = read_file(path, root, Problems())  # what is wrong with it otherwise was reported where it was read
        if node is not None:
            checked, review_by = node.text("checked"), node.text("review_by")
            latest = latest_beside(node, checked) if checked else ""
            _report(Location(node.at.file, 1, 1), (checked, review_by, latest), today, problems)


def latest_beside(node: Node, checked: str) -> str:
    """The last day by which a file beside the law must be read again, by the least sure of its sources."""
    sources = node.get("sources")
    sure = [source.text("confidence", _ABSENT) for _, source in sources.items()] if sources else [_ABSENT]
    return shift(checked, Duration(months=MONTHS[min(sure, key=CONFIDENCES.index)]), 1)


def _report(at: Location, dates: tuple[str, str, str], today: date, problems: Problems) -> None:
    """What is wrong with the day of a file's check, its review-by date and the latest that would fit."""
    checked, review_by, latest = dates
    if not (checked and review_by):
        problems.report("LAW035", at, key="checked" if not checked else "review_by")
    elif checked > (today + timedelta(days=1)).isoformat():
        problems.report("LAW036", at, day=checked)
    elif not checked <= review_by <= latest:
        problems.report("LAW037", at, day=review_by, checked=checked, latest=latest)
    elif today.isoformat() > review_by:
        problems.report("LAW038", at, day=review_by)
