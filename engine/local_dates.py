"""On which date does an instant fall where the patient is, and with which time-zone data was that worked out?"""

import hashlib
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from pathlib import Path

from engine.diagnostics import Problems
from engine.law import LAST_READ
from engine.reading import Node
from engine.remembered import read_once
from engine.shapes import Key, ListOf, MapOf, Record, Text

SHAPE = Record(
    "time zones",
    {
        **LAST_READ,
        "zones": Key(MapOf(ListOf(Text(), least=1), Text(r"[A-Z]{2}", "a USPS code")), "IANA zones by state", True),
    },
)


@dataclass(frozen=True, slots=True)
class ZoneTable:
    """The time zones of each state (USPS code)."""

    by_state: Mapping[str, tuple[str, ...]]

    def of(self, state: str) -> tuple[str, ...]:
        """A state's zones; every zone known when the state is not listed, UTC when none is."""
        found = self.by_state.get(state)
        if found:
            return found
        everywhere = {zone for zones in self.by_state.values() for zone in zones}
        return tuple(sorted(everywhere)) or ("UTC",)


@read_once(most=8)
def read_zones(node: Node, problems: Problems) -> Mapping[str, tuple[str, ...]]:
    """Zones by state out of a file that was read; an unknown zone is reported and left out."""
    SHAPE.check(node, problems)
    zones = node.get("zones")
    for _, part in zones.items() if zones else ():
        for zone in part:
            if not is_zone(zone.raw):
                problems.report("VOC005", zone.at, zone=zone.raw)
    found = (
        {state: tuple(zone.raw for zone in part if is_zone(zone.raw)) for state, part in zones.items()} if zones else {}
    )
    return {state: names for state, names in found.items() if names}


@lru_cache(maxsize=512)
def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return None


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    return _zone(name) is not None


def local_date(instant: datetime, zone: str) -> str:
    """The date of an instant in a zone, `2026-03-05`."""
    return instant.astimezone(_zone(zone)).date().isoformat()


def last_instant(day: str, zones: Iterable[str]) -> datetime:
    """The last second of a local day, where it ends last; raises `OverflowError` beyond the calendar."""
    following = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time())
    return max(following.replace(tzinfo=_zone(zone)).astimezone(UTC) for zone in zones) - timedelta(seconds=1)


def offset(instant: datetime, zone: str) -> timedelta | None:
    """How far a zone is from UTC at an instant."""
    return instant.astimezone(_zone(zone)).utcoffset()


@lru_cache(maxsize=8)
def _digest(zones: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for zone in zones:
        found.update(zone.encode() + b"\0" + hashlib.sha256(_zone_bytes(zone)).digest())
    return f"sha256:{found.hexdigest()}"


def zone_data_digest(table: ZoneTable) -> str:
    """The digest of the data behind every zone of the table."""
    return _digest(tuple(sorted({zone for zones in table.by_state.values() for zone in zones})))


def _zone_bytes(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder) / name
        if path.is_file():
            return path.read_bytes()
    package, _, leaf = f"tzdata/zoneinfo/{name}".rpartition("/")
    return resources.files(package.replace("/", ".")).joinpath(leaf).read_bytes()
