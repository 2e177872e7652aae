"""What did a patient's browser make of a photo before it was sent, and what did the patient say of it?

It advises whoever judges by the photo: a browser can be wrong, and another program than our page can say anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

QUALITIES = ("good", "blurred", "too_dark", "too_bright")
SCALES = ("coin", "ruler", "far", "near", "unsure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How sharp and well lit it looked, and what of known size was seen in it; empty where nothing was judged.

    ``scale``: a coin, a ruler, a coin too far away or too near to measure by, or nothing that is sure. ``share`` is its
    length in hundredths of the picture's longer side, 0 unknown. ``confirmed``: the patient says that a coin or a ruler
    is in the picture.

    Raises:
        ValueError: a word or number that no judgement comes to; names the part only.
    """

    quality: str = ""
    scale: str = ""
    share: int = 0
    confirmed: bool = False

    def __post_init__(self) -> None:
        if self.quality not in ("", *QUALITIES):
            raise ValueError("quality")
        if self.scale not in ("", *SCALES):
            raise ValueError("scale")
        if not 0 <= self.share <= 100:
            raise ValueError("share")

    @property
    def measurable(self) -> bool:
        """Whether the browser or the patient says that something of known size is there."""
        return self.scale in ("coin", "ruler") or self.confirmed


def read_judgement(said: Mapping[str, str], *, scale: bool) -> Judgement | None:
    """What a page sends of a photo; what is not usable counts as not said, None when there is nothing to keep.

    ``scale``: the protocol asks for a scale in this photo; otherwise nothing about one is kept.
    """
    quality = said.get("quality", "")
    seen, share = said.get("scale", ""), said.get("share", "")
    found = Judgement(
        quality=quality if quality in QUALITIES else "",
        scale=seen if scale and seen in SCALES else "",
        share=min(int(share), 100) if scale and share.isascii() and share.isdigit() and len(share) < 4 else 0,
        confirmed=scale and said.get("confirmed") == "yes",
    )
    return found if scale or found.quality else None
