"""What leaves for the pharmacy: an order goes out once, as the version its gate judged, and stands still meanwhile."""

from __future__ import annotations

import json

from sqlalchemy import select

from engine.clinic_terms import USUAL_NIGHT, QuietHours
from engine.pharmacy import (
    CANCEL_HELD,
    CANCEL_REFUSED,
    CANCEL_UNANSWERED,
    CANCELLING,
    TELLS_AT_NIGHT,
    TELLS_THE_PATIENT,
)
from engine.ports import DispatchReceipt, OrderChanged, OrderVersion
from records.acts import Act
from records.codes import sha256
from records.course import settle_alert, tell_once
from records.nights import morning
from records.orders import DISCARDED, DRAFTED, SENT, WENT_OUT, append_order_event
from records.stages import FINAL
from records.tables.clinical import OrderRow
from records.tables.visits import GateRow, Visit
from records.work import Work

SENDING = "sending"
UNANSWERED_TASK = "cancel_unanswered"
CHANGED_NOTICE = "prescription_changed"
_ASKED_BACK = frozenset({CANCEL_HELD, CANCELLING, CANCEL_UNANSWERED})  # an answer to its sending hides none of it
_STATES = {"accepted": SENT, "verified": "verified", "rejected": "rejected", "cancelled": "cancelled"}


def version_of(work: Work, row: OrderRow) -> OrderVersion:
    """The order as it is written now."""
    content = work.open(("orders", "content", row.id), row.content)
    return OrderVersion(version=row.version, digest=sha256(json.dumps(content, sort_keys=True)))


def begin_sending(work: Work, visit: Visit, row: OrderRow, version: int) -> None:
    """Sets a draft to ``sending``: from here on it is neither revised nor discarded.

    Raises:
        OrderChanged: the visit is over, or the order is not a draft of that version, or its newest gate is not open
            for what is written now.
    """
    stands = visit.stage not in FINAL and row.state == DRAFTED and row.version == version
    if not stands or not _is_judged_open(work, row):
        raise OrderChanged(row.id)
    row.state = SENDING
    append_order_event(work, row.id, SENDING, version=version)
    work.note(Act.ORDER_DISPATCHED, row.id, row.visit, state=SENDING, version=version)


def keep_receipt(work: Work, row: OrderRow, receipt: DispatchReceipt, night: QuietHours = USUAL_NIGHT) -> None:
    """A refusal of a request to cancel (it relates to the order's own message) leaves the order where it was.

    One about an order whose answer was lost says that the message arrived after all.

    Raises:
        OrderChanged: the order was never sent.
    """
    if row.state in (DRAFTED, DISCARDED):
        raise OrderChanged(row.id)
    own_message = row.message_id or receipt.relates_to
    too_late = receipt.state == "rejected" and receipt.relates_to != "" and receipt.relates_to == own_message
    state = CANCEL_REFUSED if too_late else _STATES[receipt.state]
    was_out = row.state in WENT_OUT
    if too_late and row.state == SENDING:
        row.state, row.message_id = SENT, own_message
    if too_late:
        row.code = CANCEL_REFUSED
    else:
        row.state = state
        row.code = row.code if state in (SENT, "verified") and row.code in _ASKED_BACK else receipt.code
    settle_alert(work, row.visit, UNANSWERED_TASK, row.id)
    if state in (SENT, "verified") or not row.message_id:
        row.message_id = receipt.message_id
    row.simulated = receipt.simulated
    append_order_event(work, row.id, state, code=receipt.code, message=receipt.message_id)
    work.note(Act.ORDER_DISPATCHED, row.id, row.visit, state=state)
    if was_out:
        tell_of_change(work, row, state, night)


def tell_of_change(work: Work, row: OrderRow, state: str, night: QuietHours) -> None:
    """Writes to the patient that a prescription which they knew of has come to something else; never what or which.

    Not in their night, unless they may have in hand what they are not to take.
    """
    if state in TELLS_THE_PATIENT:
        visit = work.row(Visit, row.visit)
        tell_once(work, visit, CHANGED_NOTICE, None if state in TELLS_AT_NIGHT else morning(work, visit, night))


def _is_judged_open(work: Work, row: OrderRow) -> bool:
    """Whether the newest verdict about the order is open and about exactly what it says now.

    Of verdicts kept at the same instant each counts: one must be about this version, and none of those be shut.
    """
    kept = select(GateRow).where(GateRow.visit == row.visit, GateRow.subject == row.id)
    gates = work.session.scalars(kept.order_by(GateRow.recorded_at.desc())).all()
    now = version_of(work, row)
    written = {"version": now.version, "digest": now.digest}
    newest = (gate for gate in gates if gate.recorded_at == gates[0].recorded_at)
    verdicts = [gate.open for gate in newest if _judged(work, gate) == written]
    return bool(verdicts) and all(verdicts)


def _judged(work: Work, gate: GateRow) -> object:
    return work.open(("gate_records", "decisions", gate.id), gate.decisions).get("order")
