"""Writes `checked` and `review_by` into every law file: `python -m tests.rules.helpers_review_dates [DAY]`.

A file that says a day of its last check keeps it; others get DAY, the day of the researched facts.
"""

import re
import sys

from engine.law import LawFile
from engine.law_freshness import latest_review
from engine.rulebook import load_law
from engine.settings import HOME

FACTS_OF = "2026-11-21"
_LINES = re.compile(r"^(checked|review_by): .*\n", re.MULTILINE)
_TOPIC = re.compile(r"^topic: .*\n", re.MULTILINE)


def with_dates(text: str, file: LawFile, day: str) -> str:
    """The text of a law file with both lines right after its topic."""
    checked = file.checked or day
    lines = f"checked: {checked}\nreview_by: {latest_review(file, checked)}\n"
    return _TOPIC.sub(lambda topic: topic[0] + lines, _LINES.sub("", text), count=1)


def main(day: str = FACTS_OF) -> None:
    """Write them all."""
    for file in load_law(HOME).files:
        path = HOME / file.file
        before = path.read_text(encoding="utf-8")
        after = with_dates(before, file, day)
        if after != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
