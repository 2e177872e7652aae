"""Several rules that ask for one duty leave it in its strictest form, met only when every part of it is."""

from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.decide_duties import merged, strictest
from engine.decisions import Outcome
from tests.engine.helpers_law import ask, law, rule

FORMS = ("verbal", "electronic", "written")
ORDERS = {"form": FORMS}
DUE = ("before_booking", "before_join", "before_prescribe", "before_sign", "within 3 days of encounter")


def look(due: str = "before_join", met: str = "b", detail: str = "{}") -> str:
    return f"{{require: look, due: {due}, met_by: {{{met}: true}}, detail: {detail}}}"


def entry(number: int, met: bool, due: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {"duty": "look", "due": due, "met": met, "detail": detail, "rule": f"r{number}", "cite": [f"s{number}"]}


def test_one_duty_is_left_met_only_when_all_of_it_is_and_due_at_the_earlier_point(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/one", look("before_sign")), rule("open/two", look(met="c")))
    decision = ask(book, b=True)
    assert [(d["met"], d["due"], d["rules"]) for d in decision.duties] == [
        (False, "before_join", ["us/fl/open/one", "us/fl/open/two"])
    ]
    assert decision.outcome is Outcome.PERMITTED_WITH_DUTIES
    assert ask(book, b=True, c=True).outcome is Outcome.PERMITTED


def test_a_duty_says_which_kind_of_law_asks_for_it_and_of_several_the_weakest(tmp_path: Path) -> None:
    board, payer = ", authority: board_rule", ", authority: payer"
    same = law(tmp_path / "same", rule("open/one", look(), more=board), rule("open/two", look(), more=board))
    both = law(tmp_path / "both", rule("open/one", look(), more=board), rule("open/two", look(), more=payer))
    assert ask(same).duties[0]["authority"] == "board_rule"
    assert ask(both).duties[0]["authority"] == "payer"


def test_the_stricter_form_and_all_disclosures_are_asked_for() -> None:
    one, two = {"form": "verbal", "disclosures": ["fees"]}, {"form": "written", "disclosures": ["risks", "fees"]}
    assert strictest(one, two, ORDERS) == {"form": "written", "disclosures": ["fees", "risks"]}
    assert strictest({"form": "electronic"}, {}, ORDERS) == {"form": "electronic"}
    assert strictest({"signed": False}, {"signed": True}, ORDERS) == {"signed": True}


def test_of_words_that_nobody_put_into_an_order_all_are_asked_for() -> None:
    assert strictest({"consent": "treatment"}, {"consent": "guardian"}, ORDERS) == {
        "consent": ["treatment", "guardian"]
    }
    assert strictest({"a": {"b": 1}}, {"a": {"b": 2}}, ORDERS) == {"a": [{"b": 1}, {"b": 2}]}


def test_duties_due_within_a_time_of_something_stay_apart_from_those_due_at_a_gate(tmp_path: Path) -> None:
    later = look("within 3 days of encounter")
    decision = ask(law(tmp_path, rule("open/one", look()), rule("open/two", later)))
    assert [duty["due"] for duty in decision.duties] == ["before_join", "within 3 days of encounter"]


def test_a_duty_is_no_surer_than_the_least_sure_rule_that_asks_for_it(tmp_path: Path) -> None:
    low, high = rule("open/one", look(), confidence="low"), rule("open/two", look())
    assert ask(law(tmp_path / "both", low, high)).duties[0]["confidence"] == "low"
    assert ask(law(tmp_path / "low", low)).duties[0]["confidence"] == "low"


DETAILS = st.fixed_dictionaries(
    {},
    optional={"form": st.sampled_from(FORMS), "disclosures": st.lists(st.sampled_from("abc"), max_size=3, unique=True)},
)
ENTRIES = st.lists(
    st.builds(entry, st.integers(0, 4), st.booleans(), st.sampled_from(DUE), DETAILS), min_size=1, max_size=5
)


@given(ENTRIES, ENTRIES)
def test_one_more_rule_never_loosens_a_duty(few: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    before, after = merged(few, ORDERS), merged([*few, *more], ORDERS)
    for old in before:
        new = next(d for d in after if (d["due"] in DUE[:4]) == (old["due"] in DUE[:4]))
        assert old["met"] or not new["met"]
        assert DUE.index(new["due"]) <= DUE.index(old["due"])
        assert set(old["detail"].get("disclosures", ())) <= set(new["detail"].get("disclosures", ()))
        if "form" in old["detail"]:
            assert FORMS.index(new["detail"]["form"]) >= FORMS.index(old["detail"]["form"])
        assert set(old["cite"]) <= set(new["cite"])


@given(ENTRIES)
def test_the_order_of_rules_changes_nothing_that_is_asked(entries: list[dict[str, Any]]) -> None:
    def said(duties: tuple[Any, ...]) -> list[Any]:
        plain = [(d["met"], d["due"], d["detail"].get("form")) for d in duties]
        return sorted(plain, key=repr) + sorted(sorted(d["detail"].get("disclosures", ())) for d in duties)

    assert said(merged(entries, ORDERS)) == said(merged(entries[::-1], ORDERS))
