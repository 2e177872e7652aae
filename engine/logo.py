"""Is a picture one that a clinic's pages, mails and papers can show, and how wide is it for its height?

Two kinds: PNG, and SVG that draws and does nothing else. Whoever opens a picture runs nothing and reaches nowhere: what
could is refused, never repaired, because a picture that was cut is another picture.
"""

import re
import struct
from dataclasses import dataclass, field
from xml.etree import ElementTree

MOST_BYTES = 24_000  # a first page weighs less than 100 kB with everything
LEAST_RATIO, MOST_RATIO = 0.5, 6.0
PNG, SVG = "image/png", "image/svg+xml"
KINDS = {".png": PNG, ".svg": SVG}
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SPACE = "{http://www.w3.org/2000/svg}"
_DRAWS = frozenset(
    {
        "svg",
        "g",
        "path",
        "rect",
        "circle",
        "ellipse",
        "line",
        "polyline",
        "polygon",
        "title",
        "desc",
        "defs",
        "symbol",
        "use",
        "text",
        "tspan",
        "clipPath",
        "mask",
        "linearGradient",
        "radialGradient",
        "stop",
    }
)
_LENGTH = re.compile(r"\s*(\d+(?:\.\d+)?)(?:px)?\s*\Z")
_LEADS_OUT = re.compile(r"url\(\s*['\"]?(?!#)|javascript:|@import|expression\(", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A clinic's picture: its media type, its bytes, width by height, its words, and whether it holds the name."""

    media_type: str
    content: bytes = field(repr=False)
    ratio: float
    alt: str
    has_name: bool
    digest: str


class NoPicture(ValueError):
    """The bytes are no picture that is shown; its text says why, to whoever wrote the file."""


def ratio_of(content: bytes, media_type: str) -> float:
    """Width by height of a picture that may be shown.

    Raises:
        NoPicture: it is none, it could do something, or it is too long for the head of a page.
    """
    width, height = _png(content) if media_type == PNG else _svg(content)
    if not (width and height and LEAST_RATIO <= width / height <= MOST_RATIO):
        raise NoPicture(f"it is {width:g} by {height:g}; it may be half as wide as high, up to six times")
    return round(width / height, 4)


def _png(content: bytes) -> tuple[float, float]:
    if not content.startswith(_SIGNATURE) or content[12:16] != b"IHDR" or content[-8:-4] != b"IEND":
        raise NoPicture("it is no whole PNG")
    width, height = struct.unpack(">II", content[16:24])
    return width, height


def _svg(content: bytes) -> tuple[float, float]:
    if b"<!" in content.replace(b"<!--", b""):
        raise NoPicture("it has a document type or entities")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError):
        raise NoPicture("it is no well-formed SVG") from None
    if root.tag != f"{_SPACE}svg":
        raise NoPicture("its first element is no <svg> of SVG's name space")
    for element in root.iter():
        _only_draws(element)
    return _size(root)


def _only_draws(element: ElementTree.Element) -> None:
    tag = str(element.tag)
    if tag.removeprefix(_SPACE) not in _DRAWS or not tag.startswith(_SPACE):
        raise NoPicture(f"it has a <{tag.rpartition('}')[2]}>, which does more than draw")
    for name, value in element.attrib.items():
        bare = name.rpartition("}")[2].lower()
        if bare.startswith("on") or (bare == "href" and not value.startswith("#")) or _LEADS_OUT.search(value):
            raise NoPicture(f"its attribute `{bare}` does more than draw")


def _size(root: ElementTree.Element) -> tuple[float, float]:
    box = (root.get("viewBox") or "").replace(",", " ").split()
    if len(box) == 4 and all(_LENGTH.match(part) for part in box[2:]):
        return float(box[2]), float(box[3])
    found = [_LENGTH.match(root.get(name) or "") for name in ("width", "height")]
    if not all(found):
        raise NoPicture("it has neither a viewBox nor a width and a height")
    width, height = (float(one[1]) for one in found if one)
    return width, height
