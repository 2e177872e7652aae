import re
import subprocess
import sys

import pytest

from admin_ui.cli.commands import COMMANDS
from engine.settings import HOME
from tests.admin_ui.helpers_cli import Cli, command


def test_help_has_one_sentence_for_each_command(cli: Cli) -> None:
    said = cli("--help")
    assert said.status == 0 and said.err == ""
    for known in COMMANDS:
        assert re.search(rf"^  {known.name} +{re.escape(known.sentence)}$", said.out, re.MULTILINE)
        assert known.sentence.endswith(".") and known.sentence.count(".") == 1


def test_a_misspelt_command_gets_the_nearest_one(cli: Cli) -> None:
    said = cli("chekc")
    assert (said.status, said.out, said.err) == (2, "", "clinic: there is no command `chekc`; did you mean `check`?\n")


def test_no_command_at_all_shows_the_help_where_errors_go(cli: Cli) -> None:
    said = cli()
    assert said.status == 2 and said.out == "" and "clinic COMMAND" in said.err


@pytest.mark.parametrize("name", [known.name for known in COMMANDS])
def test_every_command_explains_itself(cli: Cli, name: str) -> None:
    said = cli(name, "--help")
    assert said.status == 0 and said.out.startswith(f"usage: clinic {name}")


def test_a_misspelt_setting_is_wrong_input(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_LOG_LEVLE", "debug")
    said = cli("check")
    assert said.status == 2 and "did you mean CLINIC_LOG_LEVEL?" in said.err


def test_a_reader_who_leaves_early_gets_no_traceback() -> None:
    shown = subprocess.Popen(
        command("schema", "law"), cwd=HOME, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert shown.stdout is not None and shown.stderr is not None
    shown.stdout.close()
    assert "Traceback" not in shown.stderr.read()
    shown.stderr.close()
    assert shown.wait() in (0, 1)


def test_deciding_does_not_wait_for_the_database_library() -> None:
    code = "import sys, admin_ui.cli.decide; print(sorted({'sqlalchemy', 'temporalio', 'fastapi'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=HOME, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
