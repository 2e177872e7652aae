"""The clinic's visits as its people look for them, and what happened at one of them, step by step.

A replay is put together from records alone: events, gate records, effects, payments, notices, tasks and the audit. The
workflow's own history may be gone by then. What a reader may not see by the access table is left out, field by field;
of an audited act at least the kind must touch nothing but data that they may view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from engine.access import Action
from engine.plans import VisitPlan, plan_from_json
from engine.ports import JSON
from records.access import STAFF, TABLE, Role, sees
from records.acts import Act
from records.errors import Unreadable
from records.stages import BLOCKED, CASES, DRAFT, FINAL
from records.standing import standing_at
from records.tables.people import Account
from records.tables.vault import AuditEntry
from records.tables.visits import (
    AlertRow,
    EffectRow,
    GateRow,
    MessageRow,
    PackRow,
    ParticipantRow,
    PaymentRow,
    Visit,
    VisitEventRow,
)
from records.work import Repository, Work

PAGE = 50
MOST_EXPORTED = 20_000
BEFORE_THE_CALL = ("held", "booked", "preparing", "ready", BLOCKED)
LATE_TASKS = ("answer_overdue", "answer_escalated", "sign_overdue", "duty_overdue")
_PIPES = frozenset({"network", "keys"})  # classes that say how something came about, and nothing about anybody
_QUIET = frozenset({Act.STAGE_CHANGED, Act.GATE_OPENED, Act.GATE_SHUT, Act.MESSAGE_QUEUED, Act.PAYMENT_RECORDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitQuery:
    """What is looked for; an empty field asks nothing. ``since`` and ``until`` bound the start, pages count from 1."""

    stage: str = ""
    specialty: str = ""
    step: str = ""
    blocked: bool = False
    late: bool = False
    since: datetime | None = None
    until: datetime | None = None
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLine:
    """One visit of a list: by number, without its patient. ``step`` moved it last, at ``moved_at``."""

    visit: str
    starts_at: datetime
    specialty: str
    visit_type: str
    provider: str
    stage: str
    step: str
    moved_at: datetime | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verdict:
    """What a gate said, as far as the reader may see it: outcomes by topic, and decisions of the topics shown."""

    record: str
    gate: str
    open: bool
    asked_at: datetime
    outcomes: Mapping[str, str]
    decisions: Mapping[str, JSON]
    agreed: bool
    law: str
    law_time: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Moment:
    """One thing that happened. ``sort`` is event, gate, act, notice, payment, timer, retry or task; ``name`` its code.

    ``count`` acts of one kind stand together; ``until`` is the last one's instant. ``good`` is None for neither.
    """

    at: datetime
    sort: str
    name: str
    stage: str = ""
    step: str = ""
    actor: str = ""
    role: str = ""
    good: bool | None = None
    count: int = 1
    until: datetime | None = None
    verdict: Verdict | None = None
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Replay:
    """A visit from its first event to its newest: what is shown of it, in order, and what its plan still waits for."""

    line: VisitLine
    steps: tuple[tuple[str, str], ...]
    moments: tuple[Moment, ...]
    withheld: bool


class Replays(Repository):
    """Looking at visits that one has no part in."""

    def listed(self, wanted: VisitQuery) -> tuple[tuple[VisitLine, ...], bool]:
        """A page of the visits that fit, the newest start first, and whether there is another page."""
        self._work.whole_clinic(Act.VISITS_LISTED)
        self._work.note(Act.VISITS_LISTED, self._work.clinic)
        query = self._query(wanted).offset((max(wanted.page, 1) - 1) * PAGE).limit(PAGE + 1)
        lines = self._lines(query)
        return lines[:PAGE], len(lines) > PAGE

    def exported(self, wanted: VisitQuery) -> tuple[VisitLine, ...]:
        """All that fit, at most `MOST_EXPORTED`, to be taken along: nobody is in it."""
        self._work.whole_clinic(Act.VISITS_EXPORTED)
        self._work.note(Act.VISITS_EXPORTED, self._work.clinic)
        return self._lines(self._query(wanted).limit(MOST_EXPORTED))

    def steps(self) -> tuple[str, ...]:
        """The steps that visits of the clinic have stood at, for a filter: codes of plans, about nobody."""
        self._work.whole_clinic(Act.VISITS_LISTED)
        step = VisitEventRow.detail["step"].as_string()
        query = select(step).where(VisitEventRow.clinic == self._work.clinic, step.is_not(None)).distinct()
        return tuple(sorted(str(one) for one in self._session.scalars(query) if one))

    def of_visit(self, visit: str) -> Replay:
        """Everything that happened, oldest first, as the reader may see it; that they looked is in the audit."""
        work = self._work
        row = work.visit(visit, Act.REPLAY_VIEWED)
        reader = _Reader(work, row, sees(standing_at(work, row), "replay"))
        made = [one for part in PARTS for one in part(reader)]
        moments = sorted(made, key=lambda one: (one.at, one.sort != "event"))
        line = self._lines(select(Visit, *_newest()).where(Visit.id == visit))[0]
        steps = tuple((one.id, one.kind) for one in reader.plan.steps)
        return Replay(line=line, steps=steps, moments=tuple(moments), withheld="acts" not in reader.seen)

    def _query(self, wanted: VisitQuery) -> Select[Any]:
        step, _ = _newest()
        asked: list[ColumnElement[bool]] = [Visit.clinic == self._work.clinic, Visit.stage != DRAFT]
        if wanted.stage:
            asked.append(Visit.stage == wanted.stage)
        if wanted.blocked:
            asked.append(Visit.stage == BLOCKED)
        if wanted.specialty:
            asked.append(Visit.specialty == wanted.specialty)
        if wanted.step:
            asked.append(step == wanted.step)
        if wanted.since:
            asked.append(Visit.starts_at >= wanted.since)
        if wanted.until:
            asked.append(Visit.starts_at < wanted.until)
        if wanted.late:
            asked.append(self._is_late())
        query = select(Visit, *_newest()).where(*asked)
        return query.order_by(Visit.starts_at.desc(), Visit.id)

    def _is_late(self) -> ColumnElement[bool]:
        """Should have begun by now and has not, or has a task that says that its time is over."""
        overdue = select(AlertRow.visit).where(
            AlertRow.clinic == self._work.clinic, AlertRow.state == "open", AlertRow.kind.in_(LATE_TASKS)
        )
        waits = Visit.stage.in_(BEFORE_THE_CALL) & (Visit.starts_at < self._work.at)
        return or_(waits, Visit.id.in_(overdue))

    def _lines(self, query: Select[Any]) -> tuple[VisitLine, ...]:
        found = self._session.execute(query).all()
        overdue = self._overdue([row.id for row, _, _ in found])
        return tuple(
            VisitLine(
                visit=row.id,
                starts_at=row.starts_at,
                specialty=row.specialty,
                visit_type=row.visit_type,
                provider=row.provider,
                stage=row.stage,
                step=step or "",
                moved_at=moved,
                late=row.id in overdue or (row.stage in BEFORE_THE_CALL and row.starts_at < self._work.at),
            )
            for row, step, moved in found
        )

    def _overdue(self, visits: Sequence[str]) -> frozenset[str]:
        query = select(AlertRow.visit).where(AlertRow.state == "open", AlertRow.kind.in_(LATE_TASKS))
        query = query.where(AlertRow.clinic == self._work.clinic)
        found = self._session.scalars(query.where(AlertRow.visit.in_(visits)) if len(visits) < 500 else query)
        return frozenset(found)


def _newest() -> tuple[Any, Any]:
    """The step and the instant of a visit's newest event that has a step."""
    step = VisitEventRow.detail["step"].as_string()
    of_it = (VisitEventRow.visit == Visit.id, step.is_not(None))
    newest = select(step).where(*of_it).order_by(VisitEventRow.sequence.desc()).limit(1)
    moved = select(func.max(VisitEventRow.at)).where(VisitEventRow.visit == Visit.id)
    return newest.scalar_subquery(), moved.scalar_subquery()


