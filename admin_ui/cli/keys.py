"""How old are the keys of an installation, and how are they changed, or one patient's destroyed, while it runs?"""

import argparse
import hmac
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from admin_ui.cli.erasing import Wish, ask_the_law, confirmation, grounds, refuse_unlawful
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import listed, nearest
from engine.settings import Settings, SettingsError
from records.access import Role
from records.acts import Act
from records.audit import chain_name, clinics
from records.blob_sweep import remove_erased
from records.codes import machine_now
from records.database import INSTALLATION, Database
from records.erasure import REASONS, erase, kept_of
from records.errors import NotFound, StillOpen
from records.key_providers import key_provider
from records.key_ring import REMEMBERED_SECONDS, Purpose
from records.key_rotation import (
    NEVER_ROTATED,
    PeopleStatus,
    PurposeStatus,
    add_key,
    people,
    purposes,
    renew_people,
    reseal,
    rewrap_by_master,
)
from records.work import Actor

DESTROYED = (
    "  what was sealed for them (chart, visits, messages, mails, second factors) opens no more, in any copy of records",
    f"  programs that run forget the keys within {int(REMEMBERED_SECONDS // 60)} minutes",
    "  ids, codes and times stay: visits, payments and the audit still add up",
    "  not reached: what has left (mails, orders, claims, exports), and copies of the shares that are kept elsewhere",
    "  not reached: in older copies, their name where they acted for somebody else",
    "  not reached: mails and second factors of theirs in backups of versions that sealed those for the clinic",
)
ROTATED = sorted(str(purpose) for purpose in set(Purpose) - NEVER_ROTATED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with which keys, and who does it: the audit keeps it."""
    parser.add_argument(
        "action",
        choices=["status", "rotate", "shred"],
        help="status: how old; rotate: new ones from now on; shred: destroy one patient's, for good",
    )
    parser.add_argument("--as", dest="actor", required=True, metavar="NAME", help="who does it; the audit keeps it")
    parser.add_argument("--clinic", metavar="SLUG", help="one clinic, or installation (default: all)")
    parser.add_argument(
        "--purpose", choices=ROTATED, metavar="P", help=f"rotate: the keys for {', '.join(ROTATED)} (default: master)"
    )
    parser.add_argument("--resume", action="store_true", help="rotate: make no new key, finish what was interrupted")
    parser.add_argument("--reseal", action="store_true", help="rotate --purpose fields: seal older values anew, too")
    parser.add_argument("--patient", metavar="ID", help="shred: whose keys; needs --clinic and --reason")
    parser.add_argument("--reason", choices=REASONS, help="shred: why; the audit keeps it")
    parser.add_argument(
        "--second", default="", metavar="NAME", help="shred: who agrees, where the law leaves it to people"
    )
    parser.add_argument("--confirm", metavar="CODE", help="shred: the code that the first step printed")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was done; wrong input raises `SettingsError`."""
    if arguments.reseal and arguments.purpose != Purpose.FIELDS:
        raise SettingsError(["--reseal goes with --purpose fields: only fields are sealed anew"])
    settings = settings_with(data=arguments.data)
    with opened(settings) as database:
        chosen = _chosen(database, arguments.clinic)
        actor = Actor(person=arguments.actor, role=Role.PLATFORM_OPERATOR)
        if arguments.action == "status":
            said = _status(database, chosen, actor)
        elif arguments.action == "rotate":
            said = _rotate(database, chosen, arguments)
        else:
            said = _shred(settings, database, actor, arguments)
    sys.stdout.write(json.dumps(said, sort_keys=True, default=str) + "\n" if arguments.json else as_text(said))
    return 0


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database as it is: no migration, and no key folder made where none is."""
    if not settings.data_dir.is_dir():
        raise SettingsError([f"there is no data folder {settings.data_dir}"])
    if not settings.keys_dir.is_dir():
        raise SettingsError([f"the key folder {settings.keys_dir} is missing"])
    database = Database(settings.database_url, key_provider(settings))
    try:
        yield database
    finally:
        database.close()


def as_text(said: dict[str, Any]) -> str:
    """The same for people: the master key first, then a line for each clinic and purpose."""
    lines = [f"master key: {said['master']}"]
    if said["simulated"]:
        lines.append("  SIMULATED: this key service is a stand-in and protects nothing; never with real patients")
    lines += said["lines"]
    return "".join(f"{line}\n" for line in lines)


def _chosen(database: Database, asked: str | None) -> list[str]:
    known = list(clinics(database))
    chosen = [clinic for clinic in known if asked in (None, chain_name(clinic))]
    if not chosen:
        names = [chain_name(clinic) for clinic in known]
        raise SettingsError([f"no keys belong to `{asked}`{nearest(asked or '', names)}; there are: {listed(names)}"])
    return chosen


def _status(database: Database, chosen: Sequence[str], actor: Actor) -> dict[str, Any]:
    lines = []
    for clinic in chosen:
        _note(database, clinic, actor, Act.KEYS_VIEWED)
        lines += [_purpose_line(status) for status in purposes(database, clinic)]
        lines.append(_people_line(people(database, clinic)))
    return _said(database, lines)


def _rotate(database: Database, chosen: Sequence[str], arguments: argparse.Namespace) -> dict[str, Any]:
    actor = Actor(person=arguments.actor, role=Role.PLATFORM_OPERATOR)
    if arguments.purpose is None:
        return _rotate_master(database, chosen, actor, fresh=not arguments.resume)
    purpose, lines = Purpose(arguments.purpose), []
    for clinic in filter(None, chosen):  # the first versions kept keys under no name; those are only wrapped anew
        if not arguments.resume:
            key = add_key(database, clinic, purpose, actor)
            lines.append(f"{chain_name(clinic)}: {purpose}: new key {key}")
        if purpose == Purpose.FIELDS:
            lines.append(f"{chain_name(clinic)}: patients' keys wrapped anew: {renew_people(database, clinic)}")
        if arguments.reseal:
            done = reseal(database, clinic)
            _note(database, clinic, actor, Act.KEYS_ROTATED, resealed=str(done.total()))
            lines.append(f"{chain_name(clinic)}: values sealed anew: {done.total()}; history keeps its keys")
    minutes = int(REMEMBERED_SECONDS // 60)
    return _said(database, [*lines, f"programs that run use the new keys within {minutes} minutes; old ones stay"])


def _rotate_master(database: Database, chosen: Sequence[str], actor: Actor, *, fresh: bool) -> dict[str, Any]:
    if fresh:
        database.ring.provider.rotate()
    lines = []
    for clinic in chosen:
        _note(database, clinic, actor, Act.KEYS_ROTATED, purpose="master")
        lines.append(f"{chain_name(clinic)}: keys wrapped anew: {rewrap_by_master(database, clinic)}")
    return _said(database, lines)


def _shred(settings: Settings, database: Database, actor: Actor, arguments: argparse.Namespace) -> dict[str, Any]:
    """The first step says what the law says and prints a code; the second one repeats the code, and destroys."""
    if not (arguments.patient and arguments.clinic and arguments.reason):
        raise SettingsError(["shred needs --patient, --clinic and --reason"])
    wish = Wish(
        clinic=arguments.clinic,
        person=arguments.patient,
        actor=arguments.actor,
        reason=arguments.reason,
        second=arguments.second,
    )
    try:
        return _said(database, _shred_lines(settings, database, actor, wish, arguments.confirm))
    except (NotFound, StillOpen) as refused:
        raise SettingsError([f"nothing was destroyed: {refused.code} ({refused})"]) from None


def _shred_lines(settings: Settings, database: Database, actor: Actor, wish: Wish, confirm: str | None) -> list[str]:
    now = machine_now()
    with database.work(wish.clinic, actor) as work:
        kept = kept_of(work, wish.person)
    verdict = ask_the_law(settings, wish.clinic, kept, now)
    refuse_unlawful(wish, verdict)
    code, lines = confirmation(database, wish, verdict, now), [f"{wish.person}: {kept.visits} visits", *verdict.lines]
    if confirm is None:
        return [*lines, f"to destroy it for good, repeat this command with --confirm {code} (today, UTC)"]
    if not hmac.compare_digest(confirm.encode(), code.encode()):
        raise SettingsError(["the code is not the one of this wish and of today; nothing was destroyed"])
    with database.work(wish.clinic, actor) as work:
        keys = erase(work, wish.person, grounds(wish, verdict))
    files = remove_erased(database, settings.files_dir)
    return [*lines, f"destroyed: {keys} keys, {files} files", *DESTROYED]


def _note(database: Database, clinic: str, actor: Actor, act: Act, **detail: str) -> None:
    with database.work(clinic or INSTALLATION, actor) as work:
        work.note(act, chain_name(clinic), "", **detail)


def _said(database: Database, lines: list[str]) -> dict[str, Any]:
    provider = database.ring.provider
    return {"master": provider.key_id, "simulated": provider.simulated, "lines": lines}


def _purpose_line(status: PurposeStatus) -> str:
    kept = f", {status.kept} kept" if status.kept > 1 else ""
    return (
        f"{chain_name(status.clinic)}: {status.purpose}: generation {status.generation} of "
        f"{status.created_at:%Y-%m-%d}{kept}, wrapped by {listed(status.master_keys)}"
    )


def _people_line(status: PeopleStatus) -> str:
    behind = f", {status.behind} waiting to be wrapped anew (clinic keys rotate --resume)" if status.behind else ""
    return f"{chain_name(status.clinic)}: patients: {status.patients} with keys, {status.erased} erased{behind}"
