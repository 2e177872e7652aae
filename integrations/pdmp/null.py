"""No monitoring program: none is connected, and whoever builds it is warned."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

from engine.monitoring import NOT_CONNECTED, MonitoringQuestion, MonitoringReport


class NullMonitoringWarning(UserWarning):
    """Prescription monitoring programs are not asked."""


class NullMonitoringNetwork:
    """Answers every question with ``not_connected``: prescribers look at the program themselves and say so."""

    def __init__(self) -> None:
        warnings.warn("no prescription monitoring program is connected", NullMonitoringWarning, stacklevel=2)

    def ask(self, question: MonitoringQuestion) -> MonitoringReport:
        return MonitoringReport(outcome=NOT_CONNECTED, sender="none", as_of=datetime.now(UTC))
