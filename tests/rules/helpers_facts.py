"""Writes the list of what the researched facts hold: `python -m tests.rules.helpers_facts FACTS_FOLDER`.

The list (docs/reference/facts-us.json) names every source of the facts by id and digest, and every number of a section
that the facts of a jurisdiction give. `test_sources.py` holds the law files against it.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "reference" / "facts-us.json"
FILES = ("licensing", "consent", "prescribing", "drugs")
_NOTHING = (None, "none", "unknown")
_SECTION = re.compile(r"[0-9][0-9A-Za-z.:-]*(?:\([0-9A-Za-z]+\))*")


def source_digest(source: Mapping[str, Any]) -> str:
    """The digest of a source's words, link and date; what says `none` counts as absent."""
    told = {key: str(source[key]) for key in ("title", "publisher", "url", "dated") if source.get(key) not in _NOTHING}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def sections(text: str) -> list[str]:
    """The numbers of a citation: `Fla. Stat. 456.47(2)(c)` gives `456.47(2)(c)`."""
    return [found.rstrip(".:-") for found in _SECTION.findall(text)]


def facts_list(folder: Path) -> dict[str, Any]:
    """Sources by id with their digests (an id may mean several), numbers of sections by jurisdiction."""
    sources: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    for name in FILES:
        facts = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
        for key, source in facts["sources"].items():
            sources.setdefault(key, set()).add(source_digest(source))
        states = facts.pop("jurisdictions", {})
        _collect(facts, found.setdefault("us", set()))
        for state, part in states.items():
            _collect(part, found.setdefault(f"us/{state.lower()}", set()))
    return {
        "sources": {key: sorted(value) for key, value in sorted(sources.items())},
        "sections": {key: sorted(value) for key, value in sorted(found.items())},
    }


def _collect(part: object, into: set[str]) -> None:
    for text in _texts(part):
        into.update(sections(text))


def _texts(part: object) -> Iterable[str]:
    if isinstance(part, Mapping):
        for value in part.values():
            yield from _texts(value)
    elif isinstance(part, list):
        for value in part:
            yield from _texts(value)
    elif part is not None:
        yield str(part)


def written(folder: Path) -> str:
    """The list as the file holds it, one entry a line."""
    parts = facts_list(folder)
    blocks = []
    for name, entries in parts.items():
        lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items())
        blocks.append(f'"{name}": {{\n{lines}\n}}')
    return "{\n" + ",\n".join(blocks) + "\n}\n"


if __name__ == "__main__":
    LIST.write_text(written(Path(sys.argv[1]) / "us"), encoding="utf-8")
