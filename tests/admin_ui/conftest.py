"""The command line as a fixture."""

import pytest

from tests.admin_ui.helpers_cli import Cli


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs commands in this process."""
    return Cli(capsys)
