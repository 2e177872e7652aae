"""The card of a decision says what a person would ask next: what would lift it, and which path lacks least."""

from admin_ui.cli.decision_card import card
from engine.decisions import Decision, Outcome

FORBID = {
    "act": "do",
    "rule": "us/fl/open/no",
    "cite": ["s"],
    "because": {"a": True},
    "unless": ["b is true", "c is 1"],
}
TRIED = (
    {"path": "full", "rule": "r", "cite": [], "failed": ["a licence of the place", "a day"], "nearest": True},
    {"path": "other", "rule": "r", "cite": [], "failed": ["never"]},
    {"path": "third", "rule": "r", "cite": [], "failed": ["never"]},
)


def test_what_would_lift_a_refusal_is_listed() -> None:
    told = card(Decision(topic="open", outcome=Outcome.FORBIDDEN, forbids=(FORBID,)))
    assert "Which would not be, if:\n  b is true\n  c is 1\n" in told


def test_the_nearest_lawful_path_is_named_and_the_others_are_not() -> None:
    told = card(Decision(topic="open", outcome=Outcome.FORBIDDEN, tried=TRIED))
    assert "  full, the nearest lawful path, lacks\n    - a day\n    - a licence of the place\n" in told
    assert "  open to nobody in this place: other, third\n" in told


def test_what_is_forbidden_is_permitted_by_nothing() -> None:
    permit = {"path": "full", "rule": "r", "cite": []}
    told = card(Decision(topic="open", outcome=Outcome.FORBIDDEN, forbids=(FORBID,), permits=(permit,)))
    assert "Would be permitted by:\n  full, r\n" in told
    assert "\nPermitted by:" not in told
    assert "\nPermitted by:" in card(Decision(topic="open", outcome=Outcome.PERMITTED, permits=(permit,)))


def test_a_verdict_that_no_rule_speaks_of_says_so() -> None:
    silent = Decision(topic="open", outcome=Outcome.PERMITTED)
    assert "Why:\n  no rule of this topic says anything about these facts\n" in card(silent)
    duty = {"duty": "look", "due": "before_join", "met": True, "detail": {}, "rule": "r", "cite": []}
    spoken = Decision(topic="open", outcome=Outcome.PERMITTED, duties=(duty,))
    assert "no rule of this topic" not in card(spoken)
