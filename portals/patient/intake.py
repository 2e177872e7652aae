"""The intake: one question a page, every answer saved as it is given, a red flag answered at once.

An answer is a write to records and nothing else; submitting a form announces it. The browser may save in the
background (same address, ``Accept: application/json``); without scripts each question is one POST.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.evaluators import ClosuresOnly
from engine.forms import Form, Item
from engine.forms_answers import check_submission, read_answer
from engine.forms_browser import browser_form
from engine.forms_flags import RaisedFlag, red_flags
from engine.forms_intake import filled_facts, next_item, shown_items
from engine.forms_prefill import HandedIn, offered
from engine.photos import missing_shots
from engine.pinned import Pinned
from engine.texts import text_in
from portals.auth.guards import require_patient
from portals.base.again import Said, once, said_again, send_again
from portals.base.i18n import translator
from portals.base.requests import LONGEST_CHECKED, deps_of, field, form_of, in_scope, new_request_id
from portals.base.templating import go, render
from portals.base.visit_content import visit_content
from portals.base.visitor import visitor
from portals.patient.intake_page import (
    answer_lines,
    field_value,
    in_words,
    number_of,
    problem_words,
    question,
    standing,
    typed_values,
    without,
)
from portals.patient.journey import OVER
from portals.patient.photos_page import shot_views
from portals.patient.visit import ALARM, VisitPage, begun, read_page
from records.errors import AlreadyDone, Conflict, PhotosGone
from records.forms import AnswerDraft, AnswerView, Submission
from records.scope import Scope

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """An intake under way: the visit, the form asked now (None when all are in) and its answers with versions."""

    page: VisitPage
    form: Form | None
    kept: Mapping[str, AnswerView]

    @property
    def answers(self) -> dict[str, Any]:
        """The answers to what the form asks now; one to a question that is gone stays in records."""
        form = self.form
        return {item: view.value for item, view in self.kept.items() if form is not None and form.item(item)}

    @property
    def base(self) -> str:
        return f"/visits/{self.page.visit.visit}/intake"

    def version(self, item: str) -> int:
        return self.kept[item].version if item in self.kept else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One answer as sent: the item, its typed values, the version the page showed and the sender's own key."""

    item: Item
    raw: tuple[str, ...]
    version: int
    key: str


@dataclass(frozen=True, slots=True, repr=False)
class Advice:
    """What a red flag tells the patient, and the number to call when it names one."""

    text: str
    advice: str
    call: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Both:
    """Two answers to one question, in words: what another window saved, and what was answered in this one."""

    other: str
    mine: str


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """What stands in a question's field: typed before, with the sentence beside it and the page's status, or told at
    an earlier visit, `since` when, and not answered yet; `both` where another window saved another answer."""

    value: Any
    error: str
    status: int
    since: datetime | None = None
    both: Both | None = None


@router.get("/visits/{visit_id}/intake")
async def intake_start(request: Request, visit_id: str) -> Response:
    """Goes to the first question without an answer, or to the review when there is none."""
    sitting = await read_sitting(request, visit_id)
    if sitting.form is None:
        return go(f"/visits/{visit_id}")
    item = next_item(sitting.form, sitting.answers)
    if item is None:
        return go(f"{sitting.base}/review")
    return go(f"{sitting.base}/{number_of(sitting.form, sitting.answers, item.id)}")


@router.get("/visits/{visit_id}/intake/review")
async def intake_review(request: Request, visit_id: str) -> Response:
    """All answers in words, each with a way to change it."""
    return await _review(request, await read_sitting(request, visit_id), ())


@router.post("/visits/{visit_id}/intake/submit")
async def intake_submit(request: Request, visit_id: str) -> Response:
    """Checks everything once more on the server and hands the answers in."""
    sitting = await read_sitting(request, visit_id)
    form = sitting.form
    if form is None:
        return go(f"/visits/{visit_id}")
    problems = check_submission(form, sitting.answers)
    if problems:
        shown = [item for item in form.items if item.id in problems]
        return await _review(request, sitting, tuple(item.id for item in shown), 422)
    if await _stopping(request, form, sitting.answers):
        return go(f"/visits/{visit_id}/emergency")
    submission = Submission(
        visit=visit_id,
        form=form.id,
        form_digest=form.digest,
        shown=tuple(item.id for item in shown_items(form, sitting.answers)),
        fills=filled_facts(form, sitting.answers),
    )
    with contextlib.suppress(AlreadyDone):  # a second click: the first one handed it in
        try:
            await in_scope(request, lambda scope: scope.forms.submit(submission))
        except PhotosGone as lost:
            return _photos_gone(request, sitting, form, lost)
    return go(f"/visits/{visit_id}")


