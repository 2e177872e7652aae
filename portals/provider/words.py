"""What words the clinician's pages use: the message catalogue for the law panel, days, and what an order is called."""

from __future__ import annotations

from datetime import date
from typing import Any

from portals.base.formats import Formats
from portals.base.i18n import Translate, has_message, translator
from portals.provider.held import Day, Say


def say_in(language: str) -> Say:
    """The catalogue as the law panel asks it: a message that may be missing comes with words to use instead."""
    t: Translate = translator(language)

    def say(key: str, otherwise: str | None = None, **values: object) -> str:
        if otherwise is not None and not has_message(language, key):
            return otherwise
        return t(key, **values)

    return say


def day_in(fmt: Formats) -> Day:
    """ISO dates as a person reads them; anything else stays as it is."""

    def day(text: str) -> str:
        try:
            return fmt.date(date.fromisoformat(text))
        except ValueError:
            return text

    return day


def order_title(draft: Any) -> str:
    """A prescription by its drug: name, strength and form."""
    return " ".join(str(draft.drug.get(name, "")) for name in ("name", "strength", "form")).strip()
