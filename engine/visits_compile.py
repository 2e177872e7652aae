"""Does a specialty's folder make a specialty, and which plans do its visit types walk?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches

from engine.conditions import Scope
from engine.diagnostics import Problems, listed, nearest
from engine.forms import Form
from engine.packs import digest, written
from engine.plans import Reminder, Step, VisitPlan
from engine.prices import read_price
from engine.reading import Node
from engine.texts import Texts, read_texts, require_languages
from engine.visits import (
    Formulary,
    FormularyDrug,
    Never,
    NoteChoice,
    NoteField,
    NoteSection,
    NoteTemplate,
    Sig,
    Specialty,
    VisitType,
)
from engine.visits_asynchronous import report_asynchronous
from engine.visits_schema import FORMULARY, NOTE, SPECIALTY
from engine.visits_steps import STEP_KINDS, seconds_of, settings_of
from engine.visits_triage import forms_before, levels_of

_EVERY_VISIT_HAS = {
    "book": "A visit that is not booked holds no slot and asks no law.",
    "locate": "The law goes by where the patient is; without it nobody could join.",
    "consult": "Without an encounter there is no visit.",
    "document": "Care that was given is documented and signed.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The files of a specialty's folder as read; `name` is the folder's."""

    name: str
    specialty: Node
    note: Node | None = None
    formulary: Node | None = None

    @property
    def parts(self) -> tuple[Node | None, ...]:
        return (self.specialty, self.note, self.formulary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a specialty may refer to: the compiled forms by id, the vocabulary, and drugs to their schedules.

    `broken` names the forms that are there but did not compile: their own problems are told, none about them.
    `consents` are the kinds of consent that there are words for; without them those of the vocabulary count.
    """

    forms: Mapping[str, Form]
    vocabulary: Scope
    schedules: Mapping[str, str | None]
    broken: frozenset[str] = frozenset()
    consents: tuple[str, ...] = ()


def compile_specialty(folder: Folder, around: Surroundings, problems: Problems) -> Specialty | None:
    """The specialty of a folder; everything wrong is reported, None where it is broken."""
    mine = Problems()
    SPECIALTY.check(folder.specialty, mine)
    if folder.note is None:
        mine.report("VISIT010", folder.specialty.at, file="note.yaml")
    else:
        NOTE.check(folder.note, mine)
    if folder.formulary is not None:
        FORMULARY.check(folder.formulary, mine)
    found = None if mine.errors else _Compiler(folder, around, mine).specialty()
    problems.found.extend(mine.found)
    return None if mine.errors else found


def _spelt_alike(name: str, known: Iterable[str]) -> str:
    """A slip of the fingers and nothing else: another medicine is never suggested."""
    close = get_close_matches(name, [one for one in known if one[:1] == name[:1]], n=1, cutoff=0.85)
    return f"; did you mean `{close[0]}`?" if close else ""


class _Compiler:
    """Compiles the files of one folder, whose shapes are right."""

    def __init__(self, folder: Folder, around: Surroundings, problems: Problems) -> None:
        self._folder = folder
        self._around = around
        self._problems = problems
        self._languages = folder.specialty.texts("languages")

    def specialty(self) -> Specialty:
        node = self._folder.specialty
        self._named(node["specialty"], self._folder.name)
        source = [part.plain() if part is not None else None for part in self._folder.parts]
        visit_types = [self._visit_type(part, digest(source)) for part in node["visit_types"]]
        self._unique(node["visit_types"])
        return Specialty(
            id=self._folder.name,
            title=self._words(node["title"]),
            summary=self._words(node["summary"]),
            languages=self._languages,
            visit_types={kind.plan.visit_type: kind for kind in visit_types},
            note=self._note(),
            formulary=self._formulary(),
            digest=digest(source),
            source=written(source),
            texts={name: self._words(part) for name, part in _entries(node, "texts")},
        )

    def _words(self, node: Node | None) -> Texts:
        require_languages(node, self._languages, self._problems)
        return read_texts(node)

    def _named(self, node: Node, expected: str) -> None:
        if node.raw != expected:
            self._problems.report("FORM012", node.at, found=node.raw, expected=expected)

    def _unique(self, nodes: Iterable[Node]) -> None:
        seen: dict[str, Node] = {}
        for node in nodes:
            first = seen.setdefault(node["id"].raw, node["id"])
            if first is not node["id"]:
                self._problems.report("FORM001", node["id"].at, id=node["id"].raw, line=first.at.line)

    # --- visit types ---

    def _visit_type(self, node: Node, specialty: str) -> VisitType:
        """A visit type; its plan names what it was compiled from by digest, that of the specialty too."""
        steps = self._steps(node)
        forms = tuple(str(step.settings["form"]) for step in steps if step.kind == "intake")
        known = {form: self._around.forms[form].digest for form in forms if form in self._around.forms}
        plan = VisitPlan(
            specialty=self._folder.name,
            visit_type=node.text("id"),
            modality=self._word(node["modality"], "encounter.modality"),
            recording=node.flag("recording"),
            duration_seconds=seconds_of(node["duration"], self._problems),
            professions=tuple(self._word(part, "provider.profession") for part in node["professions"]),
            steps=steps,
            reminders=tuple(self._reminder(part) for part in node.get("reminders") or ()),
            note_template=f"{self._folder.name}/note",
            formulary=f"{self._folder.name}/formulary" if self._folder.formulary is not None else None,
            pins={self._folder.name: specialty, **known},
            buffer_seconds=seconds_of(node["buffer"], self._problems) if "buffer" in node else 0,
        )
        return VisitType(
            id=f"{plan.specialty}/{plan.visit_type}",
            title=self._words(node["title"]),
            about=self._words(node["about"]),
            plan=plan,
            intake_forms=plan.intake_forms,
            price=read_price(node["price"]) if "price" in node else None,
        )

    def _word(self, node: Node, path: str) -> str:
        """A word that the vocabulary allows at a path."""
        kind = self._around.vocabulary.type_of(path)
        return self._one_of(node, kind.choices if kind else ())

    def _one_of(self, node: Node, allowed: tuple[str, ...]) -> str:
        if node.raw not in allowed:
            hint = nearest(node.raw, allowed)
            self._problems.report("SHAPE004", node.at, value=node.raw, hint=hint, allowed=listed(allowed, 20))
        return node.raw

    def _reminder(self, node: Node) -> Reminder:
        before = seconds_of(node["before"], self._problems)
        channels = node.texts("channels") or ("mail",)
        return Reminder(before_seconds=before, template=node.text("template"), channels=channels)

    def _steps(self, node: Node) -> tuple[Step, ...]:
        nodes: dict[str, Node] = {}
        for part in node["steps"]:
            name = part.text("id") or part.text("kind")
            if name in nodes:
                self._problems.report("VISIT002", (part.get("id") or part["kind"]).at, id=name)
            nodes.setdefault(name, part)
        steps = {name: self._step(name, part, nodes) for name, part in nodes.items()}
        circle = _circle(steps)
        if circle:
            names = ", ".join(f"`{name}`" for name in circle)
            self._problems.report("VISIT004", nodes[circle[0]].at, steps=names)
        else:
            self._check_kinds(node, steps, nodes)
            report_asynchronous(node, nodes, self._problems)
            self._check_flags(steps, nodes)
            steps = {name: self._sorted(step, steps, nodes) for name, step in steps.items()}
        return tuple(steps.values())

    def _sorted(self, step: Step, steps: Mapping[str, Step], nodes: Mapping[str, Node]) -> Step:
        """A triage with the level of every flag that was asked for before it."""
        if step.kind != "triage":
            return step
        forms = forms_before(step.id, steps, _all_before(step, steps))
        known = [self._around.forms[form] for form in forms if form in self._around.forms]
        if self._around.broken.intersection(forms):
            return step
        return replace(step, settings={"levels": levels_of(nodes[step.id], known, self._problems)})

    def _step(self, name: str, node: Node, nodes: Mapping[str, Node]) -> Step:
        kind = node.text("kind")
        for part in _afters(node):
            if part.raw not in nodes:
                hint = nearest(part.raw, nodes)
                self._problems.report("VISIT003", part.at, id=part.raw, hint=hint, allowed=listed(nodes, 30))
        known = self._around.forms.keys() | self._around.broken
        if kind == "intake" and node.text("form") not in known:
            form, forms = node["form"], self._around.forms
            self._problems.report(
                "VISIT005", form.at, form=form.raw, hint=nearest(form.raw, forms), allowed=listed(forms)
            )
        if kind == "intake":
            self._check_languages(node["form"])
        if kind == "consent":
            self._check_consents(node)
        gate = node.text("gate") or STEP_KINDS[kind].gate
        if gate != STEP_KINDS[kind].gate:
            own = STEP_KINDS[kind].gate
            expected = f"`{own}`" if own else "none"
            self._problems.report("VISIT006", node["gate"].at, kind=kind, expected=expected, gate=own or "null")
        after = tuple(part.raw for part in _afters(node))
        return Step(id=name, kind=kind, after=after, gate=gate, settings=settings_of(kind, node, self._problems))

    def _check_consents(self, node: Node) -> None:
        """Every kind of consent asked for is one that can be given: a visit would wait for any other for ever."""
        records = self._around.vocabulary.type_of("consents")
        field = records.fields.get("kind") if records else None
        known = self._around.consents or (field.choices if field else ())
        for part in node.get("kinds") or ():
            if known:
                self._one_of(part, known)

    def _check_languages(self, node: Node) -> None:
        """A form asks in every language that the specialty speaks, an instrument in its published words."""
        form = self._around.forms.get(node.raw)
        if form is None:
            return
        for language in self._languages:
            if language not in form.languages:
                self._problems.report("VISIT012", node.at, language=language, form=form.id)
            elif language in form.unverified_languages:
                self._problems.report("VISIT013", node.at, language=language, form=form.id)

    def _check_kinds(self, node: Node, steps: Mapping[str, Step], nodes: Mapping[str, Node]) -> None:
        """Every visit has the kinds it cannot do without, and no step comes before what it stands on."""
        kinds = {step.kind for step in steps.values()}
        for kind, reason in _EVERY_VISIT_HAS.items():
            if kind not in kinds:
                self._problems.report("VISIT007", node["steps"].at, kind=kind, reason=reason)
        for step in steps.values():
            before = {steps[name].kind for name in _all_before(step, steps)}
            for earlier in STEP_KINDS[step.kind].later_than:
                if earlier in kinds and earlier not in before:
                    place = nodes[step.id].at
                    self._problems.report(
                        "VISIT008",
                        place,
                        id=step.id,
                        kind=step.kind,
                        earlier=earlier,
                        reason=STEP_KINDS[step.kind].says,
                    )

    def _check_flags(self, steps: Mapping[str, Step], nodes: Mapping[str, Node]) -> None:
        """A form that waits for a flag comes after the form that can raise it."""
        for step in steps.values():
            form_id, _, flag = str(step.settings.get("only_if", "")).partition(":")
            if not flag or form_id in self._around.broken:
                continue
            earlier = {str(steps[name].settings.get("form")) for name in _all_before(step, steps)}
            form = self._around.forms.get(form_id)
            at, flags = nodes[step.id]["only_if"].at, [one.id for one in form.flags] if form else []
            if form_id not in earlier:
                self._problems.report("VISIT018", at, id=step.id, reason=f"no step before it asks `{form_id}`")
            elif flag not in flags:
                reason = f"`{form_id}` has no flag `{flag}`{nearest(flag, flags)}"
                self._problems.report("VISIT018", at, id=step.id, reason=reason)

    # --- note and formulary ---

    def _note(self) -> NoteTemplate:
        node = self._folder.note
        assert node is not None  # its absence is reported before anything is compiled
        self._named(node["note"], f"{self._folder.name}/note")
        sections = tuple(self._note_section(part) for part in node["sections"])
        self._unique(node["sections"])
        names = [f"{section.id}.{part.id}" for section in sections for part in section.fields]
        for part in node.get("for_patient") or ():
            if part.raw not in names:
                hint = nearest(part.raw, names)
                self._problems.report("SHAPE004", part.at, value=part.raw, hint=hint, allowed=listed(names, 30))
        return NoteTemplate(
            id=node.text("note"),
            version=node.integer("version") or 1,
            sections=sections,
            for_patient=node.texts("for_patient"),
        )

    def _note_section(self, node: Node) -> NoteSection:
        self._unique(node["fields"])
        fields = tuple(self._note_field(part) for part in node["fields"])
        return NoteSection(id=node.text("id"), title=self._words(node["title"]), fields=fields)

    def _note_field(self, node: Node) -> NoteField:
        choices = node.get("choices") or ()
        if node.text("type") == "choice" and not choices:
            self._problems.report("FORM008", node.at, type="choice", key="choices")
        return NoteField(
            id=node.text("id"),
            type=node.text("type"),
            label=self._words(node["label"]),
            help=self._words(node.get("help")),
            required=node.flag("required"),
            choices=tuple(NoteChoice(id=part.text("id"), text=self._words(part["text"])) for part in choices),
        )

    def _formulary(self) -> Formulary | None:
        node = self._folder.formulary
        if node is None:
            return None
        self._named(node["formulary"], f"{self._folder.name}/formulary")
        drugs = tuple(self._drug(part) for part in node["drugs"])
        never = tuple(self._never(part) for part in node.get("never") or ())
        return Formulary(id=node.text("formulary"), drugs=drugs, never=never)

    def _drug(self, node: Node) -> FormularyDrug:
        name, schedules = node.text("name").lower(), self._around.schedules
        if schedules and name not in schedules:
            reason = f"`{name}` is not in the drug base{_spelt_alike(name, schedules)}"
            self._problems.report("VISIT011", node["name"].at, reason=reason)
        elif schedules and (schedules[name] or "") != node.text("schedule"):
            told = f"schedule {schedules[name]}" if schedules[name] else "not controlled"
            reason = f"`{name}` is {told} in the drug base; a listed drug says its schedule"
            self._problems.report("VISIT011", node["name"].at, reason=reason)
        return FormularyDrug(
            name=name,
            strength=node.text("strength"),
            dose_form=node.text("dose_form"),
            sigs=tuple(self._sig(part) for part in node["sigs"]),
            refills_most=node.integer("refills_most") or 0,
            purpose=self._word(node["purpose"], "treatment.purpose") if "purpose" in node else "other",
            note=self._words(node.get("note")),
        )

    def _sig(self, node: Node) -> Sig:
        return Sig(
            text=self._words(node["text"]),
            quantity=node["quantity"].raw,
            unit=node.text("unit"),
            days_supply=node.integer("days_supply") or 0,
        )

    def _never(self, node: Node) -> Never:
        return Never(
            names=tuple(name.lower() for name in node.texts("names")),
            classes=node.texts("classes"),
            schedules=node.texts("schedules"),
            reason=self._words(node["reason"]),
        )


def _entries(node: Node, key: str) -> Iterable[tuple[str, Node]]:
    part = node.get(key)
    return part.items() if part is not None else ()


def _afters(node: Node) -> tuple[Node, ...]:
    part = node.get("after")
    return () if part is None else part.parts or (part,)


def _circle(steps: Mapping[str, Step]) -> tuple[str, ...]:
    """The steps that wait for each other."""
    left = set(steps)
    while True:
        waited_for = {name for step_id in left for name in steps[step_id].after}
        ends = {name for name in left if name not in waited_for or not left & set(steps[name].after)}
        if not ends:
            return tuple(name for name in steps if name in left)
        left -= ends


def _all_before(step: Step, steps: Mapping[str, Step]) -> set[str]:
    """Every step that is finished before one begins."""
    found: set[str] = set()
    waiting = [name for name in step.after if name in steps]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(other for other in steps[name].after if other in steps)
    return found
