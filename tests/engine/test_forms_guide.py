"""The forms in the authors' guide are forms."""

import re

import pytest

from engine.diagnostics import Problems
from engine.forms_compile import compile_form
from tests.engine.helpers_content import ROOT, parsed, vocabulary

GUIDE = (ROOT / "docs" / "guides" / "authoring.md").read_text(encoding="utf-8")
EXAMPLES = {match[2]: match[1] for match in re.finditer(r"```yaml\n(form: (\S+)\n.*?)```", GUIDE, re.DOTALL)}


def test_the_guide_shows_a_form_and_one_with_a_score() -> None:
    assert list(EXAMPLES) == ["travel/intake", "mood/screening"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_of_the_guide_compiles_without_a_word(name: str) -> None:
    problems = Problems()
    assert compile_form(parsed(EXAMPLES[name]), name, vocabulary(), problems) is not None
    assert list(problems) == []
