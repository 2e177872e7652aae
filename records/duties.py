"""Duties of the law that clinicians marked as done: which one, in which way, when and by whom; no row ever changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from records.acts import Act
from records.codes import as_code, new_id
from records.course import append_event
from records.errors import RecordsError
from records.tables.clinical import DutyRow
from records.tables.visits import AlertRow, Visit
from records.work import Repository, Work

_TASKS = ("duty_due", "duty_overdue")
_SKEW = timedelta(minutes=1)  # by which the clocks of two programs may differ


class NotYetDone(RecordsError):
    """What is marked as done is said to be done later than now; carries the visit's id."""

    code = "not_yet_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyDraft:
    """A duty about to be marked: by the law's own ids, in one of its ways; ``order`` where it is about one.

    ``key`` makes the same form sent twice one statement; ``done_at`` is now when nobody says.
    """

    visit: str
    topic: str
    duty: str
    way: str
    key: str
    order: str = ""
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyView:
    """A statement as kept: what was done in which way and when (``done_at``), who said so and when (``at``)."""

    id: str
    topic: str
    duty: str
    order: str
    way: str
    done_at: datetime
    at: datetime
    by: str


class Duties(Repository):
    """A visit's statements."""

    def mark(self, draft: DutyDraft) -> str:
        """Keeps the statement, settles the tasks that called for the duty, and returns the statement's id.

        Raises `NotYetDone` for a time that is still to come: no duty is met in advance.
        """
        visit = self._work.visit(draft.visit, Act.DUTY_STATED, audited=False)
        query = select(DutyRow.id).where(DutyRow.visit == visit.id, DutyRow.client_key == draft.key)
        known = self._session.scalar(query)
        if known is not None:
            return known
        if draft.done_at is not None and draft.done_at > self._work.at + _SKEW:
            raise NotYetDone(visit.id)
        row = self._row(visit, draft)
        self._session.add(row)
        append_event(self._work, visit, "duty_done", detail={"topic": row.topic, "duty": row.duty, "statement": row.id})
        self._work.note(Act.DUTY_STATED, row.id, visit.id, topic=row.topic, duty=row.duty)
        self._settle(visit, row)
        return row.id

    def for_visit(self, visit: str) -> tuple[DutyView, ...]:
        """Every statement, oldest first."""
        self._work.visit(visit, Act.DUTIES_VIEWED)
        return statements_of(self._work, visit)

    def _row(self, visit: Visit, draft: DutyDraft) -> DutyRow:
        row_id, work = new_id("dut"), self._work
        content = {"way": draft.way, "done_at": (draft.done_at or work.at).isoformat()}
        return DutyRow(
            id=row_id,
            clinic=work.clinic,
            visit=visit.id,
            client_key=as_code(draft.key),
            topic=as_code(draft.topic),
            duty=as_code(draft.duty),
            subject=as_code(draft.order) if draft.order else "",
            content=work.seal(("duty_statements", "content", row_id), content, visit.patient),
            at=work.at,
            actor=work.actor.person,
        )

    def _settle(self, visit: Visit, row: DutyRow) -> None:
        subject = ":".join(filter(None, (row.topic, row.duty, row.subject)))
        query = select(AlertRow).where(
            AlertRow.visit == visit.id,
            AlertRow.kind.in_(_TASKS),
            AlertRow.subject == subject,
            AlertRow.state == "open",
        )
        for alert in self._session.scalars(query):
            alert.state, alert.closed_at, alert.closed_by = "closed", self._work.at, self._work.actor.person
            alert.note = self._work.seal(("alerts", "note", alert.id), "done", visit.patient)
            self._work.note(Act.ALERT_CLOSED, alert.id, visit.id)
        self._session.flush()


def statements_of(work: Work, visit: str) -> tuple[DutyView, ...]:
    """A visit's statements for whoever was let at the visit, oldest first."""
    query = select(DutyRow).where(DutyRow.clinic == work.clinic, DutyRow.visit == visit)
    return tuple(_view(work, row) for row in work.session.scalars(query.order_by(DutyRow.at, DutyRow.id)))


def _view(work: Work, row: DutyRow) -> DutyView:
    content = work.open(("duty_statements", "content", row.id), row.content)
    return DutyView(
        id=row.id,
        topic=row.topic,
        duty=row.duty,
        order=row.subject,
        way=content["way"],
        done_at=datetime.fromisoformat(content["done_at"]),
        at=row.at,
        by=row.actor,
    )
