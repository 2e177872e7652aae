"""How does an officer vouch for law by a command, see what the clinic vouches for, and take it back?"""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from admin_ui.cli.questions import Rulebooks
from admin_ui.cli.vouched import records_of
from engine.attestations import recorded_faults
from engine.clinics import ClinicFile
from engine.diagnostics import as_text, listed, nearest
from engine.law_report import COUNTRY
from engine.library import Library, load_library
from engine.rulebook import Rulebook
from engine.settings import Settings, SettingsError
from engine.values import Duration, shift
from engine.vouching import Subject, subject, subjects
from records.access import Role
from records.database import Database
from records.errors import AlreadyDone, NotFound
from records.key_providers import key_provider
from records.law_attestations import LawAttestationDraft, LawAttestationView
from records.vouched_law import as_node
from records.work import Actor

DONE, WRONG_INPUT = 0, 2
USUAL = Duration(months=12)


def add_vouching(parser: argparse.ArgumentParser) -> None:
    """What is attested, by whom, on what source, until when."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data); report: go by it"
    )
    parser.add_argument(
        "--as", dest="asker", metavar="ID", help="attest, ...: the compliance officer, by id in the file"
    )
    parser.add_argument("--law", metavar="NAME", help="attest: a law value of --state, or the id of a rule of it")
    parser.add_argument("--name", metavar="TEXT", help="attest: what the officer is called; decisions show it")
    parser.add_argument("--source", metavar="TEXT", help="attest: what was read, title and section")
    parser.add_argument("--url", default="", metavar="LINK", help="attest: its link")
    parser.add_argument("--until", metavar="DAY", help="attest: the last day it stands (default: a year after --on)")
    parser.add_argument("--id", metavar="ID", help="withdraw: which one")


def vouch(settings: Settings, arguments: argparse.Namespace) -> int:
    """0 when it was done, 2 when the law does not let it; other wrong input raises `SettingsError`."""
    if arguments.clinic is None or arguments.asker is None:
        raise SettingsError([f"{arguments.action}: say which --clinic, and --as whom"])
    library = load_library(settings.root, settings.clinics)
    clinic = library.content.clinics.get(arguments.clinic)
    if clinic is None:
        known = sorted(library.content.clinics)
        raise SettingsError([f"there is no clinic `{arguments.clinic}`{nearest(arguments.clinic, known)}"])
    actor = _officer(clinic, arguments.asker)
    with _opened(settings) as database:
        if arguments.action == "attest":
            return _attest(database, actor, library, arguments)
        if arguments.action == "withdraw":
            return _withdraw(database, actor, arguments)
        return _list(database, actor, arguments)


def rulebook_of(settings: Settings, clinic: str | None, recorded: bool) -> Rulebook:
    """The rulebook of a clinic, with what its officers attested where records are looked at; or of the law alone."""
    return Rulebooks(settings, records_of(settings, named=True) if recorded else None).of(clinic)


def _officer(clinic: ClinicFile, name: str) -> Actor:
    officers = sorted(clinic.own_law.officers)
    if name not in officers:
        raise SettingsError([f"`{name}` is no compliance officer of `{clinic.slug}`; there are: {listed(officers)}"])
    return Actor(person=name, role=Role.COMPLIANCE)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """The database as it is: nothing is made where there is none."""
    if not settings.keys_dir.is_dir():
        raise SettingsError([f"there are no records in {settings.data_dir}; start the clinic once, or give --data"])
    database = Database(settings.database_url, key_provider(settings))
    try:
        yield database
    finally:
        database.close()


def _attest(database: Database, actor: Actor, library: Library, arguments: argparse.Namespace) -> int:
    today = datetime.now(UTC).date().isoformat()
    on = _day("--on", arguments.on or today)
    if on > today:
        raise SettingsError(["--on: nobody has read a source on a day to come"])
    about = _subject(library, arguments, on)
    for option in ("name", "source"):
        if not (getattr(arguments, option) or "").strip():
            raise SettingsError([f"attest: give --{option}"])
    draft = LawAttestationDraft(
        name=arguments.name,
        on=on,
        until=_day("--until", arguments.until or shift(on, USUAL, 1)),
        source=arguments.source,
        url=arguments.url,
        rule=about.rule,
        title=about.title,
        value=about.value,
        jurisdiction=about.jurisdiction,
        told=about.told,
    )
    wrong = recorded_faults(as_node(draft.as_told("att_draft")), library.law)
    if wrong:
        sys.stderr.write(as_text(wrong) + "\n")
        return WRONG_INPUT
    with database.scope(arguments.clinic, actor) as scope:
        made = scope.law_attestations.attest(draft)
    said = {"id": made, "says": about.title or about.told, "on": draft.on, "until": draft.until}
    plain = f"{made}: {arguments.law} is {json.dumps(said['says'])}, from {draft.on} to {draft.until}\n"
    sys.stdout.write(json.dumps(said) + "\n" if arguments.json else plain)
    return DONE


def _subject(library: Library, arguments: argparse.Namespace, day: str) -> Subject:
    """The value or rule that --state and --law name, as the law says it."""
    if len(arguments.state) != 1 or not arguments.law:
        raise SettingsError(["attest: give one --state and --law, a value's name or a rule's id"])
    place = f"{COUNTRY}/{arguments.state[0].lower()}"
    found = subject(library.law.files, place, arguments.law, day)
    if found is None:
        known = [one.rule or one.value for one in subjects(library.law.files, place, day)]
        raise SettingsError([f"{place} has no `{arguments.law}` on {day}{nearest(arguments.law, known)}"])
    return found


def _withdraw(database: Database, actor: Actor, arguments: argparse.Namespace) -> int:
    if not arguments.id:
        raise SettingsError(["withdraw: give --id"])
    try:
        with database.scope(arguments.clinic, actor) as scope:
            scope.law_attestations.withdraw(arguments.id)
    except NotFound:
        raise SettingsError([f"there is no attestation `{arguments.id}`"]) from None
    except AlreadyDone:
        raise SettingsError([f"`{arguments.id}` was withdrawn before"]) from None
    sys.stderr.write(f"clinic: {arguments.id} is withdrawn; a person decides again\n")
    return DONE


def _list(database: Database, actor: Actor, arguments: argparse.Namespace) -> int:
    with database.scope(arguments.clinic, actor) as scope:
        views = scope.law_attestations.listed()
    lines = [json.dumps(_plain(one), ensure_ascii=False) if arguments.json else _said(one) for one in views]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return DONE


def _plain(one: LawAttestationView) -> dict[str, object]:
    ended = one.withdrawn_at.isoformat() if one.withdrawn_at else None
    told = {**one.told, "signed_by": one.by, "signed_at": one.at.isoformat()}
    return {**told, "genuine": one.genuine, "withdrawn_at": ended, "withdrawn_by": one.withdrawn_by}


def _said(one: LawAttestationView) -> str:
    told, state = one.told, "counts" if one.counts else "withdrawn" if one.withdrawn_at else "not ours"
    law = told.get("rule") or f"{told.get('jurisdiction')} {told.get('value')} = {json.dumps(told.get('is'))}"
    return f"{one.id} {state}: {law}; {told['on']} to {told['until']}; {told['by']}: {told['source']}"


def _day(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError([f"{option}: `{text}` is no day such as 2026-12-01"]) from None
