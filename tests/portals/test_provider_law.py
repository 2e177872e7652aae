"""The law panel says verdict, reason, statute and way out, whatever the decision."""

from collections.abc import Mapping
from typing import Any

from portals.provider.law import GateView, law_card, law_panel, statutes, worst_outcome
from portals.provider.words import say_in
from tests.portals.helpers_law import Words, decision, say

SCHEDULE_II = {
    "act": "prescribe",
    "rule": "us/fl/prescribing/schedule-ii",
    "cite": ["fla-456.47-2c"],
    "because": {"drug.schedule": "II", "treatment.purpose": "acute_pain"},
}


def gate(name: str, is_open: bool, *decisions: dict[str, object], order: str = "") -> GateView:
    return GateView(
        record="g1", gate=name, open=is_open, decisions={str(one["topic"]): one for one in decisions}, order=order
    )


def test_titles_are_said_in_the_language_of_the_words() -> None:
    class Spanish(Words):
        def of_decision(self, decision: Mapping[str, Any]) -> Mapping[str, Any]:
            return {**decision, "forbids": [{**one, "title": "Lista II"} for one in decision["forbids"]]}

    forbidden = decision("prescribing", "forbidden", forbids=[{**SCHEDULE_II, "title": "Schedule II"}])
    [reason] = law_card(gate("prescribe", False, forbidden), Spanish(), say).reasons
    assert "Lista II" in reason.text and "Schedule II" not in reason.text


def test_a_forbidden_gate_names_the_rule_the_facts_and_the_statute() -> None:
    card = law_card(gate("prescribe", False, decision("prescribing", "forbidden", forbids=[SCHEDULE_II])), Words(), say)
    assert card.tone == "danger" and not card.open
    assert card.verdict == "provider.law.verdict.prescribe.forbidden"
    [reason] = card.reasons
    assert "Schedule II by telehealth only for psychiatric treatment" in reason.text
    assert "Schedule of the drug: II" in reason.text and "acute pain" in reason.text
    assert reason.statutes[0].title == "Fla. Stat. 456.47(2)(c)"
    assert reason.statutes[0].checked == "2026-11-21"
    [way] = card.possible
    assert way.text == "provider.law.possible.different [Schedule of the drug; Purpose of the treatment]"


def test_a_path_that_failed_is_the_reason_when_no_rule_forbids() -> None:
    failed = ["at least one of provider.licenses where expires is on or after 2026-03-05"]
    tried = [{"path": "state_license", "title": "A licence of the state", "failed": failed, "cite": ["fla-456.47-4"]}]
    card = law_card(gate("join", False, decision("licensing", "forbidden", tried=tried)), Words(), say)
    lacks = "at least one of licenses where expires is on or after 2026-03-05"
    [reason] = card.reasons
    assert (reason.text, reason.lacks) == ("A licence of the state", (lacks,))
    assert reason.statutes[0].url == ""
    assert card.possible == ()


def test_an_unmet_duty_is_what_would_open_the_gate() -> None:
    duty = {"duty": "pdmp_check", "due": "before_prescribe", "met": False, "rule": "r", "cite": ["fla-456.47-2c"]}
    asked = gate("prescribe", False, decision("prescribing", "permitted_with_duties", duties=[duty]))
    card = law_card(asked, Words(), say)
    assert card.tone == "warning" and card.verdict == "provider.law.verdict.prescribe.duties"
    assert card.duties[0].text == "Check the prescription monitoring record" and not card.duties[0].met
    [way] = card.possible
    assert way.text == "provider.law.possible.duty [Check the prescription monitoring record]"


def test_an_unmet_consent_says_its_form_and_what_must_be_told_at_it() -> None:
    detail = {"consent": "telehealth", "form": "electronic", "disclosures": ["emergency_plan", "fees"]}
    duty = {"duty": "telehealth_consent", "due": "before_join", "met": False, "rule": "r", "detail": detail}
    for met, asks in (
        (False, ("At least in this form: Electronic", "To be told: What happens in an emergency; What it costs")),
        (True, ()),
    ):
        duties = [{**duty, "met": met}]
        asked = gate("join", met, decision("consent", "permitted_with_duties", duties=duties))
        assert law_card(asked, Words(), say_in("en")).duties[0].asks == asks


def test_what_names_no_section_goes_by_its_sources_title_and_not_by_the_sections_of_other_rules() -> None:
    source = {"law": "Fla. Stat. 1; Fla. Stat. 2", "title": "A table of all states", "url": None}
    duty = {"duty": "pdmp_check", "due": "before_prescribe", "met": True, "rule": "r", "cite": ["table"]}
    asked = decision(
        "prescribing", "permitted", duties=[duty, {**duty, "law": "Fla. Stat. 2"}], sources={"table": source}
    )
    unnamed, named = law_card(gate("prescribe", True, asked), Words(), say).duties
    assert [one.title for one in (*unnamed.statutes, *named.statutes)] == ["A table of all states", "Fla. Stat. 2"]


