"""One visit step by step: what happened, who did it in which role, what the law said, and how long each thing took."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from portals.base.formats import Formats
from portals.base.i18n import Translate, has_message, translator
from portals.base.requests import in_scope, rulebook_of
from portals.base.templating import render
from portals.base.visitor import visitor
from portals.law.plain import PlainLaw
from portals.ops import verdict_changes
from portals.ops.folding import LOOK, Piece, folded, one_by_one, sort_of
from portals.ops.words import act_words, event_words, kind_titles, lasting, said, title_of
from portals.provider.held import Held
from portals.provider.law import GateView, LawCard, law_card
from portals.provider.words import day_in, say_in
from portals.staff.doors import may_open, require_act
from records.access import Role
from records.acts import Act
from records.replays import Moment, Replay, Verdict
from records.reviews import ReviewQuery, ReviewView
from records.scope import Scope

router = APIRouter(include_in_schema=False)
SORTS = ("event", "gate", "act", LOOK, "notice", "payment", "timer", "retry", "task")
NOTICES = ("queued", "sent", "refused")
GAP = timedelta(seconds=1)
NAMELESS = frozenset({Role.PATIENT, Role.CAREGIVER, Role.SYSTEM})  # by their part alone: nobody's patient is named
SHORT = 19  # of a digest: its kind and enough signs to tell it from others


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Line:
    """A moment as it is shown. ``gap`` is how long nothing had happened before it, empty for less than a second.

    ``inside`` are the looks that one line stands for; ``since`` and ``changes`` what a gate's verdict has new.
    """

    number: int
    sort: str
    at: str
    clock: str
    gap: str
    title: str
    who: str
    tone: str
    stage: str
    stage_code: str
    notes: tuple[str, ...]
    card: LawCard | None = None
    verdict: Verdict | None = None
    outcomes: tuple[tuple[str, str], ...] = ()
    inside: tuple[str, ...] = ()
    state: str = ""
    state_code: str = ""
    since: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is shown of a visit: one sort of moments, what one of its people did, and looks one by one."""

    only: str = ""
    by: str = ""
    looks: bool = False

    def but(self, **other: str | bool) -> str:
        """The address of the same page with something else chosen."""
        asked = replace(self, **other)  # type: ignore[arg-type]
        told = {"only": asked.only, "by": asked.by, "looks": "1" if asked.looks else ""}
        return "?" + urlencode({name: value for name, value in told.items() if value})

    def fits(self, moment: Moment) -> bool:
        return self.only in ("", sort_of(moment)) and self.by in ("", part_of(moment))

    def pieces(self, moments: Iterable[Moment]) -> tuple[Piece, ...]:
        fitting = [one for one in moments if self.fits(one)]
        return one_by_one(fitting) if self.looks or self.only == LOOK else folded(fitting)


@router.get("/ops/visits/{visit}")
async def replay(request: Request, visit: str) -> Response:
    """The replay; each moment has an address of its own, and ``only`` leaves one kind of them."""
    session = require_act(request, Act.REPLAY_VIEWED)
    sees_inbox = may_open(session.role, Act.REVIEWS_VIEWED)
    found, names, matters, held = await in_scope(request, lambda scope: _look(scope, visit, sees_inbox))
    who, told = visitor(request), Teller(request, found, names, held)
    people = told.people()
    chosen = _chosen(request, people)
    lines = told.lines(chosen)
    return render(
        request,
        "ops/replay.html",
        line=found.line,
        stage=said(who.language, "provider.stage", found.line.stage),
        starts=told.fmt.moment(found.line.starts_at, told.zone),
        zone=told.fmt.zone_name(told.zone),
        kind=title_of(kind_titles(request), found.line.specialty, found.line.visit_type),
        clinician=names.get(found.line.provider, told.t("ops.visits.gone")),
        lines=lines,
        sorts=[one for one in SORTS if any(sort_of(moment) == one for moment in found.moments)],
        people=people,
        chosen=chosen,
        withheld=found.withheld,
        matters=matters,
        kinds={one.id: said(who.language, "reviews.kind", one.kind) for one in matters},
        short=lambda digest: digest[:SHORT],
        sees_recordings=may_open(session.role, Act.RECORDINGS_LISTED),
    )


