"""Orders: prescriptions as they are written, and every state they went through on the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.pharmacy import (
    CANCEL_HELD,
    CANCEL_REASONS,
    CANCEL_UNDONE,
    CANCELLING,
    FATES,
    FILLS,
    AskedCancellation,
    may_be_cancelled,
)
from engine.ports import VisitRef
from records.access import Role
from records.acts import Act
from records.codes import new_id
from records.errors import AlreadyDone, Conflict, NotFound
from records.sealing import to_bytes
from records.tables.clinical import OrderEventRow, OrderRow
from records.tables.visits import Visit
from records.work import Repository, Work

DRAFTED = "drafted"
SENT = "sent"
DISCARDED = "discarded"
CANCELLED = "cancelled"
WENT_OUT = (SENT, "verified")
_MOST = 50  # earlier prescriptions that are looked at

_ASKED = (CANCEL_HELD, CANCELLING)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderDraft:
    """A prescription as written. ``drug`` has at least a ``name``; ``kind`` is new or refill.

    ``statements`` is what the prescriber states for the law, by path of the vocabulary; ``acknowledged`` the warnings
    they have read before they went on: ``allergies`` (codes) and their ``reason``.
    ``directions`` are the same directions in other languages, for the patient: the pharmacy gets ``sig``.
    ``key`` is the client's own id of this draft: the same key and content again is the same draft. Empty, every call
    makes one.
    """

    visit: str
    drug: Mapping[str, Any]
    sig: str
    quantity: str
    quantity_unit: str
    days_supply: int
    refills: int
    substitutions_allowed: bool = True
    note_to_pharmacy: str = ""
    pharmacy: Mapping[str, Any] = field(default_factory=dict)
    purpose: str | None = None
    kind: str = "new"
    key: str = ""
    statements: Mapping[str, Any] = field(default_factory=dict)
    acknowledged: Mapping[str, Any] = field(default_factory=dict)
    directions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One state that an order reached; ``code`` is the network's, or a cancellation's reason, when there is one."""

    at: datetime
    state: str
    actor: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderView:
    """An order and where it stands: drafted, sent, verified, rejected, cancelled or discarded.

    ``steps`` is every state it went through; ``code`` the network's of a refusal, or what became of one that went out.
    """

    order: str
    visit: str
    state: str
    version: int
    draft: OrderDraft
    written_at: datetime
    message_id: str
    code: str
    simulated: bool
    steps: tuple[OrderEvent, ...] = ()

    @property
    def stands(self) -> str:
        """Its state, or what has become of it since it went out (`engine.pharmacy.FATES`)."""
        return self.code if self.state in WENT_OUT and self.code in FATES else self.state

    @property
    def may_undo(self) -> bool:
        """Whether its cancellation has not left yet."""
        return self.state in WENT_OUT and self.code == CANCEL_HELD

    @property
    def may_cancel(self) -> bool:
        """Whether the pharmacy can still be asked to cancel it."""
        return self.state in WENT_OUT and may_be_cancelled(self.code)


