"""The book behind a pharmacy's later messages and cancellations: `engine.pharmacy.PharmacyBook` over records."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from engine.clinic_terms import QuietHours
from engine.pharmacy import (
    CANCEL_HELD,
    CANCEL_REFUSED,
    CANCEL_UNANSWERED,
    CANCELLING,
    DISPENSED,
    AskedCancellation,
    FillReport,
    fate_after,
)
from records.acts import Act
from records.course import raise_alert
from records.database import Database
from records.dispatch import UNANSWERED_TASK, tell_of_change
from records.nights import Nights, usual_night
from records.orders import CANCELLED, SENT, WENT_OUT, append_order_event, asked_cancellation, newest_asking
from records.tables.clinical import OrderEventRow, OrderRow
from records.tables.visits import Visit
from records.work import Actor, Work

REFUSED_TASK, NOT_DISPENSED_TASK = "cancel_refused", "not_dispensed"
_WAIT = (CANCEL_HELD, CANCELLING, CANCEL_UNANSWERED)
_ACTOR = Actor.system("pharmacy")
_AT_ONCE = 200


class RecordsPharmacyBook:
    """Every change is audited in its own transaction; no message is kept twice."""

    def __init__(self, database: Database, nights: Nights = usual_night) -> None:
        self._database = database
        self._nights = nights

    def keep_fill(self, report: FillReport) -> bool:
        """What a pharmacy says of a message that this clinic never sent, or of another order, is nobody's."""
        with self._database.reading() as session:
            found = session.execute(
                select(OrderRow.clinic, OrderRow.message_id).where(OrderRow.id == report.order)
            ).first()
        if found is None or not report.relates_to or found.message_id != report.relates_to:
            return False
        with self._database.work(found.clinic, _ACTOR) as work:
            _keep_fill(work, work.row(OrderRow, report.order), report, self._nights(found.clinic))
        return True

    def asked(self) -> Sequence[AskedCancellation]:
        waits = select(OrderRow).where(OrderRow.code.in_(_WAIT), OrderRow.state.in_(WENT_OUT))
        with self._database.reading() as session:
            rows = session.scalars(waits.order_by(OrderRow.id).limit(_AT_ONCE)).all()
            return tuple(asked_cancellation(row, newest_asking(session, row.id)) for row in rows)

    def let_go(self, asked: AskedCancellation) -> bool:
        with self._database.work(asked.ref.clinic, _ACTOR) as work:
            work.lock(Visit, asked.ref.visit)
            row = _held(work, asked)
            newest = newest_asking(work.session, row.id)
            if row.code not in (CANCEL_HELD, CANCELLING) or asked_cancellation(row, newest).key != asked.key:
                return False
            if row.code == CANCEL_HELD:
                row.code = CANCELLING
                append_order_event(work, row.id, CANCELLING)
                work.note(Act.ORDER_DISPATCHED, row.id, row.visit, state=CANCELLING)
            return True

    def unanswered(self, asked: AskedCancellation) -> None:
        with self._database.work(asked.ref.clinic, _ACTOR) as work:
            row = _held(work, asked)
            if row.code == CANCELLING and row.state in WENT_OUT:
                row.code = CANCEL_UNANSWERED
                append_order_event(work, row.id, CANCEL_UNANSWERED)
                work.note(Act.ORDER_FILLED, row.id, row.visit, state=CANCEL_UNANSWERED)
                _task(work, row, UNANSWERED_TASK)
                tell_of_change(work, row, CANCEL_UNANSWERED, self._nights(work.clinic))

    def refused(self, asked: AskedCancellation) -> None:
        with self._database.work(asked.ref.clinic, _ACTOR) as work:
            _task(work, _held(work, asked), REFUSED_TASK)


def _keep_fill(work: Work, row: OrderRow, report: FillReport, night: QuietHours) -> None:
    """One more state. A pharmacy that gives out what it had cancelled is put before people."""
    work.visit(row.visit, Act.ORDER_FILLED, audited=False)
    known = select(OrderEventRow.detail).where(OrderEventRow.order == row.id)
    if any(one.get("message") == report.message_id for one in work.session.scalars(known)):
        return
    if row.state == CANCELLED and report.state == DISPENSED:
        row.state, row.code = SENT, DISPENSED
        _task(work, row, REFUSED_TASK)
        tell_of_change(work, row, CANCEL_REFUSED, night)
    elif row.state in WENT_OUT and row.code != (fate := fate_after(row.code, report.state)):
        row.code = fate
        tell_of_change(work, row, fate, night)
    append_order_event(work, row.id, report.state, message=report.message_id, said_at=report.at.isoformat())
    work.note(Act.ORDER_FILLED, row.id, row.visit, state=report.state)
    if report.state == NOT_DISPENSED_TASK:
        _task(work, row, NOT_DISPENSED_TASK)


def _held(work: Work, asked: AskedCancellation) -> OrderRow:
    work.visit(asked.ref.visit, Act.ORDER_FILLED, audited=False)
    return work.row(OrderRow, asked.order)


def _task(work: Work, row: OrderRow, kind: str) -> None:
    alert = raise_alert(work, row.visit, kind, row.id, ("cancel", row.id))
    work.note(Act.ALERT_RAISED, alert, row.visit, kind=kind)
