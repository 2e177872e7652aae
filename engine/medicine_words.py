"""Which drugs do a person's own words mean: generic names, brands, misspellings, and what could not be read at all?

A brand is read here for warnings only. The law reads generic names alone (`engine.drugs`): what it does not know stays
unknown to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from engine.drugs import Drug, DrugNames

_LONGEST_NAME = 5  # words
_SHORTEST_NAME = 5  # letters: shorter words are near to too much
_NEAR = 0.8
_WORDS = re.compile(r"[\s,;/.()]+")
_PARTS = re.compile(r"[,;\n]+|\.\s+|\s(?:and|y|e|plus|\+|&)\s", re.IGNORECASE)
_NO_MEDICINE = frozenset({"none", "no", "nothing", "n/a", "na", "ninguno", "ninguna", "nada", "other", "otro", "otra"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Unread:
    """Words that no drug of the base could be read from, and the drug that is spelled nearly so (or empty)."""

    told: str
    near: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicineWords:
    """The drugs of a base by name, and what else they are called: ``brands`` are generic names by brand."""

    names: DrugNames
    brands: Mapping[str, str]

    def read(self, text: str) -> tuple[Drug, ...]:
        """The drugs that a text names, each once: what else it says is for a person to read."""
        words = [word.lower() for word in _WORDS.split(text) if word]
        found: dict[str, Drug] = {}
        start = 0
        while start < len(words):
            drug, length = self._at(words[start : start + _LONGEST_NAME])
            if drug is not None:
                found[drug.name] = drug
            start += length
        return tuple(found.values())

    def unread(self, text: str) -> tuple[Unread, ...]:
        """The parts of a list in words that name no drug of the base, each with the nearest spelling."""
        parts = (part.strip(" .") for part in _PARTS.split(text))
        return tuple(dict.fromkeys(one for part in parts for one in self._unread(part)))

    def near(self, told: str) -> str:
        """The drug of the base whose name or brand is spelled nearly so; empty where nothing is near."""
        known = [*self.names.drugs, *self.brands]
        for word in (word.lower() for word in _WORDS.split(told)):
            close = get_close_matches(word, known, n=1, cutoff=_NEAR) if len(word) >= _SHORTEST_NAME else []
            if close:
                return self.brands.get(close[0], close[0])
        return ""

    def _unread(self, part: str) -> Iterable[Unread]:
        if not part or part.lower() in _NO_MEDICINE or not any(letter.isalpha() for letter in part):
            return
        if not self.read(part):
            yield Unread(told=part, near=self.near(part))

    def _at(self, words: list[str]) -> tuple[Drug | None, int]:
        """The drug whose name these words begin with, and how many words the name takes (1 where there is none)."""
        for length in range(len(words), 0, -1):
            name = " ".join(words[:length])
            drug = self.names.drugs.get(self.brands.get(name, name))
            if drug is not None:
                return drug, length
        return None, 1


def ingredients(name: str) -> frozenset[str]:
    """The ingredients of a drug by its name: a combination's are joined by hyphens."""
    return frozenset(part for part in name.lower().split("-") if len(part) > 1)
