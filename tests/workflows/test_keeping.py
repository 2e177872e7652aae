"""Recordings are destroyed by their clinic's rule where the law permits it: never sooner, and never when in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from engine.clinic_recordings import RecordingRules
from engine.evaluators import ClosuresOnly
from engine.retention import Kept, Service
from tests.engine.helpers_content import content
from tests.workflows.test_gatekeeper import rulebooks
from workflows.keeping import RecordingKeeper

pytestmark = pytest.mark.slow
NOW = datetime(2026, 12, 20, 15, tzinfo=UTC)
ADULT, CHILD = date(1980, 5, 1), date(2020, 5, 1)


def served(years: float, state: str = "FL", born: date | None = ADULT) -> Kept:
    last = NOW - timedelta(days=round(366 * years))
    services = (Service(country="us", state=state, time_zone="America/New_York", last=last),)
    return Kept(person="per_1", birth_date=born, services=services, visits=1, erased_at=None)


@dataclass
class Book:
    """Recordings with what the law is asked about them; what became of each."""

    held: dict[str, Kept]
    asked: list[tuple[str, datetime]] = field(default_factory=list)
    again: dict[str, datetime] = field(default_factory=dict)
    destroyed: dict[str, Mapping[str, str]] = field(default_factory=dict)
    broken: bool = False

    def now(self) -> datetime:
        return NOW

    def due(self, clinic: str, before: datetime) -> tuple[str, ...]:
        self.asked.append((clinic, before))
        return tuple(self.held)

    def about(self, clinic: str, recording: str) -> Kept:
        return self.held[recording]

    def ask_again(self, clinic: str, recording: str, at: datetime) -> None:
        self.again[recording] = at

    def destroy(self, clinic: str, recording: str, grounds: Mapping[str, str]) -> int:
        if self.broken:
            raise OSError("the disk is away")
        self.destroyed[recording] = grounds
        return 1


def keeper(book: Book, rules: RecordingRules) -> RecordingKeeper:
    clinic = replace(next(iter(content().clinics.values())), recordings=rules)
    books = dict.fromkeys((clinic.slug,), next(iter(rulebooks().values())))
    library: Any = SimpleNamespace(rulebooks=books, content=SimpleNamespace(clinics={clinic.slug: clinic}))
    return RecordingKeeper(book, lambda: library, ClosuresOnly())


def test_a_clinic_without_a_rule_keeps_its_recordings_as_long_as_the_record() -> None:
    book = Book({"rec_1": served(50)})
    assert keeper(book, RecordingRules()).sweep() == 0
    assert book.asked == [] and book.destroyed == {}


def test_what_the_law_keeps_no_longer_goes_and_the_rest_is_asked_about_again() -> None:
    book = Book({"old": served(5.1), "young": served(4.5), "childs": served(9, born=CHILD), "nowhere": served(9, "")})
    assert keeper(book, RecordingRules(keep_days=365)).sweep() == 1
    assert [before for _, before in book.asked] == [NOW - timedelta(days=365)]
    assert set(book.destroyed) == {"old"}
    assert book.destroyed["old"]["reason"] == "rule_over" and book.destroyed["old"]["outcome"] == "permitted"
    assert book.again == dict.fromkeys(("young", "childs", "nowhere"), NOW + timedelta(days=30))


def test_the_strictest_of_the_states_counts() -> None:
    there, here = served(5.1, "NJ"), served(6)
    book = Book({"both": replace(here, services=(*here.services, *there.services))})
    assert keeper(book, RecordingRules(keep_days=30)).sweep() == 0
    assert book.destroyed == {} and set(book.again) == {"both"}


def test_one_that_cannot_be_destroyed_keeps_no_other_from_it(caplog: pytest.LogCaptureFixture) -> None:
    book = Book({"one": served(6), "other": served(6)}, broken=True)
    assert keeper(book, RecordingRules(keep_days=30)).sweep() == 0
    assert caplog.text.count("could not be looked at: OSError") == 2 and "disk" not in caplog.text
    book.broken = False
    assert keeper(book, RecordingRules(keep_days=30)).sweep() == 2
