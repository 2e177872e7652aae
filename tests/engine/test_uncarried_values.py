"""A law value that nobody gives never opens a door: the checker asks for it, and until then a person decides."""

from pathlib import Path

import pytest

from engine.decisions import Outcome
from engine.diagnostics import BrokenInput, Problems
from engine.rulebook import Rulebook, join, load_rulebook, read_pack
from tests.engine.helpers_law import TOPICS, ask, law, rule

MOST = "- {id: us/common/open/most, title: Few, then: {limit: days, max: {fact: law.most}}}\n"
NO = "- {id: us/common/open/no, title: No, when: {law.strict: true, a: true}, then: {forbid: do}}\n"
ONLY = "- {id: us/common/open/only, title: Only, when: {color: {not: {in: {fact: law.allowed}}}}, then: {forbid: do}}\n"
ALLOWED = "allowed: {type: choices, may_lack: true, says: Allowed.}, most: "


def broken(root: Path, common: str, values: str = "") -> Rulebook:
    """The rulebook of a law that the checker refuses, read anyway."""
    with pytest.raises(BrokenInput):
        law(root, common=common, values=values)
    pack = read_pack(root, Problems())
    assert pack is not None
    return join(pack)


def entry(name: str, what: str, dates: str = "from: 2000-01-01") -> str:
    return f"values:\n  {name}:\n  - {{{dates}, is: {what}, cite: s, law: Act, confidence: high}}\n"


def codes(root: Path, **parts: str) -> list[tuple[str, str]]:
    with pytest.raises(BrokenInput) as caught:
        law(root, **parts)
    return [(found.code, found.what) for found in caught.value.diagnostics]


@pytest.mark.parametrize(("common", "name"), [(MOST, "most"), (NO, "strict")])
def test_a_state_that_carries_a_topic_gives_every_value_its_common_rules_stand_on(
    tmp_path: Path, common: str, name: str
) -> None:
    what = f"the topic `open` needs `{name}` and this file does not give it"
    assert codes(tmp_path, common=common) == [("LAW012", what)]


def test_a_limit_whose_number_nobody_gives_is_for_a_person(tmp_path: Path) -> None:
    decision = ask(broken(tmp_path, MOST), days=99)
    assert (decision.outcome, [r["why"] for r in decision.review]) == (Outcome.REVIEW, ["law_value_not_carried"])
    assert (decision.review[0]["title"], decision.review[0]["lacks"]) == ("Few", "most")
    assert decision.review[0]["rule"] == "us/common/open/most@us/fl"


def test_a_rule_that_fails_whatever_the_value_is_needs_nobody(tmp_path: Path) -> None:
    book = broken(tmp_path, NO)
    assert ask(book, a=False).outcome is Outcome.PERMITTED
    assert ask(book, a=True).outcome is Outcome.REVIEW
    assert ask(book).missing == ("a",)


def test_who_is_on_a_list_that_nobody_gives_is_for_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", TOPICS.replace("most: ", ALLOWED))
    assert ask(broken(tmp_path, ONLY), color="red").outcome is Outcome.REVIEW


def test_a_value_that_ended_is_for_a_person_from_the_next_day_on(tmp_path: Path) -> None:
    book = law(tmp_path, common=NO, values=entry("strict", "true", "from: 2000-01-01, until: 2026-06-30"))
    assert ask(book, on="2026-06-30", a=True).outcome is Outcome.FORBIDDEN
    after = ask(book, on="2026-07-01", a=True)
    assert (after.outcome, after.review[0]["why"]) == (Outcome.REVIEW, "law_value_not_carried")
    assert ask(book, on="1999-12-31", a=True).outcome is Outcome.PERMITTED  # it had not begun


def test_in_a_gap_a_person_decides(tmp_path: Path) -> None:
    second = "  - {from: 2020-01-01, is: false, cite: s, law: Act, confidence: high}\n"
    book = law(tmp_path, common=NO, values=entry("strict", "true", "from: 2000-01-01, until: 2018-12-31") + second)
    assert ask(book, on="2019-06-01", a=True).outcome is Outcome.REVIEW
    assert ask(book, on="2020-01-01", a=True).outcome is Outcome.PERMITTED


