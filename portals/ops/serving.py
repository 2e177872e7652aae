"""Which clinician could see a patient in which state today, and why not where they could not: the law is asked.

It is the search's question (`portals.patient.times`): one visit of one kind, by closures alone, opening nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from starlette.requests import Request

from engine.clinics import ClinicFile
from engine.dossier import Place
from engine.plans import VisitPlan
from engine.ports import GateRecord
from portals.base.formats import Formats
from portals.base.requests import deps_of, rulebook_of
from portals.base.visitor import visitor
from portals.law.plain import PlainLaw
from portals.patient.times import Search, book_gate, offers
from portals.provider.law import GateView, law_card
from portals.provider.words import day_in, say_in
from records.people import ProviderView

SOON = timedelta(hours=1)
MANY = 8
"""Of more states than these a table with a column for each is too wide to read."""
ALL = "all"
YES, NO, OTHERWISE, NOT_OFFERED = "yes", "no", "otherwise", "not_offered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One clinician in one state: ``verdict`` yes, no (forbidden), otherwise (something is open) or not_offered."""

    state: str
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One clinician's line of the table."""

    person: str
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Who may see patients where: ``lines`` for the states looked at, and of a clinic in many all of them as ``able``.

    ``choices`` are the states to look at by code and name, empty where a line shows all; ``state`` the one chosen.
    """

    lines: tuple[Serving, ...]
    able: Mapping[str, tuple[str, ...]]
    choices: tuple[tuple[str, str], ...]
    state: str


def serving(request: Request, kind: str, providers: Sequence[ProviderView], wanted: str) -> Table:
    """The table for one visit type: over the states of a clinic in few, of one in many for the state wanted or all."""
    deps = deps_of(request)
    clinic: ClinicFile = deps.content().clinic(visitor(request).here.slug)
    plan: VisitPlan = deps.content().visit_type(kind).plan
    asked = _Asked(request, clinic, plan)
    if len(clinic.states) <= MANY:
        return Table(lines=_lines(asked, providers, clinic.states), able={}, choices=(), state="")
    able = [one for one in providers if offers(plan, one)]
    choices = sorted(((code, asked.say(f"state.{code}")) for code in clinic.states), key=itemgetter(1))
    state = wanted if wanted in (*clinic.states, ALL) else _home(able, clinic)
    if state == ALL:
        found = {code: tuple(one.display_name for one in able if asked.may(one, code)) for code, _ in choices}
        return Table(lines=(), able=found, choices=tuple(choices), state=state)
    return Table(lines=_lines(asked, able, (state,)), able={}, choices=tuple(choices), state=state)


def _lines(asked: _Asked, providers: Iterable[ProviderView], states: Sequence[str]) -> tuple[Serving, ...]:
    return tuple(
        Serving(person=one.person, name=one.display_name, cells=tuple(asked.cell(one, state) for state in states))
        for one in providers
    )


def _home(providers: Iterable[ProviderView], clinic: ClinicFile) -> str:
    """Where to begin: at home of the first clinician who has one among the states served."""
    homes = (one.home_state for one in providers if one.home_state in clinic.states)
    return next((home for home in homes if home), clinic.states[0])


class _Asked:
    """Asks one state after the other; the answer in the reader's words."""

    def __init__(self, request: Request, clinic: ClinicFile, plan: VisitPlan) -> None:
        self.deps, self.clinic, self.plan = deps_of(request), clinic, plan
        language = visitor(request).language
        rulebook = rulebook_of(request)
        self.words, self.zones = PlainLaw(rulebook, language), rulebook.law.zones
        self.say, self.day = say_in(language), day_in(Formats(language))
        self.now: datetime = self.deps.clock.now()

    def cell(self, provider: ProviderView, state: str) -> Cell:
        if not offers(self.plan, provider):
            return Cell(state=state, verdict=NOT_OFFERED)
        record = self._asked(provider, state)
        if record.open:
            return Cell(state=state, verdict=YES)
        outcomes = {str(one.get("outcome")) for one in record.decisions.values()}
        return Cell(state=state, verdict=NO if "forbidden" in outcomes else OTHERWISE, reason=self._reason(record))

    def may(self, provider: ProviderView, state: str) -> bool:
        return self._asked(provider, state).open

    def _asked(self, provider: ProviderView, state: str) -> GateRecord:
        return book_gate(self._search(state), provider, self.now + SOON, self.deps.search)

    def _search(self, state: str) -> Search:
        place = Place(country="us", state=state, postal_code="", time_zone=self.zones.of(state)[0])
        return Search(
            clinic=self.clinic.slug,
            plan=self.plan,
            place=place,
            hours=self.clinic.hours,
            time_zone=self.clinic.time_zone,
            now=self.now,
        )

    def _reason(self, record: GateRecord) -> str:
        decisions: Mapping[str, Mapping[str, object]] = record.decisions
        asked = GateView(record="", gate="book", open=False, decisions=decisions)
        card = law_card(asked, self.words, self.say, self.day)
        if card.reasons:
            return card.reasons[0].text
        return next((one.text for one in card.duties if not one.met), card.verdict)
