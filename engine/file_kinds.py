"""Which kinds of file do people write, where do they lie, and what may each hold?

One table for whoever needs to know: the JSON Schemas, the mapping that an editor goes by, and the tests.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.access_file import SHAPE as ACCESS
from engine.conditions import json_schema as condition_schema
from engine.content import content_schemas
from engine.law import EFFECTS
from engine.law_cases import BULK_SHAPE
from engine.law_examples import EXAMPLES_SHAPE
from engine.rulebook import SHAPES as LAW
from engine.shapes import JsonSchema, Shape, schema_document

_CONDITION = {"$ref": "#/$defs/condition"}
_CONDITION_KEYS = ("when", "unless", "met_by", "show_when", "required_when")
_EFFECT = {"$ref": "#/$defs/effect"}
_FACTS_KEY, _FACTS = "given", {"$ref": "#/$defs/facts"}


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its name, the shape that checks it, and globs from the root; one after `!` takes files out."""

    name: str
    shape: Shape
    places: tuple[str, ...]

    def files(self, root: Path) -> tuple[Path, ...]:
        """Every file of the kind under a root."""
        found: set[Path] = set()
        for place in self.places:
            if place.startswith("!"):
                found -= set(root.glob(place[1:]))
            else:
                found |= set(root.glob(place))
        return tuple(sorted(found))

    def schema(self, paths: Mapping[str, JsonSchema] | None = None) -> JsonSchema:
        """The JSON Schema 2020-12 document, derived from the shape; `paths` are offered wherever facts are named."""
        written = schema_document(self.shape, f"clinicwright {self.name}")
        document = written if self.name in _WITHOUT_LAW else _described(written)
        effects = {"anyOf": [_described(shape.json_schema()) for shape in EFFECTS.values()]}
        facts = {"type": "object", "properties": {**(paths or {})}}
        return {**document, "$defs": {"condition": condition_schema(paths), "effect": effects, "facts": facts}}


_WITHOUT_LAW = frozenset({"visit_cases"})  # its `when` and `then` are what people do and what comes of it
_CONTENT = content_schemas()
_PLACES: Mapping[str, tuple[str, ...]] = {
    "vocabulary": ("rules/vocabulary.yaml",),
    "topics": ("rules/topics.yaml",),
    "law": ("rules/*/*/*.yaml",),
    "drugs": ("rules/*/drugs.yaml",),
    "zones": ("rules/*/zones.yaml",),
    "words": ("rules/*/words.*.yaml",),
    "examples": ("rules/*/examples.yaml",),
    "cases": ("tests/rules/**/*.yaml",),
    "form": ("forms/*/*.yaml", "!forms/consent/clauses.yaml"),
    "clauses": ("forms/consent/clauses.yaml",),
    "specialty": ("specialties/*/specialty.yaml",),
    "note": ("specialties/*/note.yaml",),
    "formulary": ("specialties/*/formulary.yaml",),
    "visit_cases": ("specialties/*/cases.yaml",),
    "safety": ("rules/*/safety.yaml",),
    "clinic": ("clinics/*.yaml",),
    "access": ("engine/access.yaml",),
}
_SHAPES = {**LAW, "examples": EXAMPLES_SHAPE, "cases": BULK_SHAPE, **_CONTENT, "access": ACCESS}
KINDS: tuple[FileKind, ...] = tuple(FileKind(name, shape, _PLACES[name]) for name, shape in _SHAPES.items())


def editor_mapping(kinds: Iterable[FileKind], folder: str) -> Mapping[str, list[str]]:
    """Which files each `<folder>/<kind>.schema.json` is for, as the setting `yaml.schemas` of editors has it."""
    return {f"{folder}/{kind.name}.schema.json": list(kind.places) for kind in kinds}


def _described(schema: JsonSchema) -> JsonSchema:
    """Conditions and effects described where the shapes only say `a condition`."""
    return {key: _part(key, value) for key, value in schema.items()}


def _part(key: str, value: object) -> object:
    if isinstance(value, list):
        return [_part("", part) for part in value]
    if not isinstance(value, dict):
        return value
    if key in _CONDITION_KEYS:
        return {**_CONDITION, "description": value.get("description", "")}
    if key == _FACTS_KEY and "facts by path" in value.get("description", ""):
        return {**value, **_FACTS}
    if key == "then":
        several = {"type": "array", "items": _EFFECT, "minItems": 1}
        return {"anyOf": [_EFFECT, several], "description": "its effects"}
    return {name: _part(name, part) for name, part in value.items()}
