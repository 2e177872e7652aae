"""Which scanner an installation asks, by its settings."""

from __future__ import annotations

from engine.ports import Scanner
from engine.settings import Settings
from integrations.scan.clamav import ClamAv
from integrations.scan.null import NoScanner


def scanner_of(settings: Settings) -> Scanner:
    """ClamAV where one is named, none otherwise."""
    return ClamAv(settings.clamav) if settings.clamav else NoScanner()
