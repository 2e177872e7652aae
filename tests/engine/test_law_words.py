"""Everything a decision names has a sentence."""

from engine.law_words import LawWords
from engine.rulebook import load_rulebook
from tests.rules.helpers_cases import ROOT

WORDS = LawWords(load_rulebook(ROOT))


def test_rules_duties_limits_facts_and_topics_have_sentences() -> None:
    assert (WORDS.rule_title("us/fl/prescribing/schedule-ii") or "").startswith("Schedule II by telehealth")
    assert WORDS.rule_title("us/common/licensing/full-license@us/fl")
    assert WORDS.duty_sentence("pdmp_check")
    assert WORDS.limit_sentence("days_supply")
    assert WORDS.topic_sentence("licensing")
    assert WORDS.fact_sentence("provider.licenses.expires") == WORDS.fact_sentence("provider.licenses")


def test_what_the_rules_do_not_know_has_none() -> None:
    assert WORDS.rule_title("us/zz/x") is None
    assert WORDS.fact_sentence("no.such") is None
