"""What was really charged for a visit: the card processor's own answers, and never the price where less was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from records.acts import Act
from records.tables.visits import PaymentRow
from records.work import Repository

CAPTURED = "captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was taken, in cents, and when; nothing and None while nothing was."""

    charged_cents: int
    currency: str
    at: datetime | None


class Receipts(Repository):
    """The receipts of a clinic's visits."""

    def of_visit(self, visit: str) -> Receipt:
        row = self._work.visit(visit, Act.RECEIPT_VIEWED)
        query = select(PaymentRow).where(PaymentRow.visit == visit, PaymentRow.state == CAPTURED)
        taken = self._session.scalars(query.order_by(PaymentRow.at)).all()
        return Receipt(
            charged_cents=sum(one.amount_cents for one in taken),
            currency=taken[-1].currency if taken else row.currency,
            at=taken[-1].at if taken else None,
        )