class _Reader:
    """A visit, and what of it somebody may see."""

    def __init__(self, work: Work, visit: Visit, seen: frozenset[str]) -> None:
        self.work, self.visit, self.seen = work, visit, seen
        standing = standing_at(work, visit)
        grants = TABLE.granted(standing.role, standing.relations, standing.scopes)
        self.views = frozenset(data for data, action in grants if action == Action.VIEW)
        self.roles = self._roles()
        self.plan = self._plan()

    def rows(self, table: Any, *order: Any) -> Iterable[Any]:
        query = select(table).where(table.clinic == self.work.clinic, table.visit == self.visit.id)
        return self.work.session.scalars(query.order_by(*order))

    def role_of(self, person: str) -> str:
        """In which role somebody acts at the visit; a program where it is no person."""
        return self.roles.get(person, str(Role.SYSTEM))

    def _roles(self) -> dict[str, str]:
        work = self.work
        staff = select(Account.person, Account.roles).where(Account.clinic == work.clinic)
        found = {
            person: next((one for one in roles if one in STAFF), "") for person, roles in work.session.execute(staff)
        }
        parts = select(ParticipantRow.person, ParticipantRow.role).where(ParticipantRow.visit == self.visit.id)
        found |= {row.person: row.role for row in work.session.execute(parts)}
        return {person: role for person, role in found.items() if role}

    def _plan(self) -> VisitPlan:
        pack = self.work.session.get(PackRow, (self.work.clinic, self.visit.plan_digest))
        assert pack is not None, "a visit's plan is kept for as long as the visit is"
        return plan_from_json(pack.canonical, pack.digest)


