"""A rulebook of one rule, one value and a few cases, small enough to count every change of it by hand."""

import shutil
from pathlib import Path

from tests.rules.helpers_cases import ROOT

FILE = "rules/us/fl/recording.yaml"
LAW = """\
jurisdiction: us/fl
topic: recording
values:
  recording.rule:
  - {from: unknown, until: 2023-12-31, is: all_party, cite: [one], confidence: high}
  - {from: 2024-01-01, until: 2024-12-31, is: one_party, cite: [one], confidence: high}
  - {from: 2025-01-01, is: all_party, cite: [one], confidence: high}
rules:
- id: us/fl/recording/everybody
  title: Everybody who is recorded consents
  from: 2020-01-01
  until: 2029-12-31
  cite: [one]
  confidence: high
  when: {law.recording.rule: all_party, encounter.recording: true, patient.age: {at_least: 14}}
  unless: {relationship.in_person_exams: {any: {date: {within: 90 days}}}}
  then:
  - require: recording_consent
    due: before_join
    detail: {consent: recording}
    met_by: {consents: {any: {kind: recording, at: {on_or_before: {fact: encounter.instant}}}}}
  cases:
CASES
sources:
  one: {title: One, url: "https://example.org/one", checked: '2010-01-01', confidence: high}
  two: {title: Two, url: "https://example.org/two", checked: '2010-01-01', confidence: high}
"""
WEAK = """\
  - name: Something is asked for
    start: recorded
    on: 2026-12-01
    expect: {outcome: permitted_with_duties}
"""
STRONG = """\
  - name: The first day, a patient of 14, a consent of the very instant
    start: recorded
    on: 2020-01-01
    given:
      patient.birth_date: 2006-01-01
      consents: [{kind: recording, at: "2020-01-02T04:59:59Z"}]
    expect:
      outcome: permitted
      duties: {recording_consent: met}
      due: {recording_consent: before_join}
      detail: {recording_consent: {consent: recording}}
      cites: {recording_consent: [one]}
  - name: The consent of another kind does not meet it
    start: recorded
    on: 2026-12-01
    given: {consents: [{kind: treatment, at: "2026-11-30T12:00:00Z"}]}
    expect: {outcome: permitted_with_duties, duties: {recording_consent: unmet}}
  - name: Nor does a consent given later
    start: recorded
    on: 2026-12-01T10:00:00-05:00
    given: {consents: [{kind: recording, at: "2026-12-01T15:00:01Z"}]}
    expect: {outcome: permitted_with_duties, duties: {recording_consent: unmet}}
  - name: The day before
    start: recorded
    on: 2019-12-31
    expect: {outcome: permitted, duties: {}}
  - name: The last day
    start: recorded
    on: 2029-12-31
    expect: {outcome: permitted_with_duties, duties: {recording_consent: unmet}}
  - name: The day after it
    start: recorded
    on: 2030-01-01
    expect: {outcome: permitted, duties: {}}
  - name: A patient of 13
    start: recorded
    on: 2026-12-01
    given: {patient.birth_date: 2012-12-02}
    expect: {outcome: permitted, duties: {}}
  - name: Nothing is recorded
    start: recorded
    on: 2026-12-01
    given: {encounter.recording: false}
    expect: {outcome: permitted, duties: {}}
  - name: Examined 90 days ago, both ends counted
    start: recorded
    on: 2026-12-01
    given: {relationship.in_person_exams: [{date: 2026-09-02}]}
    expect: {outcome: permitted, duties: {}}
  - name: Examined 91 days ago
    start: recorded
    on: 2026-12-01
    given: {relationship.in_person_exams: [{date: 2026-09-01}]}
    expect: {outcome: permitted_with_duties, duties: {recording_consent: unmet}}
"""
# The days around the year in which the recording of one party's own talk was enough.
STRONG += "".join(
    f"""\
  - name: On {day}
    start: recorded
    on: {day}
    expect: {{duties: {duties}, outcome: {outcome}{cites}}}
"""
    for day, duties, outcome, cites in (
        ("2023-12-31", "{recording_consent: unmet}", "permitted_with_duties", ", cites: {recording_consent: [one]}"),
        ("2024-01-01", "{}", "permitted", ""),
        ("2024-12-31", "{}", "permitted", ""),
        ("2025-01-01", "{recording_consent: unmet}", "permitted_with_duties", ", cites: {recording_consent: [one]}"),
    )
)
EXAMPLES = """\
examples:
  recorded:
    given:
      encounter.recording: true
      patient.location.state: FL
      patient.location.attested: true
      patient.location.time_zone: America/New_York
      patient.birth_date: 1990-04-02
      relationship.in_person_exams: []
      consents: []
"""


def small_law(root: Path, cases: str) -> Path:
    """The small rulebook under `root`, with the project's own vocabulary and topics."""
    (root / "rules" / "us" / "fl").mkdir(parents=True)
    for name in ("vocabulary.yaml", "topics.yaml", "us/zones.yaml"):
        shutil.copy(ROOT / "rules" / name, root / "rules" / name)
    (root / "rules" / "us" / "examples.yaml").write_text(EXAMPLES, encoding="utf-8")
    (root / FILE).write_text(LAW.replace("CASES\n", cases), encoding="utf-8")
    return root
