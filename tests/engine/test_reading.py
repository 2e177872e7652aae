"""Reading is strict, keeps positions and reports everything at once."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.diagnostics import Problems
from engine.reading import Node, Sort, read_bytes, read_file, read_text


def read(text: str) -> tuple[Node | None, list[tuple[str, int, int]]]:
    problems = Problems()
    node = read_text(text, "a.yaml", problems)
    return node, [(d.code, d.location.line, d.location.column) for d in problems]


@pytest.mark.parametrize(
    "raw", ["yes", "no", "on", "off", "Yes", "True", "12:30", "2026-01-01", "1e3", "007", "0x1F", "1_000"]
)
def test_surprising_scalars_stay_text(raw: str) -> None:
    node, found = read(f"a: {raw}\n")
    assert not found
    assert node is not None
    assert node["a"].scalar == raw


@pytest.mark.parametrize(
    ("raw", "value"), [("true", True), ("12", 12), ("-3", -3), ("1.10", 1.1), ("~", None), ("", None)]
)
def test_plain_values_have_their_type(raw: str, value: object) -> None:
    node, found = read(f"a: {raw}\n")
    assert not found
    assert node is not None
    assert node["a"].scalar == value


def test_a_key_called_on_is_text() -> None:
    node, _ = read("on: 2026-06-30\n")
    assert node is not None
    assert "on" in node


def test_every_value_knows_its_place() -> None:
    node, _ = read("a:\n  - b: 1\n    c: [x, y]\n")
    assert node is not None
    inner = node["a"].parts[0]["c"].parts[1]
    assert (inner.at.line, inner.at.column) == (3, 12)
    assert inner.sort is Sort.TEXT


def test_duplicates_aliases_and_tags_are_refused_in_one_pass() -> None:
    _, found = read("a: 1\na: 2\nb: &x [1]\nc: *x\nd: !odd y\n<<: {e: 1}\n")
    assert [code for code, _, _ in found] == ["READ002", "READ003", "READ003", "READ003", "READ003"]
    assert [line for _, line, _ in found] == [2, 3, 3, 5, 6]


def test_broken_yaml_is_one_diagnostic_with_its_line() -> None:
    node, found = read("a: 1\nb: [1, 2\nc: 3\n")
    assert node is None
    assert found[0][0] == "READ001"
    assert found[0][1] >= 2


def test_text_that_is_not_utf8_is_refused() -> None:
    problems = Problems()
    assert read_bytes(b"a: \xff\n", "a.yaml", problems) is None
    assert [d.code for d in problems] == ["READ007"]


def test_an_empty_file_says_so() -> None:
    assert read("# only a comment\n")[1] == [("READ004", 1, 1)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[" * 64 + "]" * 64, None),
        ("a: 1\nb: " + "[" * 64 + "]" * 64, (2, 67)),  # with the mapping around it one level too many
        ("a:\n" + "- " * 64 + "x", (2, 127)),
        ("".join(f"{' ' * level}a:\n" for level in range(70)), (65, 65)),
        ("a: 1\nb: " + "[" * 200_000, (2, 67)),  # the parser itself would end the process
        ("a: 1\nb: " + "[" * 200_000 + "]" * 200_000, (2, 67)),
        ("- " * 100_000 + "x", (1, 129)),
        ("? " * 100_000 + "x", (1, 129)),
        ('"]": ' + '["]", ' * 100_000, (1, 6 + 63 * 6)),
    ],
)
def test_nesting_deeper_than_anybody_writes_is_told_where_it_begins(text: str, place: tuple[int, int] | None) -> None:
    _, found = read(text)
    assert found == ([("READ001", *place)] if place else [])


def test_a_long_text_that_is_not_deep_is_read() -> None:
    node, found = read("- [1, {a: 2}]\n" * 1_100)
    assert node is not None and len(node.parts) == 1_100 and not found


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}\"'#&*!|>%@`?, \n\t~0.1"), max_size=60))
def test_whatever_is_written_is_read_or_reported(text: str) -> None:
    node, found = read(text)
    assert node is not None or found
    assert all(line >= 1 and column >= 1 for _, line, column in found)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("a: 1\nb: &anchor 2\n", "READ003", (2, 4)),
        ("a: [&x 1]\n", "READ003", (1, 5)),
        ("a: 1\nbé: 'x\0y'\n", "READ001", (2, 7)),
    ],
)
def test_what_is_not_used_here_is_told_where_it_stands(text: str, code: str, place: tuple[int, int]) -> None:
    problems = Problems()
    read_text(text, "a.yaml", problems)
    assert [(d.code, (d.location.line, d.location.column)) for d in problems] == [(code, place)]


def test_an_ampersand_in_a_sentence_is_no_anchor() -> None:
    problems = Problems()
    read_text("law: Bus. & Prof. Code &c.\nquoted: '&x'\n", "a.yaml", problems)
    assert not problems.found


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    problems = Problems()
    assert read_file(tmp_path / "rules" / "gone.yaml", tmp_path, problems) is None
    assert [(d.code, str(d.location)) for d in problems] == [("READ006", "rules/gone.yaml:1:1")]
