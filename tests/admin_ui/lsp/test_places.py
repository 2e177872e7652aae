"""Where the cursor stands in a text that is still being typed."""

import pytest

from admin_ui.lsp.places import place_at, word_at

FILE = """jurisdiction: us/ut
topic: prescribing
values:
  opioid.initial_days:
  - {from: unknown, is: 7, cite: [a, b], law: Code 1,
     note: "Days, of a {first} one", confidence: high}
rules:
- id: us/ut/prescribing/one
  when:
    drug.schedule: [II, III]
    any: [{encounter.modality: in_person}, {patient.age: {less: 18,
           at_least: 3}}]
  then:
  - {require: pdmp_check, due: before_prescribe}
  cases:
  - name: One
    start: ordinary_visit
    given: {provider.profession: NP}
"""


def stand(mark: str) -> tuple[tuple[str, ...], str, str]:
    """The place right behind a piece of the text, which ends there."""
    before = FILE[: FILE.index(mark) + len(mark)]
    lines = before.split("\n")
    place = place_at(lines, len(lines) - 1, len(lines[-1]))
    return place.keys, place.value_of, place.typed.text


@pytest.mark.parametrize(
    ("mark", "keys", "value_of", "typed"),
    [
        ("topic: presc", (), "topic", "presc"),
        ("values:\n  opioid.ini", ("values",), "", "opioid.ini"),
        ("cite: [a, ", ("values", "opioid.initial_days"), "cite", ""),
        ("is: ", ("values", "opioid.initial_days"), "is", ""),
        ('note: "Days, of a {first} one", conf', ("values", "opioid.initial_days"), "", "conf"),
        ("rules:\n- i", ("rules",), "", "i"),
        ("  when:\n    drug", ("rules", "when"), "", "drug"),
        ("drug.schedule: [II, ", ("rules", "when"), "drug.schedule", ""),
        ("any: [{encounter.modality: in", ("rules", "when", "any"), "encounter.modality", "in"),
        ("{patient.age: {less: 18,\n           at_", ("rules", "when", "any", "patient.age"), "", "at_"),
        ("- {require: pdmp_", ("rules", "then"), "require", "pdmp_"),
        ("check, due: ", ("rules", "then"), "due", ""),
        ("  - name: One\n    sta", ("rules", "cases"), "", "sta"),
        ("given: {provider.profession: N", ("rules", "cases", "given"), "provider.profession", "N"),
    ],
)
def test_the_keys_around_and_the_key_whose_value_is_typed(
    mark: str, keys: tuple[str, ...], value_of: str, typed: str
) -> None:
    assert stand(mark) == (keys, value_of, typed)


def test_the_word_under_the_cursor_and_right_before_it() -> None:
    lines = FILE.split("\n")
    at = lines.index("  opioid.initial_days:")
    for column in (2, 10, len("  opioid.initial_days")):
        found = word_at(lines, at, column)
        assert found
        assert (found.text, found.start, found.end) == ("opioid.initial_days", 2, 21)
    assert word_at(lines, at, 1) is None
    assert word_at(lines, 99, 0) is None