def test_a_limit_says_its_number_or_its_values() -> None:
    limits = [
        {"limit": "days_supply", "max": 30, "cite": ["fla-456.47-2c"]},
        {"limit": "route", "to": ["oral", "nasal"]},
    ]
    card = law_card(gate("prescribe", True, decision("prescribing", "permitted", limits=limits)), Words(), say)
    days, route = card.limits
    assert days.text == "provider.law.limit [Days of supply] [30]"
    assert [one.title for one in days.statutes] == ["Fla. Stat. 456.47(2)(c)"]
    assert (route.text, route.statutes) == ("provider.law.limit_to [Route] [oral, nasal]", ())


def test_what_a_path_lacks_is_one_line_each_the_shortest_first() -> None:
    tried = [{"path": "full", "title": "A licence", "failed": ["longer than that", "short", "short"], "cite": []}]
    card = law_card(gate("join", False, decision("licensing", "incomplete", tried=tried)), Words(), say)
    [way] = card.possible
    assert (way.text, way.lacks) == ("A licence", ("short", "longer than that"))


def test_a_missing_fact_is_named_in_the_words_of_the_vocabulary() -> None:
    card = law_card(gate("join", False, decision("licensing", "incomplete", missing=["drug.schedule"])), Words(), say)
    assert card.reasons[0].text == "provider.law.missing [Schedule of the drug]"


def test_the_worst_topic_decides_a_gate_and_no_decision_is_review() -> None:
    assert worst_outcome([decision("a", "permitted"), decision("b", "review")]) == "review"
    assert worst_outcome([]) == "review"


def test_the_panel_shows_the_newest_record_of_each_gate_and_says_which_were_not_asked() -> None:
    old = gate("join", False, decision("licensing", "review"))
    new = gate("join", True, decision("licensing", "permitted"))
    join, prescribe, sign = law_panel([old, new], Words(), say)
    assert join.open and join.tone == "success"
    assert prescribe.verdict == "provider.law.verdict.prescribe.unasked" and sign.tone == "info"


def test_a_visit_that_its_book_gate_keeps_shut_says_so_first_and_only_as_long() -> None:
    shut = gate("book", False, decision("licensing", "forbidden"))
    cards = law_panel([gate("book", True, decision("licensing", "permitted")), shut], Words(), say)
    assert [one.gate for one in cards] == ["book", "join", "prescribe", "sign"]
    assert cards[0].tone == "danger"
    opened = law_panel([shut, gate("book", True, decision("licensing", "permitted"))], Words(), say)
    assert [one.gate for one in opened] == ["join", "prescribe", "sign"]


def test_a_fact_without_short_words_stays_out_of_the_reason() -> None:
    class LongWords(Words):
        def fact_sentence(self, path: str) -> str | None:
            return {"drug.schedule": "Schedule; null when the drug is not controlled"}.get(
                path, "How patient and clinician meet for this."
            )

    because = {"drug.schedule": "II", "encounter.modality": "audio_video"}
    forbid = {**SCHEDULE_II, "because": because}
    asked = gate("prescribe", False, decision("prescribing", "forbidden", forbids=[forbid]))
    card = law_card(asked, LongWords(), say_in("en"))
    assert card.reasons[0].text.endswith("(schedule: II, visit by: video)")
    bare = law_card(asked, LongWords(), say)
    assert "How patient" not in bare.reasons[0].text and "null" not in bare.reasons[0].text


def test_the_nearest_path_comes_first_and_the_others_stand_apart() -> None:
    tried = [
        {"path": "full", "title": "A licence of the state", "failed": ["expires"], "cite": ["fla-456.47-4"]},
        {"path": "federal", "title": "Federal employment", "failed": ["a", "b"], "cite": ["fla-456.47-2c"]},
        {"path": "compact", "title": "A compact", "failed": ["a", "b", "c"], "cite": []},
    ]
    card = law_card(gate("join", False, decision("licensing", "forbidden", tried=tried)), Words(), say)
    [nearest] = card.reasons
    assert "A licence of the state" in nearest.text and nearest.statutes[0].title == "Fla. Stat. 456.47(4)"
    assert [other.text for other in card.others] == ["Federal employment", "A compact"]
    assert nearest.lacks == ("expires",)


def test_of_several_links_for_one_section_an_authoritys_own_is_shown() -> None:
    urls = {
        "none": None,
        "blog": "https://law.example.com/fl",
        "own": "http://board.example.gov/fl",
        "more": "https://b.com",
    }
    state = "http://www.leg.state.fl.us/statutes"
    sources: dict[str, dict[str, object]] = {
        name: {"title": name, "url": url, "checked": "2026-11-21", "confidence": "high"}
        for name, url in {**urls, "state": state, "posing": "https://leg.state.fl.us.example.com"}.items()
    }

    def link(*cite: str) -> str:
        (found,) = statutes(sources, {"cite": cite, "law": "Fla. Stat. 456.47(4)"}, str)
        return found.url

    assert link("own", "blog") == link("blog", "own") == urls["own"]
    assert link("blog", "state", "posing") == state
    assert link("blog", "more") == link("none", "blog") == urls["blog"]
    assert link("none") == ""