@router.get("/visits/{visit_id}/intake/{number}")
async def intake_question(request: Request, visit_id: str, number: int) -> Response:
    """One question."""
    sitting = await read_sitting(request, visit_id)
    if sitting.form is None:
        return go(f"/visits/{visit_id}")
    said = said_again(request)
    told = Typed(said.values["value"], said.values["error"], said.status) if said.values else None
    typed = told or await _offered(request, sitting, sitting.form, number)
    return once(request, _question(request, sitting, sitting.form, number, typed))


@router.post("/visits/{visit_id}/intake/{number}")
async def intake_answer(request: Request, visit_id: str, number: int) -> Response:
    """Saves one answer; a red flag leads to the emergency page before anything else is asked."""
    sitting, sent = await read_sitting(request, visit_id), await form_of(request, LONGEST_CHECKED)
    form = sitting.form
    item = form.item(field(sent, "item")) if form else None
    if form is None or item is None:
        return _moved(request, visit_id)
    if item.type == "photo" and (
        item.id in sitting.answers or not item.optional
    ):  # its files came on their own; what lacks is said here
        return _after_photos(request, sitting, form, (item, number))
    raw = tuple(str(value) for value in sent.getlist("answer"))
    if item.type == "date":
        raw = _typed_day(sent)
    checked = read_answer(item, raw)
    if checked.problem is not None:
        words = problem_words(item, checked.problem, visitor(request).language, raw[0] if raw else "")
        return _problem(request, sitting, form, (item, raw, words, number))
    entry = Entry(
        item=item, raw=raw, version=_whole(field(sent, "version")), key=field(sent, "key") or new_request_id()
    )
    return await _save(request, sitting, form, (entry, checked.value, number))


@router.get("/visits/{visit_id}/emergency")
async def emergency(request: Request, visit_id: str) -> Response:
    """What to do now, in the form's own words; the visit has stopped and the clinicians know."""
    require_patient(request)

    def read(scope: Scope) -> tuple[VisitPage, list[tuple[Form, dict[str, Any]]]]:
        page = read_page(scope, visit_id)
        if not page.lets("intake") and not page.lets("summary"):  # who is beside the patient is warned, not told why
            return page, []
        content = _content(request, scope, visit_id)
        forms = [content.form(step.form) for step in page.steps if step.form]
        return page, [(one, {k: v.value for k, v in scope.forms.answers(visit_id, one.id).items()}) for one in forms]

    page, answers = await in_scope(request, read)
    raised: list[RaisedFlag] = []
    for form, given in answers:
        raised += await _stopping(request, form, given)
    if not raised and page.badge != ALARM:
        return go(f"/visits/{visit_id}")
    return render(
        request,
        "patient/emergency.html",
        page=page,
        visit=page.visit,
        flags=_flag_words(raised, visitor(request).language),
    )


async def _offered(request: Request, sitting: Sitting, form: Form, number: int) -> Typed | None:
    """What the patient told at an earlier visit, for a question that begins with it and has no answer yet."""
    shown = shown_items(form, sitting.answers)
    item = shown[number - 1] if 1 <= number <= len(shown) else None
    if item is None or not item.prefill or item.id in sitting.answers:
        return None
    visit = sitting.page.visit.visit
    views = await in_scope(request, lambda scope: scope.forms.earlier(visit))
    earlier = [HandedIn(form=view.form, at=view.at, answers=view.answers, fills=view.fills) for view in views]
    found = offered(form, item, earlier)
    return Typed(field_value(item.type, found.value), "", 200, found.at) if found is not None else None


async def read_sitting(request: Request, visit_id: str) -> Sitting:
    require_patient(request)

    def read(scope: Scope) -> Sitting:
        page = begun(read_page(scope, visit_id))
        open_form = next((step.form for step in page.steps if step.kind == "intake" and step.state != "done"), "")
        asks = open_form and page.visit.stage not in OVER
        form = _content(request, scope, visit_id).form(open_form) if asks else None
        kept = scope.forms.answers(visit_id, form.id) if form else {}
        form = without(form, scope.parts.unasked(visit_id)) if form else None
        return Sitting(page=page, form=form, kept=kept)

    return await in_scope(request, read)


