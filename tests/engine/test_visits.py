"""A specialty's folder compiles to plans; a step that hangs in the air is reported on its line."""

from dataclasses import replace

import pytest

from engine.diagnostics import Problems
from engine.plans import plan_from_json
from engine.visits import Specialty
from engine.visits_compile import Folder, Surroundings, compile_specialty
from engine.visits_schema import StepShape
from engine.visits_steps import STEP_KINDS
from tests.engine.helpers_content import content, form, parsed, vocabulary

HEAD = """\
specialty: test
languages: [en]
title: {en: Test}
summary: {en: Tests}
visit_types:
- id: video
  title: {en: Video}
  about: {en: By video}
  modality: audio_video
  duration: 20 min
  professions: [MD, NP]
  steps:
"""
STEPS = """\
  - {kind: book, hold: 10 min}
  - {kind: pay, after: book}
  - {kind: intake, after: pay, form: test/form}
  - {kind: locate, after: pay}
  - {kind: wait, after: [intake, locate]}
  - {kind: consult, after: wait, gate: join}
  - {kind: document, after: consult, due: 24 h}
"""
NOTE = """\
note: test/note
version: 1
sections:
- id: s
  title: {en: S}
  fields: [{id: why, type: text, required: true, label: {en: Why}}, {id: so, type: line, label: {en: So}}]
for_patient: [s.so]
"""
FORMULARY = """\
formulary: test/formulary
drugs:
- name: cetirizine
  strength: 10 mg
  dose_form: tablet
  sigs: [{text: {en: One a day}, quantity: 30, unit: tablet, days_supply: 30}]
never:
- {classes: [opioid], names: [Ketamine], reason: {en: Not here}}
"""
AROUND = Surroundings(
    forms={"test/form": form("- {id: a, type: boolean, text: {en: A?}}\n")},
    vocabulary=vocabulary(),
    schedules={"cetirizine": None, "oxycodone": "II"},
)


def compiled(
    specialty: str, note: str | None = NOTE, formulary: str | None = None
) -> tuple[Specialty | None, Problems]:
    problems = Problems()
    folder = Folder(
        name="test",
        specialty=parsed(specialty),
        note=parsed(note) if note else None,
        formulary=parsed(formulary) if formulary else None,
    )
    return compile_specialty(folder, AROUND, problems), problems


def faults(steps: str) -> list[tuple[str, int]]:
    _, problems = compiled(HEAD + steps)
    return [(d.code, d.location.line - HEAD.count("\n")) for d in problems]


def replaced(old: str, new: str) -> str:
    assert old in STEPS
    return STEPS.replace(old, new)


FAULTS = [
    ("an unknown kind", replaced("kind: pay", "kind: pey"), ("VISIT001", 2)),
    ("a step twice", STEPS + "  - {kind: pay, after: book}\n", ("VISIT002", 8)),
    ("after a step that is not there", replaced("after: wait", "after: weight"), ("VISIT003", 6)),
    ("steps that wait for each other", replaced("{kind: book,", "{kind: book, after: wait,"), ("VISIT004", 1)),
    ("an unknown form", replaced("test/form", "test/from"), ("VISIT005", 3)),
    ("another gate than the kind's own", replaced("gate: join", "gate: book"), ("VISIT006", 6)),
    ("a gate where none belongs", replaced("{kind: pay,", "{kind: pay, gate: sign,"), ("VISIT006", 2)),
    ("no note to sign", replaced("  - {kind: document, after: consult, due: 24 h}\n", ""), ("VISIT007", 1)),
    ("no place asked", replaced("  - {kind: locate, after: pay}\n", "").replace(", locate]", "]"), ("VISIT007", 1)),
    ("a call before the place is known", replaced("[intake, locate]", "[intake]"), ("VISIT008", 6)),
    ("a note before the call", replaced("document, after: consult", "document, after: wait"), ("VISIT008", 7)),
    ("a length without a unit", replaced("hold: 10 min", "hold: 10"), ("SHAPE003", 1)),
    ("a length of nothing known", replaced("24 h", "24 hrs"), ("VISIT009", 7)),
    ("a setting of another kind", replaced("{kind: pay,", "{kind: pay, hold: 10 min,"), ("SHAPE001", 2)),
    ("a setting left out", replaced(", form: test/form", ""), ("SHAPE002", 3)),
]


