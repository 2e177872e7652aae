"""From which instant until which was a law what we knew? Known time, beside the law's own (DESIGN section 4.1)."""

from dataclasses import dataclass
from datetime import datetime

from engine.diagnostics import Location, Problems
from engine.values import BadValue, read_instant

AT = Location("question", path="known_at")
UNRELEASED = "nobody has released the law that is asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A release: its number, the instant it was made, and that of the next one (empty: it is the newest)."""

    number: int
    at: str
    until: str = ""

    def held_at(self, instant: datetime) -> bool:
        """Whether this was what we knew at an instant."""
        return read_instant(self.at) <= instant and (not self.until or instant < read_instant(self.until))


def known_instant(text: str, problems: Problems) -> datetime | None:
    """The instant that our knowledge is asked about; None, and reported, where it is none."""
    try:
        return read_instant(text)
    except BadValue as error:
        fix = "write 2026-03-05T10:00:00Z"
        problems.report("ASK003", AT, key="known_at", reason=error, fix=fix)
        return None


def check_known(known: Known | None, asked: str, problems: Problems) -> None:
    """Report where a law is not what we knew at the instant asked about."""
    if known is None:
        problems.report("ASK004", AT, reason=UNRELEASED)
        return
    instant = known_instant(asked, problems)
    if instant is not None and not known.held_at(instant):
        problems.report("ASK004", AT, reason=f"release {known.number} is not what was known then")
