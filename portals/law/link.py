"""Which question does an address hold, and which address does a question have?

`/staff/law?topic=...&state=...&on=...` and one key for each fact told; a record's field is `path.row.field`. A key that
is no fact, or one that may not be shared, refuses the whole link. A value that does not fit is left out and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from engine.drugs import DrugNames
from engine.vocabulary import Vocabulary
from portals.law.answers import NOTHING, BadAnswer, read_value, texts_of
from portals.law.parts import Part, Sort, parts_of

PAGE = "/staff/law"
LEFT_OUT = "out"
MOST_ROWS = 4
LONGEST = 12_000  # characters of a query; the page's own form with every row stays below half of it
CONTROLS = ("topic", "state", "on", "time", "zone", "known", "start")
_FIELD = re.compile(r"([a-z_.]+)\.([0-9])\.([a-z_]+)")

Told = Mapping[str, Any]
Pairs = Sequence[tuple[str, str]]


class LinkRefused(Exception):
    """A link with keys that may not be there: facts that are never shared, and how many keys are nothing known."""

    def __init__(self, never: Iterable[str], unknown: int) -> None:
        self.never = tuple(never)
        self.unknown = unknown
        super().__init__("link refused")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question without anybody in it. `told` holds what may be shared, as the page tells it (an age, so long ago).

    With a `time` (`14:30`) in a `zone` of the state it is about that instant, else about the whole day. `known` is the
    moment by the clinic's clock (`2026-03-05T14:30`) as at which the law is asked; empty: as it is known now.
    """

    topic: str
    state: str
    day: str
    told: Told
    time: str = ""
    zone: str = ""
    known: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What an address said: the controls as given, what was told, and the fields whose value did not fit."""

    controls: Mapping[str, str]
    told: Told
    wrong: Mapping[str, str] = field(default_factory=dict)


def read_link(pairs: Pairs, vocabulary: Vocabulary, drugs: DrugNames) -> Link:
    """The question of an address; raises `LinkRefused`."""
    parts = parts_of(vocabulary)
    if sum(len(key) + len(value) for key, value in pairs) > LONGEST:
        raise LinkRefused((), len(pairs))
    _check_keys([key for key, _ in pairs], parts, vocabulary)
    given: dict[str, list[str]] = {}
    for key, value in pairs:
        given.setdefault(key, []).extend([value.strip()] if value.strip() else [])
    told: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    reader = _Reader(given, drugs, wrong)
    for path, part in parts.items():
        reader.put(told, path, path, part)
    return Link(controls={key: (given.get(key) or [""])[0] for key in CONTROLS}, told=told, wrong=wrong)


def _check_keys(keys: Iterable[str], parts: Mapping[str, Part], vocabulary: Vocabulary) -> None:
    strange = [key for key in dict.fromkeys(keys) if key not in CONTROLS and not _may_stand(key, parts)]
    never = [key for key in strange if _is_fact(key, vocabulary)]
    if strange:
        raise LinkRefused(never, len(strange) - len(never))


def _may_stand(key: str, parts: Mapping[str, Part]) -> bool:
    if key in parts:
        return True
    found = _FIELD.fullmatch(key)
    records = parts.get(found[1]) if found else None
    return bool(found and records and int(found[2]) < MOST_ROWS and found[3] in (*records.fields, LEFT_OUT))


def _is_fact(key: str, vocabulary: Vocabulary) -> bool:
    found = _FIELD.fullmatch(key)
    return key in vocabulary.facts or bool(found and found[1] in vocabulary.facts)


@dataclass(frozen=True, slots=True)
class _Reader:
    given: Mapping[str, list[str]]
    drugs: DrugNames
    wrong: dict[str, str]

    def put(self, told: dict[str, Any], name: str, key: str, part: Part) -> None:
        """Puts what the address tells of one part under `name`; nothing where it tells nothing."""
        if part.sort is Sort.RECORDS:
            rows = self._rows(part)
            if rows or NOTHING in self.given.get(key, ()):
                told[name] = rows
        elif self.given.get(key):
            try:
                told[name] = read_value(part, self.given[key], self.drugs)
            except BadAnswer as bad:
                self.wrong[key] = str(bad)

    def _rows(self, records: Part) -> tuple[Mapping[str, Any], ...]:
        rows = []
        for row in range(MOST_ROWS):
            if self.given.get(f"{records.path}.{row}.{LEFT_OUT}"):
                continue
            told: dict[str, Any] = {}
            for name, part in records.fields.items():
                self.put(told, name, f"{records.path}.{row}.{name}", part)
            rows += [told] if told else []
        return tuple(rows)


def address(asked: Asked) -> str:
    """The address of a question, the same for the same question."""
    controls = [("topic", asked.topic), ("state", asked.state), ("on", asked.day)]
    controls += [("time", asked.time), ("zone", asked.zone)] if asked.time else []
    controls += [("known", asked.known)] if asked.known else []
    return f"{PAGE}?{urlencode([*controls, *told_pairs(asked.told)])}"


def told_pairs(told: Told) -> list[tuple[str, str]]:
    """What was told as keys and values of an address."""
    pairs = []
    for path, value in told.items():
        if isinstance(value, tuple) and not value:
            pairs.append((path, NOTHING))
        elif isinstance(value, tuple) and isinstance(value[0], Mapping):
            for row, record in enumerate(value):
                pairs += [(f"{path}.{row}.{name}", text) for name, one in record.items() for text in texts_of(one)]
        else:
            pairs += [(path, text) for text in texts_of(value)]
    return pairs
