"""Whether two colours can be read on each other, and the tints a clinic's one brand colour gives (WCAG 2.2, 1.4.3)."""

from __future__ import annotations

import colorsys
import re
from dataclasses import dataclass

TEXT_CONTRAST = 4.5
GRAPHIC_CONTRAST = 3.0
LIGHT_SURFACE, DARK_SURFACE, DARK_RAISED = "#ffffff", "#171614", "#211f1d"
HOUSE_COLOUR = "#1f5c4d"  # of the pages that are no clinic's
HEX = re.compile(r"#[0-9a-f]{6}\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BrandTokens:
    """A brand colour's roles on one ground: itself, its hover, text on it, a soft ground and text on that."""

    brand: str
    strong: str
    on_brand: str
    soft: str
    ink: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two colours that meet on a page: what they are for, the ground, the ink on it, and their contrast."""

    role: str
    ground: str
    ink: str
    ratio: float


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def light_tokens(colour: str) -> BrandTokens:
    """The brand on light ground; a colour too pale for text is darkened until it can be read."""
    brand = _until_readable(_known(colour), "#f3f1ed", -0.02)
    soft = _mix(brand, LIGHT_SURFACE, 0.09)
    return BrandTokens(
        brand=brand,
        strong=_lighter(brand, -0.08),
        on_brand="#ffffff",
        soft=soft,
        ink=_until_readable(brand, soft, -0.02, 6.0),
    )


def dark_tokens(colour: str) -> BrandTokens:
    """The brand on dark ground; a colour too deep for text is lightened until it can be read."""
    brand = _until_readable(_known(colour), "#2c2a27", 0.02, 5.5)
    soft = _mix(brand, DARK_RAISED, 0.16)
    return BrandTokens(
        brand=brand,
        strong=_lighter(brand, 0.07),
        on_brand=DARK_SURFACE,
        soft=soft,
        ink=_until_readable(brand, soft, 0.02, 6.0),
    )


def pairs_of(colour: str) -> tuple[Pair, ...]:
    """Every pair in which a brand colour carries or is text, on light ground and then on dark."""
    return (*_pairs("light", light_tokens(colour), LIGHT_SURFACE), *_pairs("dark", dark_tokens(colour), DARK_SURFACE))


def _pairs(ground: str, tokens: BrandTokens, surface: str) -> tuple[Pair, ...]:
    met = (
        ("button", tokens.brand, tokens.on_brand),
        ("button under the pointer", tokens.strong, tokens.on_brand),
        ("link", surface, tokens.brand),
        ("ink on the tint", tokens.soft, tokens.ink),
    )
    return tuple(Pair(role=f"{role}, {ground}", ground=on, ink=ink, ratio=contrast(on, ink)) for role, on, ink in met)


def brand_css(colour: str) -> str:
    """The style sheet of a clinic's brand: custom properties for light and dark."""
    light, dark = _declarations(light_tokens(colour)), _declarations(dark_tokens(colour))
    return (
        f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n@media print{{:root{{{light}}}}}\n"
    )


def _declarations(tokens: BrandTokens) -> str:
    return (
        f"--brand:{tokens.brand};--brand-strong:{tokens.strong};--on-brand:{tokens.on_brand};"
        f"--brand-soft:{tokens.soft};--brand-ink:{tokens.ink}"
    )


def _known(colour: str) -> str:
    if not HEX.match(colour):
        raise ValueError("a brand colour is written #rrggbb")
    return colour.lower()


def _until_readable(colour: str, ground: str, step: float, least: float = TEXT_CONTRAST) -> str:
    for _ in range(60):
        if contrast(colour, ground) >= least:
            return colour
        colour = _lighter(colour, step)
    return colour


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(max(0.0, min(1.0, channel)) * 255):02x}" for channel in channels)


def _lighter(colour: str, step: float) -> str:
    hue, light, saturation = colorsys.rgb_to_hls(*_channels(colour))
    return _hex(colorsys.hls_to_rgb(hue, max(0.0, min(1.0, light + step)), saturation))


def _mix(colour: str, ground: str, part: float) -> str:
    pairs = zip(_channels(colour), _channels(ground), strict=True)
    red, green, blue = (one * part + other * (1 - part) for one, other in pairs)
    return _hex((red, green, blue))


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
