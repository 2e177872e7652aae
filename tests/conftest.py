"""What every test shares: nothing of the person or the machine that runs it changes a result."""

import os

import hypothesis
import pytest

# How long an example takes says how busy the machine is, not whether the program is right.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("house")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's exported CLINIC_* names must not change a result."""
    for name in [name for name in os.environ if name.startswith("CLINIC_")]:
        monkeypatch.delenv(name)
