"""What the guide for a clinic's owner says is so: its commands make a clinic, its blocks pass the check, keys exist."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from engine.clinics_lint import LONGEST_MARK, SHOWN_TEXTS
from engine.clinics_schema import CLINIC
from engine.diagnostics import REGISTER
from engine.library import load_library
from engine.settings import HOME, SETTINGS
from tests.admin_ui.helpers_cli import Cli

GUIDE = (HOME / "docs/guides/clinic.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n# clinics/elm-street.yaml, [^\n]*\n(.*?)```", GUIDE, re.DOTALL)


def test_the_table_lists_every_key_of_a_clinics_file() -> None:
    table = GUIDE[GUIDE.index("| Key |") : GUIDE.index("`./clinic check` names")]
    first_column = " ".join(row.split("|")[1] for row in table.splitlines()[2:] if row.startswith("|"))
    assert set(re.findall(r"`(\w+)`", first_column)) == set(CLINIC.keys)


def test_the_diagnostics_settings_and_texts_it_names_are_there() -> None:
    known = {one.code for one in REGISTER}
    assert set(re.findall(r"CLINIC\d{3}", GUIDE)) <= known
    assert set(re.findall(r"CLINIC_[A-Z_]+", GUIDE)) <= {one.variable for one in SETTINGS}
    assert all(f"`{name}`" in GUIDE for name in SHOWN_TEXTS)
    assert f"at most {LONGEST_MARK} letters" in GUIDE


@pytest.mark.slow
def test_its_commands_and_blocks_make_a_clinic_that_passes_the_check(cli: Cli, tmp_path: Path) -> None:
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    commands = re.findall(r"\./clinic (new [^\n`]+--yes)", GUIDE)
    assert len(commands) == 3
    for command in commands:
        said = cli(*shlex.split(command), "--root", str(tmp_path))
        assert said.status == 0, said.out + said.err
    file = tmp_path / "clinics/elm-street.yaml"
    texts, policy = BLOCKS
    old = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r"texts:\n(  .*\n)+", texts, old, count=1) + policy, encoding="utf-8")
    checked = cli("check", str(tmp_path), "--no-cases")
    assert checked.status == 0
    assert [line for line in checked.out.splitlines() if line.startswith(("clinics/", "specialties/travel"))] == []
    clinic = load_library(tmp_path, (file,)).content.clinics["elm-street"]
    assert clinic.texts["welcome"]["es"] == "Buena atención, cerca de casa."
    assert (clinic.states, clinic.brand.accent) == (("FL", "NY"), "#20566b")
    assert {price.cents for price in clinic.prices.values()} == {6500}
