"""What becomes of the database: its schema, its backups, and what has to be settled after one was restored."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from admin_ui.cli import data_folder
from admin_ui.cli.data_folder import FolderInUse, ForeignFolder
from admin_ui.cli.typed_settings import settings_with
from engine.settings import Settings, SettingsError
from records.access import Role
from records.acts import Act
from records.backup import take_backup
from records.backup_file import BackupRefused, Header, read_header
from records.blob_sweep import Census, census
from records.database import INSTALLATION, Database, PayloadKeys
from records.erasure import erase_again
from records.key_providers import key_provider
from records.migrate import Standing, standing, upgrade
from records.restore import Target, is_empty, own_up, restore, settled
from records.visit_records import RecordsVisitStore
from records.work import Actor
from workflows.client import connect
from workflows.reconcile import Settled, reconcile

FAILED = 1
ACTIONS = {
    "status": "which database, which schema, what is still to be done",
    "migrate": "bring the schema to this program's",
    "backup": "write everything, sealed, to FILE",
    "restore": "put the backup FILE in the place of an empty database",
    "reconcile": "settle running visits against the records",
}
NEEDS_ACTOR, NEEDS_FILE = ("migrate", "backup", "restore", "reconcile"), ("backup", "restore")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, with which file, and who does it: backups and restores are audited."""
    said = "; ".join(f"{name}: {meaning}" for name, meaning in ACTIONS.items())
    parser.add_argument("action", choices=list(ACTIONS), help=said)
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="the backup")
    parser.add_argument("--as", dest="actor", metavar="NAME", help="who does it; the audit keeps it")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument(
        "--replace", action="store_true", help="restore over a database with rows, after a safety copy of it"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 done, 1 refused or still to be settled, 2 wrong input."""
    settings = settings_with(data=arguments.data)
    if arguments.action in NEEDS_ACTOR and not arguments.actor:
        raise SettingsError([f"`clinic db {arguments.action}` is audited: say who does it with --as NAME"])
    if arguments.action in NEEDS_FILE and arguments.file is None:
        raise SettingsError([f"`clinic db {arguments.action}` needs the FILE of the backup"])
    try:
        return _do(settings, arguments)
    except BackupRefused as refused:
        _say(str(refused))
    except FolderInUse as error:
        _say(f"the data folder {settings.data_dir} is in use by process {error}; stop it first")
    except ForeignFolder as error:
        _say(f"the folder {error} holds other files and no installation; give an empty one with --data")
    except OSError as error:
        _say(f"{error.strerror} ({error.filename})")
    return FAILED


def _do(settings: Settings, arguments: argparse.Namespace) -> int:
    match arguments.action:
        case "status":
            return _status(settings, arguments.json)
        case "migrate":
            _migrate(settings, arguments.actor)
            return _status(settings, arguments.json)
        case "backup":
            header = _backup(settings, arguments.file.absolute(), arguments.actor)
            _tell(header, arguments.json, f"backup {header.id}: {header.rows} rows, {header.files} files\n")
            return 0
        case "restore":
            return _restore(settings, arguments)
        case _:
            return _reconcile(settings, arguments.actor, arguments.json)


def _status(settings: Settings, as_json: bool) -> int:
    now = standing(settings.database_url)
    files = census(settings.database_url, settings.files_dir) if now.schema == now.newest else None
    if as_json:
        told = {**asdict(now), "files": asdict(files) if files else None}
        sys.stdout.write(json.dumps(told, sort_keys=True) + "\n")
    else:
        sys.stdout.write(_status_text(now, files))
    return 0 if now.schema == now.newest and not now.unsettled else FAILED


def _status_text(now: Standing, files: Census | None) -> str:
    lines = [f"{now.database}: schema {now.schema or 'none'}, this program's is {now.newest}"]
    if now.schema != now.newest:
        lines.append("  clinic db migrate brings it there")
    if now.unsettled:
        lines.append("  a backup was restored; clinic db reconcile settles running visits against it")
    if files is not None:
        lines.append(f"files: {files.kept} kept, {files.quarantined} of them waiting to be checked")
    if files is not None and files.missing:
        lines.append(f"  {files.missing} files are named and not there")
    if files is not None and files.stray:
        lines.append(f"  {files.stray} files are named by nothing; the web program removes them within the hour")
    return "".join(f"{line}\n" for line in lines)


def _backup(settings: Settings, target: Path, actor: str) -> Header:
    with _opened(settings) as database:
        return take_backup(database, settings.files_dir, target, _operator(actor))


def _restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """The header is read before anything else, so that a wrong file makes no safety copy and no folder."""
    source: Path = arguments.file.absolute()
    read_header(source)
    os.umask(0o077)
    with data_folder.opened(settings.data_dir, settings.keys_dir):
        if arguments.replace and not is_empty(settings.database_url):
            safety = settings.data_dir / f"before-restore-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.backup"
            upgrade(settings.database_url)
            _backup(settings, safety, arguments.actor)
            _say(f"what was there is kept in {safety}")
        settings.files_dir.mkdir(mode=0o700, exist_ok=True)
        target = Target(url=settings.database_url, files=settings.files_dir, replace=arguments.replace)
        header = restore(source, target, key_provider(settings), arguments.actor, datetime.now(UTC))
        with _opened(settings) as database:
            lost = own_up(database, _operator(arguments.actor))
            again = erase_again(database, _operator(arguments.actor))
    words = [f"restored backup {header.id} of {header.taken_at}: {header.rows} rows, {header.files} files\n"]
    words += [f"  {one.clinic}: audit entries {one.first} to {one.last} are lost; the audit says so\n" for one in lost]
    words += [f"  {clinic}: {person} was erased before and is erased again\n" for clinic, person in again]
    _tell(header, arguments.json, "".join(words))
    _say("visits are settled against it when the worker starts, or by clinic db reconcile")
    return 0


def _reconcile(settings: Settings, actor: str, as_json: bool) -> int:
    with _opened(settings) as database:
        own_up(database, _operator(actor))
        erase_again(database, _operator(actor))
        done = asyncio.run(_settle(settings, database))
        settled(database)
    text = f"{len(done.handed_over)} visits to a person's inbox, {len(done.ended)} workflows ended\n"
    sys.stdout.write(json.dumps(asdict(done), sort_keys=True) + "\n" if as_json else text)
    return 0


async def _settle(settings: Settings, database: Database) -> Settled:
    store = RecordsVisitStore(database)
    visits = await connect(settings, PayloadKeys(database))
    return await reconcile(store, store, visits)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """The database with the keys that are there: a backup made with new keys could not be read by anybody."""
    if not settings.keys_dir.is_dir():
        raise SettingsError([f"the key folder {settings.keys_dir} is missing"])
    database = Database(settings.database_url, key_provider(settings), connections=settings.database_connections)
    try:
        yield database
    finally:
        database.close()


def _migrate(settings: Settings, actor: str) -> None:
    """Brings the schema up to date, and has the audit say so. Where nothing was yet there is nothing to say."""
    before = standing(settings.database_url)
    if before.schema and not settings.keys_dir.is_dir():
        raise SettingsError([f"the key folder {settings.keys_dir} is missing"])
    upgrade(settings.database_url)
    if before.schema and before.schema != before.newest:
        with _opened(settings) as database, database.work(INSTALLATION, _operator(actor)) as work:
            work.note(Act.SCHEMA_CHANGED, before.newest, "", before=before.schema)


def _operator(name: str) -> Actor:
    return Actor(person=name, role=Role.PLATFORM_OPERATOR)


def _tell(header: Header, as_json: bool, text: str) -> None:
    told = {name: value for name, value in asdict(header).items() if name != "key"}
    sys.stdout.write(json.dumps(told, sort_keys=True) + "\n" if as_json else text)


def _say(sentence: str) -> None:
    sys.stderr.write(f"clinic: {sentence}\n")
    sys.stderr.flush()
