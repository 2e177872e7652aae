"""What every test shares: nothing but the promise that no test reads the settings of the person who runs it."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's exported CLINIC_* names must not change a result."""
    for name in [name for name in os.environ if name.startswith("CLINIC_")]:
        monkeypatch.delenv(name)
