"""Are the audit chains of a data folder whole, who did what in them, and how are they handed to somebody else?"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import listed, nearest
from engine.settings import Settings, SettingsError
from records.access import Role
from records.acts import Act
from records.audit import AuditReport, chain_name, clinics, verify
from records.audit_export import check_export, export
from records.audit_trail import AuditQuery, AuditView
from records.database import INSTALLATION, Database
from records.key_providers import key_provider
from records.work import Actor

PROBLEMS_FOUND, WRONG_INPUT = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to verify, and who asks: looking at a clinic's audit is itself audited."""
    parser.add_argument(
        "action",
        choices=["verify", "search", "export"],
        help="verify: check each chain and its signed head; search: who did what; export: a chain, for others to check",
    )
    parser.add_argument("--as", dest="asker", required=True, metavar="NAME", help="who asks; the audit keeps it")
    parser.add_argument("--clinic", metavar="SLUG", help="one clinic, or installation (default: every chain)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument("--actor", default="", metavar="ID", help="search: who did it")
    parser.add_argument("--patient", default="", metavar="ID", help="search: whose record, or what they did themselves")
    parser.add_argument("--visit", default="", metavar="ID", help="search: of which visit")
    parser.add_argument(
        "--act", default="", metavar="ACT", help="search: an act's tag, or viewed, created, modified, deleted, ..."
    )
    parser.add_argument(
        "--since", metavar="INSTANT", help="search: from this instant on (UTC unless it says otherwise)"
    )
    parser.add_argument("--until", metavar="INSTANT", help="search: before this instant")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="search: the newest N (default: 200)")
    parser.add_argument("--to", type=Path, metavar="FILE", help="export: where to; verify: check this export instead")
    parser.add_argument("--json", action="store_true", help="JSON on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when it was done and every chain is whole, 1 when one is not, 2 when there is nothing to verify or find."""
    if arguments.action == "verify" and arguments.to is not None:
        return _verify_export(arguments.to)
    settings = settings_with(data=arguments.data)
    if not settings.data_dir.is_dir():
        raise SettingsError([f"there is no data folder {settings.data_dir}"])
    with _opened(settings) as database:
        known = clinics(database)
        chosen = [clinic for clinic in known if arguments.clinic in (None, chain_name(clinic))]
        if not chosen:
            sys.stderr.write(_nothing_to_verify(arguments.clinic, [chain_name(clinic) for clinic in known]))
            return WRONG_INPUT
        if arguments.action != "verify":
            return (
                _search(database, chosen, arguments)
                if arguments.action == "search"
                else _export(database, chosen, arguments)
            )
        reports = _verified(database, chosen, arguments.asker)
    sys.stdout.write(as_json(reports) if arguments.json else as_text(reports))
    return 0 if all(report.ok for report in reports) else PROBLEMS_FOUND


def _verify_export(file: Path) -> int:
    """Checks a file that was exported, with nothing but itself."""
    try:
        with file.open(encoding="utf-8") as lines:
            found = check_export(lines)
    except (OSError, UnicodeDecodeError):
        raise SettingsError([f"{file} cannot be read"]) from None
    verdict = "NOT WHOLE" if found.problems else "whole"
    sys.stdout.write(f"{found.clinic}: {verdict}, {found.entries} entries, head {found.head}\n")
    sys.stdout.write("".join(f"  {problem}\n" for problem in found.problems))
    return PROBLEMS_FOUND if found.problems else 0


def _search(database: Database, chosen: Sequence[str], arguments: argparse.Namespace) -> int:
    query = AuditQuery(
        actor=arguments.actor,
        patient=arguments.patient,
        visit=arguments.visit,
        act=arguments.act,
        since=_instant(arguments.since),
        until=_instant(arguments.until),
        limit=max(1, min(arguments.limit, 100_000)),
    )
    found: list[AuditView] = []
    for clinic in filter(None, chosen):
        try:
            with database.scope(clinic, Actor(person=arguments.asker, role=Role.PLATFORM_OPERATOR)) as scope:
                found += [replace(one, clinic=chain_name(clinic)) for one in scope.audit.search(query)]
        except ValueError:
            raise SettingsError(["search goes by ids and codes: letters, digits and _ . : / - only"]) from None
    for one in found:
        line = json.dumps({**asdict(one), "at": one.at.isoformat()}, sort_keys=True) if arguments.json else _said(one)
        sys.stdout.write(line + "\n")
    return 0


def _said(one: AuditView) -> str:
    about = f" of {one.visit}" if one.visit and one.visit != one.subject else ""
    return (
        f"{one.at:%Y-%m-%d %H:%M:%S}Z {one.clinic} {one.role} {one.actor}: {one.act} {one.subject}{about} {one.detail}"
    )


def _export(database: Database, chosen: Sequence[str], arguments: argparse.Namespace) -> int:
    if len(chosen) != 1 or not chosen[0] or arguments.to is None:
        raise SettingsError(["export writes one chain to a file: give --clinic and --to"])
    with database.work(chosen[0], Actor(person=arguments.asker, role=Role.PLATFORM_OPERATOR)) as work:
        work.note(Act.AUDIT_EXPORTED, chain_name(chosen[0]))
    try:
        handle = os.open(arguments.to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SettingsError([f"{arguments.to} cannot be written: {error.strerror}"]) from None
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.writelines(export(database, chosen[0]))
    sys.stderr.write(f"clinic: {arguments.to} written; check it with: clinic audit verify --as NAME --to FILE\n")
    return 0


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError([f"`{text}` is no instant: 2026-03-05 or 2026-03-05T10:00:00-05:00"]) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def as_text(reports: Sequence[AuditReport]) -> str:
    """One line for each clinic, and one for each problem of its chain."""
    lines = []
    for report in reports:
        verdict = "whole" if report.ok else "NOT WHOLE"
        lines.append(
            f"{report.clinic}: {verdict}, {report.entries} entries, head {report.head[:16]}, {report.signature}, "
            + (f"anchored at {report.anchored}" if report.anchored else "no anchor")
        )
        lines += [f"  {problem}" for problem in report.problems]
        lines += [f"  known: {note}" for note in report.notes]
    return "".join(f"{line}\n" for line in lines)


def as_json(reports: Sequence[AuditReport]) -> str:
    """The same with whole hashes, for a machine to keep."""
    return json.dumps({"clinics": [{**asdict(report), "ok": report.ok} for report in reports]}, sort_keys=True) + "\n"


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    """The database as it is: no migration, and no key folder made where none is."""
    if not settings.keys_dir.is_dir():
        raise SettingsError([f"the key folder {settings.keys_dir} is missing; the signed heads cannot be checked"])
    database = Database(settings.database_url, key_provider(settings))
    try:
        yield database
    finally:
        database.close()


def _verified(database: Database, chosen: Sequence[str], actor: str) -> list[AuditReport]:
    """All reports first, then the entries about them: what is verified is each chain as it was found.

    A chain of which nothing is left gets no entry: it would be the first of a new one, with new keys.
    """
    reports = [replace(verify(database, clinic), clinic=chain_name(clinic)) for clinic in chosen]
    for clinic, report in zip(chosen, reports, strict=True):
        if report.entries == 0:
            continue
        with database.work(clinic or INSTALLATION, Actor(person=actor, role=Role.PLATFORM_OPERATOR)) as work:
            work.note(Act.AUDIT_VIEWED, report.clinic, verified=report.ok)
    return reports


def _nothing_to_verify(asked: str | None, known: Sequence[str]) -> str:
    if asked is None:
        return "clinic: this data folder has no audit chain yet\n"
    return f"clinic: no audit chain belongs to `{asked}`{nearest(asked, known)}; there are: {listed(known)}\n"
