"""What waits for somebody of the clinic: who has it, by when, why, what to do, what was said, and what was decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of, form_of, in_scope
from portals.base.requests import field as field_of
from portals.base.templating import go, render
from portals.base.visitor import visitor
from portals.ops import verdict_changes
from portals.ops.replay_page import Teller, held_at
from portals.ops.words import clock_words, kind_titles, said, staff_names
from portals.staff.doors import may_open, require_act
from records.acts import Act
from records.errors import AlreadyDone, Conflict
from records.matters import CLOSED, DECIDED, KINDS, OPEN, STATES, TAKEN
from records.replays import Verdict
from records.reviews import LONGEST_WORDS, MINE, NOBODYS, ReviewCase, ReviewQuery, ReviewView, SamePerson, is_reason
from records.scope import Scope

router = APIRouter(include_in_schema=False)
SAID = ("taken", "given", "left", "commented", "decided", "agreed", "sent_back", "too_late", "same_person")
# Where a matter is looked at, and decided, besides here.
PLACES: Mapping[str, str] = {
    "emergency": "/staff/oversight/{subject}",
    "takeover": "/staff/takeovers",
    "credential_expiring": "/staff/people?soon=1",
}
# Matters that a shut gate led to: which gate, empty for the one that the matter names as its cause.
GATES: Mapping[str, str] = {"visit_blocked": "any", "gate_review": "", "sign_shut": "sign"}
Change = Callable[[Scope], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One matter as a line of the inbox."""

    view: ReviewView
    title: str
    about: str
    owner: str
    raised: str
    clock: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Typed:
    """What was typed into a form of a matter's page, and the field that is wrong."""

    wrong: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@router.get("/reviews")
async def reviews(request: Request) -> Response:
    """The inbox, the soonest due first."""
    require_act(request, Act.REVIEWS_VIEWED)
    wanted, typed = _wanted(request)
    found, more, names = await in_scope(request, lambda scope: (*scope.reviews.listed(wanted), staff_names(scope)))
    language, titles = visitor(request).language, kind_titles(request)
    chosen = {name: value for name, value in typed.items() if value}
    return render(
        request,
        "ops/reviews.html",
        rows=[_row(request, one, names, titles) for one in found],
        typed=typed,
        states=STATES,
        kinds={kind: said(language, "reviews.kind", kind) for kind in KINDS},
        page=wanted.page,
        before=f"?{urlencode({**chosen, 'page': wanted.page - 1})}" if wanted.page > 1 else "",
        after=f"?{urlencode({**chosen, 'page': wanted.page + 1})}" if more else "",
        filtered=bool(chosen),
    )


@router.get("/reviews/{review}")
async def review_page(request: Request, review: str, said: str = "") -> Response:
    """One matter with its history."""
    require_act(request, Act.REVIEWS_VIEWED)
    return await _page(request, review, said=said if said in SAID else "")


@router.post("/reviews/{review}/take")
async def take(request: Request, review: str) -> Response:
    """Takes it: of two, one gets it."""
    version = await _version(request)
    return await _do(request, review, "taken", lambda scope: scope.reviews.take(review, version))


@router.post("/reviews/{review}/leave")
async def leave(request: Request, review: str) -> Response:
    """Puts it back."""
    version = await _version(request)
    return await _do(request, review, "left", lambda scope: scope.reviews.leave(review, version))


@router.post("/reviews/{review}/give")
async def give(request: Request, review: str) -> Response:
    """Gives it to a colleague."""
    require_act(request, Act.REVIEW_CHANGED)
    form = await form_of(request)
    to, version = field_of(form, "to"), _number(field_of(form, "version"))
    if not to:
        return await _page(request, review, Typed(wrong="to"))
    return await _do(request, review, "given", lambda scope: scope.reviews.give(review, to, version))


@router.post("/reviews/{review}/comment")
async def comment(request: Request, review: str) -> Response:
    """Adds words."""
    require_act(request, Act.REVIEW_CHANGED)
    text = field_of(await form_of(request), "text")
    if not 0 < len(text) <= LONGEST_WORDS:
        return await _page(request, review, Typed(wrong="text", values={"text": text}))
    return await _do(request, review, "commented", lambda scope: scope.reviews.comment(review, text))


@router.post("/reviews/{review}/decide")
async def decide(request: Request, review: str) -> Response:
    """Decides it, with a reason."""
    require_act(request, Act.REVIEW_DECIDED)
    form = await form_of(request)
    decision, reason, version = field_of(form, "decision"), field_of(form, "reason"), _number(field_of(form, "version"))
    values = {"decision": decision, "reason": reason}
    if decision not in {one for kind in KINDS.values() for one in kind.decisions}:
        return await _page(request, review, Typed(wrong="decision", values=values))
    if not is_reason(reason):
        return await _page(request, review, Typed(wrong="reason", values=values))
    return await _do(request, review, "decided", lambda scope: scope.reviews.decide(review, decision, reason, version))


@router.post("/reviews/{review}/confirm")
async def confirm(request: Request, review: str) -> Response:
    """The second person's word."""
    require_act(request, Act.REVIEW_DECIDED)
    form = await form_of(request)
    word, reason, version = field_of(form, "word"), field_of(form, "reason"), _number(field_of(form, "version"))
    if word not in ("agree", "send_back") or not is_reason(reason):
        wrong = "word" if word not in ("agree", "send_back") else "reason"
        return await _page(request, review, Typed(wrong=wrong, values={"word": word, "reason": reason}))
    agrees = word == "agree"
    told = "agreed" if agrees else "sent_back"
    return await _do(request, review, told, lambda scope: scope.reviews.confirm(review, agrees, reason, version))


