"""How the API describes itself: the OpenAPI document of its routes, with the shapes of question and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.decision_schema import DECISION as ANSWERED
from engine.decision_schema import QUESTION as ASKED

TEXT: Mapping[str, Any] = {"type": "string"}
OBJECT: Mapping[str, Any] = {"type": "object"}
QUESTION: Mapping[str, Any] = ASKED.json_schema()
DECISION: Mapping[str, Any] = ANSWERED.json_schema()
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
            "properties": {"code": TEXT, "what": TEXT, "diagnostics": {"type": "array", "items": DIAGNOSTIC}},
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
