"""The page of the vocabulary says of each fact what the file declares, and which items fill it."""

from admin_ui.cli.docs import FOLDER
from admin_ui.cli.docs_vocabulary import fillers, page
from engine.diagnostics import Problems
from engine.reading import read_text
from engine.vocabulary import read_vocabulary
from tests.engine.helpers_content import form, vocabulary

MADE_UP = """
vocabulary: us
lists: {statuses: [active, revoked]}
may_be_presumed: [staff.barred]
facts:
  staff.barred: {type: flag, says: "Barred, or | suspended.", source: board, when_untold: false,
    presumed_unless: {records: staff.cards, field: status, among: [revoked]}}
  staff.cards:
    type: records
    says: Cards.
    source: board
    greatest_age: 30 days
    fields:
      status: {type: choice, of: statuses, says: How it stands.}
      hours: {type: number, unit: h, least: 0, nullable: true}
"""


def test_type_unit_age_source_and_presumption_stand_in_the_row_of_a_fact() -> None:
    problems = Problems()
    node = read_text(MADE_UP, "vocabulary.yaml", problems)
    assert node is not None
    lines = list(page(read_vocabulary(node, problems), {"staff.cards": ["`a/b`: cards"]}))
    assert not problems.found
    assert lines[lines.index("## staff") + 4 :] == [
        "| `staff.barred` | flag |  | Barred, or \\| suspended. | board |  |"
        " presumed false, unless staff.cards[].status is revoked |  |",
        "| `staff.cards` | records |  | Cards. | board | 30 days | unknown | `a/b`: cards |",
        "| `staff.cards[].status` | one of: active, revoked |  | How it stands. |  |  | unknown |  |",
        "| `staff.cards[].hours` | number, at least 0 or nothing | h |  |  |  | unknown |  |",
    ]


def test_items_are_named_by_the_path_that_they_fill() -> None:
    made = form("- {id: pregnant, type: boolean, text: {en: P}, fills: {path: patient.pregnant}}\n")
    assert fillers([made]) == {"patient.pregnant": ["`test/form`: pregnant"]}


def test_every_fact_and_every_field_has_its_row() -> None:
    written = (FOLDER / "vocabulary.md").read_text(encoding="utf-8")
    named = {fact.path for fact in vocabulary().facts.values()}
    named |= {f"{fact.path}[].{name}" for fact in vocabulary().facts.values() for name in fact.type.fields}
    assert [path for path in sorted(named) if f"| `{path}` |" not in written] == []
