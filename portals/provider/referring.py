"""The clinician refers a patient and asks for tests: written during the visit, issued when the note is signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from engine.texts import text_in
from portals.base.requests import field as field_of
from portals.base.requests import form_of, in_scope, new_request_id, request_id
from portals.base.templating import go, render
from portals.provider.desk import Desk
from portals.provider.opening import at_desk, only_texts, provider_session
from records.errors import AlreadyDone, Conflict
from records.service_requests import LONGEST, REFERRAL, TEST, WITHDRAWN, WRITTEN, RequestDraft, RequestView
from records.stages import CARE

router = APIRouter(include_in_schema=False)
URGENCIES = ("routine", "soon", "urgent")
KIND_OF_STEP: Mapping[str, str] = {"refer": REFERRAL, "order": TEST}
FIELDS: Mapping[str, tuple[str, ...]] = {
    REFERRAL: ("to", "urgency", "by_when", "reason", "enclosed"),
    TEST: ("test", "kind", "urgency", "by_when", "reason"),
}
NEEDED: Mapping[str, tuple[str, ...]] = {REFERRAL: ("to", "urgency", "reason"), TEST: ("test", "urgency", "reason")}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Page:
    """What the page shows: whose visit, what was written, whether more may be, and the tests of the visit type."""

    name: str
    requests: tuple[RequestView, ...]
    kinds: tuple[str, ...]
    may_write: bool
    catalog: tuple[tuple[str, str], ...] = field(default=())


@router.get("/visits/{visit}/requests")
async def requests_page(request: Request, visit: str, said: str = "") -> Response:
    """The visit's referrals and tests, and a form for one more."""
    return await _page(request, visit, said=said)


@router.post("/visits/{visit}/requests")
async def save_request(request: Request, visit: str) -> Response:
    """Keeps a version; nothing goes out before the note is signed."""
    provider_session(request)
    form = only_texts(await form_of(request))
    kind = form.get("what", "")
    if kind not in FIELDS:
        return go(f"/staff/visits/{visit}/requests?said=not_now")
    fields = {name: form.get(name, "").strip() for name in FIELDS[kind]}
    if kind == TEST and not fields["test"]:
        fields["test"] = form.get("listed", "").strip()
    wrong = {name: "needed" for name in NEEDED[kind] if not fields[name]}
    wrong |= {name: "long" for name, text in fields.items() if len(text) > LONGEST}
    if fields["urgency"] and fields["urgency"] not in URGENCIES:
        wrong["urgency"] = "needed"
    if wrong:
        return await _page(request, visit, wrong=wrong, typed=form)
    version = form.get("version", "0")
    draft = RequestDraft(
        visit=visit,
        kind=kind,
        fields=fields,
        key=request_id(form),
        request=form.get("of", ""),
        version=int(version) if version.isdigit() else 0,
    )
    try:
        await in_scope(request, lambda scope: scope.service_requests.save(draft))
    except Conflict as conflict:  # both are shown: what stands now in the list, and what was typed in the form
        return await _page(request, visit, said="conflict", typed={**form, "version": str(conflict.current)})
    except AlreadyDone:
        return go(f"/staff/visits/{visit}/requests?said=not_now")
    return go(f"/staff/visits/{visit}/requests?said=saved")


@router.post("/visits/{visit}/requests/withdraw")
async def withdraw(request: Request, visit: str) -> Response:
    """Takes one back before it is issued; it stays in the record."""
    provider_session(request)
    wanted = field_of(await form_of(request), "of")
    try:
        await in_scope(request, lambda scope: scope.service_requests.withdraw(visit, wanted))
    except AlreadyDone:
        return go(f"/staff/visits/{visit}/requests?said=not_now")
    return go(f"/staff/visits/{visit}/requests?said=discarded")


async def _page(
    request: Request,
    visit: str,
    *,
    said: str = "",
    wrong: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    page = await at_desk(request, lambda desk: _look(desk, visit))
    editing = request.query_params.get("change", "")
    changed = next((one for one in page.requests if one.id == editing and one.state == WRITTEN), None)
    shown: dict[str, Any] = dict(typed or {})
    if changed is not None and not typed:
        shown = {**changed.fields, "what": changed.kind, "of": changed.id, "version": str(changed.version)}
    return render(
        request,
        "provider/requests.html",
        422 if wrong else 409 if said == "conflict" and typed else 200,
        visit=visit,
        page=page,
        said=said if said in ("saved", "discarded", "conflict", "not_now") else "",
        wrong=wrong or {},
        typed=shown,
        urgencies=URGENCIES,
        fresh=new_request_id,
    )


def _look(desk: Desk, visit: str) -> Page:
    view = desk.scope.visits.get(visit)
    steps = desk.scope.visits.plan(visit).steps
    note = desk.scope.notes.current(visit)
    signed = note is not None and note.state == "signed"
    return Page(
        name=desk.scope.people.patient(view.patient).name,
        requests=tuple(one for one in desk.scope.service_requests.for_visit(visit) if one.state != WITHDRAWN),
        kinds=tuple(KIND_OF_STEP[step.kind] for step in steps if step.kind in KIND_OF_STEP),
        may_write=view.stage in CARE and not signed,
        catalog=_catalog(desk, steps),
    )


def _catalog(desk: Desk, steps: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    tests = (test for step in steps if step.kind == "order" for test in step.settings.get("catalog", ()))
    named = (f"{text_in(one['name'], desk.fmt.language)} ({one['code']})" for one in tests)
    return tuple((name, name) for name in named)
