"""Which facts does the page ask for, in which order, and what stands in each field?

Only what the topic's rules look at in that place on that day: first what the answer still lacks, then what was told,
then the rest; exceptional statuses, which are presumed absent, come last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.vocabulary import Vocabulary
from portals.law.answers import NOTHING, texts_of
from portals.law.asking import shown_path
from portals.law.link import MOST_ROWS, Told
from portals.law.parts import Part, Sort, parts_of
from portals.law.words import FactWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record of a list; the one without a summary is still empty."""

    key: str
    summary: str
    fields: tuple[FactField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactField:
    """One fact to tell. `key` is its name in the form and the link, `texts` what stands in it."""

    key: str
    sort: str
    label: str
    help: str = ""
    options: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    unit: str = ""
    nullable: bool = False
    error: str = ""
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """The fields of the page by what they are to the answer."""

    missing: tuple[FactField, ...]
    told: tuple[FactField, ...]
    more: tuple[FactField, ...]
    presumed: tuple[FactField, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Makes fields out of facts."""

    vocabulary: Vocabulary
    words: FactWords
    told: Told
    wrong: Mapping[str, str]

    def of(self, part: Part) -> FactField:
        """The field of a fact."""
        field = self._field(part.path, part, self.words.label(part.path), self.told)
        return replace(field, help=self.words.sentence(part.path))

    def is_wrong(self, path: str) -> bool:
        """Whether what was told of a fact, or of a record under it, does not fit."""
        return any(key == path or key.startswith(f"{path}.") for key in self.wrong)

    def _field(self, key: str, part: Part, label: str, told: Mapping[str, Any]) -> FactField:
        wrong = self.wrong.get(key, "")
        return FactField(
            key=key,
            sort=part.sort.value,
            label=label,
            options=self.words.options(part),
            texts=_texts(part, told),
            unit=self.words.unit(part),
            nullable=part.nullable,
            error=self.words.say(f"ask.wrong.{wrong}") if wrong else "",
            rows=self._rows(part) if part.sort is Sort.RECORDS else (),
        )

    def _rows(self, records: Part) -> tuple[Row, ...]:
        told: Sequence[Mapping[str, Any]] = self.told.get(records.path, ())
        return tuple(self._row(records, number, row) for number, row in enumerate((*told, {})[:MOST_ROWS]))

    def _row(self, records: Part, number: int, row: Mapping[str, Any]) -> Row:
        key = f"{records.path}.{number}"
        fields = (
            self._field(f"{key}.{name}", part, self.words.part_label(name), row)
            for name, part in records.fields.items()
        )
        return Row(key=key, summary=self.words.record(records, row) if row else "", fields=tuple(fields))


def _texts(part: Part, told: Mapping[str, Any]) -> tuple[str, ...]:
    """What stands in a field; a list of records has rows of its own, and a mark where there are none."""
    if part.path not in told:
        return ()
    value = told[part.path]
    if part.sort is Sort.RECORDS:
        return () if value else (NOTHING,)
    return tuple(texts_of(value))


def grouped(fields: Fields, paths: Collection[str], lacking: Iterable[str]) -> Groups:
    """The fields for what is asked, what an answer lacks first, and for what was told although nothing asks for it."""
    parts = parts_of(fields.vocabulary)
    missing = {shown_path(path) for path in lacking}
    of_group: dict[str, list[FactField]] = {"missing": [], "told": [], "more": [], "presumed": []}
    for path in parts:
        if not (path in paths or path in fields.told or fields.is_wrong(path)):
            continue
        of_group[_group(fields, path, missing)].append(fields.of(parts[path]))
    return Groups(**{name: tuple(found) for name, found in of_group.items()})


def _group(fields: Fields, path: str, missing: Collection[str]) -> str:
    if path in missing:
        return "missing"
    if path in fields.told or fields.is_wrong(path):
        return "told"
    return "presumed" if fields.vocabulary.facts[path].is_presumed else "more"