def _events(reader: _Reader) -> Iterable[Moment]:
    for row in reader.rows(VisitEventRow, VisitEventRow.sequence):
        told = {name: str(row.detail[name]) for name in ("step", "due", "subject", "code") if row.detail.get(name)}
        detail = {name: value for name, value in told.items() if name in reader.seen}
        yield Moment(
            at=row.at,
            sort="event",
            name=row.event,
            stage=row.stage or "",
            step=detail.pop("step", ""),
            actor=row.actor,
            role=reader.role_of(row.actor),
            good=_is_good(row.stage),
            detail=detail,
        )


def _is_good(stage: str | None) -> bool | None:
    if stage == "completed":
        return True
    return False if stage in (BLOCKED, "refused", "escalated", "no_show", "expired") else None


def _gates(reader: _Reader) -> Iterable[Moment]:
    for row in reader.rows(GateRow, GateRow.recorded_at, GateRow.id):
        yield Moment(at=row.asked_at, sort="gate", name=row.gate, good=row.open, verdict=_verdict(reader, row))


def _verdict(reader: _Reader, row: GateRow) -> Verdict:
    try:
        kept = reader.work.open(("gate_records", "decisions", row.id), row.decisions)
    except Unreadable:  # the patient was erased: codes are left
        kept = {"decisions": {}, "reasons": []}
    decisions: Mapping[str, JSON] = kept["decisions"]
    shown = reader.seen - {"prescribing"} if "facts" not in reader.seen else reader.seen
    facts = "facts" in reader.seen
    clinical = row.gate == "prescribe" and not facts
    first: JSON = next(iter(decisions.values()), {})
    faulty = any("engine_fault" in (one.get("why"), one.get("code")) for one in kept["reasons"])
    return Verdict(
        record=row.id,
        gate=row.gate,
        open=row.open,
        asked_at=row.asked_at,
        outcomes={topic: str(outcome) for topic, outcome in row.outcomes.items()},
        decisions={
            topic: decision if facts else without_facts(decision)
            for topic, decision in decisions.items()
            if facts or (topic in shown and not clinical)
        },
        agreed=bool(decisions) and not faulty,
        law=str(first.get("law", "")),
        law_time=str(first.get("law_time", "")),
    )


_SHOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "permits": ("path", "rule", "title", "law", "cite"),
        "forbids": ("act", "rule", "title", "law", "cite"),
        "duties": ("duty", "due", "rule", "title", "law", "cite"),
        "review": ("why", "rule", "title", "law", "cite"),
        "tried": ("path", "rule", "title", "law", "cite"),
    }
)
_HEAD = ("topic", "outcome", "law_time", "known_time", "law", "overlay", "rulebook", "sources")


def without_facts(decision: JSON) -> dict[str, Any]:
    """A decision's verdict, rules and statutes, without anything that it was told: no values, no paths, no duty met."""
    told: dict[str, Any] = {name: decision[name] for name in _HEAD if name in decision}
    for name, kept in _SHOWN.items():
        told[name] = [{key: entry[key] for key in kept if key in entry} for entry in decision.get(name, ())]
    return told


