"""The sentences that the call's script shows, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping

from portals.base.i18n import Translate, catalogue

PREFIX = "call.text."
KEYS = tuple(key.removeprefix(PREFIX) for key in catalogue("en") if key.startswith(PREFIX))


def call_texts(t: Translate) -> Mapping[str, str]:
    """Every sentence of the script by its short name."""
    return {key: t(PREFIX + key) for key in KEYS}