def part_of(moment: Moment) -> str:
    """Whose a moment is, for the choice of a person: by id who works here, by their part who does not."""
    return moment.role if not moment.actor or moment.role in NAMELESS else moment.actor


def _chosen(request: Request, people: Mapping[str, str]) -> Chosen:
    """What the address asks for; anything that cannot be is not asked."""
    asked = request.query_params
    only, by = asked.get("only", ""), asked.get("by", "")
    return Chosen(
        only=only if only in SORTS else "", by=by if by in people else "", looks=asked.get("looks", "") == "1"
    )


def _look(
    scope: Scope, visit: str, sees_inbox: bool
) -> tuple[Replay, Mapping[str, str], Sequence[ReviewView], Held | None]:
    found = scope.replays.of_visit(visit)
    names = {one.person: one.display_name for one in scope.people.providers()} | dict(scope.roster.names())
    matters = scope.reviews.listed(ReviewQuery(visit=visit))[0] if sees_inbox else ()
    return found, names, matters, held_at(scope, found)


def held_at(scope: Scope, found: Replay) -> Held | None:
    """The licences of a visit's clinician; None where they no longer work here."""
    mine = next((one for one in scope.people.providers() if one.person == found.line.provider), None)
    return Held(profession=mine.profession, licenses=mine.licenses) if mine else None


