"""Which commands there are, and how the parser of each one is made.

A command is a module with `add_arguments(parser)` and `run(arguments) -> int`, its exit status. Only the chosen
module is loaded, so that `clinic decide` does not wait for the database library.
"""

import argparse
import importlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A word after `clinic`, and the sentence that `--help` and the reference show for it."""

    name: str
    sentence: str

    @property
    def module(self) -> str:
        """Where the command lives: the file is named like the command."""
        return f"admin_ui.cli.{self.name}"


COMMANDS: tuple[Command, ...] = (
    Command("up", "Start everything on this machine and keep it running until Ctrl-C; all data is kept."),
    Command("new", "Begin a clinic, a specialty or a form: a few questions, and files that pass the check."),
    Command("demo", "Let a bot join a visit as its patient, so that one person alone can try the call."),
    Command("check", "Check every authored file and list all problems with their places and remedies."),
    Command("decide", "Answer one legal question, or a file of them, from facts given as JSON."),
    Command("law", "Report what is known of the law, how sure and how old, and where a visit needs a person."),
    Command("release", "Give the law as it is a number and an instant, so that what was known when stays known."),
    Command("differ", "List which past decisions would be other ones with the law known now, and what changed."),
    Command("mutate", "Change the law in one thing at a time and tell which changes no case notices."),
    Command("forms", "Write a form, or answers to it, as FHIR R4 for other health software."),
    Command("schema", "Print the JSON Schema of a kind of file, or write all of them for editors."),
    Command("lsp", "Check files while they are typed, in any editor that speaks the Language Server Protocol."),
    Command("audit", "Verify, search or export the audit chains of the clinics in a data folder."),
    Command("invite", "Print the link by which somebody of a clinic's file gets a first log-in."),
    Command("relationships", "List who acts for a patient by number, and end it where the people concerned cannot."),
    Command("keys", "Say how old the keys of a data folder are, and change them while people work."),
    Command("db", "Show, migrate, back up or restore the database, and settle visits after a restore."),
    Command("pdmp", "Tell the simulated network of monitoring programs how to behave and what to report."),
    Command("source", "Tell the simulated primary source of licences how to behave and what to say."),
    Command("media", "Try whether calls can come about, list the media nodes, empty one before a deploy."),
    Command("bench", "Measure decisions and visits side by side with their peers and print the ratios."),
    Command("test", "Set up whatever the tests need and run them: fast, all or soak."),
    Command("docs", "Write the reference pages that are made from the program itself."),
)


def command_parser(command: Command) -> argparse.ArgumentParser:
    """The parser of one command, with `run` set to what runs it; the same help on every terminal."""
    module = importlib.import_module(command.module)
    parser = argparse.ArgumentParser(
        prog=f"clinic {command.name}", description=command.sentence, allow_abbrev=False, formatter_class=_Help
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def overview() -> str:
    """What `clinic --help` prints: one sentence for each command."""
    width = max(len(command.name) for command in COMMANDS)
    lines = [f"  {command.name:<{width}}  {command.sentence}" for command in COMMANDS]
    head = ["usage: clinic COMMAND ...", "", "Builds and runs telehealth clinics from files.", ""]
    return "\n".join([*head, *lines, "", "clinic COMMAND --help says more about one of them.", ""])


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)
