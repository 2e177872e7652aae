"""A rule that follows another one: its logic with own values, for those it is about and for nobody else."""

import random
from pathlib import Path
from typing import Any

import pytest

from engine.decide import decide
from engine.decisions import Decision, Outcome, Question
from engine.diagnostics import BrokenInput, Problems
from engine.evaluators import ClosuresOnly
from engine.mutations import variants
from engine.reading import read_file
from engine.rulebook import Rulebook
from tests.engine.helpers_law import TOPICS, ask, law

COMMON = (
    "- {id: us/common/open/look, title: Look, when: {law.mild: true, a: true}, then: "
    "{require: look, due: {fact: law.when}, detail: {form: {fact: law.form}}, "
    "met_by: {days: {less: {fact: law.few}}}}}\n"
    "- {id: us/common/open/few, title: Few, when: {law.capped: true}, then: {limit: days, max: {fact: law.few}}}\n"
)
VALUES = (
    "mild: {type: flag, otherwise: false, says: Mild.}, "
    "capped: {type: flag, otherwise: false, says: Capped.}, "
    "few: {type: number, otherwise: 3, says: Few.}, "
    "form: {type: choice, of: [verbal, electronic, written], otherwise: electronic, says: Form.}, "
    "when: {type: choice, of: [before_join, within 3 days of encounter], otherwise: before_join, says: When.}}}"
)


@pytest.fixture(autouse=True)
def topics(monkeypatch: pytest.MonkeyPatch) -> None:
    declared = TOPICS.replace("mild: {type: flag, otherwise: false, says: Mild.}}}", VALUES)
    assert declared != TOPICS
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", declared)


def follow(name: str, like: str, given: str, *, when: str = "", more: str = "") -> str:
    about = f", when: {when}" if when else ""
    head = f"id: us/fl/open/{name}, title: {name}, from: 2000-01-01, cite: s, confidence: high"
    return f"- {{{head}, like: us/common/open/{like}, with: {given}{about}{more}}}\n"


def value(name: str, what: str) -> str:
    return f"  {name}:\n  - {{from: 2000-01-01, is: {what}, cite: s, law: Act, confidence: high}}\n"


def duty(decision: Decision) -> dict[str, Any]:
    return dict(next(iter(decision.duties)))


def test_it_asks_for_what_the_other_asks_with_its_own_values_and_source(tmp_path: Path) -> None:
    red = follow("red", "look", "{mild: true, form: written, few: 9}", when="{color: red}")
    book = law(tmp_path, red, common=COMMON)
    found = duty(ask(book, a=True, color="red", days=4))
    assert (found["rule"], found["title"], found["cite"], found["met"]) == ("us/fl/open/red", "red", ["s"], True)
    assert (found["detail"], found["due"]) == ({"form": "written"}, "before_join")
    assert duty(ask(book, a=True, color="red", days=9))["met"] is False


def test_it_is_never_asked_of_others(tmp_path: Path) -> None:
    book = law(tmp_path, follow("red", "look", "{mild: true}", when="{color: red}"), common=COMMON)
    assert ask(book, a=True, color="green").duties == ()
    assert ask(book, a=False, color="red").duties == ()
    assert ask(book, a=True).missing == ("color",)


def test_what_it_leaves_out_is_what_counts_otherwise_and_never_what_the_state_gives_for_all(tmp_path: Path) -> None:
    mine = follow("red", "look", "{mild: true}", when="{color: red}")
    book = law(tmp_path, mine, values="values:\n" + value("form", "verbal"), common=COMMON)
    assert duty(ask(book, a=True, color="red", days=1))["detail"] == {"form": "electronic"}


def test_it_adds_to_what_all_owe_and_takes_nothing_away(tmp_path: Path) -> None:
    values = "values:\n" + value("mild", "true") + value("form", "written") + value("few", "2")
    looser = follow("red", "look", "{mild: true, form: verbal, few: 9}", when="{color: red}")
    book = law(tmp_path, looser, values=values, common=COMMON)
    found = duty(ask(book, a=True, color="red", days=4))
    assert (found["met"], found["detail"]["form"]) == (False, "written")
    assert set(found["rules"]) == {"us/common/open/look@us/fl", "us/fl/open/red"}


def test_of_two_limits_the_smaller_counts(tmp_path: Path) -> None:
    values = "values:\n" + value("capped", "true") + value("few", "7")
    tighter = follow("red", "few", "{capped: true, few: 4}", when="{color: red}")
    book = law(tmp_path, tighter, values=values, common=COMMON)
    assert ask(book, color="red", days=5).outcome is Outcome.FORBIDDEN
    assert ask(book, color="green", days=5).outcome is Outcome.PERMITTED


def test_guidance_that_follows_a_rule_only_warns(tmp_path: Path) -> None:
    book = law(tmp_path, follow("red", "look", "{mild: true}", more=", authority: guidance"), common=COMMON)
    decision = ask(book, a=True)
    assert (decision.outcome, decision.duties) == (Outcome.PERMITTED, ())
    assert [entry["rule"] for entry in decision.advice] == ["us/fl/open/red"]


def test_when_a_duty_is_due_may_be_a_law_value(tmp_path: Path) -> None:
    late = follow("late", "look", "{mild: true, when: within 3 days of encounter}")
    assert duty(ask(law(tmp_path, late, common=COMMON), a=True, days=1))["due"] == "within 3 days of encounter"


