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


def test_a_path_that_nobody_may_take_is_a_reason_of_its_own() -> None:
    told = card(Decision(topic="open", outcome=Outcome.FORBIDDEN, tried=TRIED))
    assert "Why:\n  no path of authority fits these facts; each that was tried says what it lacks\n" in told
    assert "\nWhy:" not in card(Decision(topic="open", outcome=Outcome.FORBIDDEN, forbids=(FORBID,)))


def test_what_a_path_lacks_is_said_without_double_negation() -> None:
    since = "(not (issued exists) or issued is on or before encounter.date)"
    until = "(not (expires exists) or expires is on or after encounter.date)"
    lacks = f"at least one of l where not (state is place) and status is active and ({since} and {until})"
    tried = ({"path": "full", "rule": "r", "cite": [], "failed": [lacks]},)
    told = card(Decision(topic="open", outcome=Outcome.FORBIDDEN, tried=tried))
    plainer = "issued, if any, is on or before encounter.date and expires, if any, is on or after encounter.date"
    assert f"  - at least one of l where state is not place and status is active and {plainer}\n" in told


DUTY = {
    "duty": "consent",
    "due": "before_join",
    "met": False,
    "detail": {"form": "verbal", "disclosures": ["emergency_plan", "right_to_withdraw"]},
    "rule": "r",
    "cite": [],
}


def test_a_duty_that_is_not_met_says_what_it_asks_for() -> None:
    told = card(Decision(topic="open", outcome=Outcome.PERMITTED_WITH_DUTIES, duties=(DUTY,)))
    assert "not met, by r\n    - form: verbal\n    - disclosures: emergency plan, right to withdraw\n" in told
    assert "form:" not in card(Decision(topic="open", outcome=Outcome.PERMITTED, duties=({**DUTY, "met": True},)))


def test_a_source_says_its_title_and_link_and_one_that_nobody_read_no_day() -> None:
    read = {"law": "Law 1", "title": "A page", "url": "https://example.org/a", "checked": "2026-11-21"}
    unread = {"law": "Law 2", "title": "No page was read", "url": None, "checked": "2026-11-21"}
    sources = {"a": {**read, "confidence": "high"}, "background": {**unread, "confidence": "medium"}}
    told = card(Decision(topic="open", outcome=Outcome.FORBIDDEN, sources=sources))
    assert "  [a] Law 1, checked 2026-11-21, high\n    A page\n    https://example.org/a\n" in told
    assert "  [background] Law 2, medium\n    No page was read\n" in told
