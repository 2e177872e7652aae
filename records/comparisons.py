"""Which decisions of the clinic's gates would be other ones with the law that is known now?

Each stored decision is asked again: the same facts, the same instant of law, today's rulebook. What was told stays
here: readers get visits by number, outcomes, and what the law says otherwise. One page looks at `PAGE` gate records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from engine.decide import decide
from engine.decisions import Question
from engine.diagnostics import BrokenInput
from engine.evaluators import ClosuresOnly
from engine.law_differ import Difference, difference, was_answered
from engine.rulebook import Rulebook
from records.acts import Act
from records.errors import Unreadable
from records.tables.visits import GateRow
from records.work import Repository

PAGE = 100
ERASED, NOT_KEPT, NOT_READ = "erased", "not_kept", "not_read"
_ENGINE = ClosuresOnly()  # nothing opens through it


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A stored decision that would be another one."""

    record: str
    visit: str
    gate: str
    asked_at: datetime
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """A record that cannot be asked again.

    `why`: the patient was `erased`; what it was told was `not_kept` (it is from before that was kept); or it is
    `not_read` with today's vocabulary.
    """

    record: str
    visit: str
    gate: str
    asked_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A page: gate records looked at, decisions asked again, those that differ, and the record to go on `after`."""

    looked: int
    decisions: int
    differing: tuple[Differing, ...]
    unasked: tuple[Unasked, ...]
    after: str


class Comparisons(Repository):
    """Stored decisions beside what the law says now."""

    def page(self, rulebook: Rulebook, since: datetime | None = None, after: str = "") -> Compared:
        """The next gate records, the oldest first, from an instant on and after a record; `after` is empty at the end.

        Raises `NotFound` for a record to go on after that is none of this clinic.
        """
        self._work.whole_clinic(Act.DECISIONS_COMPARED)
        rows = self._rows(since, after)
        shown, more = rows[:PAGE], len(rows) > PAGE
        self._work.note(Act.DECISIONS_COMPARED, self._work.clinic, looked=len(shown))
        found = [one for row in shown for one in self._again(rulebook, row)]
        return Compared(
            looked=len(shown),
            decisions=sum(not isinstance(one, Unasked) for one in found),
            differing=tuple(one for one in found if isinstance(one, Differing)),
            unasked=tuple(one for one in found if isinstance(one, Unasked)),
            after=shown[-1].id if more else "",
        )

    def _rows(self, since: datetime | None, after: str) -> Sequence[GateRow]:
        query = select(GateRow).where(GateRow.clinic == self._work.clinic)
        if since is not None:
            query = query.where(GateRow.recorded_at >= since)
        if after:
            last = self._work.row(GateRow, after)
            later = and_(GateRow.recorded_at == last.recorded_at, GateRow.id > last.id)
            query = query.where(or_(GateRow.recorded_at > last.recorded_at, later))
        return self._session.scalars(query.order_by(GateRow.recorded_at, GateRow.id).limit(PAGE + 1)).all()

    def _again(self, rulebook: Rulebook, row: GateRow) -> Iterator[Differing | Unasked | None]:
        """For each decision of a record how it differs, or None; one `Unasked` where it cannot be asked again."""
        named: dict[str, Any] = {"record": row.id, "visit": row.visit, "gate": row.gate, "asked_at": row.asked_at}
        try:
            kept = self._work.open(("gate_records", "decisions", row.id), row.decisions)
        except Unreadable:
            yield Unasked(**named, why=ERASED)
            return
        decisions = {topic: one for topic, one in kept["decisions"].items() if was_answered(one)}
        asked = kept.get("asked")
        if decisions and asked is None:
            yield Unasked(**named, why=NOT_KEPT)
            return
        for topic, then in decisions.items():
            try:
                question = Question(topic=topic, on=asked["on"][topic], facts=asked["facts"], clinic=row.clinic)
                now = decide(rulebook, question, _ENGINE).as_json()
            except (BrokenInput, KeyError):
                yield Unasked(**named, why=NOT_READ)
                return
            found = difference(then, now)
            yield Differing(**named, difference=found) if found else None