OTHERWISE = "{require: look, due: before_join}"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (follow("x", "nothing", "{mild: true}"), "LAW039"),
        (follow("x", "look", "{mild: true, capped: true}"), "LAW039"),
        (follow("x", "look", "{milt: true}"), "LAW007"),
        (follow("x", "look", "{mild: green}"), "COND004"),
        (follow("x", "look", "{mild: true}", more=f", then: {OTHERWISE}"), "SHAPE002"),
        (follow("x", "look", "{mild: true}").replace(", like: us/common/open/look", ""), "SHAPE002"),
        (follow("x", "look", "{mild: true}").replace("us/common/open/look", "us/fl/open/y")
         + follow("y", "look", "{mild: true}"), "LAW039"),
    ],
)  # fmt: skip
def test_what_follows_nothing_or_gives_what_nobody_asks_for_is_refused(tmp_path: Path, fault: str, code: str) -> None:
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path, fault, common=COMMON)
    assert code in {found.code for found in caught.value.diagnostics}


def test_a_value_that_counts_nowhere_otherwise_must_be_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = TOPICS.replace("mild: {type: flag, otherwise: false, says: Mild.}}}", VALUES)
    declared = declared.replace("few: {type: number, otherwise: 3", "few: {type: number")
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", declared)
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path, follow("x", "look", "{mild: true}"), common=COMMON)
    assert {found.code for found in caught.value.diagnostics} == {"LAW012", "LAW039"}
    book = law(tmp_path / "other", follow("x", "look", "{mild: true, few: 2}"), common=COMMON)
    assert duty(ask(book, a=True, days=1))["met"] is True  # given for this rule alone, it is no value of the state


def test_a_change_of_its_values_is_a_change_of_the_law(tmp_path: Path) -> None:
    book = law(tmp_path, follow("red", "look", "{mild: true, few: 9}", when="{color: red}"), common=COMMON)
    path = tmp_path / "rules" / "us" / "fl" / "open.yaml"
    file = next(one for one in book.law.files if one.jurisdiction == "us/fl" and one.topic == "open")
    node = read_file(path, tmp_path, Problems())
    assert node is not None
    changes = {one.change for one in variants(file, node, book.vocabulary, book.topics) if one.kind == "value"}
    assert changes == {"`is: true` becomes `false`", "`is: 9` becomes `8`", "`is: 9` becomes `10`"}


GIVEN = ("mild: true", "few: 1", "few: 6", "form: verbal", "form: written", "when: within 3 days of encounter")
COLORS = ("red", "green", "blue")


def some_rules(chance: random.Random) -> tuple[list[tuple[str, str]], list[str]]:
    """Rules that follow the common one, each for one color, and whom they are for."""
    found = []
    for number in range(chance.randint(1, 4)):
        parts = {part.split(":")[0]: part for part in chance.sample(GIVEN, chance.randint(1, 4))}
        color = chance.choice(COLORS)
        given = "{" + ", ".join({**parts, "mild": "mild: true"}.values()) + "}"
        found.append((color, follow(f"r{number}", "look", given, when=f"{{color: {color}}}")))
    return found, [text for _, text in found]


def some_facts(chance: random.Random) -> dict[str, Any]:
    told = {"a": chance.random() < 0.8, "color": chance.choice(COLORS), "days": chance.randint(0, 10)}
    return {name: what for name, what in told.items() if chance.random() < 0.9}


@pytest.mark.parametrize("seed", range(8))
def test_both_engines_agree_and_no_variant_reaches_those_it_is_not_for(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rules, texts = some_rules(chance)
    book = law(tmp_path, *texts, common=COMMON)
    alone = {color: only(tmp_path, rules, color) for color in COLORS}
    for _ in range(12):
        facts = some_facts(chance)
        answer = ask(book, **facts)
        told = {"patient": {"location": {"country": "us", "state": "FL"}}, **facts}
        other = decide(book, Question(topic="open", on="2026-12-01", facts=told), ClosuresOnly())
        assert answer.as_json() == other.as_json()
        if "color" in facts:
            assert ask(alone[facts["color"]], **facts).duties == answer.duties


def only(root: Path, rules: list[tuple[str, str]], color: str) -> Rulebook:
    """The law with only the rules of one color: for somebody of that color it must say the same."""
    mine = [text for whom, text in rules if whom == color]
    return law(root / color, *mine, common=COMMON)


OPENS = "few: {type: number, otherwise: 3, says: Few.}, whom: {type: choices, of: colors, says: Whom.}, "
WAYS = (
    "- {id: us/common/open/any-way, title: Any way, when: {color: {in: {fact: law.whom}}}, then: {permit: do}}\n"
    "- {id: us/common/open/by-name, title: By name, like: us/common/open/any-way, "
    "with: {whom: [red]}, when: {law.mild: true, a: true}}\n"
    "- {id: us/common/open/named-way, title: Named, when: {color: {in: {fact: law.whom}}}, "
    "then: {permit: do, path: told}}\n"
    "- {id: us/common/open/by-path, title: By path, like: us/common/open/named-way, "
    "with: {whom: [green]}, when: {law.mild: true, a: true}}\n"
)


def test_a_path_has_the_followers_name_unless_the_other_rule_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what common rules give to the one they follow is asked of no place; that one says nothing by itself."""
    declared = TOPICS.replace("mild: {type: flag, otherwise: false, says: Mild.}}}", VALUES)
    declared = declared.replace("few: {type: number, otherwise: 3, says: Few.}, ", OPENS)
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", declared)
    book = law(tmp_path, values="values:\n" + value("mild", "true"), common=WAYS)
    paths = {color: [dict(one)["path"] for one in ask(book, a=True, color=color).permits] for color in ("red", "green")}
    assert paths == {"red": ["by_name"], "green": ["told"]}
    assert ask(book, a=False, color="red").permits == ()
