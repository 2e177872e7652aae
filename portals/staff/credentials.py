"""The clinic's credentials: what runs out first, what the sources last said, and who supervises whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from engine.credentials import threshold_of
from engine.texts import text_in
from portals.base.requests import deps_of, field, form_of, in_scope
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.patient.places import STATES, state_options
from portals.staff.credential_rows import SCHEDULES, Reading, credential_rows, schedule_words
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.agreements import KINDS, AgreementDraft, AgreementView
from records.credentials import CredentialView
from records.errors import AlreadyDone, Conflict, NoLicense
from records.scope import Scope
from workflows.client import VisitUnreachable

router = APIRouter(include_in_schema=False)
FIRST = 60
"""How many lines a page shows of everybody's: the most pressing; of one clinician it shows all."""
SAID = ("asked", "later", "attested", "attested_later", "added", "ended", "undone", "changed", "day")
FIELDS = ("supervisee", "supervisor", "state", "kind", "since", "until")
Look = tuple[tuple[CredentialView, ...], tuple[AgreementView, ...], Mapping[str, str]]


@router.get("/credentials")
async def credentials(request: Request, said: str = "") -> Response:
    """Everybody's credentials, the most pressing first, and the agreements."""
    require_act(request, Act.CREDENTIALS_VIEWED)
    return await _page(request, said=said if said in SAID else "")


@router.post("/credentials/ask")
async def ask(request: Request) -> Response:
    """Begins a round over the primary sources now."""
    require_act(request, Act.SOURCE_ASKED)
    await in_scope(request, lambda scope: scope.credentials.note_asking())
    try:
        await deps_of(request).visits.check_credentials(visitor(request).here.slug)
    except VisitUnreachable:
        return go("/staff/credentials?said=later")
    return go("/staff/credentials?said=asked")


@router.post("/credentials/agreements")
async def add(request: Request) -> Response:
    """Keeps a new agreement; the supervisor has to hold an active licence in its state."""
    require_act(request, Act.AGREEMENT_MADE)
    form = await form_of(request)
    typed = {name: field(form, name) for name in FIELDS}
    draft, wrong = _draft(typed, form, tuple(deps_of(request).content().specialties))
    if draft is None:
        return await _page(request, 422, typed=typed, wrong=wrong)
    try:
        await in_scope(request, lambda scope: scope.agreements.add(draft))
    except NoLicense:
        return await _page(request, 422, typed=typed, wrong=("supervisor",))
    except ValueError:
        return await _page(request, 422, typed=typed, wrong=("supervisee",))
    return go("/staff/credentials?said=added")


@router.post("/credentials/agreements/end")
async def end(request: Request) -> Response:
    """Makes a day an agreement's last one."""
    require_act(request, Act.AGREEMENT_CHANGED)
    form = await form_of(request)
    day, version = _day(field(form, "day")), _number(field(form, "version"))
    if day is None:
        return go("/staff/credentials?said=day")
    return await _changed(request, partial(_end, field(form, "agreement"), day, version), "ended")


@router.post("/credentials/agreements/undo")
async def undo(request: Request) -> Response:
    """Takes the newest change of a last day back."""
    require_act(request, Act.AGREEMENT_CHANGED)
    form = await form_of(request)
    version = _number(field(form, "version"))
    return await _changed(request, partial(_undo, field(form, "agreement"), version), "undone")


async def _changed(request: Request, change: partial[str], said: str) -> Response:
    found = await in_scope(request, lambda scope: change(scope))
    return go(f"/staff/credentials?said={found or said}")


def _end(agreement: str, day: date, version: int, scope: Scope) -> str:
    try:
        scope.agreements.end(agreement, day, version)
    except Conflict:
        return "changed"
    except ValueError:
        return "day"
    return ""


def _undo(agreement: str, version: int, scope: Scope) -> str:
    try:
        scope.agreements.undo(agreement, version)
    except (Conflict, AlreadyDone):
        return "changed"
    return ""


async def _page(
    request: Request,
    status: int = 200,
    said: str = "",
    wrong: Sequence[str] = (),
    typed: Mapping[str, str] | None = None,
) -> Response:
    views, agreements, names = await in_scope(request, _look)
    reading, role = reading_of(request), require_act(request, Act.CREDENTIALS_VIEWED).role
    whose = request.query_params.get("of", "")
    rows = credential_rows(views, names, reading)
    shown = tuple(one for one in rows if one.person == whose) if whose in names else rows[:FIRST]
    return render(
        request,
        "staff/credentials.html",
        status,
        rows=shown,
        of=whose if whose in names else "",
        more=0 if whose in names else len(rows) - len(shown),
        agreements=agreements,
        today=reading.today,
        names=names,
        said=said,
        wrong=wrong,
        typed=typed or {},
        pressing=sum(1 for one in views if one.expires and threshold_of(one.expires, reading.today) is not None),
        may_ask=may_open(role, Act.SOURCE_ASKED),
        may_attest=may_open(role, Act.CREDENTIAL_MADE),
        may_write=may_open(role, Act.AGREEMENT_MADE),
        may_see_hours=may_open(role, Act.HOURS_VIEWED),
        states=state_options(visitor(request).language),
        kinds=KINDS,
        schedules=SCHEDULES,
        drugs=schedule_words,
        titles=specialty_titles(request),
    )


def _look(scope: Scope) -> Look:
    names = {one.person: one.display_name for one in scope.people.providers()}
    return scope.credentials.everybody(), scope.agreements.everybody(), names


def specialty_titles(request: Request) -> Mapping[str, str]:
    """What each specialty is called, by its code."""
    known, language = deps_of(request).content().specialties, visitor(request).language
    return {code: text_in(known[code].title, language) for code in sorted(known)}


def reading_of(request: Request) -> Reading:
    """Language, zone and day of whoever reads: the day is the clinic's own."""
    who = visitor(request)
    now = deps_of(request).clock.now().astimezone(ZoneInfo(who.here.time_zone))
    return Reading(language=who.language, zone=who.here.time_zone, today=now.date())


def _draft(
    typed: Mapping[str, str], form: FormData, specialties: tuple[str, ...]
) -> tuple[AgreementDraft | None, Sequence[str]]:
    """The agreement that a form describes, or every field that is wrong."""
    since, until = _day(typed["since"]), _day(typed["until"])
    checks = {
        "supervisee": bool(typed["supervisee"]) and typed["supervisee"] != typed["supervisor"],
        "supervisor": bool(typed["supervisor"]),
        "state": typed["state"] in STATES,
        "kind": typed["kind"] in KINDS,
        "since": since is not None,
        "until": not typed["until"] or (until is not None and since is not None and since <= until),
    }
    wrong = tuple(name for name, right in checks.items() if not right)
    if wrong or since is None:
        return None, wrong
    told = {name: typed[name] for name in ("supervisee", "supervisor", "state", "kind")}
    chosen = {one for one in form.getlist("specialties") if one in specialties}
    drugs = tuple(one for one in SCHEDULES if one in form.getlist("schedules"))
    made = AgreementDraft(
        since=since, until=until, specialties=tuple(sorted(map(str, chosen))), schedules=drugs, **told
    )
    return made, ()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1
