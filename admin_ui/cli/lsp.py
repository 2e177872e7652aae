"""Checks files while they are typed: speaks the Language Server Protocol over standard input and output."""

import argparse
from pathlib import Path

from admin_ui.cli.typed_settings import settings_with
from admin_ui.lsp.looking import Installation
from admin_ui.lsp.server import language_server
from engine.settings import PREFIX


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the files are."""
    parser.add_argument(
        "root", nargs="?", type=Path, metavar="ROOT", help="folder with rules, forms, specialties, clinics"
    )


def run(arguments: argparse.Namespace) -> int:
    """Answers until the editor says goodbye; 0."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    settings = settings_with(typed=typed)
    language_server(Installation(settings.root.resolve(), settings.clinics)).start_io()
    return 0
