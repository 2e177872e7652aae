"""No card processor: nothing can be paid, and whoever builds it is warned."""

from __future__ import annotations

import warnings

from engine.ports import PaymentDue, PaymentReceipt, PortUnavailable


class NullCardProcessorWarning(UserWarning):
    """Payments are switched off."""


class NullCardProcessor:
    """Answers every call with ``PortUnavailable``."""

    def __init__(self) -> None:
        warnings.warn("payments are switched off", NullCardProcessorWarning, stacklevel=2)

    def authorise(self, key: str, due: PaymentDue) -> PaymentReceipt:
        raise PortUnavailable("billing: switched off")

    def capture(self, key: str, reference: str, amount_cents: int) -> PaymentReceipt:
        raise PortUnavailable("billing: switched off")

    def withdraw(self, key: str) -> PaymentReceipt:
        raise PortUnavailable("billing: switched off")

    def void(self, key: str, reference: str) -> PaymentReceipt:
        raise PortUnavailable("billing: switched off")
