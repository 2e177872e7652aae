"""Rules add up: any forbid forbids, duties join, limits shrink, uncertainty tightens, the unknown is named."""

from pathlib import Path

import pytest

from engine.decisions import Decision, Outcome
from engine.diagnostics import BrokenInput, Problems
from engine.overlays import OwnLaw
from engine.reading import read_text
from engine.rulebook import join
from tests.engine.helpers_law import ask, law, rule

FORBID, PERMIT = "{forbid: do}", "{permit: do}"
LOOK = "{require: look, due: before_join, met_by: {b: true}}"
A = "{a: true}"


def whys(decision: Decision) -> list[str]:
    return [entry["why"] for entry in decision.review]


def test_without_rules_everything_is_permitted_where_no_permit_is_needed(tmp_path: Path) -> None:
    assert ask(law(tmp_path)).outcome is Outcome.PERMITTED


def test_without_a_path_nothing_is_permitted_where_one_is_needed(tmp_path: Path) -> None:
    assert ask(law(tmp_path), "gated").outcome is Outcome.FORBIDDEN


def test_one_forbid_is_enough(tmp_path: Path) -> None:
    book = law(tmp_path, rule("gated/yes", PERMIT), rule("gated/no", FORBID, when=A))
    assert ask(book, "gated", a=True).outcome is Outcome.FORBIDDEN
    assert ask(book, "gated", a=False).outcome is Outcome.PERMITTED


def test_an_unknown_forbid_is_incomplete_and_named(tmp_path: Path) -> None:
    decision = ask(law(tmp_path, rule("open/no", FORBID, when=A)))
    assert (decision.outcome, decision.missing) == (Outcome.INCOMPLETE, ("a",))


