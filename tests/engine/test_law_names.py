"""A misspelt word of the law is told where it stands, with the nearest one that there is."""

from pathlib import Path

import pytest

from engine.diagnostics import Diagnostic, Problems
from engine.law_case_names import check_named
from engine.law_reading import read_law
from engine.reading import read_text
from engine.rulebook import LawPack, load_law, read_pack
from tests.engine.helpers_law import law, rule
from tests.rules.helpers_cases import ROOT

LICENSING = "rules/us/fl/licensing.yaml"


@pytest.fixture(scope="module")
def pack() -> LawPack:
    return load_law(ROOT)


def named(pack: LawPack, text: str, file: str = LICENSING) -> list[Diagnostic]:
    problems = Problems()
    node = read_text(text, file, problems)
    read = read_law(node, pack.vocabulary, pack.topics, problems) if node is not None else None
    assert read is not None
    check_named(read.cases, pack, problems)
    return list(problems)


CASE = """\
jurisdiction: us/fl
topic: {topic}
cases:
- name: Something
  start: ordinary_visit
  on: 2026-12-01
  expect:
    outcome: permitted
    {expected}
"""
NAMES = [
    ("licensing", "permits: [fulll_license]", "an unknown path `fulll_license`", 15),
    ("licensing", "missing: [encounter.stag]", "`encounter.stag`; did you mean `encounter.stage`?", 15),
    ("licensing", "missing: [provider.licenses.expire]", "did you mean `provider.licenses.expires`?", 15),
    ("prescribing", "forbids: [us/fl/prescribing/schedule-iii]", "did you mean `us/fl/prescribing/schedule-ii`?", 15),
    ("prescribing", "advice: [us/fl/prescribing/nothing-here-at-all]", "an unknown rule", 14),
    ("prescribing", "limits: {days_suply: 7}", "`days_suply`; did you mean `days_supply`?", 14),
    ("consent", "rules: {telehealth_consent: [us/common/consent/telehealth@us/fll]}", "an unknown rule", 34),
    ("consent", "review: [date_uncertian]", "unknown reason `date_uncertian`; did you mean `date_uncertain`?", 14),
    ("consent", "cites: {telehealth_consnet: [tx_111]}", "did you mean `telehealth_consent`?", 13),
    ("consent", "cites: {telehealth_consent: [tx_1111]}", "unknown source `tx_1111`; did you mean `tx_111`?", 34),
    ("consent", "cites: {us/tx/consent/physician-notice: [tx_111]}", "mean `us/tx/consent/physician-notices`?", 13),
]


@pytest.mark.parametrize(("topic", "expected", "words", "column"), NAMES)
def test_a_case_that_names_what_is_not_there_says_so_without_being_asked(
    pack: LawPack, topic: str, expected: str, words: str, column: int
) -> None:
    (found,) = named(pack, CASE.format(topic=topic, expected=expected))
    assert (found.code, found.location.line, found.location.column) == ("LAW013", 9, column)
    assert words in found.what


def test_a_case_that_asks_a_rule_alone_names_one_that_there_is(pack: LawPack) -> None:
    asked = CASE.replace("  on:", "  alone: us/common/consent/telehealth@us/flo\n  on:")
    (found,) = named(pack, asked.format(topic="consent", expected="advice: []"))
    assert (found.code, found.location.line, found.location.column) == ("LAW013", 6, 10)
    assert "did you mean `us/common/consent/telehealth@us/fl`?" in found.what


def test_the_cases_of_the_law_name_what_there_is(pack: LawPack) -> None:
    problems = Problems()
    check_named([case for file in pack.files for case in file.cases], pack, problems)
    assert not problems.found


LIST = "[risks_and_limitations, follow_up_plan, technology_failure_plan, privacy_security]"
TOLD = "rules/us/fl/consent.yaml"
TOLD_TEXT = f"""\
jurisdiction: us/fl
topic: consent
rules:
- id: us/fl/consent/told
  title: The patient is told what telehealth is
  from: 2020-01-01
  cite: [one]
  confidence: high
  when: {{encounter.modality: {{not: in_person}}}}
  then:
    require: telehealth_consent
    due: before_join
    detail: {{consent: telehealth, form: verbal, disclosures: {LIST}}}
    met_by:
      consents: {{any: {{kind: telehealth, form: [verbal, electronic, written], disclosures: {{has_all: {LIST}}}}}}}
sources:
  one: {{title: A rule, url: 'https://law.example/1', checked: '2026-11-21', confidence: high}}
"""
LISTS = [
    (f"disclosures: {LIST}}}", f"disclosures: {LIST.replace('follow_up_plan', 'follow_up_plans')}}}", "COND004"),
    (f"has_all: {LIST}", f"has_all: {LIST.replace('follow_up_plan', 'follow_up_plans')}", "COND004"),
    (f"disclosures: {LIST}}}", f"disclosures: {LIST.replace('follow_up_plan, ', '')}}}", "LAW034"),
    (f"has_all: {LIST}", f"has_all: {LIST.replace('follow_up_plan, ', '')}", "LAW034"),
]


@pytest.mark.parametrize(("old", "new", "code"), LISTS)
def test_what_a_duty_says_and_what_meets_it_are_one_list_of_known_words(
    pack: LawPack, old: str, new: str, code: str
) -> None:
    assert old in TOLD_TEXT
    found = named(pack, TOLD_TEXT.replace(old, new, 1), TOLD)
    assert code in [one.code for one in found]
    assert all(one.code == code for one in found)
    if code == "COND004":
        assert all("did you mean `follow_up_plan`" in one.what for one in found)
        assert TOLD_TEXT.split("\n")[found[0].location.line - 1].count("follow_up_plan") == 1


def test_a_rule_that_leans_on_one_that_is_not_there_says_so_at_the_name(tmp_path: Path) -> None:
    law(tmp_path, rule("open/one", "{require: look, due: before_join}"), rule("open/two", "{forbid: do}"))
    file = tmp_path / "rules" / "us" / "fl" / "open.yaml"
    text = file.read_text(encoding="utf-8").replace(
        ", then: {forbid", ",\n  when: {applies: us/fl/open/ones}, then: {forbid"
    )
    file.write_text(text, encoding="utf-8")
    problems = Problems()
    read_pack(tmp_path, problems)
    (found,) = problems.errors
    line = next(n for n, one in enumerate(text.split("\n"), start=1) if "ones" in one)
    column = text.split("\n")[line - 1].index("us/fl/open/ones") + 1
    assert (found.code, found.location.line, found.location.column) == ("LAW019", line, column)
    assert "did you mean `us/fl/open/one`?" in found.what
