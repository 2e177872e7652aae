"""How does the simulated primary source of licences behave, and what does it say? For demonstrations only."""

import argparse
import sys
from datetime import date
from pathlib import Path

from admin_ui.cli.keys import opened
from admin_ui.cli.typed_settings import settings_with
from engine.credentials import Claim
from engine.settings import Settings, SettingsError
from integrations.credentials.messages import STATUSES
from integrations.credentials.simulator import SimulatedRegister, Told
from integrations.moods import MOODS
from records.access import Role
from records.credential_book import RecordsCredentialBook
from records.work import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A mood, or a credential by its number and what is said of it from now on."""
    parser.add_argument("--mood", choices=MOODS, help="how it behaves from now on")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="N", help="how long a slow answer takes")
    parser.add_argument("--clinic", metavar="SLUG", help="whose clinician")
    parser.add_argument("--number", metavar="TEXT", help="the number of the credential")
    parser.add_argument("--status", choices=sorted(STATUSES.values()), help="how it stands with the board")
    parser.add_argument("--expires", type=date.fromisoformat, metavar="DAY", help="its last valid day")
    parser.add_argument("--as", dest="actor", metavar="NAME", help="who does it; the audit keeps it")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")


def run(arguments: argparse.Namespace) -> int:
    """0 when the simulator was told; wrong input raises `SettingsError`."""
    settings = settings_with(data=arguments.data)
    if not settings.data_dir.is_dir():
        raise SettingsError([f"there is no data folder {settings.data_dir}"])
    simulators = settings.data_dir / "simulators"
    simulators.mkdir(mode=0o700, exist_ok=True)
    register = SimulatedRegister(simulators / "credentials.sqlite3")
    if arguments.mood:
        register.moods.behave(arguments.mood, arguments.seconds)
    if arguments.number:
        register.tell(_claim(settings, arguments), Told(status=arguments.status, expires=arguments.expires))
    sys.stdout.write(f"the simulated source is {register.moods.mood()}\n")
    return 0


def _claim(settings: Settings, arguments: argparse.Namespace) -> Claim:
    """The credential of that number, as the clinic holds it."""
    if not arguments.clinic or not arguments.actor:
        raise SettingsError(["--number needs --clinic and --as"])
    with opened(settings) as database:
        with database.scope(arguments.clinic, Actor(person=arguments.actor, role=Role.SYSTEM)) as scope:
            people = {one.person for one in scope.credentials.everybody()}
        found = RecordsCredentialBook(database).claims(arguments.clinic, tuple(people))
    for claim in found:
        if claim.number == arguments.number:
            return claim
    raise SettingsError(["the clinic holds no credential of that number"])
