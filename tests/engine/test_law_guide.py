"""What the guide for writing law shows is law that loads."""

import re
from collections.abc import Iterator

import pytest

from engine.diagnostics import Problems
from engine.law import SHAPE
from engine.overlays import OwnLaw
from engine.reading import Node, read_text
from engine.rulebook import join, load_law
from tests.rules.helpers_cases import ROOT

HEAD = "jurisdiction: us/xx\ntopic: prescribing\n"
GUIDE = (ROOT / "docs/guides/writing-law.md").read_text(encoding="utf-8")


def blocks() -> Iterator[str]:
    for found in re.finditer(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE):
        yield found[1]


BLOCKS = {text.split(":")[0].strip("- "): text for text in blocks()}


def read(text: str) -> Node:
    problems = Problems()
    node = read_text(text, "guide.yaml", problems)
    assert node is not None
    assert not problems.found
    return node


@pytest.mark.parametrize("name", ["id", "values", "schedules", "caps", "cases"])
def test_every_part_of_a_law_file_has_the_shape_of_one(name: str) -> None:
    text = BLOCKS[name]
    if name == "id":
        text = f"rules:\n{text}"
    if text.startswith(" "):
        text = re.sub(r"^  ", "", text, flags=re.MULTILINE)
    problems = Problems()
    SHAPE.check(read(HEAD + text), problems)
    assert not problems.found, [str(found) for found in problems]


def test_the_attestation_attests_law_that_is_carried() -> None:
    law = load_law(ROOT)
    attested = read(BLOCKS["attestations"]).get("attestations")
    overlay = join(law, OwnLaw(attestations=attested, officers=frozenset({"compliance"}))).overlay
    assert overlay is not None
    assert [one.value for one in overlay.attested] == ["consent.age"]
