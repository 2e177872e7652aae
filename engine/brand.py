"""Which colours of a clinic can people read, and what is used instead of one that they cannot?

Contrast is that of WCAG 2.2 (relative luminance, sRGB): text needs 4.5 to 1.
"""

from dataclasses import dataclass

from engine.logo import Logo

TEXT_CONTRAST = 4.5
WHITE = "#ffffff"
DARK_PAGE = "#17191c"
# Below this, on white, hardly any colour is left to darken.
PALEST_BRAND = 1.25
_STEPS = 100

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """A clinic's look. Every colour is `#rrggbb` and already readable.

    `accent` carries `on_accent` text and is itself readable on white (links); `accent_dark` is the same on the dark
    page; `tint` is a pale ground on which ordinary text and `accent` stand.
    """

    logo_text: str
    written: str
    accent: str
    on_accent: str
    accent_dark: str
    tint: str
    logo: Logo | None = None


def brand_of(colour: str, logo_text: str, logo: Logo | None = None) -> Brand:
    """The brand of one colour; too light a colour is darkened just enough (the hue stays)."""
    accent = readable(colour, on=WHITE, towards=(0, 0, 0))
    tint = _hex(_mix(_rgb(accent), (255, 255, 255), 0.92))
    return Brand(
        logo_text=logo_text,
        written=colour.lower(),
        accent=readable(accent, on=tint, towards=(0, 0, 0)),
        on_accent=WHITE,
        accent_dark=readable(colour, on=DARK_PAGE, towards=(255, 255, 255)),
        tint=tint,
        logo=logo,
    )


def too_pale(colour: str) -> bool:
    """Whether a colour is so light that, made readable, it would be another one."""
    return contrast(colour, WHITE) < PALEST_BRAND


def readable(colour: str, on: str, towards: Rgb) -> str:
    """The colour, moved towards another in steps of a hundredth until it has the contrast of text."""
    start = _rgb(colour)
    for step in range(_STEPS + 1):
        moved = _hex(_mix(start, towards, step / _STEPS))
        if contrast(moved, on) >= TEXT_CONTRAST:
            return moved
    return _hex(towards)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, 1.4.3)."""
    first, second = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))))
    return (second + 0.05) / (first + 0.05)


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (_linear(part / 255) for part in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _rgb(colour: str) -> Rgb:
    digits = colour.removeprefix("#")
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _hex(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
