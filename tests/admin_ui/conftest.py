"""The command line as a fixture, and a data folder for the commands that need one."""

import shutil
from pathlib import Path

import pytest

from admin_ui.cli.installation import prepare
from engine.library import load_library
from engine.settings import parse_settings
from tests.admin_ui.helpers_cli import Cli


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs commands in this process."""
    return Cli(capsys)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data and keys of one of the project's clinics, made once; never used itself."""
    folder = tmp_path_factory.mktemp("seeded")
    settings = parse_settings({"CLINIC_DATA_DIR": str(folder / "data"), "CLINIC_DEMO": "1"})
    settings.data_dir.mkdir()
    library = load_library(settings.root, (settings.root / "clinics/marigold.yaml",))
    prepare(settings, tuple(library.content.clinics.values()))
    return folder


@pytest.fixture
def data(seeded: Path, tmp_path: Path) -> Path:
    """A data folder with the records of that clinic; its keys lie beside it."""
    for name in ("data", "data.keys"):
        shutil.copytree(seeded / name, tmp_path / name)
    return tmp_path / "data"
