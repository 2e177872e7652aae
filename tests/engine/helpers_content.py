"""Small forms, specialties and clinics for tests, and the real content compiled once."""

from functools import lru_cache
from pathlib import Path

from engine.content import Content, load_content
from engine.diagnostics import Problems
from engine.forms import Form
from engine.forms_compile import compile_form
from engine.reading import Node, read_file, read_text
from engine.vocabulary import Vocabulary, read_vocabulary

ROOT = Path(__file__).parents[2]


@lru_cache
def vocabulary() -> Vocabulary:
    problems = Problems()
    node = read_file(ROOT / "rules" / "vocabulary.yaml", ROOT, problems)
    assert node is not None
    found = read_vocabulary(node, problems)
    problems.stop_if_broken()
    return found


@lru_cache
def content() -> Content:
    return load_content(ROOT)


def intake() -> Form:
    return content().form("urgent_care/intake")


def parsed(text: str) -> Node:
    problems = Problems()
    node = read_text(text, "test.yaml", problems)
    assert node is not None, list(problems)
    return node


HEAD = """\
form: test/form
version: 1
languages: [en]
title: {en: Test}
items:
"""


def form(items: str, form_id: str = "test/form") -> Form:
    """A form of these items (and flags, unindented); fails with the diagnostics when it is broken."""
    problems = Problems()
    found = compile_form(parsed(HEAD + items), form_id, vocabulary(), problems)
    assert found is not None, list(problems)
    return found


def faults(items: str) -> list[tuple[str, int]]:
    """The codes and lines (counted from the first item) that compiling these items reports."""
    problems = Problems()
    compile_form(parsed(HEAD + items), "test/form", vocabulary(), problems)
    return [(d.code, d.location.line - HEAD.count("\n")) for d in problems]
