"""Who acts for a patient, and how is that ended where the people concerned cannot, as in a dispute over custody?

Whoever keeps the machine does it for whoever the clinic lets decide it; the audit keeps both names' ids and codes. No
name of a patient's circle is shown: a relationship is told by its id, its kind and what it lets its holder do.
"""

import argparse
import json
import sys
from pathlib import Path

from admin_ui.cli.keys import opened
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import listed, nearest
from engine.settings import SettingsError
from records.access import Role
from records.audit import clinics
from records.errors import AlreadyDone
from records.relationships import RelationshipView
from records.scope import Scope
from records.work import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose circle, what to end, and who does it: the audit keeps it."""
    parser.add_argument("clinic", metavar="SLUG", help="the clinic")
    parser.add_argument("patient", metavar="ID", help="the patient")
    parser.add_argument("--as", dest="actor", required=True, metavar="NAME", help="who does it; the audit keeps it")
    parser.add_argument(
        "--end", metavar="ID", help="end this relationship, and what its holder granted (default: list all)"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was listed or ended; wrong input raises `SettingsError`."""
    with opened(settings_with(data=arguments.data)) as database:
        if arguments.clinic not in (known := clinics(database)):
            raise SettingsError([f"there is no clinic `{arguments.clinic}`{nearest(arguments.clinic, list(known))}"])
        actor = Actor(person=arguments.actor, role=Role.SYSTEM)
        with database.scope(arguments.clinic, actor) as scope:
            found = _about(scope, arguments.patient, arguments.end)
    sys.stdout.write("".join(f"{_as_json(one) if arguments.json else _as_text(one)}\n" for one in found))
    return 0


def _about(scope: Scope, patient: str, ended: str | None) -> tuple[RelationshipView, ...]:
    """All of the patient's as they are then."""
    found = scope.relationships.about(patient)
    if ended is None:
        return found
    ids = [one.id for one in found]
    if ended not in ids:
        raise SettingsError([f"`{ended}` is no relationship of that patient; there are: {listed(ids)}"])
    try:
        scope.relationships.end(ended)
    except AlreadyDone:
        raise SettingsError([f"`{ended}` has ended already"]) from None
    return scope.relationships.about(patient)


def _as_text(one: RelationshipView) -> str:
    return f"{one.id} {one.state} {one.kind} since {one.granted_at:%Y-%m-%d}: {listed(one.scopes)}"


def _as_json(one: RelationshipView) -> str:
    told = {"id": one.id, "state": one.state, "kind": one.kind, "scopes": one.scopes, "granted": one.granted_at}
    return json.dumps(told, default=str, sort_keys=True)