def test_a_sure_forbid_makes_the_unknown_irrelevant(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/no", FORBID, when=A), rule("open/never", FORBID, when="{b: true}"))
    decision = ask(book, b=True)
    assert (decision.outcome, decision.missing) == (Outcome.FORBIDDEN, ())


def test_a_sure_path_makes_an_unknown_path_irrelevant(tmp_path: Path) -> None:
    book = law(tmp_path, rule("gated/one", PERMIT, when=A), rule("gated/two", PERMIT, when="{b: true}"))
    assert ask(book, "gated", a=True).outcome is Outcome.PERMITTED
    assert ask(book, "gated", a=False).missing == ("b",)
    assert ask(book, "gated", a=False, b=False).outcome is Outcome.FORBIDDEN


@pytest.mark.parametrize("confidence", ["low", "unknown"])
def test_an_unsure_permission_asks_for_a_person(tmp_path: Path, confidence: str) -> None:
    decision = ask(law(tmp_path, rule("gated/yes", PERMIT, confidence=confidence)), "gated")
    assert (decision.outcome, whys(decision)) == (Outcome.REVIEW, ["permission_uncertain"])
    assert decision.permits == ()


def test_a_sure_permission_beside_an_unsure_one_is_enough(tmp_path: Path) -> None:
    book = law(tmp_path, rule("gated/low", PERMIT, confidence="low"), rule("gated/yes", PERMIT))
    assert ask(book, "gated").outcome is Outcome.PERMITTED


def test_an_unsure_restriction_applies_and_says_how_sure_it_is(tmp_path: Path) -> None:
    decision = ask(law(tmp_path, rule("open/no", FORBID, confidence="low")))
    assert decision.outcome is Outcome.FORBIDDEN
    assert decision.forbids[0]["confidence"] == "low"


@pytest.mark.parametrize("effect", [FORBID, LOOK, "{limit: days, max: 3}"])
def test_a_restriction_of_unknown_date_is_for_review_before_it_was_checked(tmp_path: Path, effect: str) -> None:
    book = law(tmp_path, rule("open/no", effect, begins="unknown"))
    assert whys(ask(book, on="2026-11-20", days=1)) == ["date_uncertain"]
    assert whys(ask(book, on="2026-11-21", days=1)) == []


def test_a_rule_of_another_day_does_not_count(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/no", FORBID, begins="2027-01-01"))
    assert ask(book, on="2026-12-31").outcome is Outcome.PERMITTED
    assert ask(book, on="2027-01-01").outcome is Outcome.FORBIDDEN


def test_until_is_the_last_day_in_force(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/no", FORBID, more=", until: 2026-12-31"))
    assert ask(book, on="2026-12-31").outcome is Outcome.FORBIDDEN
    assert ask(book, on="2027-01-01").outcome is Outcome.PERMITTED


def test_duties_add_up_and_are_met_one_by_one(tmp_path: Path) -> None:
    ask_too = "{require: ask, due: before_join, met_by: {c: true}}"
    book = law(tmp_path, rule("open/look", LOOK), rule("open/ask", ask_too))
    assert ask(book, b=True, c=True).outcome is Outcome.PERMITTED
    decision = ask(book, b=True)
    assert decision.outcome is Outcome.PERMITTED_WITH_DUTIES
    assert {entry["duty"]: entry["met"] for entry in decision.duties} == {"look": True, "ask": False}


def test_a_duty_whose_meeting_is_untold_is_unmet_and_makes_nothing_incomplete(tmp_path: Path) -> None:
    decision = ask(law(tmp_path, rule("open/look", LOOK)))
    assert (decision.outcome, decision.missing) == (Outcome.PERMITTED_WITH_DUTIES, ())


def test_whether_a_duty_applies_matters_unless_it_is_met_anyway(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/look", LOOK, when=A))
    assert ask(book).missing == ("a",)
    assert ask(book, b=True).outcome is Outcome.PERMITTED


@pytest.mark.parametrize(
    ("owed", "open_one", "missing"),
    [
        ("before_join", "before_join", ()),
        ("before_join", "before_sign", ()),
        ("before_sign", "before_join", ("a",)),  # the gate in between would open on a duty nobody asked about
        ("within 72 hours of encounter", "before_sign", ("a",)),
        ("before_booking", "within 72 hours of encounter", ("a",)),
    ],
)
def test_whether_a_duty_applies_changes_nothing_while_another_keeps_the_same_gate_shut(
    tmp_path: Path, owed: str, open_one: str, missing: tuple[str, ...]
) -> None:
    ask_too = f"{{require: ask, due: {owed}, met_by: {{c: true}}}}"
    book = law(tmp_path, rule("open/look", LOOK.replace("before_join", open_one), when=A), rule("open/ask", ask_too))
    decision = ask(book)
    assert decision.missing == missing
    assert decision.outcome is (Outcome.INCOMPLETE if missing else Outcome.PERMITTED_WITH_DUTIES)
    assert ask(book, c=True).missing == ("a",)  # met, it no longer stands before the other
    assert ask(book, a=True).outcome is ask(book, a=False).outcome is Outcome.PERMITTED_WITH_DUTIES


@pytest.mark.parametrize("own", ["clinic/open/ask", "clinic/open/look"])
def test_an_unmet_duty_of_a_clinic_hides_nothing_that_the_law_asks(tmp_path: Path, own: str) -> None:
    asks = own.rpartition("/")[2]
    policy = f"- {{id: {own}, title: Own, then: {{require: {asks}, due: before_join, met_by: {{c: true}}}}}}\n"
    node = read_text(policy, "clinics/a.yaml", Problems())
    plain = law(tmp_path, rule("open/look", LOOK, when=A))
    for book in (plain, join(plain.law, node)):
        decision = ask(book)
        assert (decision.outcome, decision.missing) == (Outcome.INCOMPLETE, ("a",))


def test_guidance_that_a_clinic_lets_block_hides_nothing_either(tmp_path: Path) -> None:
    guidance = rule("open/ask", "{require: ask, due: before_join, met_by: {c: true}}", more=", authority: guidance")
    plain = law(tmp_path, rule("open/look", LOOK, when=A), guidance)
    node = read_text("[us/fl/open/ask]", "clinics/a.yaml", Problems())
    book = join(plain.law, OwnLaw(guidance=node))
    assert ask(plain).missing == ask(book).missing == ("a",)
    assert [duty["duty"] for duty in ask(book, a=False).duties] == ["ask"]


def test_whether_a_person_must_decide_matters_while_a_duty_is_unmet(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/who", "{review: somebody}", when=A), rule("open/look", LOOK))
    assert ask(book).missing == ("a",)
    doubtful = rule("open/ask", "{require: ask, due: before_join}", when=A, begins="'2026'")
    book = law(tmp_path / "doubtful", doubtful, rule("open/look", LOOK))
    assert ask(book).missing == ("a",)


def test_the_smaller_limit_counts_and_beyond_it_the_act_is_forbidden(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/ten", "{limit: days, max: 10}"), rule("open/three", "{limit: days, max: 3}"))
    decision = ask(book, days=3)
    assert (decision.outcome, [entry["max"] for entry in decision.limits]) == (Outcome.PERMITTED, [3])
    refused = ask(book, days=4)
    assert (refused.outcome, refused.forbids[0]["because"]) == (Outcome.FORBIDDEN, {"days": 4})
    assert ask(book).missing == ("days",)


def test_sets_allowed_by_several_rules_shrink_to_what_all_allow(tmp_path: Path) -> None:
    one, two = "{limit: color, to: [red, green]}", "{limit: color, to: [green, blue]}"
    book = law(tmp_path, rule("open/one", one), rule("open/two", two))
    assert ask(book, color="green").limits[0]["to"] == ["green"]
    assert ask(book, color="red").outcome is Outcome.FORBIDDEN


def test_a_limit_in_numbers_and_one_in_values_both_count(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/most", "{limit: days, max: 10}"), rule("open/only", "{limit: days, to: [5, 20]}"))
    assert ask(book, days=5).outcome is Outcome.PERMITTED
    assert ask(book, days=6).outcome is Outcome.FORBIDDEN
    assert ask(book, days=20).outcome is Outcome.FORBIDDEN


def test_review_comes_before_duties_and_after_what_is_missing(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/who", "{review: somebody}", when=A), rule("open/look", LOOK))
    assert ask(book, a=True).outcome is Outcome.REVIEW
    assert ask(book).outcome is Outcome.INCOMPLETE
    assert ask(book, a=False).outcome is Outcome.PERMITTED_WITH_DUTIES


def test_a_second_review_cannot_change_the_outcome(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/sure", "{review: somebody}"), rule("open/perhaps", "{review: else}", when=A))
    assert ask(book).outcome is Outcome.REVIEW


def test_where_a_person_must_decide_anyway_an_unknown_duty_changes_nothing_but_an_unknown_forbid_does(
    tmp_path: Path,
) -> None:
    review = rule("open/sure", "{review: somebody}")
    assert ask(law(tmp_path / "duty", review, rule("open/look", LOOK, when=A))).outcome is Outcome.REVIEW
    assert ask(law(tmp_path / "forbid", review, rule("open/no", FORBID, when=A))).missing == ("a",)


def test_whether_a_limit_applies_does_not_matter_for_what_stays_within_it(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/most", "{limit: days, max: 3}", when=A))
    assert ask(book, days=3).outcome is Outcome.PERMITTED
    assert ask(book, days=4).missing == ("a",)
    assert ask(book).missing == ("a",)


def test_guidance_only_warns(tmp_path: Path) -> None:
    decision = ask(law(tmp_path, rule("open/no", FORBID, more=", authority: guidance")))
    assert decision.outcome is Outcome.PERMITTED
    assert [entry["rule"] for entry in decision.advice] == ["us/fl/open/no"]


def test_unless_takes_a_rule_back_and_unknown_it_leaves_it_open(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/no", FORBID, when=A, more=", unless: {b: true}"))
    assert ask(book, a=True, b=True).outcome is Outcome.PERMITTED
    assert ask(book, a=True, b=False).outcome is Outcome.FORBIDDEN
    assert ask(book, a=True).missing == ("b",)


COMMON = "- {id: us/common/open/most, title: Few days, then: {limit: days, max: {fact: law.most}}}\n"
VALUE = "  - {{from: {begins}, until: {ends}, is: {value}, cite: s, law: Act, confidence: high}}\n"


def test_a_common_rule_follows_the_values_of_the_state_through_time(tmp_path: Path) -> None:
    values = "values:\n  most:\n" + VALUE.format(begins="2000-01-01", ends="2026-12-31", value=7)
    values += VALUE.format(begins="2027-01-01", ends="unknown", value="null")
    book = law(tmp_path, values=values, common=COMMON)
    assert ask(book, on="2026-12-31", days=8).outcome is Outcome.FORBIDDEN
    assert ask(book, on="2026-12-31", days=7).limits[0]["law"] == "Act"
    assert ask(book, on="2027-01-01", days=8).outcome is Outcome.PERMITTED


def test_a_state_rule_without_source_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(BrokenInput) as caught:
        law(tmp_path, rule("open/no", FORBID).replace("cite: s, ", ""))
    assert [d.code for d in caught.value.diagnostics] == ["LAW002"]


def test_a_conditions_age_is_asked_of_the_birth_date(tmp_path: Path) -> None:
    book = law(tmp_path, rule("open/no", FORBID, when="{patient.age: {less: 18}}"))
    assert ask(book).missing == ("patient.birth_date",)


def test_a_rule_asked_alone_says_what_a_stricter_one_hides(tmp_path: Path) -> None:
    strict = LOOK.replace("before_join", "before_booking")
    book = law(tmp_path, rule("open/look", LOOK), rule("open/strict", strict))
    alone = book.alone("us/fl/open/look")
    assert [duty["due"] for duty in ask(book).duties] == ["before_booking"]
    assert [(duty["rule"], duty["due"]) for duty in ask(alone).duties] == [("us/fl/open/look", "before_join")]
    assert book.alone("") is book
    assert alone.digest != book.digest
    assert ask(alone).rulebook != ask(book).rulebook
