"""How something comes before the people of a clinic, and how it leaves them when it settled itself.

Workflows and repositories put a matter through `put` in the transaction of what raised it; its key is the id of that
(a task, a gate's record, a credential and its last day), so that done again it is the same matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import ColumnElement, select

from records.acts import Act
from records.codes import as_code, new_id
from records.tables.reviews import ReviewEntryRow, ReviewRow
from records.work import Work

OPEN, TAKEN, DECIDED, CLOSED = "open", "taken", "decided", "closed"
STATES = (OPEN, TAKEN, DECIDED, CLOSED)
RAISED, SETTLED = "raised", "settled"
NO_CAUSE = "none"
HANDLED = ("handled", "passed_on", "nothing_to_do")
LET_PASS = ("nothing_to_do",)
RULED = ("law_is_clear", "stays_shut", "passed_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of matter: by when it is due, what can be decided, and whether a second person has to agree.

    ``second`` are the decisions that let something pass and so need the second person by themselves.
    ``elsewhere`` says that it is decided on a page of its own, which asks for the second person itself.
    """

    within: timedelta
    decisions: tuple[str, ...] = HANDLED
    pair: bool = False
    second: tuple[str, ...] = ()
    elsewhere: bool = False

    def needs_second(self, decision: str) -> bool:
        """Whether somebody else has to agree before this decision closes the matter."""
        return self.pair or decision in self.second


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "red_flag": Kind(within=timedelta(minutes=30), second=LET_PASS),
        "visit_blocked": Kind(within=timedelta(hours=2), second=LET_PASS),
        "gate_review": Kind(within=timedelta(hours=24), decisions=RULED, pair=True),
        "stuck": Kind(within=timedelta(hours=2)),
        "escalated": Kind(within=timedelta(hours=2)),
        "payment_failed": Kind(within=timedelta(hours=48)),
        "prescription_failed": Kind(within=timedelta(hours=4)),
        "sign_shut": Kind(within=timedelta(hours=24)),
        "note_overdue": Kind(within=timedelta(hours=24)),
        "case_overdue": Kind(within=timedelta(hours=2)),
        "case_escalated": Kind(within=timedelta(hours=1), second=LET_PASS),
        "duty_overdue": Kind(within=timedelta(hours=24)),
        "credential_expiring": Kind(within=timedelta(days=14)),
        "takeover": Kind(within=timedelta(days=2), decisions=(), pair=True, elsewhere=True),
        "emergency": Kind(within=timedelta(days=3), decisions=(), pair=True, elsewhere=True),
    }
)
# A clinicians' task that the clinic has to know of, by the task's kind.
OF_TASKS: Mapping[str, str] = MappingProxyType(
    {
        "red_flag": "red_flag",
        "review": "stuck",
        "sign_overdue": "note_overdue",
        "sign_gate_shut": "sign_shut",
        "prescription_rejected": "prescription_failed",
        "order_kept": "prescription_failed",
        "not_cancelled": "prescription_failed",
        "cancel_refused": "prescription_failed",
        "cancel_unanswered": "prescription_failed",
        "answer_overdue": "case_overdue",
        "answer_escalated": "case_escalated",
        "duty_overdue": "duty_overdue",
    }
)
# What a task of the kind ``review`` is in truth, by the effect that raised it.
_CAUSES: Mapping[str, str] = MappingProxyType({"capture_declined": "payment_failed", "reached": "escalated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is put before people: ids and codes only. ``due_at`` is the kind's own time unless it is told."""

    key: str
    kind: str
    subject: str
    visit: str = ""
    person: str = ""
    cause: str = NO_CAUSE
    due_at: datetime | None = None


def put(work: Work, matter: Matter) -> str:
    """Keeps a matter, audited, and returns its id.

    The same key is the same matter for ever; so is one of the same kind about the same thing of the same visit, for as
    long as nobody has closed it.
    """
    known = _of_key(work, matter.key) or _still_open(work, matter)
    if known is not None:
        return known.id
    row = ReviewRow(
        id=new_id("rvw"),
        clinic=work.clinic,
        key=as_code(matter.key),
        kind=matter.kind,
        subject=as_code(matter.subject),
        cause=as_code(matter.cause),
        visit=matter.visit or None,
        person=matter.person or None,
        raised_at=work.at,
        due_at=matter.due_at or work.at + KINDS[matter.kind].within,
        state=OPEN,
        version=1,
    )
    work.session.add(row)
    work.session.flush()
    append(work, row, Said(kind=RAISED))
    work.record(Act.REVIEW_RAISED, row.id, matter.visit, kind=matter.kind)
    return row.id


def put_task(work: Work, visit: str, task: str, kind: str, cause: tuple[str, str] = ("", "")) -> None:
    """Puts a clinicians' task before the clinic, where it is of a kind that the clinic has to know of.

    ``cause`` is step and key of the effect that raised it.
    """
    mine = OF_TASKS.get(kind)
    if mine is None:
        return
    step, key = cause
    mine = _CAUSES.get(key, mine) if kind == "review" else mine
    put(work, Matter(key=task, kind=mine, subject=task, visit=visit, cause=step or NO_CAUSE))


def settle(work: Work, kind: str, subject: str) -> None:
    """Closes the matter about something that was settled where it stands; nothing where there is none."""
    _close_all(work, ReviewRow.subject == subject, ReviewRow.kind == kind)


def settle_task(work: Work, task: str) -> None:
    """The same for a clinicians' task, whatever kind of matter it became."""
    _close_all(work, ReviewRow.key == task)


def settle_at(work: Work, visit: str, *kinds: str) -> None:
    """The same for every matter of these kinds at a visit."""
    _close_all(work, ReviewRow.visit == visit, ReviewRow.kind.in_(kinds))


def _close_all(work: Work, *which: ColumnElement[bool]) -> None:
    found = select(ReviewRow).where(ReviewRow.clinic == work.clinic, ReviewRow.state != CLOSED, *which)
    for row in work.session.scalars(found).all():
        row.state, row.closed_at, row.version = CLOSED, work.at, row.version + 1
        append(work, row, Said(kind=SETTLED))
        work.record(Act.REVIEW_SETTLED, row.id, row.visit or "", kind=row.kind)
    work.session.flush()


def open_subjects(work: Work, kinds: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Subject and kind of every matter of these kinds that nobody has closed."""
    query = select(ReviewRow.subject, ReviewRow.kind).where(
        ReviewRow.clinic == work.clinic, ReviewRow.kind.in_(kinds), ReviewRow.state != CLOSED
    )
    return tuple((subject, kind) for subject, kind in work.session.execute(query))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Said:
    """A line about a matter: ``about`` is who it was given to or a decision's code, ``text`` sealed for ``id``."""

    kind: str
    about: str = ""
    text: bytes | None = None
    id: str = ""


def append(work: Work, row: ReviewRow, said: Said) -> None:
    """Adds one line to what was said and done about a matter."""
    newest = select(ReviewEntryRow.sequence).where(ReviewEntryRow.review == row.id)
    newest = newest.order_by(ReviewEntryRow.sequence.desc()).limit(1)
    work.session.add(
        ReviewEntryRow(
            id=said.id or new_id("rve"),
            clinic=work.clinic,
            review=row.id,
            sequence=(work.session.scalar(newest) or 0) + 1,
            at=work.at,
            actor=work.actor.person[:40],
            kind=said.kind,
            about=said.about,
            text=said.text,
        )
    )
    work.session.flush()


def _of_key(work: Work, key: str) -> ReviewRow | None:
    return work.session.scalars(select(ReviewRow).where(ReviewRow.clinic == work.clinic, ReviewRow.key == key)).first()


def _still_open(work: Work, matter: Matter) -> ReviewRow | None:
    query = select(ReviewRow).where(
        ReviewRow.clinic == work.clinic,
        ReviewRow.kind == matter.kind,
        ReviewRow.subject == matter.subject,
        ReviewRow.visit == matter.visit if matter.visit else ReviewRow.visit.is_(None),
        ReviewRow.state != CLOSED,
    )
    return work.session.scalars(query).first()
