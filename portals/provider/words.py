"""What words the clinician's pages use: the message catalogue for the law panel, days, and what an order is called."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from engine.pharmacy import CANCEL_HELD, CANCEL_UNDONE, CANCELLING, FATES
from portals.base.formats import Formats
from portals.base.i18n import Translate, has_message, translator
from portals.provider.held import Day, Say

_BEFORE = frozenset({"drafted", "revised", "discarded", "sending"})


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


def order_state(order: Any, t: Translate) -> str:
    """Where a prescription stands, with what its pharmacy has made of it."""
    return t(f"pharmacy.state.{order.stands}" if order.stands in FATES else f"provider.rx.state.{order.state}")


def order_course(
    order: Any, t: Translate, moment: Callable[[datetime], str], name: Callable[[str], str]
) -> tuple[str, ...]:
    """Every state a prescription went through since it left, oldest first, each in a line with its time."""
    return tuple(_step(one, t, moment, name) for one in order.steps if one.state not in _BEFORE)


def _step(one: Any, t: Translate, moment: Callable[[datetime], str], name: Callable[[str], str]) -> str:
    line = f"{moment(one.at)}: {t(f'pharmacy.step.{one.state}')}"
    if one.state == CANCEL_UNDONE:
        return f"{line}, {t('pharmacy.by', name=name(one.actor))}"
    if one.state not in (CANCEL_HELD, CANCELLING) or not one.code:
        return line
    reason = t("pharmacy.because", reason=t(f"pharmacy.reason.{one.code}"))
    return f"{line}, {t('pharmacy.by', name=name(one.actor))} ({reason})"
