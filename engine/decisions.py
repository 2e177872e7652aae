"""What is a question, and what is the answer to it?"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from engine.packs import canonical

Json = Mapping[str, Any]


class Outcome(StrEnum):
    """The outcomes of a decision; the first that applies wins, in this order."""

    FORBIDDEN = "forbidden"
    INCOMPLETE = "incomplete"
    REVIEW = "review"
    PERMITTED_WITH_DUTIES = "permitted_with_duties"
    PERMITTED = "permitted"


class Said(dict[str, Any]):
    """An entry that says the same in every answer in which it stands, beside its canonical bytes.

    It is made once and never changed; a copy of it is a plain dict. Where it always stands under the same `name`,
    `named` are the bytes of both.
    """

    __slots__ = ("named", "written")

    def __init__(self, content: Json, name: str = "") -> None:
        super().__init__(content)
        self.written = canonical(content)
        self.named = canonical(name) + b":" + self.written


PASSING = frozenset({Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES})
ENGINE_FAULT = "engine_fault"
PLACE_NOT_ATTESTED = "place_not_attested"
LAW_NOT_CARRIED = "law_not_carried"
DATE_UNCERTAIN = "date_uncertain"
UNKNOWN_DRUG = "unknown_drug"
PERMISSION_UNCERTAIN = "permission_uncertain"
LAW_VALUE_NOT_CARRIED = "law_value_not_carried"
REASONS = frozenset(
    {
        ENGINE_FAULT,
        PLACE_NOT_ATTESTED,
        LAW_NOT_CARRIED,
        DATE_UNCERTAIN,
        UNKNOWN_DRUG,
        PERMISSION_UNCERTAIN,
        LAW_VALUE_NOT_CARRIED,
    }
)
"""Why a person must decide where no rule says so by itself."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Question:
    """A topic, nested facts, the instant the law is asked about (ISO 8601 with offset, or a local day `2026-03-05`)."""

    topic: str
    on: str
    facts: Json
    known_at: str | None = None
    clinic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer; every list holds plain JSON mappings (see docs/reference or DESIGN for their keys)."""

    topic: str
    outcome: Outcome
    permits: tuple[Json, ...] = ()
    forbids: tuple[Json, ...] = ()
    duties: tuple[Json, ...] = ()
    limits: tuple[Json, ...] = ()
    advice: tuple[Json, ...] = ()
    review: tuple[Json, ...] = ()
    missing: tuple[str, ...] = ()
    presumed: Json = field(default_factory=dict)
    tried: tuple[Json, ...] = ()
    law_time: str | None = None
    known_time: str | None = None
    law: str = ""
    overlay: str | None = None
    rulebook: str = ""
    sources: Json = field(default_factory=dict)
    _written: bytes = field(default=b"", init=False, repr=False, compare=False)

    @property
    def passes(self) -> bool:
        """Whether the outcome itself opens a gate (duties due by then must still be met)."""
        return self.outcome in PASSING

    @property
    def faulted(self) -> bool:
        """Whether the engines gave no answer."""
        return any(entry["why"] == ENGINE_FAULT for entry in self.review)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, keys in a fixed order."""
        return {
            "topic": self.topic,
            "outcome": self.outcome.value,
            "permits": list(self.permits),
            "forbids": list(self.forbids),
            "duties": list(self.duties),
            "limits": list(self.limits),
            "advice": list(self.advice),
            "review": list(self.review),
            "missing": list(self.missing),
            "presumed": dict(self.presumed),
            "tried": list(self.tried),
            "law_time": self.law_time,
            "known_time": self.known_time,
            "law": self.law,
            "overlay": self.overlay,
            "rulebook": self.rulebook,
            "sources": dict(self.sources),
        }

    def canonical(self) -> bytes:
        """The bytes that are the same whenever the inputs are; written once."""
        if not self._written:
            object.__setattr__(self, "_written", _FORM % tuple(map(_written, _PARTS(self))))
        return self._written


_KEYS = tuple(sorted(part.name for part in fields(Decision) if part.init))
_PARTS = attrgetter(*_KEYS)
_FORM = "{{{}}}".format(",".join(f'"{key}":%b' for key in _KEYS)).encode()


def _written(value: object) -> bytes:
    """The canonical form of a part of an answer; of what always says the same (its sources too) it is at hand."""
    if isinstance(value, Said):
        return value.written
    if isinstance(value, tuple):
        return b"[%b]" % b",".join(map(_written, value)) if value else b"[]"
    if value is None or isinstance(value, str):
        return _word(value)
    if isinstance(value, dict) and isinstance(next(iter(value.values()), None), Said):
        return b"{%b}" % b",".join([value[name].named for name in sorted(value)])
    return canonical(value)


@lru_cache(maxsize=8000)
def _word(word: str | None) -> bytes:
    """A word out of rules and rulebooks, or a day."""
    return canonical(word)
