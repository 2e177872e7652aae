"""No law file invents a source, a link or a section: all of them stand in the list of the researched facts."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.helpers_facts import LIST, ROOT, as_in_facts, sections, source_digest, written

FACTS = ROOT.parent / "shared" / "facts"
HELD = json.loads(LIST.read_text(encoding="utf-8"))
FILES = sorted((ROOT / "rules" / "us").glob("**/*.yaml"))
Yaml = dict[str, Any]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> Yaml:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def unknown_sources(content: Yaml, held: Yaml) -> list[str]:
    """The sources of a file that the facts do not have in these words, with this link and date."""
    mine = content.get("sources", {})
    return [
        key for key, source in mine.items() if not _is_nobodys(source) and source_digest(source) not in _held(key, held)
    ]


def _is_nobodys(source: Mapping[str, Any]) -> bool:
    """What was written down without any page to name: its title is a sentence of ours, and it is never sure."""
    named = any(source.get(key) for key in ("publisher", "url", "dated"))
    return source.get("class") == "background" and not named and source.get("confidence") in ("low", "medium")


def _held(source: str, held: Yaml) -> Iterable[str]:
    sources: Mapping[str, Iterable[str]] = held["sources"]
    return sources.get(source, ()) or sources.get(as_in_facts(source), ())


def cited(content: Yaml) -> Iterable[Mapping[str, Any]]:
    yield from content.get("rules", ())
    for key in ("values", "schedules"):
        for entries in content.get(key, {}).values():
            yield from entries


def unused_sources(content: Yaml) -> list[str]:
    """Only what a file uses is copied into it."""
    used = {key for part in (*cited(content), content) for key in _several(part.get("cite", ()))}
    return sorted(set(content.get("sources", {})) - used)


def _several(cite: object) -> list[str]:
    return [cite] if isinstance(cite, str) else list(cite) if isinstance(cite, list | tuple) else []


def unknown_sections(content: Yaml, held: Yaml) -> list[str]:
    """The numbers of sections that the facts of the jurisdiction (or the country) do not give."""
    known = set(held["sections"]["us"]) | set(held["sections"].get(str(content.get("jurisdiction")), ()))
    laws = [str(part["law"]) for part in cited(content) if "law" in part]
    return [number for law in laws for number in sections(law) if not any(_covers(one, number) for one in known)]


def _covers(known: str, number: str) -> bool:
    """The section itself, or one that it is the beginning of: 456.47 where the facts give 456.47(4)."""
    return known == number or known.startswith(f"{number}(")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_source_is_one_of_the_facts(path: Path) -> None:
    assert unknown_sources(read(path), HELD) == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_source_that_a_file_holds_is_used_in_it(path: Path) -> None:
    assert unused_sources(read(path)) == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_section_is_given_by_the_facts_of_its_jurisdiction(path: Path) -> None:
    assert unknown_sections(read(path), HELD) == []


def test_the_list_is_that_of_the_facts_where_they_lie() -> None:
    if not FACTS.is_dir():
        pytest.skip("the researched facts are not beside the project")
    assert LIST.read_text(encoding="utf-8") == written(FACTS / "us"), "run `python -m tests.rules.helpers_facts FOLDER`"


def test_an_invented_source_link_or_section_is_found() -> None:
    real = {"title": "38 CFR 17.417", "publisher": "GovRegs", "url": "https://example.org/a", "dated": "2024"}
    held = {"sources": {"va_reg": [source_digest(real)]}, "sections": {"us": ["17.417"], "us/tx": ["174.5(e)"]}}
    assert unknown_sources({"sources": {"va_reg": {**real, "confidence": "high"}}}, held) == []
    assert unknown_sources({"sources": {"va_reg": {**real, "url": "https://example.org/b"}}}, held) == ["va_reg"]
    assert unknown_sources({"sources": {"invented": real}}, held) == ["invented"]
    assert unused_sources({"rules": [{"cite": "a"}], "sources": {"a": real, "b": real}}) == ["b"]
    for state, law, expected in (
        ("us/tx", "22 TAC 174.5; 38 CFR 17.417", ["22", "38"]),
        ("us/tx", "TAC 174.6(e)", ["174.6(e)"]),
        ("us/ny", "TAC 174.5(e)", ["174.5(e)"]),
    ):
        assert unknown_sections({"jurisdiction": state, "rules": [{"law": law}]}, held) == expected