class Orders(Repository):
    """A visit's prescriptions."""

    def draft(self, draft: OrderDraft) -> str:
        """Keeps a draft; returns its id.

        Drafted again with the same key and content it is the order of the first time; other content under the key (a
        page gone back to and changed) is an order of its own, for nothing that was written may be lost unseen.
        """
        visit = self._work.visit(draft.visit, Act.ORDER_DRAFTED, audited=False)
        order = self._id(draft)
        if draft.key and self._session.get(OrderRow, order) is not None:
            return order
        row = OrderRow(
            id=order,
            clinic=self._work.clinic,
            visit=visit.id,
            kind="prescription",
            state=DRAFTED,
            version=1,
            content=self._work.seal(("orders", "content", order), _content(draft), visit.patient),
            message_id="",
            code="",
            simulated=False,
            written_at=self._work.at,
        )
        self._session.add(row)
        self._work.note(Act.ORDER_DRAFTED, order, visit.id)
        self._session.flush()
        append_order_event(self._work, order, DRAFTED)
        return order

    def _id(self, draft: OrderDraft) -> str:
        """An id of its own, or the one that belongs to the visit, the client's key and what was written."""
        if not draft.key:
            return new_id("ord")
        content = to_bytes(_content(draft)).decode()
        return "ord_" + self._work.blind("order", f"{draft.visit}|{draft.key}|{content}")[:24]

    def revise(self, order: str, draft: OrderDraft, version: int) -> int:
        """Writes a draft anew; returns its version. Raises `AlreadyDone` once sent, `Conflict` on an old version."""
        row = self._drafted(order, Act.ORDER_REVISED)
        if row.version != version:
            raise Conflict("order", row.version)
        visit = self._work.visit(row.visit, Act.ORDER_REVISED)
        row.content = self._work.seal(("orders", "content", order), _content(draft), visit.patient)
        row.version, row.written_at = version + 1, self._work.at
        append_order_event(self._work, order, "revised", version=row.version)
        return row.version

    def discard(self, order: str) -> None:
        """Drops a draft; it stays readable. Raises `AlreadyDone` once sent."""
        row = self._drafted(order, Act.ORDER_DISCARDED)
        self._work.note(Act.ORDER_DISCARDED, order, row.visit)
        row.state = DISCARDED
        append_order_event(self._work, order, DISCARDED)

    def ask_cancel(self, order: str, reason: str) -> AskedCancellation:
        """Keeps that the pharmacy is to be asked to cancel what it has; asked already, it is the same asking.

        Whoever treats the patient may: the clinician who prescribed it, or one who sees the patient in their place.

        Raises:
            AlreadyDone: it is not out, or the pharmacy has given it out or answered.
            ValueError: an unknown reason; carries no text.
        """
        if reason not in CANCEL_REASONS:
            raise ValueError("reason of a cancellation")
        row = self._work.row(OrderRow, order)
        visit = self._work.row(Visit, row.visit)
        self._work.lock(Visit, visit.id)
        self._work.patient(visit.patient, Act.ORDER_CANCEL_ASKED)
        if row.state not in WENT_OUT or not (row.code in _ASKED or may_be_cancelled(row.code)):
            raise AlreadyDone("order")
        if row.code not in _ASKED:
            row.code = CANCEL_HELD
            append_order_event(self._work, order, CANCEL_HELD, code=reason)
        self._work.note(Act.ORDER_CANCEL_ASKED, order, row.visit, reason=reason)
        return asked_cancellation(row, newest_asking(self._session, order))

    def undo_cancel(self, order: str) -> None:
        """Takes back a cancellation that has not left: the prescription stands as it stood.

        Raises:
            AlreadyDone: nobody asked for one, or the pharmacy has been asked.
        """
        row = self._work.row(OrderRow, order)
        visit = self._work.row(Visit, row.visit)
        self._work.lock(Visit, visit.id)
        self._work.patient(visit.patient, Act.ORDER_CANCEL_UNDONE)
        if row.code != CANCEL_HELD:
            raise AlreadyDone("order")
        row.code = _fate_told(self._steps(order))
        append_order_event(self._work, order, CANCEL_UNDONE)
        self._work.note(Act.ORDER_CANCEL_UNDONE, order, row.visit)

    def get(self, order: str) -> OrderView:
        row = self._work.row(OrderRow, order)
        self._work.visit(row.visit, Act.ORDER_VIEWED)
        return self._view(row)

    def for_visit(self, visit: str) -> tuple[OrderView, ...]:
        """The visit's orders in the order they were written; a patient does not see drafts."""
        self._work.visit(visit, Act.ORDER_VIEWED)
        query = select(OrderRow).where(OrderRow.visit == visit).order_by(OrderRow.written_at, OrderRow.id)
        hidden = {DRAFTED, DISCARDED} if self._work.actor.role == "patient" else set()
        return tuple(self._view(row) for row in self._session.scalars(query) if row.state not in hidden)

    def of_patient(self, visit: str, *, with_cancelled: bool = False) -> tuple[OrderView, ...]:
        """What was prescribed to the visit's patient at other visits of this clinic and went out, the newest first."""
        states = (*WENT_OUT, CANCELLED) if with_cancelled else WENT_OUT
        row = self._work.visit(visit, Act.ORDER_VIEWED)
        query = (
            select(OrderRow)
            .join(Visit, Visit.id == OrderRow.visit)
            .where(
                OrderRow.clinic == self._work.clinic,
                Visit.patient == row.patient,
                OrderRow.visit != visit,
                OrderRow.state.in_(states),
            )
            .order_by(OrderRow.written_at.desc(), OrderRow.id)
            .limit(_MOST)
        )
        return tuple(self._view(order) for order in self._session.scalars(query))

    def history(self, order: str) -> tuple[OrderEvent, ...]:
        row = self._work.row(OrderRow, order)
        self._work.visit(row.visit, Act.ORDER_VIEWED)
        return self._steps(order)

    def _steps(self, order: str) -> tuple[OrderEvent, ...]:
        query = select(OrderEventRow).where(OrderEventRow.order == order).order_by(OrderEventRow.sequence)
        return tuple(
            OrderEvent(at=_when(item), state=item.state, actor=item.actor, code=str(item.detail.get("code", "")))
            for item in self._session.scalars(query)
        )

    def _drafted(self, order: str, act: Act) -> OrderRow:
        row = self._work.row(OrderRow, order)
        self._work.visit(row.visit, act, audited=False)
        if row.state != DRAFTED:
            raise AlreadyDone("order")
        return row

    def _view(self, row: OrderRow) -> OrderView:
        content = self._work.open(("orders", "content", row.id), row.content)
        steps = self._steps(row.id)
        untold = row.code == CANCEL_HELD and self._work.actor.role != Role.PROVIDER  # it may be undone yet
        return OrderView(
            order=row.id,
            visit=row.visit,
            state=row.state,
            version=row.version,
            draft=OrderDraft(visit=row.visit, **content),
            written_at=row.written_at,
            message_id=row.message_id,
            code=_fate_told(steps) if untold else row.code,
            simulated=row.simulated,
            steps=steps,
        )


