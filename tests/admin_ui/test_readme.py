"""The README's first specialty really is one: its files are written as printed and checked."""

import re
import shutil
from pathlib import Path

from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli

BLOCK = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)


def printed_files() -> dict[str, str]:
    return dict(BLOCK.findall((HOME / "README.md").read_text(encoding="utf-8")))


def test_the_first_specialty_of_the_readme_passes_the_check(cli: Cli, tmp_path: Path) -> None:
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    for name, text in printed_files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    said = cli("check", str(tmp_path), "--no-cases")
    assert said.status == 0, said.out


def test_the_readme_prints_four_files() -> None:
    assert sorted(printed_files()) == [
        "clinics/harbourlight.yaml",
        "forms/travel/intake.yaml",
        "specialties/travel/note.yaml",
        "specialties/travel/specialty.yaml",
    ]
