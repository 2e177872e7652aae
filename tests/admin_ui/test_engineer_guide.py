"""The engineer's guide names only commands and settings that there are."""

from __future__ import annotations

import re
import shlex

import pytest

from admin_ui.cli.commands import COMMANDS, command_parser
from engine.settings import HOME, SETTINGS

GUIDE = (HOME / "docs" / "guides" / "engineer.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^ *clinic (\w+)(.*)$", re.MULTILINE)
INLINE = re.compile(r"`clinic (\w+)([^`]*)`")


def told() -> list[tuple[str, str]]:
    return sorted({(name, words.strip()) for name, words in [*COMMAND.findall(GUIDE), *INLINE.findall(GUIDE)]})


def test_there_is_a_command_of_each_kind() -> None:
    assert {name for name, _ in told()} >= {"db", "keys", "audit", "bench"}


@pytest.mark.parametrize("name, words", told())
def test_every_command_of_the_guide_is_one_that_the_program_takes(name: str, words: str) -> None:
    command = next((one for one in COMMANDS if one.name == name), None)
    assert command is not None, name
    if words:  # a bare name is spoken of, not typed
        command_parser(command).parse_args(shlex.split(words))


def test_every_setting_of_the_guide_is_one() -> None:
    known = {one.variable for one in SETTINGS}
    assert set(re.findall(r"CLINIC_[A-Z_]+[A-Z]", GUIDE)) <= known
