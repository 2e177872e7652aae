"""The officer's page of the audit: who did what to whose record and when, as a file, and whether the chain is whole.

A search is posted: whose record is asked about has no place in an address or in a log of paths. Every look, every file
and every check is an entry of the audit itself. Nobody is named here: people have numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from portals.base.requests import deps_of, form_of, in_scope
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.staff.doors import require_act
from records.acts import Act
from records.audit import AuditReport, verify
from records.audit_trail import AuditQuery, AuditView, ChainCheck
from records.codes import as_code
from records.scope import Scope

router = APIRouter(prefix="/audit", include_in_schema=False)

KINDS = ("viewed", "created", "modified", "deleted", "refused", "exported")
PAGE = 50
MOST_IN_A_FILE = 50_000
_IDS = ("patient", "actor", "visit")
_TIMES = ("since", "until")
_COLUMNS = ("sequence", "at", "role", "actor", "act", "subject", "visit", "detail")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Search:
    """What was typed, read: the query, and the fields that could not be read."""

    typed: Mapping[str, str] = field(default_factory=dict)
    query: AuditQuery = field(default_factory=AuditQuery)
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Found:
    """A page of entries, the newest first, and the last check of the chain before it."""

    entries: tuple[AuditView, ...] = ()
    older: int | None = None
    check: ChainCheck | None = None


@router.get("")
async def newest(request: Request) -> Response:
    """The newest entries, and what can be asked for."""
    _officer(request, Act.AUDIT_VIEWED)
    return await _page(request, Search())


@router.post("")
async def search(request: Request) -> Response:
    """What fits everything that was asked for, a page at a time."""
    _officer(request, Act.AUDIT_VIEWED)
    return await _page(request, _read(await form_of(request), visitor(request).here.time_zone))


@router.post("/verify")
async def check(request: Request) -> Response:
    """Walks the clinic's whole chain now and says what was found."""
    _officer(request, Act.AUDIT_VIEWED)
    await form_of(request)
    slug = visitor(request).here.slug
    report = await run_in_threadpool(verify, deps_of(request).database, slug)
    await in_scope(request, lambda scope: scope.audit.note_check(report.ok))
    return await _page(request, Search(), report)


@router.post("/export")
async def export(request: Request) -> Response:
    """What fits, as a file of comma-separated values with times in UTC."""
    _officer(request, Act.AUDIT_EXPORTED)
    asked = _read(await form_of(request), visitor(request).here.time_zone)
    if asked.wrong:
        return await _page(request, asked)
    query = replace(asked.query, before=None, limit=MOST_IN_A_FILE)
    entries = await in_scope(request, lambda scope: scope.audit.export(query))
    headers = {"content-disposition": 'attachment; filename="audit.csv"', "cache-control": "no-store"}
    return Response(_file(entries), media_type="text/csv; charset=utf-8", headers=headers)


def _officer(request: Request, act: Act) -> None:
    """Lets in who may do the act and sees people by their numbers; who runs the machines has the command line."""
    require_act(request, Act.CIRCLE_VIEWED)
    require_act(request, act)


async def _page(request: Request, asked: Search, report: AuditReport | None = None) -> Response:
    found = await in_scope(request, lambda scope: _look(scope, asked))
    return render(
        request,
        "staff/audit.html",
        422 if asked.wrong else 200,
        asked=asked,
        found=found,
        report=report,
        kinds=KINDS,
        zone=visitor(request).here.time_zone,
    )


def _look(scope: Scope, asked: Search) -> Found:
    last = scope.audit.last_check()
    if asked.wrong:
        return Found(check=last)
    rows = scope.audit.search(replace(asked.query, limit=PAGE + 1))
    shown = rows[:PAGE]
    return Found(entries=shown, older=shown[-1].sequence if len(rows) > PAGE else None, check=last)


def _read(form: Mapping[str, Any], zone: str) -> Search:
    typed = {name: str(form.get(name, "")).strip() for name in (*_IDS, *_TIMES, "kind", "before")}
    times = {name: _instant(typed[name], zone) for name in _TIMES}
    wrong = [name for name in _IDS if not _is_code(typed[name])]
    wrong += [name for name in _TIMES if typed[name] and times[name] is None]
    if times["since"] and times["until"] and times["until"] < times["since"]:
        wrong.append("until")
    if wrong:
        return Search(typed=typed, wrong=tuple(wrong))
    until = times["until"]
    query = AuditQuery(
        actor=typed["actor"],
        patient=typed["patient"],
        visit=typed["visit"],
        act=typed["kind"] if typed["kind"] in KINDS else "",
        since=times["since"],
        until=until + timedelta(minutes=1) if until else None,  # the minute that was typed is meant, too
        before=int(typed["before"]) if typed["before"].isdecimal() and len(typed["before"]) < 16 else None,
    )
    return Search(typed=typed, query=query)


def _is_code(text: str) -> bool:
    try:
        return not text or bool(as_code(text))
    except ValueError:
        return False


def _instant(text: str, zone: str) -> datetime | None:
    """An instant as a browser's field writes it, by the clinic's clock; None where it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _file(entries: tuple[AuditView, ...]) -> str:
    held = io.StringIO()
    writer = csv.writer(held, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_plain(one) for one in entries)
    return held.getvalue()


def _plain(one: AuditView) -> list[str]:
    """A row; no cell of it is a formula to a spreadsheet, whatever an entry once held."""
    cells = [str(one.sequence), one.at.isoformat(), *(str(getattr(one, name)) for name in _COLUMNS[2:])]
    return [f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells]
