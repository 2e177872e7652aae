"""A house that looks at the law of the country, for tests of its pages."""

from pathlib import Path

from engine.law_words import LawWords
from engine.rulebook import Rulebook
from portals.base.formats import Formats
from portals.law.country import House
from portals.law.words import FactWords
from portals.provider.words import say_in


def house_of(rulebook: Rulebook, root: Path, day: str = "2026-12-01", language: str = "en") -> House:
    """The pages' house in a language on a day."""
    words = FactWords(say_in(language), Formats(language), LawWords(rulebook, language))
    return House(rulebook=rulebook, root=root, day=day, words=words)
