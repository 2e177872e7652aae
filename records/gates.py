"""Gate records: what a gate was asked, what both engines said, and why it stayed shut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.ports import JSON, GateRecord
from records.acts import Act
from records.codes import as_code, new_id
from records.matters import Matter, put, settle
from records.tables.visits import GateRow, Visit
from records.work import Repository, Work


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GateView:
    """A verdict as kept: every decision's JSON by topic, and the reasons a page shows.

    ``subject`` is the order that a ``prescribe`` gate was asked about.
    """

    id: str
    visit: str
    gate: str
    subject: str
    open: bool
    asked_at: datetime
    recorded_at: datetime
    decisions: Mapping[str, JSON]
    reasons: Sequence[JSON]


class Gates(Repository):
    """A visit's gate records; they never change."""

    def get(self, record: str) -> GateView:
        row = self._work.row(GateRow, record)
        self._work.visit(row.visit, Act.GATE_VIEWED)
        return self._view(row)

    def for_visit(self, visit: str) -> tuple[GateView, ...]:
        """Every verdict, oldest first."""
        self._work.visit(visit, Act.GATE_VIEWED)
        query = select(GateRow).where(GateRow.visit == visit).order_by(GateRow.recorded_at, GateRow.id)
        return tuple(self._view(row) for row in self._session.scalars(query))

    def latest(self, visit: str, gate: str) -> GateView | None:
        self._work.visit(visit, Act.GATE_VIEWED)
        query = select(GateRow).where(GateRow.visit == visit, GateRow.gate == gate)
        row = self._session.scalars(query.order_by(GateRow.recorded_at.desc(), GateRow.id.desc()).limit(1)).first()
        return None if row is None else self._view(row)

    def _view(self, row: GateRow) -> GateView:
        content = self._work.open(("gate_records", "decisions", row.id), row.decisions)
        return GateView(
            id=row.id,
            visit=row.visit,
            gate=row.gate,
            subject=row.subject,
            open=row.open,
            asked_at=row.asked_at,
            recorded_at=row.recorded_at,
            decisions=content["decisions"],
            reasons=content["reasons"],
        )


def wants_review(gate: GateRecord) -> bool:
    """Whether the gate is shut because a person has to decide, or because nobody could: never when it is forbidden."""
    outcomes = {decision.get("outcome") for decision in gate.decisions.values()}
    faulty = any(reason.get("why") == "engine_fault" for reason in gate.reasons)
    return not gate.open and "forbidden" not in outcomes and ("review" in outcomes or faulty)


def _put_before_people(work: Work, visit: Visit, row: GateRow, uncertain: bool) -> None:
    """What only a person can decide comes before the clinic's people; one that the gate settled by itself leaves them.

    The matter is about the gate and what it was asked about, so that asking again makes no second one.
    """
    subject = f"{visit.id}:{row.gate}" + (f":{row.subject}" if row.subject else "")
    if uncertain:
        put(work, Matter(key=row.id, kind="gate_review", subject=subject, visit=visit.id, cause=row.gate))
    elif row.open:
        settle(work, "gate_review", subject)


def keep_gate(work: Work, visit: Visit, gate: GateRecord) -> str:
    """Writes the record and its audit entry, ``refused`` when the gate is shut; returns its id."""
    row_id = new_id("gat")
    content: dict[str, object] = {"decisions": dict(gate.decisions), "reasons": list(gate.reasons)}
    if gate.order is not None:
        content["order"] = {"version": gate.order.version, "digest": gate.order.digest}
    if gate.asked is not None:
        content["asked"] = dict(gate.asked)
    outcomes = {topic: str(decision.get("outcome", "")) for topic, decision in gate.decisions.items()}
    row = GateRow(
        id=row_id,
        clinic=work.clinic,
        visit=visit.id,
        gate=gate.gate,
        subject=as_code(gate.subject) if gate.subject else "",
        open=gate.open,
        asked_at=gate.asked_at,
        recorded_at=work.now,
        outcomes=outcomes,
        decisions=work.seal(("gate_records", "decisions", row_id), content, visit.patient),
    )
    work.session.add(row)
    work.session.flush()
    work.note(Act.GATE_OPENED if gate.open else Act.GATE_SHUT, row_id, visit.id, gate=gate.gate)
    _put_before_people(work, visit, row, wants_review(gate))
    return row_id
