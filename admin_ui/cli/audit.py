"""Are the audit chains of a data folder whole: nothing changed, nothing missing, the head signed by us?"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import listed, nearest
from engine.settings import Settings, SettingsError
from records.access import Role
from records.acts import Act
from records.audit import AuditReport, chain_name, clinics, verify
from records.database import INSTALLATION, Database
from records.key_providers import key_provider
from records.work import Actor

PROBLEMS_FOUND, WRONG_INPUT = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to verify, and who asks: looking at a clinic's audit is itself audited."""
    parser.add_argument("action", choices=["verify"], help="verify: walk each chain and check its signed head")
    parser.add_argument("--as", dest="actor", required=True, metavar="NAME", help="who asks; the audit keeps it")
    parser.add_argument("--clinic", metavar="SLUG", help="one clinic, or installation (default: every chain)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0 when every chain is whole, 1 when one is not, 2 when there is nothing to verify."""
    settings = settings_with(data=arguments.data)
    if not settings.data_dir.is_dir():
        raise SettingsError([f"there is no data folder {settings.data_dir}"])
    with _opened(settings) as database:
        known = clinics(database)
        chosen = [clinic for clinic in known if arguments.clinic in (None, chain_name(clinic))]
        if not chosen:
            sys.stderr.write(_nothing_to_verify(arguments.clinic, [chain_name(clinic) for clinic in known]))
            return WRONG_INPUT
        reports = _verified(database, chosen, arguments.actor)
    sys.stdout.write(as_json(reports) if arguments.json else as_text(reports))
    return 0 if all(report.ok for report in reports) else PROBLEMS_FOUND


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
