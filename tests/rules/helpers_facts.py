"""Writes the list of what the researched facts hold: `python -m tests.rules.helpers_facts FACTS_FOLDER`.

The list (docs/reference/facts-us.json) names every source of the facts by id and digest, every number of a section that
the facts of a jurisdiction give, and every block of them: how sure it is, its sources, its sections, its dates and
those of its dates that no page was read for. Of everything that lets a clinician of another state practise (a
registration, a special license, a waiver, an exception) it names the kind, the professions and the terms.
`test_sources.py`, `test_facts_carried.py` and `test_paths_carried.py` hold the law files against it.
"""

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "docs" / "reference" / "facts-us.json"
FILES = ("licensing", "consent", "prescribing", "drugs")
CONFIDENCE = ("unknown", "low", "medium", "high")
GUESS = "background"
"""The source of what no page was read for: by itself it says nothing of which facts are meant."""
NOTHING_FOUND = "unknown"
"""How sure facts are for which nothing was found; such a part may name no source."""
UNSAID = "medium"
"""How sure facts are at most that do not say it."""
_NOTHING = (None, "none", "unknown")
_NO_LAW = ("sources", "legend", "vocabulary", "conventions")
"""Parts of a file of facts that say what its words mean, or where it was read."""
OF_LAW = ("licensing", "consent", "prescribing")
"""The files whose every part is law of a place; that of drugs has its own list (docs/reference/drugs-us.json)."""
_NAMES = ("id", "code", "service", "drug", "payer", "setting", "applies_to")
_NO_DATES = ("source", "sources", "dated", "as_of", "as_seen", "note")
_DATE = re.compile(r"\b[12][0-9]{3}-[0-9]{2}(?:-[0-9]{2})?\b|\A[12][0-9]{3}\Z")
_SECTION = re.compile(r"[0-9][0-9A-Za-z.:-]*(?:\([0-9A-Za-z]+\))*")


def source_digest(source: Mapping[str, Any]) -> str:
    """The digest of a source's words, link and date; what says `none` counts as absent."""
    told = {key: str(source[key]) for key in ("title", "publisher", "url", "dated") if source.get(key) not in _NOTHING}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


def as_in_facts(source: str) -> str:
    """The facts' own id of a source: where theirs on licensing and on consent mean two pages by one id, law files
    call the second one `..._consent`.
    """
    return source.removesuffix("_consent")


def sections(text: str) -> list[str]:
    """The numbers of a citation: `Fla. Stat. 456.47(2)(c)` gives `456.47(2)(c)`."""
    return [found.rstrip(".:-") for found in _SECTION.findall(text)]


def dates(part: object) -> list[str]:
    """The days, months and years that facts hold from or until, or cite; not those of their sources and notes."""
    if isinstance(part, Mapping):
        return sorted({date for key, value in part.items() if key not in _NO_DATES for date in dates(value)})
    if isinstance(part, list):
        return sorted({date for value in part for date in dates(value)})
    return _DATE.findall(str(part))


def recalled(part: Mapping[str, Any]) -> list[str]:
    """The dates of facts whose day is recollection, though their other words were read."""
    told = (value for key, value in part.items() if key in ("effective", "effective_from", "effective_to"))
    return sorted({date for value in told for date in dates(value)} if part.get("effective_source") == GUESS else ())


def specific(numbers: Iterable[str]) -> frozenset[str]:
    """The numbers that name a section by themselves: not the title of a code, nor a year."""
    return frozenset(number for number in numbers if re.search(r"[.(:-]", number) or len(number) > 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Facts that stand on sources of their own: what they inherit from around them, and what they say themselves."""

    confidence: str = ""
    sources: tuple[str, ...] = ()
    citation: str = ""

    def inside(self, part: Mapping[str, Any]) -> "Block":
        told, sources = part.get("confidence"), part.get("source")
        return Block(
            confidence=told if told in CONFIDENCE else self.confidence,
            sources=((sources,) if isinstance(sources, str) else tuple(sources or ())) or self.sources,
            citation=str(part.get("citation") or "") or self.citation,
        )

    def told(self) -> list[Any]:
        return [self.confidence or UNSAID, list(self.sources), sorted(specific(sections(self.citation)))]


def blocks(part: object, path: str, around: Block) -> Iterable[tuple[str, list[Any]]]:
    """By its path, every mapping of facts with its own source, confidence or citation, or that found nothing."""
    if isinstance(part, Mapping):
        mine = around.inside(part)
        told = mine.sources or part.get("confidence") == NOTHING_FOUND
        if told and not {"source", "confidence", "citation"}.isdisjoint(part):
            yield path, [*mine.told(), dates(part), recalled(part)]
        for key, value in part.items():
            yield from blocks(value, f"{path}.{key}", mine)
    elif isinstance(part, list):
        seen: Counter[str] = Counter()
        for value in part:
            name = ".".join([path, *_name(value)])
            seen[name] += name != path
            yield from blocks(value, name if seen[name] < 2 else f"{name}.{seen[name]}", around)


def paths(licensing: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """What a state gives to clinicians of other states, by the path of its block: the kind, for whom, on what terms."""
    given = licensing["telehealth_registration"]
    terms: dict[str, Any] = {str(term): True for term in given["conditions"]}
    yield "licensing.telehealth_registration", {"kind": given["kind"], "for": given["applies_to"], "terms": terms}
    seen: Counter[str] = Counter()
    for given in licensing["exceptions"]:
        code = given["code"]
        seen[code] += 1
        name = f"licensing.exceptions.{code}" if seen[code] < 2 else f"licensing.exceptions.{code}.{seen[code]}"
        yield name, {"kind": code, "for": given["applies_to"], "terms": given["params"] or {}}


def _name(part: object) -> list[str]:
    """What an entry of a list is called by: its own id, code or drug, or whom it is for."""
    told = next((part[key] for key in _NAMES if key in part), None) if isinstance(part, Mapping) else None
    return ["_".join(told) if isinstance(told, list) else str(told)] if told else []


def facts_list(folder: Path) -> dict[str, Any]:
    """Sources by id with their digests (an id may mean several), numbers of sections by jurisdiction."""
    sources: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    parts: dict[str, list[Any]] = {}
    ways: dict[str, dict[str, Any]] = {}
    for name in FILES:
        facts = yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8"))
        for key, source in facts["sources"].items():
            sources.setdefault(key, set()).add(source_digest(source))
        states = facts.pop("jurisdictions", {})
        _collect(facts, found.setdefault("us", set()))
        if name in OF_LAW:
            parts.update(blocks({key: facts[key] for key in facts if key not in _NO_LAW}, f"us {name}", Block()))
        for state, part in states.items():
            _collect(part, found.setdefault(f"us/{state.lower()}", set()))
            parts.update(blocks(part, f"us/{state.lower()} {name}", Block()))
            if "telehealth_registration" in part:
                ways.update((f"us/{state.lower()} {key}", way) for key, way in paths(part))
    return {
        "sources": {key: sorted(value) for key, value in sorted(sources.items())},
        "sections": {key: sorted(value) for key, value in sorted(found.items())},
        "blocks": dict(sorted(parts.items())),
        "paths": dict(sorted(ways.items())),
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
