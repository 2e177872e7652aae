"""What a technical check came to, in one line of words."""

from __future__ import annotations

from engine.tech_checks import NOT_NEEDED, TechCheck
from portals.base.i18n import Translate


def check_words(check: TechCheck, t: Translate) -> str:
    """Such as "Camera: works. Microphone: not heard."; what is not needed is left out."""
    said = [
        f"{t(f'check.part.{part}')}: {t(f'check.word.{part}.{verdict}')}."
        for part, verdict in check.verdicts.items()
        if verdict != NOT_NEEDED
    ]
    return " ".join(said)
