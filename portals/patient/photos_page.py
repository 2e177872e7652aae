"""What the page of a photo item shows: each photo that is due for the site of the body, and those already taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.forms import Item
from engine.photos import shots_for
from engine.texts import text_in


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShotView:
    """One photo: its words, whether something of known size belongs in it, and where the file is once it was sent."""

    id: str
    title: str
    help: str
    scale: bool
    optional: bool
    path: str


def shot_views(item: Item, answers: Mapping[str, Any], visit: str, language: str) -> tuple[ShotView, ...]:
    """The photos that these answers ask for, in order."""
    taken = answers.get(item.id) or {}
    return tuple(
        ShotView(
            id=shot.id,
            title=text_in(shot.text, language),
            help=text_in(shot.help, language),
            scale=shot.scale,
            optional=shot.optional,
            path=f"/visits/{visit}/files/{taken[shot.id]}" if shot.id in taken else "",
        )
        for shot in shots_for(item.shots, answers.get(item.by))
    )
