"""In which other languages do the law's sentences stand? A file a language beside the law: each sentence with its own.

A sentence is looked up by itself, not by an id, so one that is changed is no longer found and told as missing: no old
translation ever speaks for a new rule. The files are no part of the law's digest (docs/decisions/0036).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.diagnostics import Location, Problems
from engine.law import LawFile
from engine.reading import read_file
from engine.shapes import Key, MapOf, Record, Text
from engine.texts import LANGUAGE
from engine.topics import Topics

PATTERN = "words.*.yaml"
SHAPE = Record(
    "the law's sentences in another language",
    {
        "language": Key(LANGUAGE, "the language", required=True),
        "sentences": Key(MapOf(Text(words="the sentence in that language")), "each sentence as the law has it", True),
    },
)
Translations = Mapping[str, Mapping[str, str]]
"""By language: every sentence of the law with its own."""


def read_translations(
    paths: Iterable[Path], root: Path, files: Iterable[LawFile], topics: Topics, problems: Problems
) -> Translations:
    """Every file of words among those of the law.

    A sentence without words and words without a sentence are warned of, once the law itself could be read.
    """
    said, whole = dict(_said(files, topics)), not problems.errors
    found: dict[str, dict[str, str]] = {}
    for path in paths:
        if not path.match(PATTERN) or len(path.relative_to(root).parts) != 3:
            continue
        node = read_file(path, root, problems)
        if node is None:
            continue
        mine = Problems()
        SHAPE.check(node, mine)
        problems.found.extend(mine.found)
        if not mine.errors:
            sentences = node["sentences"]
            found.setdefault(node.text("language"), {}).update({text: part.raw for text, part in sentences.items()})
            for text in sentences.entries.keys() - said.keys() if whole else ():
                problems.report("LAW029", sentences.entries[text].key_at, text=text)
    for language, spoken in found.items() if whole else ():
        for text in said.keys() - spoken.keys():
            problems.report("LAW028", said[text], text=text, language=language)
    return found


def _said(files: Iterable[LawFile], topics: Topics) -> Iterable[tuple[str, Location]]:
    """Every sentence that a page shows, and where it stands."""
    at = Location("rules/topics.yaml")
    for topic in topics.topics.values():
        yield topic.says, at
        yield from ((says, at) for says in topic.duties.values())
        yield from ((limit.says, at) for limit in topic.limits.values())
        yield from ((topic.value_sentence(name), at) for name in topic.value_words)
    for file in files:
        yield from ((rule.title, rule.at) for rule in file.rules)
