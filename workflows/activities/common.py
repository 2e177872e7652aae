"""How an activity's input becomes what ports speak: effects, references and instants."""

from __future__ import annotations

from datetime import datetime

from temporalio import activity

from engine.ports import Effect, VisitRef
from workflows.contracts import EffectInput


def ref_of(effect: EffectInput) -> VisitRef:
    return VisitRef(clinic=effect.clinic, visit=effect.visit)


def effect_of(effect: EffectInput) -> Effect:
    attempt = activity.info().attempt if activity.in_activity() else 1
    return Effect(ref=ref_of(effect), step=effect.step, key=effect.key, actor=effect.actor, attempt=attempt)


def instant(text: str) -> datetime:
    """An aware instant out of ISO 8601.

    Raises:
        ValueError: the text has no offset; the message holds no value.
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("instant without an offset")
    return at
