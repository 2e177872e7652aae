"""What the page of a specialty shows beside the screen: problems, choices, the way through, what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.requests import Request

from admin_ui.studio.examples import Examples, examples_of
from admin_ui.studio.findings import Findings, files_of, findings_of
from admin_ui.studio.tried import COMPANY, LICENCES, WIDTHS, Tried, query_of
from admin_ui.studio.walk import Screen, Walked
from admin_ui.studio.wording import Grade, Said, grade_of, missing, said_of
from engine.ports import GateRecord
from engine.rulebook import Rulebook
from engine.texts import text_in
from engine.visits import Specialty
from portals.base.formats import Formats
from portals.base.i18n import translator
from portals.base.requests import deps_of, rulebook_of
from portals.base.visitor import visitor
from portals.law.plain import PlainLaw
from portals.law.words import FactWords
from portals.provider.law import GateView, LawCard, law_card
from portals.provider.words import day_in, say_in
from portals.studio.law_links import Told, law_link
from portals.studio.play import Play
from workflows.gatekeeper import LawGateKeeper

Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GateBlock:
    """A gate's answer: its card, and a question to the law for each topic as (words, address); no card: not asked."""

    name: str
    card: LawCard | None
    links: Options


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLine:
    """A screen in the list of all: its words, the address that shows it, and whether it is the one looked at."""

    words: str
    kind: str
    query: str
    is_here: bool
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingView:
    """How the words read: what is missing by language, and the grades."""

    missing: Mapping[str, tuple[Said, ...]]
    grades: tuple[Grade, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlayView:
    """Everything that a walk-through shows beside its screen."""

    query: str
    screen: Screen
    options: Mapping[str, Options]
    map: tuple[MapLine, ...]
    before: str
    after: str
    gates: tuple[GateBlock, ...]
    raised: tuple[Mapping[str, str], ...]
    scores: tuple[Mapping[str, str], ...]
    left_out: tuple[str, ...]
    wording: WordingView
    examples: Examples | None
    is_offered: bool
    width: int


def findings_view(request: Request, specialty_id: str) -> Findings:
    """What is wrong with the newest files, for the people of this clinic."""
    deps, slug = deps_of(request), visitor(request).here.slug
    specialty = deps.content().specialties.get(specialty_id)
    files = files_of(specialty_id, specialty, slug)
    return findings_of(deps.written.problems(), files, deps.settings.root, slug)


def play_view(request: Request, play: Play) -> PlayView:
    """Everything beside the screen; asks the examples of the specialty when they are wished for."""
    walked, tried = play.walked, play.tried
    screen = walked.screen(tried.at)
    before = walked.before(screen)
    return PlayView(
        query=query_of(replace(tried, at=screen.id)),
        screen=screen,
        options=_options(request, play),
        map=tuple(_map(play, visitor(request).language)),
        before=_at(tried, before) if before else "",
        after=_at(tried, walked.after(screen)) if walked.after(screen) != screen else "",
        gates=_gates(request, play),
        raised=tuple(_raised(walked, tried.language)),
        scores=tuple(_scores(walked, tried.language)),
        left_out=tuple(f"{one.form.id}: {name}" for one in walked.forms for name in one.left_out),
        wording=_wording(request, play.specialty, play.offered.languages),
        examples=_examples(request, play.specialty.id) if tried.cases else None,
        is_offered=walked.kind.id in play.clinic.prices,
        width=WIDTHS[tried.width],
    )


def _at(tried: Tried, screen: Screen) -> str:
    return query_of(replace(tried, at=screen.id))


def _options(request: Request, play: Play) -> Mapping[str, Options]:
    t, language = translator(visitor(request).language), visitor(request).language
    say = say_in(language)
    types = play.specialty.visit_types
    return {
        "kind": tuple((name, text_in(types[name].title, language)) for name in play.offered.kinds),
        "state": tuple((code, t(f"state.{code}")) for code in play.offered.states),
        "language": tuple((code, say(f"language.{code}", otherwise=code)) for code in play.offered.languages),
        "width": tuple((name, t(f"studio.width.{name}", pixels=pixels)) for name, pixels in WIDTHS.items()),
        "profession": tuple((code, code) for code in play.offered.professions[play.tried.kind]),
        "licence": tuple((name, t(f"studio.licence.{name}")) for name in LICENCES),
        "company": tuple((name, t(f"studio.company.{name}")) for name in COMPANY),
        "drug": tuple((name, name) for name in play.offered.drugs),
    }


def _map(play: Play, language: str) -> list[MapLine]:
    t, walked = translator(language), play.walked
    here = walked.screen(play.tried.at)
    lines = []
    for screen in walked.screens:
        words = t(f"studio.screen.{screen.kind}")
        state = walked.form(screen.form)
        item = state.form.item(screen.item) if state and screen.item else None
        if item is not None:
            words = text_in(item.text, language)
        elif state is not None and screen.kind == "review":
            words = f"{words}: {text_in(state.form.title, language)}"
        answered = "yes" if state and item and item.id in state.answers else ""
        query = _at(play.tried, screen)
        lines.append(MapLine(words=words, kind=screen.kind, query=query, is_here=screen == here, answer=answered))
    return lines


def _raised(walked: Walked, language: str) -> list[Mapping[str, str]]:
    return [
        {
            "name": f"{state.form.id}:{one.flag.id}",
            "severity": one.flag.severity,
            "text": text_in(one.flag.text, language),
        }
        for state in walked.forms
        for one in state.flags
    ]


def _scores(walked: Walked, language: str) -> list[Mapping[str, str]]:
    return [
        {
            "title": text_in(one.score.title, language),
            "total": "" if one.total is None else str(one.total),
            "most": str(one.score.most),
            "band": text_in(one.band.text, language) if one.band else "",
            "answered": str(one.answered),
            "of": str(one.of),
        }
        for state in walked.forms
        for one in state.tallies
    ]


def _gates(request: Request, play: Play) -> tuple[GateBlock, ...]:
    rulebook, language = rulebook_of(request), visitor(request).language
    law, fmt = PlainLaw(rulebook, language), Formats(language)
    say = say_in(language)
    words = FactWords(say, fmt, law)
    told = _told(request, play, rulebook)
    spoken = {file.topic for file in rulebook.law.files}

    def block(name: str, record: GateRecord | None) -> GateBlock:
        if record is None:
            return GateBlock(name=name, card=None, links=())
        view = GateView(record="", gate=name, open=record.open, decisions=record.decisions)
        topics = [topic for topic in record.decisions if topic in spoken]
        links = tuple((words.topic(topic), law_link(name, topic, play.tried, told)) for topic in topics)
        return GateBlock(name=name, card=law_card(view, law, say, day_in(fmt)), links=links)

    return tuple(block(name, record) for name, record in play.walked.gates.items())


def _told(request: Request, play: Play, rulebook: Rulebook) -> Told:
    day = (deps_of(request).clock.now() + timedelta(days=1)).date().isoformat()
    return Told(plan=play.walked.kind.plan, licenses=play.walked.licenses, rulebook=rulebook, day=day)


def _wording(request: Request, specialty: Specialty, languages: tuple[str, ...]) -> WordingView:
    content = deps_of(request).content()
    names = dict.fromkeys(form for kind in specialty.visit_types.values() for form in kind.intake_forms)
    said = said_of(specialty, [content.form(name) for name in names])
    grades = (grade_of(said, language) for language in languages)
    return WordingView(
        missing={language: found for language in languages if (found := missing(said, language))},
        grades=tuple(one for one in grades if one is not None),
    )


def _examples(request: Request, specialty: str) -> Examples:
    deps = deps_of(request)
    return examples_of(specialty, deps.settings.root, deps.library(), deps.evaluator, LawGateKeeper)