def _payments(reader: _Reader) -> Iterable[Moment]:
    if "payments" not in reader.seen:
        return
    for row in reader.rows(PaymentRow, PaymentRow.at, PaymentRow.id):
        detail = {"cents": str(row.amount_cents), "currency": row.currency}
        good = False if row.state == "declined" else None
        yield Moment(at=row.at, sort="payment", name=row.state, good=good, detail=detail)


def _notices(reader: _Reader) -> Iterable[Moment]:
    if "notices" not in reader.seen:
        return
    for row in reader.rows(MessageRow, MessageRow.number):
        detail = {"audience": row.audience, "channel": row.channel, "state": row.state}
        good = False if row.state == "refused" else None
        yield Moment(at=row.at, sort="notice", name=row.template, good=good, until=row.sent_at, detail=detail)


def _tasks(reader: _Reader) -> Iterable[Moment]:
    if "tasks" not in reader.seen:
        return
    for row in reader.rows(AlertRow, AlertRow.at, AlertRow.id):
        detail = {"state": row.state}
        yield Moment(
            at=row.at, sort="task", name=row.kind, good=row.state != "open", until=row.closed_at, detail=detail
        )


def _retries(reader: _Reader) -> Iterable[Moment]:
    """What did not work at once: effects that took more than one attempt, and those that got stuck."""
    for row in reader.rows(EffectRow, EffectRow.at, EffectRow.step, EffectRow.key):
        if row.attempt > 1:
            yield Moment(at=row.at, sort="retry", name=row.kind.partition(":")[0], step=row.step, count=row.attempt)
        elif row.key.startswith("stuck:"):
            yield Moment(at=row.at, sort="retry", name="stuck", step=row.step, good=False)


def _timers(reader: _Reader) -> Iterable[Moment]:
    """The clocks of the plan, each at its own instant: reminders, the hold's end, when nobody came."""
    visit, plan = reader.visit, reader.plan
    if visit.stage == DRAFT:
        return
    begun = min((row.at for row in reader.rows(VisitEventRow, VisitEventRow.sequence)), default=None)
    for one in plan.reminders:
        at = visit.starts_at - timedelta(seconds=one.before_seconds)
        if begun is not None and at > begun and "notices" in reader.seen:
            yield _timer(reader, at, "reminder", {"template": one.template})
    wait = next((step for step in plan.steps if step.kind == "wait"), None)
    if wait is not None and visit.stage not in CASES:
        grace = int(wait.settings.get("no_show_seconds", 900))
        yield _timer(reader, visit.starts_at + timedelta(seconds=grace), "no_show", {}, wait.id)


def _timer(reader: _Reader, at: datetime, name: str, detail: Mapping[str, str], step: str = "") -> Moment:
    over = at <= reader.work.at
    state = "over" if over else "stopped" if reader.visit.stage in FINAL else "runs"
    return Moment(at=at, sort="timer", name=name, step=step, detail={**detail, "state": state})


def _acts(reader: _Reader) -> Iterable[Moment]:
    """What people did by the audit; the same act of the same person, one after the other, is one line."""
    held: Moment | None = None
    for row in reader.rows(AuditEntry, AuditEntry.sequence):
        if not _is_told(reader, row):
            continue
        at = datetime.fromisoformat(row.at)
        alike = held is not None and (held.name, held.actor, held.role) == (row.act, row.actor, row.role)
        if held is not None and not alike:
            yield held
        held = Moment(
            at=held.at if held is not None and alike else at,
            sort="act",
            name=row.act,
            actor=row.actor,
            role=row.role,
            good=False if row.act.endswith(":refused") else None,
            count=held.count + 1 if held is not None and alike else 1,
            until=at,
        )
    if held is not None:
        yield held


def _is_told(reader: _Reader, row: AuditEntry) -> bool:
    """Whether an entry is a person's, is not told by an event already, and touches nothing withheld from the reader."""
    if row.role == Role.SYSTEM or row.act in _QUIET or row.act == Act.REPLAY_VIEWED:
        return False
    if "acts" in reader.seen:
        return True
    kind, _, action = row.act.rpartition(":")
    data = TABLE.acts.get(kind, frozenset({"unknown"}))
    return action not in ("viewed", "refused") and data - _PIPES <= reader.views


PARTS: tuple[Callable[[_Reader], Iterable[Moment]], ...] = (
    _events,
    _gates,
    _payments,
    _notices,
    _tasks,
    _retries,
    _timers,
    _acts,
)