@pytest.mark.parametrize(("steps", "expected"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_reported_on_its_line(steps: str, expected: tuple[str, int]) -> None:
    assert expected in faults(steps)


def test_a_form_that_lacks_a_language_of_its_specialty_is_named_where_it_is_asked() -> None:
    _, problems = compiled(HEAD.replace("languages: [en]", "languages: [en, es]") + STEPS)
    assert [d.location.line - HEAD.count("\n") for d in problems if d.code == "VISIT012"] == [3]


def test_a_misspelt_kind_names_the_nearest() -> None:
    _, problems = compiled(HEAD + replaced("kind: consult", "kind: consalt"))
    assert "did you mean `consult`?" in next(d.what for d in problems if d.code == "VISIT001")


def test_a_step_has_its_kinds_gate_and_defaults_in_seconds() -> None:
    specialty, problems = compiled(HEAD + STEPS)
    assert specialty is not None, list(problems)
    plan = specialty.visit_types["video"].plan
    assert plan.step("book").gate == "book"
    assert plan.step("book").settings == {"hold_seconds": 600}
    assert plan.step("document").gate == "sign"
    assert plan.step("document").settings == {"due_seconds": 86400, "repeat_seconds": 86400}
    assert plan.duration_seconds == 1200
    assert specialty.visit_types["video"].intake_forms == ("test/form",)


def test_a_plan_survives_its_journey_as_json() -> None:
    plan = content().visit_type("urgent_care/video_visit").plan
    assert plan_from_json(plan.canonical(), plan.digest) == plan


def test_an_unknown_profession_and_modality_are_refused() -> None:
    text = (HEAD + STEPS).replace("[MD, NP]", "[MD, NPP]").replace("audio_video", "audiovideo")
    assert [d.code for d in compiled(text)[1]] == ["SHAPE004", "SHAPE004"]


def test_a_specialty_needs_its_note() -> None:
    assert [d.code for d in compiled(HEAD + STEPS, note=None)[1]] == ["VISIT010"]


def test_a_summary_can_only_show_fields_of_the_note() -> None:
    assert [d.code for d in compiled(HEAD + STEPS, NOTE.replace("[s.so]", "[s.sow]"))[1]] == ["SHAPE004"]


def test_a_note_names_its_required_fields_that_are_empty() -> None:
    specialty, _ = compiled(HEAD + STEPS)
    assert specialty is not None
    assert specialty.note.missing({"s.so": "x"}) == ("s.why",)
    assert specialty.note.missing({"s.why": "because"}) == ()


FLAGGED = """\
- {id: a, type: boolean, text: {en: A?}}
flags:
- {id: danger, severity: urgent, when: {a: true}, text: {en: Thank you}, advice: {en: Rest}}
cases:
- {name: a danger, given: {a: true}, expect: {flags: [danger]}}
"""


@pytest.mark.parametrize(
    ("only_if", "after", "codes"),
    [
        ("test/form:danger", "intake", []),
        ("test/form:danger", "pay", ["VISIT018"]),
        ("test/form:dangre", "intake", ["VISIT018"]),
        ("test/other:danger", "intake", ["VISIT018"]),
        ("danger", "intake", ["SHAPE005"]),
    ],
)
def test_a_form_may_wait_for_a_flag_of_an_earlier_one(only_if: str, after: str, codes: list[str]) -> None:
    further = f"  - {{kind: intake, id: plan, after: {after}, form: test/plan, only_if: '{only_if}'}}\n"
    forms = {"test/form": form(FLAGGED), "test/plan": form("- {id: b, type: boolean, text: {en: B?}}\n")}
    problems = Problems()
    folder = Folder(name="test", specialty=parsed(HEAD + STEPS + further), note=parsed(NOTE))
    specialty = compile_specialty(folder, replace(AROUND, forms=forms), problems)
    assert [problem.code for problem in problems] == codes
    if specialty is not None:
        plan = specialty.visit_types["video"].plan
        assert plan.asked_forms(()) == ("test/form",)
        assert plan.asked_forms({only_if}) == ("test/form", "test/plan")


def test_a_listed_drug_says_the_schedule_of_the_drug_base() -> None:
    listed = FORMULARY.replace("cetirizine", "oxycodone").replace("  strength", "  schedule: II\n  strength")
    assert not list(compiled(HEAD + STEPS, NOTE, listed)[1])
    assert [d.code for d in compiled(HEAD + STEPS, NOTE, listed.replace("II", "IV"))[1]] == ["VISIT011"]


def test_a_formulary_holds_only_known_drugs_and_no_controlled_one_unsaid() -> None:
    assert not list(compiled(HEAD + STEPS, NOTE, FORMULARY)[1])
    for name in ("oxycodone", "cetirizin"):
        _, problems = compiled(HEAD + STEPS, NOTE, FORMULARY.replace("cetirizine", name))
        assert [d.code for d in problems] == ["VISIT011"]


def test_a_formulary_says_what_is_never_prescribed() -> None:
    specialty, _ = compiled(HEAD + STEPS, NOTE, FORMULARY)
    assert specialty is not None
    assert specialty.formulary is not None
    assert specialty.formulary.refusal("Ketamine", (), "III")
    assert specialty.formulary.refusal("x", ("opioid",), None)
    assert specialty.formulary.refusal("cetirizine", ("antihistamine",), None) is None


def test_every_kind_of_step_has_its_closed_shape() -> None:
    schema = StepShape().json_schema()
    kinds = schema["oneOf"]
    assert isinstance(kinds, list)
    assert len(kinds) == len(STEP_KINDS)
    assert all(kind["additionalProperties"] is False for kind in kinds)


def test_urgent_care_opens_every_gate_of_a_visit() -> None:
    plan = content().visit_type("urgent_care/video_visit").plan
    assert {step.gate for step in plan.steps if step.gate} == {"book", "join", "prescribe", "sign"}
    assert plan.step("book").settings["hold_seconds"] == 600
    assert plan.step("wait").settings["no_show_seconds"] == 900
    assert [reminder.before_seconds for reminder in plan.reminders] == [86400, 900]


def test_urgent_care_prescribes_nothing_controlled() -> None:
    formulary = content().specialties["urgent_care"].formulary
    assert formulary is not None
    assert len(formulary.drugs) >= 12
    assert all(sig.text.keys() == {"en", "es"} for drug in formulary.drugs for sig in drug.sigs)
    assert formulary.refusal("oxycodone", (), "II")