def test_a_duty_stands_in_its_strictest_form_where_its_form_is_unknown(tmp_path: Path) -> None:
    common = (
        "- {id: us/common/open/look, title: Look, then: {require: look, due: before_join, met_by: {days: {at_most: "
        "{fact: law.most}}}, detail: {most: {fact: law.most}}}}\n"
    )
    decision = ask(broken(tmp_path, common), days=1)
    assert (decision.outcome, [(d["met"], d["detail"]) for d in decision.duties]) == (Outcome.REVIEW, [(False, {})])


def test_a_permission_whose_value_nobody_gives_is_unsure(tmp_path: Path) -> None:
    topics = TOPICS.replace("carried_by: state}", "carried_by: state, values: {open: {type: flag, says: Open.}}}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.engine.helpers_law.TOPICS", topics)
        law(tmp_path)
    text = (
        "jurisdiction: us/common\ntopic: gated\nrules:\n- {id: us/common/gated/way, title: Way, "
        "when: {any: [{a: true}, {law.open: true}]}, then: {permit: do}}\n"
    )
    (tmp_path / "rules" / "us" / "common" / "gated.yaml").write_text(text, encoding="utf-8")
    pack = read_pack(tmp_path, Problems())
    assert pack is not None
    book = join(pack)
    unsure = ask(book, "gated", a=False)
    assert (unsure.outcome, unsure.review[0]["why"]) == (Outcome.REVIEW, "permission_uncertain")
    assert ask(book, "gated", a=True).outcome is Outcome.PERMITTED  # whatever the value is


def test_a_rule_that_leans_on_one_without_its_value_is_no_surer(tmp_path: Path) -> None:
    leaning = rule("open/yes", "{forbid: do}", more=", unless: {applies: us/common/open/no}")
    with pytest.raises(BrokenInput):
        law(tmp_path, leaning, common=NO)
    pack = read_pack(tmp_path, Problems())
    assert pack is not None
    assert ask(join(pack), a=True).outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("name", "what", "reason"),
    [
        ("strict", "", "nothing is written here"),
        ("most", "", "nothing is written here"),
        ("strict", "null", "this value is never nothing"),
        ("allowed", "[]", "an empty list would leave out a rule without a word"),
    ],
)
def test_a_blank_value_is_an_error_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str, reason: str
) -> None:
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", TOPICS.replace("most: ", ALLOWED))
    found = codes(tmp_path, values=entry(name, what))
    assert [code for code, _ in found] == ["COND004"]
    assert reason in found[0][1]


def test_what_may_be_nothing_is_written_so(tmp_path: Path) -> None:
    book = law(tmp_path, common=MOST, values=entry("most", "null"))
    assert ask(book, days=99).outcome is Outcome.PERMITTED


def test_a_state_may_say_that_it_lacks_a_law_that_may_be_lacking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", TOPICS.replace("most: ", ALLOWED))
    book = law(tmp_path, common=ONLY, values="without: {allowed: the state has no list}\n")
    assert ask(book, color="red").outcome is Outcome.PERMITTED


@pytest.mark.parametrize("without", ["without: {strict: x}\n", "without: {allowed: x}\n" + entry("allowed", "[red]")])
def test_no_other_law_can_be_left_out_nor_one_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    monkeypatch.setattr("tests.engine.helpers_law.TOPICS", TOPICS.replace("most: ", ALLOWED))
    assert [code for code, _ in codes(tmp_path, values=without)] == ["LAW030"]


@pytest.mark.parametrize(
    "name", ["prescribers", "relationship.establish_via", "electronic.scope", "opioid.initial_days"]
)
def test_the_law_of_a_state_is_refused_when_a_value_is_taken_out(tmp_path: Path, name: str) -> None:
    root = Path(__file__).parents[2]
    for path in [*root.glob("rules/*.yaml"), *root.glob("rules/us/*.yaml"), *root.glob("rules/us/*/prescribing.yaml")]:
        text = path.read_text(encoding="utf-8")
        if path.match("us/fl/prescribing.yaml"):
            text = text.replace(f"  {name}:\n", f"  {name}.gone:\n")
        target = tmp_path / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    with pytest.raises(BrokenInput) as caught:
        load_rulebook(tmp_path)
    assert [found.code for found in caught.value.diagnostics] == ["LAW012", "LAW007"]
