"""A law file is changed in one thing at a time, and cases that would not notice are told on."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.diagnostics import Problems
from engine.law_cases import bulk_cases, examples
from engine.mutations import KINDS, Variant, variants
from engine.mutations_trials import Trial, Trials
from engine.reading import read_file, read_text
from engine.rulebook import LawPack, load_law, read_pack
from tests.engine.helpers_mutations import FILE, STRONG, WEAK, small_law
from tests.rules.helpers_cases import ROOT


def made(root: Path, law: LawPack) -> list[Variant]:
    node = read_file(root / FILE, root, Problems())
    assert node is not None
    return list(variants(law.files[0], node, law.vocabulary, law.topics))


def tried(root: Path) -> list[Trial]:
    law = load_law(root)
    trials = Trials(law, law.files[0].cases, examples(root, Problems()))
    assert [case.name for case in trials.broken] == []
    return [trials.of(variant) for variant in made(root, law)]


def test_every_kind_of_change_is_made_on_its_line(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK)
    found = made(root, load_law(root))
    changes = {f"{v.at.line} {v.kind}: {v.change}" for v in found}
    assert {v.kind for v in found} == set(KINDS) - {"limit"}
    for expected in (
        "11 date: `from: 2020-01-01` becomes `2019-12-31`",
        "12 date: `until: 2029-12-31` becomes unknown",
        "16 window: `date within: 90 days` becomes `91 days`",
        "15 comparison: `patient.age at_least: 14` becomes `15`",
        "15 comparison: `patient.age: {at_least: 14}` becomes `less`",
        "15 comparison: `encounter.recording: true` becomes `false`",
        "15 condition: `encounter.recording: true` is left out",
        "16 comparison: `any: {date: {within: 90 days}}` becomes `none`",
        "16 unless: `unless: {relationship.in_person_exams: {any: {date: {within: 90 days}}}}` is left out",
        "18 effect: `require: recording_consent` becomes `forbid`",
        "19 due: `due: before_join` becomes `before_prescribe`",
        "20 detail: `consent: recording` is left out",
        "21 comparison: `at: {on_or_before: {fact: encounter.instant}}` becomes `before`",
        "5 value: `is: all_party` becomes `one_party`",
        "13 citation: the source `one` becomes `two`",
    ):
        assert expected in changes


def test_limits_go_one_down_and_one_up(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK)
    path = root / FILE
    text = path.read_text(encoding="utf-8").replace("recording", "prescribing")
    head, _, tail = text.partition("rules:\n")
    rule = tail.partition("  unless")[0].replace("law.prescribing.rule: all_party, encounter.prescribing: true, ", "")
    sources = "sources:" + tail.partition("sources:")[2]
    written = head.partition("values:")[0] + "rules:\n" + rule + "  then: {limit: refills, max: 6}\n" + sources
    path.unlink()
    (root / "rules/us/fl/prescribing.yaml").write_text(written, encoding="utf-8")
    law, node = load_law(root), read_text(written, "rules/us/fl/prescribing.yaml", Problems())
    assert node is not None
    found = [v.change for v in variants(law.files[0], node, law.vocabulary, law.topics) if v.kind == "limit"]
    assert found == ["`max: 6` becomes `5`", "`max: 6` becomes `7`"]


def test_a_weak_case_notices_little_and_the_rest_is_named(tmp_path: Path) -> None:
    trials = tried(small_law(tmp_path, WEAK))
    kinds = {trial.variant.kind for trial in trials if trial.noticed is None}
    assert kinds == {"date", "window", "comparison", "condition", "unless", "due", "detail", "value", "citation"}
    assert sum(trial.noticed is not None for trial in trials) < len(trials) / 2


def test_cases_at_every_border_notice_every_change(tmp_path: Path) -> None:
    trials = tried(small_law(tmp_path, STRONG))
    assert [trial.variant.change for trial in trials if trial.noticed is None and not trial.same] == []


def test_the_same_changes_come_in_the_same_order(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK)
    once, again = made(root, load_law(root)), made(root, load_law(root))
    assert [(v.at, v.change) for v in once] == [(v.at, v.change) for v in again]


def test_a_case_that_does_not_hold_is_named_and_asked_no_more(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK.replace("permitted_with_duties", "forbidden"))
    law = load_law(root)
    trials = Trials(law, law.files[0].cases, examples(root, Problems()))
    assert [case.name for case in trials.broken] == ["Something is asked for"]
    assert all(trials.of(variant).noticed is None for variant in made(root, law))


def test_a_case_that_none_of_the_files_tried_could_reach_is_not_asked(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK.replace("permitted_with_duties", "forbidden"))
    law = load_law(root)
    cases, known = law.files[0].cases, examples(root, Problems())
    elsewhere = replace(law.files[0], jurisdiction="us/ga")
    assert Trials(law, cases, known, [elsewhere]).broken == []
    assert Trials(law, cases, known, [replace(elsewhere, jurisdiction="us/common")]).broken == list(cases)


def test_a_case_that_tells_a_drug_otherwise_than_the_drug_base_notices_too() -> None:
    """Zolpidem told to be of schedule I: the rule on schedule I is read for what is told as well."""
    law, problems = load_law(ROOT), Problems()
    cases = bulk_cases(ROOT, law.vocabulary, law.topics, problems)
    case = next(case for case in cases if case.name.startswith("A schedule I substance is nobody's to permit"))
    file = next(file for file in law.files if file.file == "rules/us/federal/prescribing.yaml")
    node = read_file(ROOT / file.file, ROOT, problems)
    assert node is not None
    found = [one for one in variants(file, node, law.vocabulary, law.topics) if one.subject.endswith("/schedule-i")]
    trials = Trials(law, [case], examples(ROOT, problems), [file])
    noticed = {one.change for one in found if trials.of(one).noticed}
    assert "`review: schedule_not_carried` becomes `forbid`" in noticed
    assert "the source `background` becomes `scotus_mife`" in noticed


BULK = """\
jurisdiction: us/fl
topic: recording
each:
- {age: 14, born: 2006-01-01, outcome: permitted_with_duties}
- {age: 13, born: 2006-01-02, outcome: permitted}
cases:
- name: A patient of <age>
  start: recorded
  on: 2020-01-01
  given: {patient.birth_date: <born>}
  expect: {outcome: <outcome>}
