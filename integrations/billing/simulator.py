"""A card processor that takes no money: authorise, capture and void as a real one answers them, from test tokens.

It behaves like the network: a key used again gets the same answer, an authorisation is captured or voided once and
never for more than it was made for, some tokens are declined, one does not answer at first. Every receipt says that
it is simulated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from engine.ports import PaymentDue, PaymentReceipt, PortUnavailable
from integrations.ledger import Entry, Ledger

AUTHORISED, DECLINED, CAPTURED, VOIDED = "authorised", "declined", "captured", "voided"

# Tokens that are not simply accepted, and the code a processor gives for them.
DECLINES: Mapping[str, str] = {
    "tok_declined": "card_declined",
    "tok_insufficient_funds": "insufficient_funds",
    "tok_expired": "expired_card",
}
UNREACHABLE = "tok_unavailable"
OUTAGES = 2  # how often the token above gets no answer before it is accepted
_WITHDRAWN: Entry = {"state": DECLINED, "reference": "", "amount_cents": 0, "currency": "", "code": "withdrawn"}


class SimulatedCardProcessor:
    """``engine.ports.PaymentProcessor`` without a bank; its memory is the file given."""

    def __init__(self, state_file: Path) -> None:
        self._ledger = Ledger(state_file)

    def authorise(self, key: str, due: PaymentDue) -> PaymentReceipt:
        """Reserves the amount on the card; a declined card is a receipt, not an error.

        Raises:
            PortUnavailable: the network did not answer; ask again with the same key.
        """
        self._perhaps_unreachable(key, due)
        return _receipt(self._ledger.once(f"authorise:{key}", lambda: self._authorisation(key, due)))

    def capture(self, key: str, reference: str, amount_cents: int) -> PaymentReceipt:
        """Takes the reserved money, once; more than was reserved or a voided reservation is declined."""
        return self._settle("capture", CAPTURED, key, reference, amount_cents)

    def void(self, key: str, reference: str) -> PaymentReceipt:
        """Gives the reservation back; a captured one is declined (it needs a refund)."""
        return self._settle("void", VOIDED, key, reference, None)

    def withdraw(self, key: str) -> PaymentReceipt:
        """Voids what ``key`` authorised; a key that was never seen authorises nothing from now on."""
        known = self._ledger.once(f"authorise:{key}", lambda: _WITHDRAWN)
        if known["state"] != AUTHORISED:
            return _receipt({**known, "state": VOIDED, "reference": ""})
        return self.void(f"withdraw:{key}", str(known["reference"]))

    def _authorisation(self, key: str, due: PaymentDue) -> Entry:
        code = DECLINES.get(due.method_token, "")
        reference = "sim_" + hashlib.sha256(key.encode()).hexdigest()[:20]
        entry: Entry = {
            "state": DECLINED if code else AUTHORISED,
            "reference": reference,
            "amount_cents": due.amount_cents,
            "currency": due.currency,
            "code": code,
        }
        if not code:
            self._ledger.once(f"money:{reference}", lambda: {**entry, "by": ""})
        return entry

    def _settle(self, act: str, state: str, key: str, reference: str, amount: int | None) -> PaymentReceipt:
        return _receipt(self._ledger.once(f"{act}:{key}", lambda: self._settlement(state, key, reference, amount)))

    def _settlement(self, state: str, key: str, reference: str, amount: int | None) -> Entry:
        money = self._ledger.get(f"money:{reference}")
        if money is None:
            return {"state": DECLINED, "reference": reference, "amount_cents": 0, "currency": "", "code": "unknown"}
        amount = int(money["amount_cents"]) if amount is None else amount
        if amount > int(money["amount_cents"]):
            return {**money, "state": DECLINED, "code": "amount_too_large"}
        settled = self._ledger.once(f"settled:{reference}", lambda: {"state": state, "by": key})
        if settled["state"] != state:
            return {**money, "state": DECLINED, "code": f"already_{settled['state']}"}
        return {**money, "state": state, "amount_cents": amount}

    def _perhaps_unreachable(self, key: str, due: PaymentDue) -> None:
        if due.method_token != UNREACHABLE or self._ledger.get(f"authorise:{key}") is not None:
            return
        tried = self._ledger.count(f"outage:{key}:")
        if tried < OUTAGES:
            self._ledger.put(f"outage:{key}:{tried}", {"tried": tried})
            raise PortUnavailable("billing: no answer")


def _receipt(entry: Entry) -> PaymentReceipt:
    return PaymentReceipt(
        state=str(entry["state"]),
        reference=str(entry["reference"]),
        amount_cents=int(entry["amount_cents"]),
        currency=str(entry["currency"]),
        code=str(entry["code"]),
        simulated=True,
    )
