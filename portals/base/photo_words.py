"""What a patient's browser and the patient said of a photo, in words for who judges by it."""

from __future__ import annotations

from engine.photo_judgements import Judgement
from portals.base.i18n import Translate


def judged_words(judged: Judgement | None, t: Translate) -> str:
    """Whose word it is, how it looked, what of known size was seen, and what the patient says; empty when untold."""
    if judged is None:
        return ""
    found = [t(f"judged.quality.{judged.quality}")] if judged.quality else []
    if judged.scale:
        found.append(t(f"judged.scale.{judged.scale}", share=judged.share))
    told = f"{t('judged.lead')} {' '.join(found)}" if found else ""
    said = ""
    if judged.confirmed:
        said = t("judged.confirmed")
    elif judged.scale and not judged.measurable:
        said = t("judged.not_said")
    return " ".join(part for part in (told, said) if part)
