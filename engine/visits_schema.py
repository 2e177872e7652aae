"""What may stand in the files of a specialty's folder?"""

from engine.diagnostics import Problems, listed, nearest
from engine.forms_schema import FORM_ID
from engine.prices import PRICE
from engine.reading import Node, Sort
from engine.shapes import NAME, Flag, JsonSchema, Key, ListOf, MapOf, Number, OneOf, Record, Text
from engine.texts import LANGUAGES, TEXTS
from engine.visits_steps import CHANNELS, DURATION, NOTICES, STEP_KINDS, step_shape

FIELD_TYPES = ("line", "text", "choice", "flag", "number")


class StepShape:
    """A step: each kind has a closed set of settings of its own."""

    words = "a step with its `kind`"

    def check(self, node: Node, problems: Problems) -> None:
        kind = node.get("kind")
        if node.sort is not Sort.MAP or kind is None:
            problems.report("SHAPE002", node.at, key="kind", doc="the kind of step")
        elif kind.raw not in STEP_KINDS:
            hint, allowed = nearest(kind.raw, STEP_KINDS), listed(STEP_KINDS, 30)
            problems.report("VISIT001", kind.at, kind=kind.raw, hint=hint, allowed=allowed)
        else:
            step_shape(kind.raw).check(node, problems)

    def json_schema(self) -> JsonSchema:
        shapes = []
        for kind in STEP_KINDS:
            schema = step_shape(kind).json_schema()
            properties = schema["properties"]
            assert isinstance(properties, dict)
            shapes.append({**schema, "properties": {**properties, "kind": {"const": kind}}})
        return {"oneOf": shapes}


_REMINDER = Record(
    "a reminder",
    {
        "before": Key(DURATION, "how long before the slot's start", required=True),
        "template": Key(OneOf(NOTICES), "the notice to send", required=True),
        "channels": Key(ListOf(OneOf(CHANNELS), least=1), "how; by mail unless written, by text who asked for texts"),
    },
)
_VISIT_TYPE = Record(
    "a visit type",
    {
        "id": Key(NAME, "its id within the specialty", required=True),
        "title": Key(TEXTS, "its name by language", required=True),
        "about": Key(TEXTS, "what it is good for, by language", required=True),
        "modality": Key(NAME, "how they meet, a word of the vocabulary", required=True),
        "recording": Key(Flag(), "whether the encounter is recorded"),
        "duration": Key(DURATION, "how long a slot is", required=True),
        "professions": Key(ListOf(Text(), least=1), "who may practise it", required=True),
        "steps": Key(ListOf(StepShape(), least=1), "the steps a visit walks", required=True),
        "price": Key(PRICE, "what it costs at a clinic that names no price of its own"),
        "buffer": Key(DURATION, "what of the clinician's time stays free after a visit; nothing unless written"),
        "reminders": Key(ListOf(_REMINDER), "notices before the slot's start"),
    },
)
SPECIALTY = Record(
    "a specialty",
    {
        "specialty": Key(NAME, "its id, which is its folder", required=True),
        "languages": Key(LANGUAGES, "its languages", required=True),
        "title": Key(TEXTS, "its name by language", required=True),
        "summary": Key(TEXTS, "what it cares for, by language", required=True),
        "texts": Key(MapOf(TEXTS, NAME), "its own sentences for patients, by name"),
        "visit_types": Key(ListOf(_VISIT_TYPE, least=1), "its visit types", required=True),
    },
)
_NOTE_CHOICE = Record("a choice", {"id": Key(NAME, "its id", True), "text": Key(TEXTS, "its words", True)})
_NOTE_FIELD = Record(
    "a field of a note",
    {
        "id": Key(NAME, "its id within the section", required=True),
        "type": Key(OneOf(FIELD_TYPES), "line, text, choice, flag or a whole number", required=True),
        "label": Key(TEXTS, "its label by language", required=True),
        "help": Key(TEXTS, "a line of help by language"),
        "required": Key(Flag(), "whether the note can be signed without it"),
        "choices": Key(ListOf(_NOTE_CHOICE, least=2), "what is chosen from"),
    },
)
_NOTE_SECTION = Record(
    "a section of a note",
    {
        "id": Key(NAME, "its id", required=True),
        "title": Key(TEXTS, "its heading by language", required=True),
        "fields": Key(ListOf(_NOTE_FIELD, least=1), "its fields", required=True),
    },
)
NOTE = Record(
    "a note template",
    {
        "note": Key(FORM_ID, "its id, `<specialty>/note`", required=True),
        "version": Key(Number(least=1), "a number that grows with each change of meaning", required=True),
        "sections": Key(ListOf(_NOTE_SECTION, least=1), "its sections", required=True),
        "for_patient": Key(ListOf(Text()), "the fields, as `section.field`, that the patient's summary shows"),
    },
)
_SIG = Record(
    "a direction for use",
    {
        "text": Key(TEXTS, "the direction by language", required=True),
        "quantity": Key(Number(decimal=True, least=0.1, most=10000), "how much is dispensed", required=True),
        "unit": Key(Text(), "of what: tablet, mL, ...", required=True),
        "days_supply": Key(Number(least=1, most=365), "for how many days", required=True),
    },
)
_DRUG = Record(
    "a drug of the formulary",
    {
        "name": Key(Text(), "its name in the drug base", required=True),
        "strength": Key(Text(), "the strength", required=True),
        "dose_form": Key(Text(), "tablet, capsule, ...", required=True),
        "schedule": Key(OneOf(("II", "III", "IV", "V")), "of a controlled drug: its schedule, as the drug base has it"),
        "sigs": Key(ListOf(_SIG, least=1), "the usual directions", required=True),
        "refills_most": Key(Number(least=0, most=11), "at most so many refills"),
        "purpose": Key(NAME, "what the treatment is for, a word of the vocabulary"),
        "note": Key(TEXTS, "what a prescriber should think of"),
    },
)
_NEVER = Record(
    "what is not prescribed",
    {
        "names": Key(ListOf(Text(), single=True), "drugs by name"),
        "classes": Key(ListOf(NAME, single=True), "drugs by class"),
        "schedules": Key(ListOf(OneOf(("I", "II", "III", "IV", "V")), single=True), "drugs by schedule"),
        "reason": Key(TEXTS, "why, in words for the prescriber", required=True),
    },
)
FORMULARY = Record(
    "a formulary",
    {
        "formulary": Key(FORM_ID, "its id, `<specialty>/formulary`", required=True),
        "drugs": Key(ListOf(_DRUG, least=1), "what is usually prescribed", required=True),
        "never": Key(ListOf(_NEVER), "what is not prescribed"),
    },
)
