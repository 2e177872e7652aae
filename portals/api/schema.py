"""How the API describes itself: the OpenAPI document of its routes, with the shapes of question and answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from engine.decisions import Decision, Outcome

TEXT: Mapping[str, Any] = {"type": "string"}
MAYBE_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
OBJECT: Mapping[str, Any] = {"type": "object"}
ENTRIES: Mapping[str, Any] = {"type": "array", "items": OBJECT}

QUESTION: Mapping[str, Any] = {
    "type": "object",
    "description": "One question: topic, facts and the two times of the law.",
    "required": ["topic", "on", "facts"],
    "additionalProperties": False,
    "properties": {
        "topic": {**TEXT, "description": "A family of rules, such as licensing or prescribing."},
        "on": {**TEXT, "description": "The instant asked about, with its offset, or a local day YYYY-MM-DD."},
        "known_at": {**MAYBE_TEXT, "description": "What had been released by this instant; null for what is in force."},
        "clinic": {**MAYBE_TEXT, "description": "The clinic whose policy counts too; null for the law alone."},
        "facts": {**OBJECT, "description": "Nested facts, every path declared in the vocabulary."},
    },
}
_LISTS = ("permits", "forbids", "duties", "limits", "advice", "review", "tried")
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "outcome": {**TEXT, "enum": [outcome.value for outcome in Outcome]},
    "missing": {"type": "array", "items": TEXT},
    "presumed": OBJECT,
    "sources": OBJECT,
    "law_time": MAYBE_TEXT,
    "known_time": MAYBE_TEXT,
    "overlay": MAYBE_TEXT,
    **dict.fromkeys(_LISTS, ENTRIES),
}
DECISION: Mapping[str, Any] = {
    "type": "object",
    "required": [part.name for part in fields(Decision)],
    "properties": {part.name: _KINDS.get(part.name, TEXT) for part in fields(Decision)},
}
DIAGNOSTIC: Mapping[str, Any] = {
    "type": "object",
    "required": ["code", "severity", "location", "what", "why", "fix"],
    "properties": {
        **dict.fromkeys(("code", "severity", "what", "why", "fix"), TEXT),
        "location": OBJECT,
    },
}
ERROR: Mapping[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": TEXT, "diagnostics": {"type": "array", "items": DIAGNOSTIC}},
        }
    },
}


def answer(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """One answer of an operation as OpenAPI writes it."""
    return {"description": description, "content": {"application/json": {"schema": schema}}}


DECISIONS: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": QUESTION}}},
    "responses": {
        "200": answer("The decision, whatever its outcome.", DECISION),
        "401": answer("This question takes a staff session of the clinic.", ERROR),
        "413": answer("The question is too long.", ERROR),
        "422": answer("The question is broken; every problem has a number.", ERROR),
        "429": answer("Too many questions; Retry-After says when.", ERROR),
    },
}
