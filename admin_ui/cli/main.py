"""Which commands there are, and how each one is found and run.

A command is a module with `add_arguments(parser)` and `run(arguments) -> int`, its exit status. Only the chosen
module is loaded, so that `clinic decide` does not wait for the database library.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from engine.settings import SettingsError


@dataclass(frozen=True, slots=True)
class Command:
    """A word after `clinic`, and the sentence that `--help` and the guides show for it."""

    name: str
    sentence: str

    @property
    def module(self) -> str:
        """Where the command lives: the file is named like the command."""
        return f"admin_ui.cli.{self.name}"


COMMANDS: tuple[Command, ...] = (
    Command("up", "Start everything on this machine and keep it running until Ctrl-C; all data is kept."),
    Command("check", "Check every authored file and list all problems with their places and remedies."),
    Command("decide", "Answer one legal question, or a file of them, from facts given as JSON."),
    Command("schema", "Print the JSON Schema of a kind of file, or write all of them for editors."),
    Command("audit", "Verify the audit chains of the clinics in a data folder."),
    Command("bench", "Measure decisions and visits side by side with their peers and print the ratios."),
    Command("test", "Set up whatever the tests need and run them: fast, all or soak."),
)


def main(argv: Sequence[str]) -> int:
    """Run one command; 0 done, 1 it failed, 2 the input was wrong (with the reason on standard error)."""
    names = [command.name for command in COMMANDS]
    chosen = next((word for word in argv if not word.startswith("-")), None)
    parser, places = _parser()
    if chosen in names and argv[0] == chosen:
        module = importlib.import_module(f"admin_ui.cli.{chosen}")
        module.add_arguments(places[chosen])
        places[chosen].set_defaults(run=module.run)
    arguments = parser.parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except SettingsError as error:
        sys.stderr.write("".join(f"clinic: {problem}\n" for problem in error.problems))
        return 2
    except BrokenPipeError:
        # The reader of our output went away; nothing more can be said, not even by the interpreter's own flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="clinic", description="Builds and runs telehealth clinics from files.", allow_abbrev=False
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    places = {
        command.name: commands.add_parser(
            command.name, help=command.sentence, description=command.sentence, allow_abbrev=False
        )
        for command in COMMANDS
    }
    return parser, places
