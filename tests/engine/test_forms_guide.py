"""The form in the authors' guide is a form."""

import re

from engine.diagnostics import Problems
from engine.forms_compile import compile_form
from tests.engine.helpers_content import ROOT, parsed, vocabulary


def test_the_example_of_the_guide_compiles_without_a_word() -> None:
    guide = (ROOT / "docs" / "guides" / "authoring.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert example is not None
    problems = Problems()
    assert compile_form(parsed(example[1]), "travel/intake", vocabulary(), problems) is not None
    assert list(problems) == []
