"""No prescription network: nothing can be sent, and whoever builds it is warned."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from engine.pharmacy import FillReport
from engine.ports import DispatchReceipt, PortUnavailable, PrescriptionOrder


class NullPrescriptionNetworkWarning(UserWarning):
    """E-prescribing is switched off."""


class NullPrescriptionNetwork:
    """Answers every call with ``PortUnavailable``."""

    def __init__(self) -> None:
        warnings.warn("e-prescribing is switched off", NullPrescriptionNetworkWarning, stacklevel=2)

    def send_new(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        raise PortUnavailable("erx: switched off")

    def cancel(self, key: str, order: PrescriptionOrder, message_id: str) -> DispatchReceipt:
        raise PortUnavailable("erx: switched off")

    def withdraw(self, key: str, order: PrescriptionOrder) -> DispatchReceipt:
        raise PortUnavailable("erx: switched off")

    def collect(self, most: int) -> Sequence[FillReport]:
        return ()

    def taken(self, message_id: str) -> None:
        raise PortUnavailable("erx: switched off")