async def _version(request: Request) -> int:
    require_act(request, Act.REVIEW_CHANGED)
    return _number(field_of(await form_of(request), "version"))


async def _do(request: Request, review: str, told: str, change: Change) -> Response:
    """Makes a change and says what came of it; the refusal of a second word by the first person is audited."""
    come = await in_scope(request, partial(_tried, change))
    return go(f"/staff/reviews/{review}?said={come or told}")


def _tried(change: Change, scope: Scope) -> str:
    try:
        change(scope)
    except SamePerson:
        return "same_person"
    except (AlreadyDone, Conflict):
        return "too_late"
    except ValueError:
        raise HTTPException(422) from None
    return ""


async def _page(request: Request, review: str, typed: Typed | None = None, said: str = "") -> Response:
    session, who = require_act(request, Act.REVIEWS_VIEWED), visitor(request)
    case, names, verdict, teller = await in_scope(request, partial(_look, request, review))
    view, typed = case.review, typed or Typed()
    return render(
        request,
        "ops/review.html",
        422 if typed.wrong else 200,
        row=_row(request, view, names, kind_titles(request)),
        view=view,
        entries=_entries(request, case, names),
        people=[(person, names.get(person, person)) for person in case.people if person != view.owner],
        decisions=KINDS[view.kind].decisions,
        named=lambda person: names.get(person, person),
        place=PLACES.get(view.kind, "").format(subject=view.subject),
        may_replay=bool(view.visit) and may_open(session.role, Act.REPLAY_VIEWED),
        may_call_off=view.kind == "visit_blocked" and may_open(session.role, Act.VISIT_CALLED_OFF),
        card=teller.card(verdict) if verdict and teller else None,
        state=_state(verdict, teller, who.language),
        mine=view.owner == session.person,
        is_second=view.state == DECIDED and view.decided_by != session.person,
        states={"open": OPEN, "taken": TAKEN, "decided": DECIDED, "closed": CLOSED},
        typed=typed,
        said=said,
        zone=who.here.time_zone,
    )


def _look(
    request: Request, review: str, scope: Scope
) -> tuple[ReviewCase, Mapping[str, str], Verdict | None, Teller | None]:
    """The matter, who works here, and of what a gate led to the gate's verdict as its reader may see it."""
    case, names = scope.reviews.case(review), staff_names(scope)
    if case.review.kind not in GATES or not case.review.visit:
        return case, names, None, None
    found = scope.replays.of_visit(case.review.visit)
    wanted = GATES[case.review.kind] or case.review.cause
    shut = [one.verdict for one in found.moments if one.verdict and not one.good and wanted in ("any", one.name)]
    return case, names, shut[-1] if shut else None, Teller(request, found, names, held_at(scope, found))


def _state(verdict: Verdict | None, teller: Teller | None, language: str) -> tuple[str, str]:
    """Code and name of the state that the law was asked for, where its reader may know it."""
    if verdict is None or teller is None or teller.found.withheld:
        return "", ""
    return verdict_changes.code_of(verdict), verdict_changes.state_of(verdict, language)


def _entries(request: Request, case: ReviewCase, names: Mapping[str, str]) -> list[dict[str, str]]:
    who = visitor(request)
    t, fmt = translator(who.language), Formats(who.language)
    told = []
    for one in case.entries:
        about = names.get(one.about) or (said(who.language, "reviews.decision", one.about) if one.about else "")
        told.append(
            {
                "who": names.get(one.actor, t("reviews.program")),
                "at": fmt.moment(one.at, who.here.time_zone),
                "what": t(f"reviews.entry.{one.kind}", about=about),
                "text": one.text,
                "kind": one.kind,
            }
        )
    return told


def _row(request: Request, view: ReviewView, names: Mapping[str, str], titles: Mapping[str, str]) -> Row:
    who = visitor(request)
    t, fmt = translator(who.language), Formats(who.language)
    now: datetime = deps_of(request).clock.now()
    about: list[Any] = [titles.get(view.visit_type, view.visit_type), names.get(view.person, "")]
    return Row(
        view=view,
        title=said(who.language, "reviews.kind", view.kind),
        about=", ".join(filter(None, about)),
        owner=names.get(view.owner, ""),
        raised=fmt.moment(view.raised_at, who.here.time_zone),
        clock="" if view.state == CLOSED else clock_words(t, view.due_at, now),
    )


def _wanted(request: Request) -> tuple[ReviewQuery, dict[str, str]]:
    asked = request.query_params
    typed = {
        "state": asked.get("state", "") if asked.get("state") in STATES else "",
        "kind": asked.get("kind", "") if asked.get("kind") in KINDS else "",
        "whose": asked.get("whose", "") if asked.get("whose") in (MINE, NOBODYS) else "",
        "overdue": "1" if asked.get("overdue") == "1" else "",
    }
    page = asked.get("page", "")
    return ReviewQuery(
        state=typed["state"],
        kind=typed["kind"],
        whose=typed["whose"],
        overdue=bool(typed["overdue"]),
        page=int(page) if page.isdecimal() and 0 < len(page) < 5 else 1,
    ), typed


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 9 else -1
