"""Which photos does an item ask for, of which part of the body, and how good must they be?

A photo protocol is data: its shots in order, some of them only for some sites of the body. The answer to the item is
the opaque id of one file for each shot: `{overview: blb_…, close_up: blb_…}`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.texts import Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One photo to take: what it shows and how, whether something of known size lies in it, and for which sites."""

    id: str
    text: Texts
    help: Texts
    scale: bool = False
    optional: bool = False
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What makes a photo good enough to judge by.

    `pixels`: the least length of its shorter side. `sharp`: the least variance of the Laplacian of its grey values,
    brought to 512 pixels on the longer side. `dark`, `bright`: the least and the greatest mean of its grey values, 0 to
    255. Pixels are the server's limit, too; sharpness and light only advise, and the patient may send a photo as it is.
    """

    pixels: int = 480
    sharp: int = 60
    dark: int = 50
    bright: int = 215


def shots_for(shots: Sequence[Shot], site: Any) -> tuple[Shot, ...]:
    """The shots of a site of the body, in order; those without sites are for all."""
    return tuple(shot for shot in shots if not shot.sites or site in shot.sites)


def missing_shots(shots: Sequence[Shot], site: Any, answer: Any) -> tuple[Shot, ...]:
    """The shots of a site that are still to be taken; what is no answer of photos takes none."""
    taken = answer if isinstance(answer, Mapping) else {}
    return tuple(shot for shot in shots_for(shots, site) if not shot.optional and shot.id not in taken)
