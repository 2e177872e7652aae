"""Which reference pages are made from the program itself, and are the ones in docs/ still true?"""

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from admin_ui.cli.commands import COMMANDS, command_parser
from admin_ui.cli.docs_access import access_page
from admin_ui.cli.docs_vocabulary import vocabulary_page
from engine.diagnostics import REGISTER, Kind
from engine.settings import HOME, SETTINGS

FOLDER = HOME / "docs" / "reference"
MADE_BY = "<!-- Written by `./clinic docs`; change the program, not this page. -->"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Writing or only comparing."""
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    parser.add_argument(
        "--pictures", action="store_true", help="take the README's pictures from a new demonstration (needs Chromium)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the pages that have changed, or name them; or take the pictures, with what the tests need."""
    if arguments.pictures:
        return subprocess.run(
            [sys.executable, "-m", "tests.browser.helpers_pictures"], cwd=HOME, check=False
        ).returncode
    stale = stale_pages()
    for name, text in stale.items():
        if not arguments.check:
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_text(text, encoding="utf-8")
        sys.stderr.write(f"clinic: docs/reference/{name} {'is out of date' if arguments.check else 'written'}\n")
    return 1 if stale and arguments.check else 0


def stale_pages() -> dict[str, str]:
    """The pages whose file differs from what the program says, with the text they should have."""
    wanted = {name: "\n".join([MADE_BY, *lines(), ""]) for name, lines in PAGES.items()}
    return {name: text for name, text in wanted.items() if _on_disk(name) != text}


def _on_disk(name: str) -> str:
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def settings_page() -> Iterator[str]:
    """Every setting with its default and meaning."""
    yield from ("# Settings", "")
    yield "Programs read these names from the environment once, at their start. A `CLINIC_` name that is not listed"
    yield "here refuses to start. Relative paths start at the root; `flag` takes 1 or 0."
    yield from ("", "| Name | Takes | Default | Meaning |", "|-|-|-|-|")
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        yield f"| `{setting.variable}` | {setting.type} | {default} | {setting.sentence} |"


def commands_page() -> Iterator[str]:
    """Every command with its own help."""
    yield from ("# Commands", "", "`./clinic COMMAND`; `./clinic COMMAND --help` prints the same text.", "")
    for command in COMMANDS:
        yield from (f"## {command.name}", "", "```text")
        yield command_parser(command).format_help().rstrip()
        yield from ("```", "")


def diagnostics_page() -> Iterator[str]:
    """Every numbered diagnostic an author can meet."""
    yield from ("# Diagnostics", "", "What `./clinic check` can say about a file, why it matters, and the way out.")
    for family, kinds in groupby(sorted(REGISTER, key=lambda kind: kind.code), key=_family):
        yield from ("", f"## {family}")
        for kind in kinds:
            yield from ("", f"### {kind.code}", "", f"*{kind.severity.value}*: {kind.what}", "")
            yield f"{kind.why} **What to do:** {kind.fix}."


def _family(kind: Kind) -> str:
    return kind.code.rstrip("0123456789")


PAGES: Mapping[str, Callable[[], Iterator[str]]] = MappingProxyType(
    {
        "settings.md": settings_page,
        "commands.md": commands_page,
        "diagnostics.md": diagnostics_page,
        "vocabulary.md": vocabulary_page,
        "access.md": access_page,
    }
)
