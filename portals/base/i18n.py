"""What a page's words are in a language: message catalogues, and which language a visitor reads.

``portals/locale/<language>.yaml`` holds nested keys; a page asks by dotted name with named values. A missing key or
value raises, so that a page never shows half a sentence; a test holds the catalogues to the same keys and names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

from babel import negotiate_locale

from engine.diagnostics import Problems
from engine.reading import read_file

LOCALE_FOLDER = Path(__file__).resolve().parents[1] / "locale"
DEFAULT = "en"

Translate = Callable[..., str]


class MissingMessage(LookupError):
    """No catalogue has this message; carries its name."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All messages of a language by dotted name, read once.

    Raises:
        MissingMessage: there is no catalogue of that language.
        BrokenInput: a catalogue is no proper YAML, or says the same message twice.
    """
    files = sorted(LOCALE_FOLDER.glob(f"{language}*.yaml"))
    if not files:
        raise MissingMessage(language)
    problems = Problems()
    messages: dict[str, str] = {}
    for file in files:
        node = read_file(file, LOCALE_FOLDER, problems)
        if node is not None:
            messages.update(_flat(cast(Mapping[str, Any], node.plain()), ""))
    problems.stop_if_broken()
    return messages


# A sentence may end with "11 a.m.", whose point ends the sentence too.
_ONE_POINT = re.compile(r"\b([ap]\.\s?m\.)\.(?!\.)")


@cache
def languages() -> tuple[str, ...]:
    """The languages that have a catalogue, the default first."""
    found = {file.name.split(".")[0] for file in LOCALE_FOLDER.glob("*.yaml")}
    return tuple(sorted(found, key=lambda language: (language != DEFAULT, language)))


def translator(language: str) -> Translate:
    """The function pages call ``t``: ``t("home.title", name=...)``."""
    messages = catalogue(language if language in languages() else DEFAULT)

    def translate(key: str, /, **values: object) -> str:
        try:
            text = messages[key]
        except KeyError:
            raise MissingMessage(key) from None
        return _ONE_POINT.sub(r"\1", text.format(**values)) if values else text

    return translate


def has_message(language: str, key: str) -> bool:
    """Whether a language has a message; for codes that come from data, which fall back to a general sentence."""
    return key in catalogue(language if language in languages() else DEFAULT)


def choose_language(chosen: str, accepted: str, offered: Sequence[str]) -> str:
    """The visitor's language: their own choice, else the browser's first wish we offer, else the clinic's first."""
    carried = [language for language in offered if language in languages()] or [DEFAULT]
    if chosen in carried:
        return chosen
    wishes = [part.split(";")[0].strip().replace("-", "_") for part in accepted.split(",") if part.strip()]
    found = negotiate_locale(wishes + [wish.split("_")[0] for wish in wishes], carried)
    return found or carried[0]


def _flat(node: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(value)


def collated(text: str) -> tuple[str, str]:
    """What words are put in order by: accents and capitals count only between words that are the same otherwise.

    The languages of the pages keep `n` before `ñ`, as a letter of its own; every other mark is no letter.
    """
    plain = unicodedata.normalize("NFD", text.casefold().replace("ñ", "n\uffff"))
    return "".join(char for char in plain if not unicodedata.combining(char)), text
