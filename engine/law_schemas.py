"""What do the JSON Schemas of the files under `rules/` look like? Derived from the shapes that check them."""

from collections.abc import Mapping

from engine.conditions import json_schema as condition_schema
from engine.law import EFFECTS
from engine.rulebook import SHAPES
from engine.shapes import JsonSchema, schema_document

_CONDITION = {"$ref": "#/$defs/condition"}
_CONDITION_KEYS = ("when", "unless", "met_by")


def law_schemas() -> Mapping[str, JsonSchema]:
    """One JSON Schema 2020-12 document for each kind of file: vocabulary, topics, law, drugs, zones, words."""
    return {kind: _document(kind) for kind in SHAPES}


def _document(kind: str) -> JsonSchema:
    document = schema_document(SHAPES[kind], f"clinicwright {kind}")
    if kind != "law":
        return document
    effects = {"anyOf": [_with_conditions(shape.json_schema()) for shape in EFFECTS.values()]}
    document["$defs"] = {"condition": condition_schema(), "effect": effects}
    return _with_conditions(document)


def _with_conditions(schema: JsonSchema) -> JsonSchema:
    """Let conditions and effects be described where the shapes only say `a condition`."""
    return {key: _described(key, value) for key, value in schema.items()}


def _described(key: str, value: object) -> object:
    if isinstance(value, list):
        return [_described("", part) for part in value]
    if not isinstance(value, dict):
        return value
    if key in _CONDITION_KEYS:
        return {**_CONDITION, "description": value.get("description", "")}
    if key == "then":
        effect = {"$ref": "#/$defs/effect"}
        return {"anyOf": [effect, {"type": "array", "items": effect, "minItems": 1}], "description": "its effects"}
    return {name: _described(name, part) for name, part in value.items()}
