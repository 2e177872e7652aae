"""Which screens would this patient see, one after the other, and what comes of their answers?

A walk-through is worked out anew from the files in force and the choices made: forms ask by their own evaluator, the
gates answer by the law and the clinic's policy, and nothing is written anywhere. An answer that no longer fits its
question, after an edit, is left out and named.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from admin_ui.studio.patient import Scene, arrived, dossier_of, prescribing
from admin_ui.studio.tried import SAMPLE, Tried
from engine.consent_text import ConsentAbout, ConsentText, assemble_consent
from engine.content import Content
from engine.diagnostics import BrokenInput
from engine.dossier import ConsentFact, Dossier, License
from engine.evaluators import Evaluator
from engine.forms import Form, Item
from engine.forms_answers import read_answer
from engine.forms_flags import RaisedFlag, red_flags
from engine.forms_intake import filled_facts, next_item, shown_items
from engine.forms_scores import Tally, tallies
from engine.ports import GateKeeper, GateRecord
from engine.visits import Specialty, VisitType

CONSENT_TOPICS = ("consent", "recording", "privacy")
SAMPLE_WORDS: Mapping[str, str] = {"en": "Sample words", "es": "Palabras de ejemplo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One screen: its id in the address, which kind of page it is, and the form and item of a question."""

    id: str
    kind: str
    form: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FormState:
    """A form as it was answered: answers that fit, those that were left out, flags raised, scores."""

    form: Form
    answers: Mapping[str, Any]
    left_out: tuple[str, ...]
    flags: tuple[RaisedFlag, ...]
    tallies: tuple[Tally, ...]

    @property
    def stops(self) -> bool:
        return any(one.flag.stops for one in self.flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A reminder or a notice afterwards: its template, channels and the instant it is sent."""

    template: str
    channels: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Walked:
    """A whole walk-through. ``gates`` holds what each gate answered; one that could not be asked is None."""

    kind: VisitType
    screens: tuple[Screen, ...]
    forms: tuple[FormState, ...]
    gates: Mapping[str, GateRecord | None]
    consent: ConsentText | None
    consent_decisions: Mapping[str, Mapping[str, Any]]
    notices: tuple[Notice, ...]
    starts_at: datetime
    licenses: tuple[License, ...]

    def form(self, form_id: str) -> FormState | None:
        return next((one for one in self.forms if one.form.id == form_id), None)

    def screen(self, wanted: str) -> Screen:
        """The screen of an id; where it is gone, the first question that waits for an answer, else the first screen."""
        found = next((one for one in self.screens if one.id == wanted), None)
        return found or (self.first_open() if wanted else self.screens[0])

    def after(self, screen: Screen) -> Screen:
        """The next screen, the same at the end."""
        ids = [one.id for one in self.screens]
        place = ids.index(screen.id) + 1 if screen.id in ids else 0
        return self.screens[min(place, len(self.screens) - 1)]

    def before(self, screen: Screen) -> Screen | None:
        """The screen before it, None at the beginning."""
        place = self.screens.index(screen)
        return self.screens[place - 1] if place else None

    def first_open(self) -> Screen:
        for state in self.forms:
            item = next_item(state.form, state.answers)
            found = [one for one in self.screens if item and one.form == state.form.id and one.item == item.id]
            if found:
                return found[0]
        return self.screens[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a walk-through is played on: the content in force, who answers gates and forms, where and when."""

    content: Content
    keeper: GateKeeper
    evaluator: Evaluator
    scene: Scene


def walk_through(tried: Tried, specialty: Specialty, stage: Stage) -> Walked:
    """Plays a visit type of a specialty with these choices."""
    kind = specialty.visit_types[tried.kind]
    forms = tuple(_forms(kind, tried, stage))
    fills: dict[str, Any] = {}
    for state in forms:
        fills |= filled_facts(state.form, state.answers)
    dossier = dossier_of(tried, kind.plan, stage.scene, fills)
    gates, text, decisions = _gates(tried, specialty, dossier, stage)
    return Walked(
        kind=kind,
        screens=tuple(_screens(kind, forms)),
        forms=forms,
        gates=gates,
        consent=text,
        consent_decisions=decisions,
        notices=tuple(_notices(kind, stage.scene)),
        starts_at=stage.scene.starts_at,
        licenses=dossier.provider.licenses,
    )


def _forms(kind: VisitType, tried: Tried, stage: Stage) -> Iterator[FormState]:
    """Each form that is asked: one that waits for a flag only once an earlier one raised it. An emergency ends them."""
    raised: list[str] = []
    seen: set[str] = set()
    while True:
        left = [name for name in kind.plan.asked_forms(raised) if name not in seen]
        if not left:
            return
        seen.add(left[0])
        state = form_state(stage.content.form(left[0]), tried, stage.evaluator)
        raised += [f"{state.form.id}:{one.flag.id}" for one in state.flags]
        yield state
        if state.stops:
            return


def form_state(form: Form, tried: Tried, evaluator: Evaluator) -> FormState:
    """A form with the answers that were told of it."""
    answers: dict[str, Any] = {}
    left_out = []
    prefix = f"{form.id}:"
    for name, raw in tried.told.items():
        item = form.item(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if item is not None and (raw == ("",) and item.optional):
            answers[item.id] = None
        elif item is not None:
            checked = read_told(item, raw, tried.language)
            if checked is not None:
                answers[item.id] = checked
        if name.startswith(prefix) and name.removeprefix(prefix) not in answers:
            left_out.append(name.removeprefix(prefix))
    return FormState(
        form=form,
        answers=answers,
        left_out=tuple(left_out),
        flags=red_flags(form, answers, evaluator),
        tallies=tallies(form, answers),
    )


def read_told(item: Item, raw: tuple[str, ...], language: str) -> Any:
    """A raw answer as the item's value, None where it does not fit. A sample stands for words and photos."""
    if item.type == "text":
        words = SAMPLE_WORDS.get(language, SAMPLE_WORDS["en"])
        return words[: item.max_length] if raw == (SAMPLE,) else None
    if item.type == "photo":
        return {shot.id: "sample" for shot in item.shots} if raw == (SAMPLE,) else None
    checked = read_answer(item, raw)
    return checked.value if checked.problem is None else None


def _screens(kind: VisitType, forms: Iterable[FormState]) -> Iterator[Screen]:
    plan = kind.plan
    kinds = {step.kind for step in plan.steps}
    yield Screen(id="offer", kind="offer")
    yield Screen(id="book", kind="book")
    if "pay" in kinds:
        yield Screen(id="pay", kind="pay")
    for state in forms:
        for item in shown_items(state.form, state.answers):
            yield Screen(id=f"{state.form.id}:{item.id}", kind="question", form=state.form.id, item=item.id)
            if state.stops and any(item.id == one.flag.needs[-1] for one in state.flags if one.flag.stops):
                yield Screen(id="emergency", kind="emergency", form=state.form.id)
                return
        if state.stops:
            yield Screen(id="emergency", kind="emergency", form=state.form.id)
            return
        yield Screen(id=f"{state.form.id}:", kind="review", form=state.form.id)
    yield from (Screen(id=name, kind=name) for name in ("place", "consent") if _STEP[name] in kinds)
    yield Screen(id="waiting", kind="case" if plan.answer_within_seconds else "waiting")
    yield Screen(id="summary", kind="summary")
    if plan.reminders or "follow_up" in kinds:
        yield Screen(id="notices", kind="notices")


_STEP = {"place": "locate", "consent": "consent"}


def _gates(
    tried: Tried, specialty: Specialty, dossier: Dossier, stage: Stage
) -> tuple[dict[str, GateRecord | None], ConsentText | None, Mapping[str, Mapping[str, Any]]]:
    kind, starts = specialty.visit_types[tried.kind], stage.scene.starts_at
    kinds = {step.kind for step in kind.plan.steps}
    gates: dict[str, GateRecord | None] = {"book": _ask(stage, dossier, "book", stage.scene.now)}
    unsigned = arrived(dossier, starts, ())
    before = _ask(stage, unsigned, "join", starts)
    decisions = {name: one for name, one in (before.decisions if before else {}).items() if name in CONSENT_TOPICS}
    text = _consent(tried, kind, decisions, stage) if "consent" in kinds else None
    signed = arrived(dossier, starts, _signed(text, starts) if text else ())
    gates["join"] = _ask(stage, signed, "join", starts)
    seen = starts + timedelta(seconds=kind.plan.duration_seconds)
    if "prescribe" in kinds and specialty.formulary is not None and tried.drug:
        gates["prescribe"] = _ask(stage, prescribing(signed, specialty.formulary, tried.drug, seen), "prescribe", seen)
    gates["sign"] = _ask(stage, signed, "sign", seen)
    return gates, text, decisions


def _ask(stage: Stage, dossier: Dossier, gate: str, at: datetime) -> GateRecord | None:
    try:
        return stage.keeper.ask(dossier, gate, at)
    except BrokenInput:  # two of the choices contradict each other: no visit could be so
        return None


def _consent(
    tried: Tried, kind: VisitType, decisions: Mapping[str, Mapping[str, Any]], stage: Stage
) -> ConsentText | None:
    kinds = sorted({name for step in kind.plan.steps if step.kind == "consent" for name in step.settings["kinds"]})
    about = ConsentAbout(
        language=tried.language,
        jurisdiction=f"us/{tried.state.lower()}",
        clinic=stage.content.clinic(stage.scene.clinic),
        kinds=tuple(kinds),
        guardian=tried.company == "guardian",
        modality=kind.plan.modality,
    )
    return assemble_consent(decisions, stage.content.clauses, about)


def _signed(text: ConsentText, at: datetime) -> tuple[ConsentFact, ...]:
    return tuple(
        ConsentFact(
            kind=kind,
            form=text.form,
            at=at,
            jurisdiction=text.jurisdiction,
            clauses=text.refs_of(kind),
            this_visit=True,
        )
        for kind in text.kinds
    )


def _notices(kind: VisitType, scene: Scene) -> Iterator[Notice]:
    """Reminders in the order they are sent; one that would be before now is none. Follow-ups count from the visit."""
    found = [
        Notice(template=one.template, channels=one.channels, at=scene.starts_at - timedelta(seconds=one.before_seconds))
        for one in kind.plan.reminders
    ]
    ends = scene.starts_at + timedelta(seconds=kind.plan.duration_seconds)
    for step in kind.plan.steps:
        if step.kind == "follow_up" and step.settings.get("template"):
            later = timedelta(seconds=int(step.settings.get("after_seconds", 0)))
            found.append(Notice(template=str(step.settings["template"]), channels=("mail",), at=ends + later))
    yield from sorted((one for one in found if one.at >= scene.now), key=lambda one: one.at)
