"""The rules of signing in: what a clinic's file may say, what holds where it says nothing, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.diagnostics import Problems
from engine.reading import Node, read_file
from engine.sign_in_rules import HOUSE_RULES, ROLES, SHAPE, STAFF_ROLES, read_sign_in


def read(folder: Path, text: str) -> tuple[Node, list[str]]:
    """The node of a text, and the codes of what is wrong with its shape."""
    file = folder / "rules.yaml"
    file.write_text(text)
    problems = Problems()
    node = read_file(file, folder, problems)
    assert node is not None
    SHAPE.check(node, problems)
    return node, [problem.code for problem in problems]


def test_a_file_changes_the_table_line_by_line(tmp_path: Path) -> None:
    node, wrong = read(
        tmp_path,
        "second_factor: {patient: required, support: offered}\nidle_minutes: {provider: 10}\n"
        "fresh_minutes: {sign_note: 5}\n"
        "provider: {issuer: https://login.example.org, client_id: c, label: Example}\n",
    )
    rules = read_sign_in(node)
    assert wrong == []
    assert (rules.needs_second_factor("patient"), rules.needs_second_factor("support")) == (True, False)
    assert rules.needs_second_factor("provider")
    assert rules.idle_seconds("provider") == 600
    assert rules.fresh_seconds("sign_note") == 300
    assert rules.fresh_seconds("send_prescription") == HOUSE_RULES.fresh_seconds("send_prescription")
    assert rules.provider is not None
    assert rules.provider.issuer == "https://login.example.org"
    assert rules.in_demo().needs_second_factor("patient")
    assert not rules.in_demo().needs_second_factor("provider")


@pytest.mark.parametrize(
    "text",
    [
        "second_factor: {patient: sometimes}",
        "second_factor: {janitor: required}",
        "idle_minutes: {provider: 0}",
        "idle_minutes: {provider: 100000}",
        "fresh_minutes: {anything: 5}",
        "provider: {issuer: http://login.example.org, client_id: c, label: l}",
        "provider: {issuer: https://login.example.org, client_id: c, label: l, client_secret: s}",
        "passwords: long",
    ],
)
def test_what_it_may_not_say_is_refused(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text)[1] != []


def test_every_role_has_a_line_and_whoever_works_there_needs_a_second_factor() -> None:
    assert set(HOUSE_RULES.second_factor) == set(HOUSE_RULES.idle_minutes) == set(ROLES)
    assert all(HOUSE_RULES.needs_second_factor(role) for role in STAFF_ROLES)