"""


def test_a_bulk_case_is_asked_for_each_entry_of_its_table(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK)
    (root / "tests" / "rules").mkdir(parents=True)
    (root / "tests" / "rules" / "ages.yaml").write_text(BULK, encoding="utf-8")
    law, problems = load_law(root), Problems()
    cases = bulk_cases(root, law.vocabulary, law.topics, problems)
    assert not problems.found
    assert [case.name for case in cases] == ["A patient of 14", "A patient of 13"]
    assert Trials(law, cases, examples(root, problems)).broken == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("topic: recording", "topic: recordin", "LAW001"),
        ("patient.birth_date", "patient.birthdate", "LAW013"),
        (
            "expect: {outcome: <outcome>}",
            "expect: {outcome: permitted, due: {recordin_consent: before_join}}",
            "LAW013",
        ),
        ("start:", "strat:", "SHAPE001"),
    ],
)
def test_a_fault_in_a_bulk_file_is_reported(tmp_path: Path, old: str, new: str, code: str) -> None:
    root = small_law(tmp_path, WEAK)
    (root / "tests" / "rules").mkdir(parents=True)
    (root / "tests" / "rules" / "ages.yaml").write_text(BULK.replace(old, new), encoding="utf-8")
    law, problems = load_law(root), Problems()
    bulk_cases(root, law.vocabulary, law.topics, problems)
    assert {problem.code for problem in problems.found} == {code}


MEASURED = """\
jurisdiction: us/fl
topic: licensing
rules:
- id: us/fl/licensing/few-days
  title: Few days
  from: unknown
  cite: [one]
  confidence: high
  when:
    provider.activity: {sum: {of: days, where: {state: FL, year: 2026}, at_most: 30}}
    relationship.visits: {latest: {of: date, where: {modality: in_person}, within: P24M}}
    provider.licenses: {count: {where: {status: active}, at_least: 2}}
  then: {permit: practise}
sources:
  one: {title: One, url: "https://example.org/one", checked: '2020-01-01', confidence: high}
"""


def test_what_records_come_to_is_changed_too(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK)
    (root / "rules/us/fl/licensing.yaml").write_text(MEASURED, encoding="utf-8")
    problems = Problems()
    pack = read_pack(root, problems)
    node = read_text(MEASURED, "rules/us/fl/licensing.yaml", problems)
    assert pack is not None
    assert node is not None
    file = next(file for file in pack.files if file.topic == "licensing")
    changes = {v.change for v in variants(file, node, pack.vocabulary, pack.topics)}
    for expected in (
        "`provider.activity sum at_most: 30` becomes `31`",
        "`provider.activity sum: {at_most: 30}` becomes `greater`",
        "`state: FL` is left out",
        "`where: {state: FL, year: 2026}` of `provider.activity sum` is left out",
        "`latest: {of: date, where: {modality: in_person}, within: P24M}` becomes `earliest`",
        "`relationship.visits latest within: P24M` becomes `P23M`",
        "`provider.licenses count at_least: 2` becomes `1`",
    ):
        assert expected in changes, changes


SCHEDULED = """\
jurisdiction: us/fl
topic: prescribing
schedules:
  gabapentin:
  - {from: 2024-07-01, is: V, cite: [one], confidence: high}
sources:
  one: {title: One, url: "https://example.org/one", checked: '2020-01-01', confidence: high}
cases:
- name: On the first day it is of schedule V
  start: prescribed
  on: 2024-07-01
  expect: {outcome: forbidden}
"""


def test_a_drug_that_the_state_schedules_is_scheduled_otherwise(tmp_path: Path) -> None:
    root = small_law(tmp_path, WEAK)
    (root / "rules/us/fl/prescribing.yaml").write_text(SCHEDULED, encoding="utf-8")
    problems = Problems()
    pack, node = read_pack(root, problems), read_text(SCHEDULED, "rules/us/fl/prescribing.yaml", problems)
    assert pack is not None
    assert node is not None
    file = next(file for file in pack.files if file.topic == "prescribing")
    found = list(variants(file, node, pack.vocabulary, pack.topics))
    assert [(v.kind, v.change) for v in found] == [
        ("date", "`from: 2024-07-01` becomes `2024-06-30`"),
        ("date", "`from: 2024-07-01` becomes `2024-07-02`"),
        ("date", "`from: 2024-07-01` becomes unknown"),
        ("value", "`is: V` becomes `I`"),
    ]
