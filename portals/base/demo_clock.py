"""The clock of a demonstration as pages see it: whether it may be moved, and what it shows when it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from starlette.requests import Request

from portals.base.requests import deps_of, in_demo
from portals.base.visitor import visitor
from records.demo import DemoClock


def demo_clock(request: Request) -> DemoClock | None:
    """The clock, where this request may move it: in a demonstration, on this machine."""
    clock = deps_of(request).clock
    return clock if isinstance(clock, DemoClock) and clock.may_move and in_demo(request) else None


@dataclass(frozen=True, slots=True)
class Shown:
    """An instant, the zone in which it is said, and whether a new demonstration's story shows it for a while."""

    at: datetime
    zone: str
    is_story: bool = False

    @property
    def day(self) -> date:
        """The day in that zone."""
        return self.at.astimezone(ZoneInfo(self.zone)).date()


def shown_when_moved(request: Request) -> Shown | None:
    """What visits and the law go by now, when that is not the machine's time; said on every page, whoever asks."""
    deps = getattr(request.app.state, "deps", None)
    clock = getattr(deps, "clock", None)
    if not isinstance(clock, DemoClock) or not clock.moved():
        return None
    return Shown(clock.now(), zone_here(request), clock.is_telling())


def zone_here(request: Request) -> str:
    """The clinic's time zone; at the address without a clinic's name that of the first one."""
    here = visitor(request).clinic
    return here.time_zone if here else next(iter(deps_of(request).clinics().values())).time_zone
