"""Every event that a visit's history may hold has words of its own in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from portals.base.i18n import has_message
from portals.ops.words import event_words
from portals.provider.law import plain

ROOT = Path(__file__).resolve().parents[2]


def codes() -> set[str]:
    """The codes that are written in the code: what is appended in the records, and what workflows name."""
    return {code for room in ("records", "workflows") for file in (ROOT / room).rglob("*.py") for code in _of(file)}


def _of(file: Path) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    named = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        said = [one.value for one in call.keywords if one.arg == "event"]
        if getattr(call.func, "id", "") == "append_event" and len(call.args) > 2:
            said.append(call.args[2])
        for one in said:
            value = one.value if isinstance(one, ast.Constant) else named.get(getattr(one, "id", ""))
            if isinstance(value, str):
                yield value


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_event_is_shown_as_its_code(language: str) -> None:
    found = codes()
    assert {"form_submitted", "consent_signed", "drafted", "triaged"} <= found
    bare = {
        code
        for code in found
        if not has_message(language, f"ops.event.{code}") and event_words(language, code) == plain(code)
    }
    assert bare == set()
