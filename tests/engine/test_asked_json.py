"""A question is small: what is deeper, wider or longer than any, or cannot be shown, is refused by its path alone."""

import json
from typing import Any

import pytest

from engine.asked_json import DEEPEST, LONGEST_KEY, LONGEST_TEXT, MOST_ENTRIES, MOST_KEYS, check_size, read_json
from engine.diagnostics import BrokenInput, Location
from engine.values import BadValue, FactType, Kind
from tests.rules.helpers_cases import examples, nested, started

WRITTEN = "secret"


def refused(question: object) -> tuple[str, str]:
    with pytest.raises(BrokenInput) as broken:
        check_size(question)
    (found,) = broken.value.diagnostics
    assert found.code == "ASK006"
    return found.location.path, found.what


def facts(**told: Any) -> dict[str, Any]:
    return {"topic": "licensing", "facts": told}


def deep(levels: int) -> Any:
    return json.loads('{"a":' * levels + "1" + "}" * levels)


TOO_MUCH = [
    (deep(DEEPEST + 1), ".".join("a" * DEEPEST), "levels deep"),
    (deep(600), ".".join("a" * DEEPEST), "levels deep"),
    (facts(a=[1] * (MOST_ENTRIES + 1)), "facts.a", "entries"),
    (facts(**dict.fromkeys(map("a{}".format, range(MOST_KEYS + 1)), 1)), "facts", "keys"),
    (facts(a=[{"b": "x" * (LONGEST_TEXT + 1)}]), "facts.a.0.b", "characters"),
    (facts(**{"x" * (LONGEST_KEY + 1): 1}), "facts", "a key of it"),
    (facts(**{"x\x1b[31m": 1}), "facts", "a key of it holds a control character"),
    (facts(drug={"name": f"{WRITTEN}\x00"}), "facts.drug.name", "a control character"),
    (facts(drug={"name": f"{WRITTEN}\x85"}), "facts.drug.name", "a control character"),
    ({"topic": f"{WRITTEN}\n"}, "topic", "a control character"),
]


@pytest.mark.parametrize(("question", "path", "words"), TOO_MUCH)
def test_what_no_question_holds_is_refused_where_it_stands(question: object, path: str, words: str) -> None:
    at, what = refused(question)
    assert at == path
    assert words in what and WRITTEN not in what


BORDERS = [
    deep(DEEPEST),
    facts(a=[1] * MOST_ENTRIES),
    facts(**dict.fromkeys(map("a{}".format, range(MOST_KEYS)), 1)),
    facts(a="x" * LONGEST_TEXT),
    facts(**{"x" * LONGEST_KEY: 1}),
    facts(a="Ñandú, 日本\u2028\u200b"),
]


@pytest.mark.parametrize("question", BORDERS)
def test_what_is_just_not_too_much_passes(question: object) -> None:
    check_size(question)


def test_every_example_is_a_question_of_its_size() -> None:
    known = examples()
    for name in known:
        check_size({"topic": "licensing", "on": "2026-12-01", "facts": nested(started(name, known))})


@pytest.mark.parametrize(
    ("text", "words"),
    [("9" * 5000, "a number has too many digits"), ("[" * 5000, "nested too deeply")],
)
def test_a_number_or_a_nesting_that_json_itself_cannot_hold_is_told_in_plain_words(text: str, words: str) -> None:
    with pytest.raises(BrokenInput) as broken:
        read_json(text, Location("question"))
    assert broken.value.diagnostics[0].what.endswith(f"({words})") or words in broken.value.diagnostics[0].what


@pytest.mark.parametrize("value", [0.5, 29.999999, 1e-7])
def test_a_fraction_of_what_is_counted_is_no_value(value: float) -> None:
    counted = FactType(Kind.NUMBER, whole=True)
    with pytest.raises(BadValue, match="a whole number"):
        counted.read(value)
    assert counted.read(30.0) == 30
    assert isinstance(counted.read(30.0), int)


@pytest.mark.parametrize("text", ["a\x00", "\x1b[31m", "a\nb", "\x7f"])
def test_a_text_with_a_control_character_is_no_value(text: str) -> None:
    for kind in (FactType(Kind.TEXT), FactType(Kind.CHOICES)):
        with pytest.raises(BadValue, match="control character"):
            kind.read(text if kind.kind is Kind.TEXT else [text])
