"""Runs one command and turns what it meets into an exit status."""

import os
import sys
from collections.abc import Sequence

from admin_ui.cli.commands import COMMANDS, command_parser, overview
from engine.diagnostics import nearest
from engine.settings import SettingsError

# Words of a command that a hurried hand takes for the command itself.
OWNERS = {"verify": "audit"}
DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str]) -> int:
    """0 done, 1 failed, 2 the input was wrong (the reason goes to standard error)."""
    if not argv or argv[0] in ("-h", "--help", "help"):
        (sys.stdout if argv else sys.stderr).write(overview())
        return DONE if argv else WRONG_INPUT
    by_name = {command.name: command for command in COMMANDS}
    if argv[0] not in by_name:
        owner = OWNERS.get(argv[0])
        hint = f"; did you mean `clinic {owner} {argv[0]}`?" if owner else nearest(argv[0], by_name)
        sys.stderr.write(f"clinic: there is no command `{argv[0]}`{hint}\n")
        return WRONG_INPUT
    arguments = command_parser(by_name[argv[0]]).parse_args(argv[1:])
    try:
        return int(arguments.run(arguments))
    except SettingsError as error:
        sys.stderr.write("".join(f"clinic: {problem}\n" for problem in error.problems))
        return WRONG_INPUT
    except BrokenPipeError:
        # The reader of our output went away; nothing more can be said, not even by the interpreter's own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