def _content(request: Request, scope: Scope, visit_id: str) -> Pinned:
    deps = deps_of(request)
    return visit_content(scope, visit_id, deps.content(), deps.library().law.vocabulary)


async def _stopping(request: Request, form: Form, answers: Mapping[str, Any]) -> list[RaisedFlag]:
    return [one for one in await _raised(request, form, answers) if one.flag.stops]


async def _raised(request: Request, form: Form, answers: Mapping[str, Any]) -> tuple[RaisedFlag, ...]:
    return await run_in_threadpool(red_flags, form, answers, deps_of(request).evaluator)


def _flag_words(raised: Iterable[RaisedFlag], language: str) -> tuple[Advice, ...]:
    return tuple(
        Advice(text_in(one.flag.text, language), text_in(one.flag.advice, language), one.flag.call) for one in raised
    )


async def _save(request: Request, sitting: Sitting, form: Form, sent: tuple[Entry, Any, int]) -> Response:
    entry, value, number = sent
    visit_id = sitting.page.visit.visit
    answers = {**sitting.answers, entry.item.id: value}
    raised = await _raised(request, form, answers)
    draft = AnswerDraft(
        visit=visit_id, form=form.id, item=entry.item.id, value=value, version=entry.version, key=entry.key
    )

    def write(scope: Scope) -> int:
        saved = scope.forms.save_answer(draft)
        for one in raised:
            scope.forms.flag(visit_id, form.id, entry.item.id, one.flag.id, stops=one.flag.stops and one.decided)
        return saved.version

    try:
        version = await in_scope(request, write)
    except Conflict as conflict:
        fresh = await read_sitting(request, visit_id)
        if fresh.answers.get(entry.item.id) == value:
            version = conflict.current  # it got here before: a second click, or a save whose reply was lost
        elif any(one.flag.stops for one in raised):  # an emergency waits for no choice between two windows
            draft = replace(draft, version=conflict.current)
            version = await in_scope(request, write)
        else:
            return _conflict(request, fresh, form, (entry, value, number))
    except AlreadyDone:
        return _moved(request, visit_id)
    stops = any(one.flag.stops for one in raised)
    path = f"/visits/{visit_id}/emergency" if stops else _next_path(sitting, form, answers, number)
    if _wants_json(request):
        return JSONResponse({"version": version, "emergency": path if stops else ""})
    return go(path)


def _after_photos(request: Request, sitting: Sitting, form: Form, asked: tuple[Item, int]) -> Response:
    item, number = asked
    site, taken = sitting.answers.get(item.by), sitting.answers.get(item.id) or {}
    missing = missing_shots(item.shots, site, taken)
    if not missing:
        return go(_next_path(sitting, form, sitting.answers, number))
    words = translator(visitor(request).language)("photos.missing", count=len(missing))
    return _problem(request, sitting, form, (item, (missing[0].id,), words, number))


def _photos_gone(request: Request, sitting: Sitting, form: Form, lost: PhotosGone) -> Response:
    """Back to the question whose photos are not there any more, and says how many it needs."""
    there = f"{sitting.base}/{number_of(form, sitting.answers, lost.item)}"
    words = translator(visitor(request).language)("photos.missing", count=len(lost.shots))
    said = Said(values={"value": lost.shots[0], "error": words}, status=422)
    return send_again(request, said, there) or go(there)


def _conflict(request: Request, fresh: Sitting, form: Form, sent: tuple[Entry, Any, int]) -> Response:
    """Another window saved another answer: both are shown, and the person says which one counts."""
    entry, value, number = sent
    language = visitor(request).language
    both = Both(
        other=in_words(entry.item, fresh.answers.get(entry.item.id), language),
        mine=in_words(entry.item, value, language),
    )
    if _wants_json(request):
        return JSONResponse({"conflict": fresh.version(entry.item.id), **asdict(both)}, status_code=409)
    typed = Typed(typed_values(entry.item, entry.raw), "", 409, both=both)
    return _question(request, fresh, form, number_of(form, fresh.answers, entry.item.id) or number, typed)


