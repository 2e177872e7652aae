"""In which words does the page speak of facts, their values and records? The catalogue's, else the vocabulary's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babel import Locale
from babel.dates import get_timezone, get_timezone_name

from engine.decisions import Outcome
from engine.law_words import LawWords
from engine.values import FactType, Kind
from portals.base.formats import Formats
from portals.law.answers import NOTHING
from portals.law.parts import Part, Sort
from portals.provider.held import Say
from portals.provider.law import plain, sentence_part, verdict_key

_PATH = re.compile(r"\b[a-z][a-z_]*(?:\.[a-z_]+)+")
_CARD_FACT, _CARD_VALUE = "provider.law.fact.", "provider.law.value."
_MORE_THAN_THE_LABEL = 25  # letters by which a sentence must be longer to say more
LAW_LANGUAGE = "en"  # the language that rules and vocabulary are written in


@dataclass(frozen=True, slots=True)
class FactWords:
    """The words of one language."""

    say: Say
    fmt: Formats
    law: LawWords

    def condition(self, text: str) -> str:
        """The engine's words for a condition, with facts called as on the page (see `portals.law.conditions`)."""
        return _PATH.sub(lambda found: self._named(found[0]), text).replace("_", " ")

    def _named(self, path: str) -> str:
        """A fact in the midst of a sentence; the last part of a path that has no words of its own."""
        label = self.say(f"ask.fact.{path}", otherwise=path.rpartition(".")[2])
        return f"“{label}”" if " " in label else label

    def topic(self, name: str) -> str:
        """A topic in a word or two."""
        return self.say(f"ask.topic_name.{name}", otherwise=plain(name))

    def label(self, path: str) -> str:
        """A fact in a few words."""
        return self.say(f"ask.fact.{path}", otherwise=sentence_part(self.law.fact_sentence(path) or plain(path)))

    def sentence(self, path: str) -> str:
        """The vocabulary's sentence of a fact where it says more than the label, in the language it is written in."""
        found = sentence_part(self.law.fact_sentence(path) or "")
        says_more = len(found) > len(self.label(path)) + _MORE_THAN_THE_LABEL
        return found if says_more and self.fmt.language == LAW_LANGUAGE else ""

    def in_card(self, key: str, otherwise: str | None = None, **values: object) -> str:
        """The words of the law card, which asks by message; facts and their values are called as in the form."""
        fact = key.removeprefix(_CARD_FACT)
        if fact != key:
            return self.say(f"ask.fact.{fact}", otherwise=otherwise or "")
        if key.startswith(_CARD_VALUE):
            path, _, code = key.removeprefix(_CARD_VALUE).rpartition(".")
            if self.law.is_place(path):
                return self.state(code)
            return self.say(f"ask.value.{code}", otherwise=otherwise or "")
        return self.say(key, otherwise=otherwise, **values)

    def part_label(self, name: str) -> str:
        """A record's field in a word or two."""
        return self.say(f"ask.part.{name}", otherwise=plain(name))

    def value(self, part: Part, value: Any) -> str:
        """One value in words."""
        if value is None:
            return self.say("ask.none")
        if isinstance(value, bool):
            return self.say("ask.yes" if value else "ask.no")
        if isinstance(value, tuple):
            return ", ".join(self.value(part, one) for one in value)
        return self._word(part, str(value))

    def _word(self, part: Part, text: str) -> str:
        if part.sort is Sort.DATE:
            return self.fmt.iso_day(text)
        if part.sort is Sort.AGO:
            return self.say(f"ask.ago.{text}")
        if part.sort in (Sort.NUMBER, Sort.DRUG):
            unit = self.unit(part)
            return f"{text} {unit}" if unit else text
        return self.option(part, text)

    def option(self, part: Part, code: str) -> str:
        """One of the values of a choice."""
        if part.place:
            return self.state(code)
        return self.option_of(code)

    def option_of(self, code: str) -> str:
        """A code of the law's own (a profession, a form, a modality) in words."""
        return self.say(f"ask.value.{code}", otherwise=plain(code))

    def of_type(self, kind: FactType, code: str) -> str:
        """A code by its type: what is a state's among places may be a profession's among professions."""
        return self.state(code) if self.law.of_states(kind) else self.option_of(code)

    def law_value(self, kind: FactType, value: Any) -> str:
        """A value of the law in words, with its unit."""
        if value is None:
            return self.say("ask.none")
        if isinstance(value, bool):
            return self.say("ask.yes" if value else "ask.no")
        if isinstance(value, list | tuple):
            return ", ".join(self.of_type(kind, str(one)) for one in value) or self.say("ask.none")
        if kind.kind is Kind.NUMBER:
            unit = self.say(f"ask.unit.{kind.unit}", otherwise=kind.unit) if kind.unit else ""
            return f"{value} {unit}".strip()
        return self.of_type(kind, str(value))

    def state(self, code: str) -> str:
        """A state by its name; the territories have their names in the locale."""
        known = Locale.parse(self.fmt.locale).territories
        return self.say(f"state.{code}", otherwise=known.get(code, code))

    def zone(self, name: str) -> str:
        """A time zone as the reader's language calls it."""
        return get_timezone_name(get_timezone(name), width="long", locale=self.fmt.locale, zone_variant="generic")

    def unit(self, part: Part) -> str:
        """The unit of a number; empty where it has none."""
        return self.say(f"ask.unit.{part.unit}", otherwise="") if part.unit else ""

    def record(self, records: Part, row: Mapping[str, Any]) -> str:
        """A record in one line."""
        told = ((records.fields[name], value) for name, value in row.items() if name in records.fields)
        return ", ".join(self._in_record(part, value) for part, value in told) or self.say("ask.none")

    def _in_record(self, part: Part, value: Any) -> str:
        """A value in a record's line; dates say what they are."""
        if part.sort is Sort.DATE:
            return f"{self.part_label(part.path).lower()} {self.value(part, value)}"
        return self.value(part, value)

    def outcome(self, outcome: str) -> str:
        """An outcome in two or three words."""
        return self.say(f"ask.outcome.{verdict_key(outcome == Outcome.PERMITTED, outcome)}")

    def options(self, part: Part) -> tuple[tuple[str, str], ...]:
        """What can be chosen, as key and words; first "not told"."""
        untold = ("", self.say("ask.untold"))
        if part.sort is Sort.FLAG:
            return (untold, ("yes", self.say("ask.yes")), ("no", self.say("ask.no")))
        if part.sort is Sort.AGO:
            found = tuple((code, self.say(f"ask.ago.{code}")) for code in part.options)
        else:
            found = tuple((code, self.option(part, code)) for code in part.options)
        has_nothing = part.nullable and NOTHING not in part.options
        return (untold, *found, *(((NOTHING, self.say("ask.none")),) if has_nothing else ()))
