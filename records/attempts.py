"""How long the next try has to wait: failures of one name from one place, with a delay that grows and is forgotten.

A name (an address, an account) is never blocked as such: only tries at it from one origin, or from one browser that
the account knows, so that nobody can lock somebody else out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete

from records.tables.people import SignInAttempt
from records.work import Work

FREE_FAILURES = 5
LONGEST_WAIT = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, repr=False)
class Lane:
    """Whose tries from where: two blind indexes."""

    name: str
    place: str


def seconds_left(work: Work, lane: Lane) -> int:
    """How many seconds the next try in the lane has to wait; 0 when it may come now."""
    row = _row(work, lane)
    return _left(row, work.now) if row is not None else 0


def count_failure(work: Work, lane: Lane) -> int:
    """Counts one more failure; returns how many seconds the next try has to wait."""
    row = _row(work, lane)
    if row is None:
        row = SignInAttempt(
            clinic=work.clinic, email_index=lane.name, origin_index=lane.place, failures=0, last_at=work.now
        )
        work.session.add(row)
    if work.now - row.last_at > FORGOTTEN_AFTER:
        row.failures = 0
    row.failures, row.last_at = row.failures + 1, work.now
    if row.failures >= FREE_FAILURES:
        doublings = min(row.failures - FREE_FAILURES, 6)
        row.blocked_until = work.now + min(timedelta(seconds=5 * 2**doublings), LONGEST_WAIT)
    work.session.flush()
    return _left(row, work.now)


def forget(work: Work, lane: Lane) -> None:
    """Drops the lane's failures after a success."""
    row = _row(work, lane)
    if row is not None:
        work.session.delete(row)


def forget_name(work: Work, name: str) -> None:
    """Drops every failure counted against a name: its owner has proved who they are by another way."""
    work.session.execute(
        delete(SignInAttempt).where(SignInAttempt.clinic == work.clinic, SignInAttempt.email_index == name)
    )


def _row(work: Work, lane: Lane) -> SignInAttempt | None:
    return work.session.get(SignInAttempt, (work.clinic, lane.name, lane.place))


def _left(row: SignInAttempt, now: datetime) -> int:
    if row.blocked_until is None or row.blocked_until <= now:
        return 0
    return int((row.blocked_until - now).total_seconds()) + 1
