"""How does the first person of a clinic get a log-in where nobody can sign in yet? By a link that this prints, once.

Outside a demo the people of a clinic's file are loaded without passwords. Their administrator is invited here, by
whoever keeps the machine; everybody else is invited by the administrator, on the clinic's own pages.
"""

import argparse
import json
import sys
from pathlib import Path

from admin_ui.cli.installation import address
from admin_ui.cli.keys import opened
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import listed, nearest
from engine.settings import SettingsError
from records.access import Role
from records.audit import clinics
from records.database import Database
from records.errors import EmailTaken
from records.invitations import ROLES, InvitationDraft, Unlisted
from records.mails import MailDraft
from records.work import Actor

SUBJECT = "You are invited"
WORDS = "You are invited to work with the clinic. Whoever keeps its machine gives you the link."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whom to invite, in which role, and who does it: the audit keeps it."""
    parser.add_argument("clinic", metavar="SLUG", help="the clinic")
    parser.add_argument("person", metavar="ID", help="somebody of the clinic's file, by their id there")
    parser.add_argument("--as", dest="actor", required=True, metavar="NAME", help="who does it; the audit keeps it")
    roles = [str(role) for role in ROLES if role != Role.PROVIDER]
    parser.add_argument("--role", choices=roles, help="the role; a clinician's is theirs already")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when the link was made and printed; wrong input raises `SettingsError`."""
    settings = settings_with(data=arguments.data)
    actor = Actor(person=arguments.actor, role=Role.SYSTEM)
    with opened(settings) as database:
        if arguments.clinic not in (known := clinics(database)):
            raise SettingsError([f"there is no clinic `{arguments.clinic}`{nearest(arguments.clinic, list(known))}"])
        token = _invite(database, arguments, actor)
    link = f"{address(settings, arguments.clinic)}/staff/invitation/{token}"
    plain = f"Give this link to the person invited. It works once, for seven days:\n{link}\n"
    sys.stdout.write(json.dumps({"link": link}) + "\n" if arguments.json else plain)
    return 0


def _invite(database: Database, arguments: argparse.Namespace, actor: Actor) -> str:
    """The token of the new invitation; its mail goes out beside it."""
    made: list[str] = []

    def compose(token: str, to: str) -> MailDraft:
        made.append(token)
        return MailDraft(template="invitation_printed", language="en", address=to, subject=SUBJECT, body=WORDS)

    with database.scope(arguments.clinic, actor) as scope:
        waiting = scope.invitations.without_login()
    one = _chosen(arguments, waiting)
    role = str(Role.PROVIDER) if one.clinician else arguments.role
    if role is None:
        raise SettingsError(["--role is needed for somebody who is no clinician"])
    try:
        with database.scope(arguments.clinic, actor) as scope:
            scope.invitations.invite(InvitationDraft(email=one.email, role=role, person=one.person), compose)
    except EmailTaken:
        raise SettingsError([f"`{arguments.person}` has a log-in"]) from None
    return made[0]


def _chosen(arguments: argparse.Namespace, waiting: tuple[Unlisted, ...]) -> Unlisted:
    """The person of that id in the clinic's file who has no log-in yet."""
    by_key = {one.key: one for one in waiting if one.key}
    if arguments.person not in by_key:
        raise SettingsError(
            [
                f"nobody without a log-in is `{arguments.person}` at `{arguments.clinic}`"
                f"{nearest(arguments.person, list(by_key))}; there are: {listed(sorted(by_key))}"
            ]
        )
    return by_key[arguments.person]
