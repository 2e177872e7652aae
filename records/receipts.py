"""What was really charged for a visit: the card processor's own answers, and never the price where less was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from records.acts import Act
from records.call_minutes import Attendance, attendance
from records.room_stays import stays_of
from records.tables.visits import PaymentRow, Visit
from records.work import Repository

CAPTURED = "captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was taken, in cents, and when; nothing and None while nothing was."""

    charged_cents: int
    currency: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What a visit's bill rests on: its price, what was charged, how the payment stands, who was there how long."""

    visit: str
    starts_at: datetime
    stage: str
    price_cents: int
    payment: str
    receipt: Receipt
    attendance: tuple[Attendance, ...]


class Receipts(Repository):
    """The receipts of a clinic's visits."""

    def of_visit(self, visit: str) -> Receipt:
        return self._receipt(self._work.visit(visit, Act.RECEIPT_VIEWED))

    def bill(self, visit: str) -> Bill:
        """Counts and codes alone: what was said or seen has no part in it."""
        row = self._work.visit(visit, Act.RECEIPT_VIEWED)
        return Bill(
            visit=row.id,
            starts_at=row.starts_at,
            stage=row.stage,
            price_cents=row.price_cents,
            payment=row.payment_state or "",
            receipt=self._receipt(row),
            attendance=attendance(stays_of(self._session, visit)),
        )

    def _receipt(self, row: Visit) -> Receipt:
        query = select(PaymentRow).where(PaymentRow.visit == row.id, PaymentRow.state == CAPTURED)
        taken = self._session.scalars(query.order_by(PaymentRow.at)).all()
        return Receipt(
            charged_cents=sum(one.amount_cents for one in taken),
            currency=taken[-1].currency if taken else row.currency,
            at=taken[-1].at if taken else None,
        )
