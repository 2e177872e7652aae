"""Which decisions that gates made would be other ones with the law that is known now, and what changed?

Each is asked again: the same facts, the same instant of law, the law and the clinic's policy as they are now. Visits
stand by number; nothing that a question told is shown. Who looked is in the clinic's audit, page by page.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin_ui.cli.keys import opened
from admin_ui.cli.questions import Rulebooks
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import BrokenInput, as_text, listed, nearest
from engine.law_differ import Change
from engine.settings import SettingsError
from records.access import Role
from records.audit import clinics
from records.comparisons import Compared, Differing, Unasked
from records.database import Database
from records.vouched_law import RecordsVouchedLaw
from records.work import Actor

DONE, WRONG_INPUT = 0, 2
_WHY = {
    "erased": "the patient was erased, and what it was told with them",
    "not_kept": "what it was told was not kept: it is from before that was",
    "not_read": "what it was told cannot be read with today's vocabulary",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which decisions, and who asks."""
    parser.add_argument("--as", dest="asker", required=True, metavar="NAME", help="who asks; the audit keeps it")
    parser.add_argument("--clinic", metavar="SLUG", help="one clinic (default: every clinic of the data folder)")
    parser.add_argument("--since", metavar="DAY", help="decisions made from this day on (UTC; default: all)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")
    parser.add_argument("--json", action="store_true", help="a JSON object on each line")


def run(arguments: argparse.Namespace) -> int:
    """0 whatever differs, 2 for law that cannot be read; wrong input raises `SettingsError`."""
    settings, since = settings_with(data=arguments.data), _since(arguments.since)
    try:
        with opened(settings) as database:
            chosen = _chosen(database, arguments.clinic)
            rulebooks = Rulebooks(settings, RecordsVouchedLaw(database))
            for slug in chosen:
                actor = Actor(person=arguments.asker, role=Role.SYSTEM)
                looking = _Looking(database=database, rulebooks=rulebooks, actor=actor, since=since)
                _tell(slug, looking.pages(slug), as_lines=arguments.json)
    except BrokenInput as error:
        sys.stderr.write(as_text(error.diagnostics) + "\n")
        return WRONG_INPUT
    return DONE


class _Looking:
    """Page after page of a clinic's decisions, each in a transaction of its own."""

    def __init__(self, *, database: Database, rulebooks: Rulebooks, actor: Actor, since: datetime | None) -> None:
        self._database, self._rulebooks, self._actor, self._since = database, rulebooks, actor, since

    def pages(self, slug: str) -> Iterator[Compared]:
        rulebook, after = self._rulebooks.of(slug), ""
        while True:
            with self._database.scope(slug, self._actor) as scope:
                page = scope.comparisons.page(rulebook, self._since, after)
            yield page
            after = page.after
            if not after:
                return


def _chosen(database: Database, asked: str | None) -> list[str]:
    known = [slug for slug in clinics(database) if slug]
    if asked is not None and asked not in known:
        raise SettingsError([f"there is no clinic `{asked}`{nearest(asked, known)}; there are: {listed(known)}"])
    return known if asked is None else [asked]


def _since(day: str | None) -> datetime | None:
    if day is None:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise SettingsError([f"--since: `{day}` is no day such as 2026-03-05"]) from None


def _tell(slug: str, pages: Iterator[Compared], *, as_lines: bool) -> None:
    looked = decisions = differing = unasked = 0
    for page in pages:
        looked, decisions = looked + page.looked, decisions + page.decisions
        differing, unasked = differing + len(page.differing), unasked + len(page.unasked)
        found: tuple[Differing | Unasked, ...] = (*page.differing, *page.unasked)
        for one in found:
            sys.stdout.write(_line(slug, one) if as_lines else _text(slug, one))
    sys.stderr.write(
        f"clinic: {slug}: {decisions} decisions of {looked} gate records asked again; {differing} would differ today, "
        f"{unasked} records cannot be asked again\n"
    )


def _line(slug: str, one: Differing | Unasked) -> str:
    told: dict[str, Any] = {"clinic": slug, **asdict(one)}
    return json.dumps({**told, "asked_at": one.asked_at.isoformat()}, ensure_ascii=False, sort_keys=True) + "\n"


def _text(slug: str, one: Differing | Unasked) -> str:
    head = f"{one.asked_at:%Y-%m-%d %H:%M}Z {slug} {one.visit} {one.gate}"
    if isinstance(one, Unasked):
        return f"{head}: cannot be asked again: {_WHY[one.why]}\n"
    found = one.difference
    known = f", known {found.known_then}" if found.known_then else ""
    lines = [f"{head} {found.topic} of {found.law_time}{known}: {found.then} then, {found.now} today"]
    return "\n".join([*lines, *(f"  {_change(change)}" for change in found.changes)]) + "\n"


def _change(change: Change) -> str:
    cited = "; ".join(filter(None, (change.law, ", ".join(change.cite))))
    told = f"{change.part} {change.name}: {change.then or 'not there'} -> {change.now or 'not there'}"
    return f"{told} ({change.rule}{'; ' if cited else ''}{cited})"