def _next_path(sitting: Sitting, form: Form, answers: Mapping[str, Any], number: int) -> str:
    """The next question after this one without an answer, else the first one, else the review."""
    shown = shown_items(form, answers)
    after = [at for at, item in enumerate(shown, 1) if item.id not in answers and at > number]
    before = [at for at, item in enumerate(shown, 1) if item.id not in answers]
    places = after or before
    return f"{sitting.base}/{places[0]}" if places else f"{sitting.base}/review"


def _problem(request: Request, sitting: Sitting, form: Form, wrong: tuple[Item, tuple[str, ...], str, int]) -> Response:
    item, raw, words, number = wrong
    if _wants_json(request):
        return JSONResponse({"problem": words}, status_code=422)
    typed = Typed(typed_values(item, raw), words, 422)
    said = Said(values={"value": typed.value, "error": words}, status=typed.status)
    return send_again(request, said) or _question(request, sitting, form, number, typed)


def _question(request: Request, sitting: Sitting, form: Form, number: int, typed: Typed | None = None) -> Response:
    who, answers = visitor(request), sitting.answers
    asked = question(form, answers, number, who.language)
    if asked is None:
        return go(sitting.base)
    value = typed.value if typed else field_value(asked.type, answers.get(asked.id))
    item = form.item(asked.id)
    return render(
        request,
        "patient/photos.html" if asked.type == "photo" else "patient/question.html",
        typed.status if typed else 200,
        page=sitting.page,
        visit=sitting.page.visit,
        question=asked,
        value=value,
        error=typed.error if typed else "",
        since=typed.since if typed else None,
        both=typed.both if typed else None,
        version=sitting.version(asked.id),
        key=new_request_id(),
        standing=standing(form, answers),
        urgent=_urgent(form, answers, who.language, after=asked.number),
        here=f"{sitting.base}/{asked.number}",
        back=f"{sitting.base}/{asked.number - 1}" if asked.number > 1 else f"/visits/{sitting.page.visit.visit}",
        shots=shot_views(item, answers, sitting.page.visit.visit, who.language) if item else (),
        quality=item.quality if item else None,
        browser={"form": browser_form(form, who.language), "answers": answers, "item": asked.id},
    )


async def _review(request: Request, sitting: Sitting, missing: tuple[str, ...], status: int = 200) -> Response:
    form = sitting.form
    if form is None:
        return go(f"/visits/{sitting.page.visit.visit}")
    answers = sitting.answers
    open_item = next_item(form, answers)
    if open_item is not None and not missing:
        return go(f"{sitting.base}/{number_of(form, answers, open_item.id)}")
    return render(
        request,
        "patient/intake_review.html",
        status,
        page=sitting.page,
        visit=sitting.page.visit,
        title=text_in(form.title, visitor(request).language),
        lines=answer_lines(form, answers, visitor(request).language),
        base=sitting.base,
        urgent=_urgent(form, answers, visitor(request).language, after=0),
        missing=tuple(number_of(form, answers, item) for item in missing),
    )


def _urgent(form: Form, answers: Mapping[str, Any], language: str, after: int) -> tuple[Advice, ...]:
    """What to do about urgent answers that do not stop the visit.

    Above a question (``after`` is its number) those of the question before it; on the review (0) all. For reading
    only, so the closures decide alone; the clinicians were told when the answer was saved.
    """
    shown = shown_items(form, answers)
    before = shown[after - 2].id if after > 1 else ""
    raised = [one for one in red_flags(form, answers, ClosuresOnly()) if not one.flag.stops]
    return _flag_words((one for one in raised if after == 0 or before in one.flag.needs), language)


def _moved(request: Request, visit_id: str) -> Response:
    if _wants_json(request):
        raise HTTPException(409)
    return go(f"/visits/{visit_id}/intake")


def _wants_json(request: Request) -> bool:
    return "application/json" in request.headers.get("accept", "")


def _typed_day(sent: Mapping[str, object]) -> tuple[str, ...]:
    """A day typed in three fields as ISO text; what is no day stays as typed for the check to refuse."""
    year, month, day = (field(sent, f"answer-{part}") for part in ("y", "m", "d"))
    if not (year or month or day):
        return ()
    return (f"{year.zfill(4)}-{month.zfill(2)}-{day.zfill(2)}",)


def _whole(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 9 else 0