class Teller:
    """Puts the moments of a visit into words."""

    def __init__(self, request: Request, found: Replay, names: Mapping[str, str], held: Held | None = None) -> None:
        who = visitor(request)
        self.language, self.zone = who.language, who.here.time_zone
        self.t: Translate = translator(who.language)
        self.fmt = Formats(who.language)
        self.words = PlainLaw(rulebook_of(request), who.language)
        self.found, self.names, self.held = found, names, held

    def people(self) -> dict[str, str]:
        """Who did something, in the order of their first act: the choice's value and its words."""
        return {part_of(one): self._who(one) for one in self.found.moments if one.role}

    def lines(self, chosen: Chosen | None = None) -> list[Line]:
        before: datetime | None = None
        made = []
        for number, piece in enumerate((chosen or Chosen()).pieces(self.found.moments), 1):
            at = piece.moment.at
            gap = at - before if before is not None else timedelta(0)
            made.append(self._line(number, piece, lasting(self.t, gap) if gap >= GAP else ""))
            before = at
        return made

    def _line(self, number: int, piece: Piece, gap: str) -> Line:
        one = piece.moment
        made = Line(
            number=number,
            sort=sort_of(one),
            at=self._instant(one.at),
            clock=self.fmt.seconds(one.at, self.zone),
            gap=gap,
            title=self._title(one),
            who=self._who(one),
            tone={True: "success", False: "danger", None: ""}[one.good],
            stage=said(self.language, "provider.stage", one.stage) if one.stage else "",
            stage_code=one.stage,
            notes=tuple(self._notes(one)),
        )
        if piece.inside:
            return self._looks(made, piece.inside)
        return self._judged(made, one.verdict) if one.verdict else made

    def _looks(self, line: Line, looks: Sequence[Moment]) -> Line:
        """One line for the looks of a stretch: how many, by whom; each of them inside."""
        count = sum(one.count for one in looks)
        by = list(dict.fromkeys(self._who(one) for one in looks))
        each = (f"{self.fmt.seconds(one.at, self.zone)} · {self._title(one)} · {self._who(one)}" for one in looks)
        title = self.t("replay.look" if count == 1 else "replay.looks", count=count)
        return replace(line, title=title, who="; ".join(by), notes=(), inside=tuple(each))

    def _judged(self, line: Line, verdict: Verdict) -> Line:
        """The law's card, and what it says otherwise than when the same gate was asked before."""
        tell = verdict_changes.Teller(
            language=self.language, zone=self.zone, words=self.words, names_state=not self.found.withheld
        )
        asked = [one.verdict for one in self.found.moments if one.verdict and one.verdict.gate == verdict.gate]
        place = [one.record for one in asked].index(verdict.record)
        before = asked[place - 1] if place else None
        found = verdict_changes.changes(before, verdict, tell) if before else ()
        return replace(
            line,
            card=self.card(verdict),
            verdict=verdict,
            outcomes=self._outcomes(verdict),
            state=verdict_changes.state_of(verdict, self.language) if tell.names_state else "",
            state_code=verdict_changes.code_of(verdict) if tell.names_state else "",
            since=verdict_changes.asked_before(before.asked_at, tell) if before else "",
            changes=found,
        )

    def _instant(self, at: datetime) -> str:
        return f"{self.fmt.short_day(at, self.zone)}, {self.fmt.seconds(at, self.zone)}"

    def _title(self, one: Moment) -> str:
        if one.sort == "event":
            words = event_words(self.language, one.name)
            return self.t("ops.times", what=words, count=one.count) if one.count > 1 else words
        if one.sort == "act":
            words = act_words(self.language, one.name)
            return self.t("ops.times", what=words, count=one.count) if one.count > 1 else words
        if one.sort == "gate":
            key = "ops.gate.open" if one.good else "ops.gate.shut"
            return self.t(key, gate=said(self.language, "provider.law.gate", one.name))
        if one.sort == "notice":
            return self.t("ops.notice", what=said(self.language, "ops.template", one.name))
        if one.sort == "task":
            return self.t("ops.task", what=said(self.language, "provider.alert", one.name))
        if one.sort == "retry":
            key = "ops.retry.stuck" if one.name == "stuck" else "ops.retry.again"
            return self.t(key, count=one.count, step=said(self.language, "provider.step", one.step))
        return said(self.language, f"ops.{one.sort}", one.name)

    def _who(self, one: Moment) -> str:
        """By name who works here, by their part who does not: nobody's patient is named."""
        if not one.role:
            return ""
        role = said(self.language, "ops.role", one.role)
        name = self.names.get(one.actor, "")
        return f"{name}, {role}" if name and one.role not in NAMELESS else role

    def _notes(self, one: Moment) -> Sequence[str]:
        told, t = one.detail, self.t
        notes = []
        if one.sort == "event" and one.step:
            notes.append(t("ops.note.step", step=said(self.language, "provider.step", one.step)))
        if told.get("due"):
            notes.append(t("ops.note.due", at=self._moment(told["due"])))
        if one.sort == "notice":
            audience = said(self.language, "ops.audience", told["audience"])
            channel = said(self.language, "ops.channel", told["channel"])
            state = told["state"] if told["state"] in NOTICES else NOTICES[0]
            notes.append(t(f"ops.note.notice_{state}", audience=audience, channel=channel))
        if one.sort == "payment":
            notes.append(self.fmt.money(int(told["cents"]), told["currency"]))
        if one.sort == "timer":
            notes.append(t(f"ops.note.timer_{told['state']}"))
        if one.sort == "task" and one.until is not None:
            notes.append(t("ops.note.closed", at=self.fmt.moment(one.until, self.zone)))
        if one.sort == "act" and one.count > 1 and one.until is not None:
            notes.append(t("ops.note.until", at=self.fmt.seconds(one.until, self.zone)))
        return notes

    def _moment(self, text: str) -> str:
        try:
            return self.fmt.moment(datetime.fromisoformat(text), self.zone)
        except ValueError:
            return text

    def _outcomes(self, verdict: Verdict) -> tuple[tuple[str, str], ...]:
        return tuple(
            (said(self.language, "ops.topic", topic), said(self.language, "ops.outcome", outcome))
            for topic, outcome in sorted(verdict.outcomes.items())
        )

    def card(self, verdict: Verdict) -> LawCard:
        """The law's card out of what is shown; of a topic that is withheld its outcome counts and nothing else."""
        hidden = {topic: {"outcome": one} for topic, one in verdict.outcomes.items() if topic not in verdict.decisions}
        gate = GateView(
            record=verdict.record,
            gate=verdict.gate,
            open=verdict.open,
            decisions={**verdict.decisions, **hidden},
            held=self.held,
        )
        if not has_message(self.language, f"provider.law.verdict.{verdict.gate}.open"):
            gate = replace(gate, gate="join")
        return law_card(gate, self.words, say_in(self.language), day_in(self.fmt))