def newest_asking(session: Session, order: str) -> OrderEventRow | None:
    """The event by which somebody last asked to cancel an order."""
    query = select(OrderEventRow).where(OrderEventRow.order == order, OrderEventRow.state.in_(_ASKED))
    newest = session.scalars(query.order_by(OrderEventRow.sequence.desc()))
    return next((one for one in newest if one.detail.get("code")), None)  # it alone says why


def asked_cancellation(row: OrderRow, event: OrderEventRow | None) -> AskedCancellation:
    """The asking that an order's event began, as it goes to the pharmacy.

    Raises:
        NotFound: nobody asked.
    """
    if event is None:
        raise NotFound(f"cancellation of {row.id}")
    return AskedCancellation(
        ref=VisitRef(clinic=row.clinic, visit=row.visit),
        order=row.id,
        message_id=row.message_id,
        key=f"{row.id}-{event.sequence}",
        actor=event.actor,
    )


def _fate_told(steps: Sequence[OrderEvent]) -> str:
    """What the pharmacy itself last said has become of it; empty while it said nothing."""
    return next((one.state for one in reversed(steps) if one.state in FILLS), "")


def _when(row: OrderEventRow) -> datetime:
    """When it was so: a pharmacy's message says when, and may come later."""
    said = row.detail.get("said_at")
    return datetime.fromisoformat(str(said)) if said else row.at


def append_order_event(work: Work, order: str, state: str, **detail: str | int | bool) -> None:
    newest = work.session.scalar(select(func.max(OrderEventRow.sequence)).where(OrderEventRow.order == order))
    work.session.add(
        OrderEventRow(
            id=new_id("oev"),
            clinic=work.clinic,
            order=order,
            sequence=(newest or 0) + 1,
            at=work.at,
            state=state,
            actor=work.actor.person,
            detail=detail,
        )
    )
    work.session.flush()


def _content(draft: OrderDraft) -> dict[str, Any]:
    raw = asdict(draft)
    del raw["visit"], raw["key"]
    return raw
