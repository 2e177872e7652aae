"""How does the simulated hub of monitoring programs behave, and what does it report? For demonstrations only."""

import argparse
import sys
from pathlib import Path

from admin_ui.cli.typed_settings import settings_with
from engine.settings import SettingsError
from integrations.moods import MOODS
from integrations.pdmp.simulator import HISTORIES, SimulatedHub


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """A mood, a state's connection, or a person and what is reported of them from now on."""
    parser.add_argument("--mood", choices=MOODS, help="how it behaves from now on")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="N", help="how long a slow answer takes")
    parser.add_argument("--state", metavar="CODE", help="a state whose program is connected or not")
    parser.add_argument("--connected", choices=("yes", "no"), help="whether that program can be reached")
    parser.add_argument("--given", metavar="NAME", help="a patient's given name")
    parser.add_argument("--family", metavar="NAME", help="a patient's family name")
    parser.add_argument("--born", metavar="DAY", help="a patient's birth date, as 1990-04-02")
    parser.add_argument("--history", choices=sorted(HISTORIES), help="what is reported of that patient")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")


def run(arguments: argparse.Namespace) -> int:
    """0 when the simulator was told; wrong input raises `SettingsError`."""
    settings = settings_with(data=arguments.data)
    if not settings.data_dir.is_dir():
        raise SettingsError([f"there is no data folder {settings.data_dir}"])
    simulators = settings.data_dir / "simulators"
    simulators.mkdir(mode=0o700, exist_ok=True)
    hub = SimulatedHub(simulators / "pdmp.sqlite3")
    if arguments.mood:
        hub.moods.behave(arguments.mood, arguments.seconds)
    if arguments.state or arguments.connected:
        _connect(hub, arguments)
    if arguments.history:
        hub.tell(_patient(arguments), arguments.history)
    sys.stdout.write(f"the simulated monitoring network is {hub.moods.mood()}\n")
    return 0


def _connect(hub: SimulatedHub, arguments: argparse.Namespace) -> None:
    if not arguments.state or not arguments.connected:
        raise SettingsError(["--state needs --connected, and --connected needs --state"])
    hub.connect(arguments.state, arguments.connected == "yes")


def _patient(arguments: argparse.Namespace) -> dict[str, str]:
    if not (arguments.given and arguments.family and arguments.born):
        raise SettingsError(["--history needs --given, --family and --born"])
    return {"given": arguments.given, "family": arguments.family, "birth_date": arguments.born}
