"""The clinic's visits by number: found by stage, specialty, step, day, what is stopped and what is late."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of, in_scope
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.ops.words import kind_titles, said, title_of
from portals.staff.credentials import specialty_titles
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.replays import VisitLine, VisitQuery
from records.scope import Scope

router = APIRouter(include_in_schema=False)
STAGES = (
    "held",
    "booked",
    "preparing",
    "ready",
    "waiting",
    "away",
    "called_back",
    "in_call",
    "submitted",
    "in_review",
    "more_asked",
    "documenting",
    "blocked",
    "completed",
    "refused",
    "expired",
    "cancelled",
    "no_show",
    "escalated",
)
COLUMNS = ("visit", "starts", "specialty", "kind", "clinician", "stage", "step", "moved", "late")
LONGEST = 80
YEARS = range(2000, 3000)
_RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One visit as a line of the table."""

    visit: str
    starts: str
    kind: str
    clinician: str
    stage: str
    stage_words: str
    step: str
    late: bool


@router.get("/ops/visits")
async def visits(request: Request) -> Response:
    """One page of what fits."""
    session = require_act(request, Act.REPLAY_VIEWED)
    wanted, typed = _wanted(request)
    lines, more, names, steps = await in_scope(request, lambda scope: _look(scope, wanted))
    chosen = {name: value for name, value in typed.items() if value and name != "page"}
    return render(
        request,
        "ops/visits.html",
        rows=[_row(request, line, names) for line in lines],
        typed=typed,
        steps=steps,
        stages=STAGES,
        specialties=specialty_titles(request),
        page=wanted.page,
        before=f"?{urlencode({**chosen, 'page': wanted.page - 1})}" if wanted.page > 1 else "",
        after=f"?{urlencode({**chosen, 'page': wanted.page + 1})}" if more else "",
        csv=f"/staff/ops/visits.csv?{urlencode(chosen)}" if may_open(session.role, Act.VISITS_EXPORTED) else "",
        filtered=bool(chosen),
        step_words=lambda step: said(visitor(request).language, "provider.step", step),
    )


@router.get("/ops/visits.csv")
async def visits_csv(request: Request) -> Response:
    """The same list whole, as a table to be taken along; nobody but the clinician is in it."""
    require_act(request, Act.VISITS_EXPORTED)
    wanted, _ = _wanted(request)
    lines, names = await in_scope(request, lambda scope: (scope.replays.exported(wanted), _clinicians(scope)))
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(COLUMNS)
    writer.writerows(tuple(map(_harmless, one)) for one in _table(lines, names))
    headers = {"content-disposition": 'attachment; filename="visits.csv"'}
    return Response(held.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _table(lines: Iterable[VisitLine], names: Mapping[str, str]) -> Iterable[tuple[str, ...]]:
    for one in lines:
        yield (
            one.visit,
            one.starts_at.astimezone(UTC).isoformat(timespec="minutes"),
            one.specialty,
            one.visit_type,
            names.get(one.provider, ""),
            one.stage,
            one.step,
            one.moved_at.astimezone(UTC).isoformat(timespec="seconds") if one.moved_at else "",
            "yes" if one.late else "no",
        )


def _harmless(text: str) -> str:
    """A value that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _look(scope: Scope, wanted: VisitQuery) -> tuple[tuple[VisitLine, ...], bool, Mapping[str, str], tuple[str, ...]]:
    lines, more = scope.replays.listed(wanted)
    return lines, more, _clinicians(scope), scope.replays.steps()


def _clinicians(scope: Scope) -> dict[str, str]:
    return {one.person: one.display_name for one in scope.people.providers()}


def _row(request: Request, line: VisitLine, names: Mapping[str, str]) -> Row:
    who = visitor(request)
    return Row(
        visit=line.visit,
        starts=Formats(who.language).moment(line.starts_at, who.here.time_zone),
        kind=title_of(kind_titles(request), line.specialty, line.visit_type),
        clinician=names.get(line.provider, translator(who.language)("ops.visits.gone")),
        stage=line.stage,
        stage_words=said(who.language, "provider.stage", line.stage),
        step=said(who.language, "provider.step", line.step) if line.step else "",
        late=line.late,
    )


def _wanted(request: Request) -> tuple[VisitQuery, dict[str, str]]:
    """What is asked for, and what was typed; anything that cannot be is asked as nothing."""
    asked = request.query_params
    typed = {name: asked.get(name, "")[:LONGEST] for name in ("stage", "specialty", "step", "since", "until")}
    typed |= {name: "1" if asked.get(name) == "1" else "" for name in ("blocked", "late")}
    typed["stage"] = typed["stage"] if typed["stage"] in STAGES else ""
    typed["specialty"] = typed["specialty"] if typed["specialty"] in deps_of(request).content().specialties else ""
    zone = ZoneInfo(visitor(request).here.time_zone)
    since, until = _midnight(typed["since"], zone), _midnight(typed["until"], zone)
    page = asked.get("page", "")
    wanted = VisitQuery(
        stage=typed["stage"],
        specialty=typed["specialty"],
        step=typed["step"],
        blocked=bool(typed["blocked"]),
        late=bool(typed["late"]),
        since=since,
        until=until + timedelta(days=1) if until else None,
    )
    return replace(wanted, page=int(page) if page.isdecimal() and 0 < len(page) < 5 else 1), typed


def _midnight(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, time(), zone) if day.year in YEARS else None
