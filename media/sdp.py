"""What a browser offers.

A strict parser: an offer is small, bundled, multiplexed, with one DTLS fingerprint and one ICE session, or it is
refused with :class:`BadOffer`. Only the client offers, so this is the only SDP that is ever read. RFC 8866 (SDP),
RFC 9143 (BUNDLE), RFC 8829 (JSEP), RFC 8839 and 8842 (ICE and DTLS in SDP).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

MAX_BYTES = 64 << 10
MAX_LINE = 2048
MAX_SECTIONS = 40
MAX_SSRCS = 8
MAX_LAYERS = 3
DIRECTIONS = frozenset({"sendrecv", "sendonly", "recvonly", "inactive"})
_FINGERPRINT = re.compile(r"(sha-256|sha-384|sha-512) ([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31,63})", re.ASCII)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}", re.ASCII)
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)
_MEDIA = re.compile(r"(audio|video|application) (\d{1,5}) ([A-Za-z/]{1,32}) (.+)", re.ASCII)
_RTPMAP = re.compile(r"(\d{1,3}) ([A-Za-z0-9._-]{1,32})/(\d{1,6})(?:/(\d))?", re.ASCII)
_NUMBERED = re.compile(r"(\d{1,3}) (.+)", re.ASCII)
_EXTMAP = re.compile(r"(\d{1,3})(?:/\w+)? (\S+)", re.ASCII)
_SSRC = re.compile(r"\d{1,10}", re.ASCII)
_RID = re.compile(r"([A-Za-z0-9_-]{1,16}) send(?: .*)?", re.ASCII)


class BadOffer(ValueError):
    """An offer that is not understood; carries a code (``sdp_...``) and never the offer's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One payload type of a section: ``opus/48000``, its format parameters and the feedback it may use."""

    payload_type: int
    name: str = ""
    clock: int = 0
    channels: int = 1
    parameters: str = ""
    feedback: tuple[str, ...] = ()

    @property
    def apt(self) -> int | None:
        """The payload type that an rtx codec repeats."""
        found = re.fullmatch(r"apt=(\d{1,3})(?:;.*)?", self.parameters) if self.name == "rtx" else None
        return int(found[1]) if found else None

    def parameter(self, name: str) -> str:
        """The value of one format parameter, empty when it is not given."""
        pairs = (pair.strip().partition("=") for pair in self.parameters.split(";"))
        return next((value.lower() for key, _, value in pairs if key.lower() == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One ``m=`` section of an offer. ``rejected`` sections keep their place only.

    ``rids`` names the layers of a simulcast (RFC 8853) in the order of the offer, for us the lowest first; those in
    ``resting`` are not sent at present.
    """

    kind: str
    mid: str
    direction: str
    rejected: bool
    formats: str
    protocol: str
    codecs: tuple[Codec, ...] = ()
    extensions: Mapping[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()
    rtx_of: Mapping[int, int] = field(default_factory=dict)
    rids: tuple[str, ...] = ()
    resting: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Offer:
    """A parsed offer: the ICE and DTLS session it belongs to, and its sections in order."""

    ufrag: str
    password: str
    fingerprint: tuple[str, str]
    sections: tuple[Section, ...]

    def section(self, mid: str) -> Section | None:
        return next((section for section in self.sections if section.mid == mid and not section.rejected), None)


def parse_offer(text: str) -> Offer:
    """The offer in ``text``. Raises `BadOffer`."""
    session, *blocks = _blocks(_lines(text))
    if not blocks:
        raise BadOffer("sdp_empty")
    shared = _Attributes(session)
    sections = tuple(_section(block) for block in blocks)
    active = [
        _Attributes(block).over(shared) for block, found in zip(blocks, sections, strict=True) if not found.rejected
    ]
    if not active:
        raise BadOffer("sdp_nothing_active")
    _check_bundle(shared, sections)
    fingerprint = _same(active, "fingerprint", _FINGERPRINT)
    if {found.get("setup") for found in active} - {"actpass", "active"}:
        raise BadOffer("sdp_setup")
    return Offer(
        ufrag=_same(active, "ice-ufrag", _ICE)[0],
        password=_same(active, "ice-pwd", _ICE)[0],
        fingerprint=(fingerprint[1], fingerprint[2].upper()),
        sections=sections,
    )


def parse_fragment(text: str) -> tuple[str, str]:
    """The ICE user name and password in an SDP fragment (RFC 8840), empty where it names none. Raises `BadOffer`.

    Candidates need no look: we are ICE-lite and check nobody.
    """
    lines = _checked(text)
    attributes = _Attributes(lines)
    found = [attributes.get("ice-ufrag") or "", attributes.get("ice-pwd") or ""]
    if any(found) and not all(_ICE.fullmatch(value) for value in found):
        raise BadOffer("sdp_ice-ufrag")
    if not any(found) and not attributes.has("candidate") and not attributes.has("end-of-candidates"):
        raise BadOffer("sdp_empty")
    return found[0], found[1]


def _lines(text: str) -> list[str]:
    lines = _checked(text)
    if lines[0] != "v=0":
        raise BadOffer("sdp_version")
    return lines


def _checked(text: str) -> list[str]:
    if len(text) > MAX_BYTES or (not text.isprintable() and not _printable(text)):
        raise BadOffer("sdp_text")
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if any(len(line) < 2 or len(line) > MAX_LINE or line[1] != "=" or not "a" <= line[0] <= "z" for line in lines):
        raise BadOffer("sdp_line")
    return lines


def _printable(text: str) -> bool:
    return text.replace("\r", "").replace("\n", "").replace("\t", "").isprintable()


def _blocks(lines: list[str]) -> list[list[str]]:
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.startswith("m="):
            blocks.append([])
        blocks[-1].append(line)
    if len(blocks) > MAX_SECTIONS + 1:
        raise BadOffer("sdp_sections")
    return blocks


class _Attributes:
    """The ``a=`` lines of a block by name."""

    def __init__(self, lines: list[str]) -> None:
        self._values: dict[str, list[str]] = {}
        for line in lines:
            if line.startswith("a="):
                name, _, value = line[2:].partition(":")
                self._values.setdefault(name, []).append(value)

    def over(self, other: _Attributes) -> _Attributes:
        """These attributes, and the other's where these have none (session level)."""
        merged = _Attributes([])
        merged._values = {**other._values, **self._values}
        return merged

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def has(self, name: str) -> bool:
        return name in self._values


def _same(found: list[_Attributes], name: str, pattern: re.Pattern[str]) -> re.Match[str]:
    """The one value that every active section has for ``name``."""
    values = {value for attributes in found for value in (attributes.all(name) or [""])}
    match = pattern.fullmatch(values.pop()) if len(values) == 1 else None
    if match is None:
        raise BadOffer(f"sdp_{name}")
    return match


def _check_bundle(session: _Attributes, sections: tuple[Section, ...]) -> None:
    groups = [value.split(" ")[1:] for value in session.all("group") if value.startswith("BUNDLE ")]
    mids = [section.mid for section in sections if not section.rejected]
    if len(set(mids)) != len(mids):
        raise BadOffer("sdp_mid")
    if len(groups) != 1 or not set(mids) <= set(groups[0]):
        raise BadOffer("sdp_bundle")


def _section(lines: list[str]) -> Section:
    head = _MEDIA.fullmatch(lines[0][2:])
    if head is None:
        raise BadOffer("sdp_media")
    attributes = _Attributes(lines[1:])
    kind, port, protocol, formats = head.groups()
    mid = attributes.get("mid") or ""
    rejected = port == "0" and not attributes.has("bundle-only")
    plain = Section(kind=kind, mid=mid, direction="inactive", rejected=True, formats=formats, protocol=protocol)
    if rejected or kind == "application":
        return plain
    if not _TOKEN.fullmatch(mid):
        raise BadOffer("sdp_mid")
    if protocol != "UDP/TLS/RTP/SAVPF" or not attributes.has("rtcp-mux"):
        raise BadOffer("sdp_profile")
    rids = _layers(attributes)
    return replace(
        plain,
        rejected=False,
        direction=_direction(attributes),
        codecs=tuple(_codecs(formats, attributes)),
        extensions=dict(_extensions(attributes)),
        ssrcs=_ssrcs(attributes),
        rtx_of=dict(_repairs(attributes)),
        rids=tuple(rid.removeprefix("~") for rid in rids),
        resting=frozenset(rid[1:] for rid in rids if rid.startswith("~")),
    )


def _direction(attributes: _Attributes) -> str:
    found = [name for name in DIRECTIONS if attributes.has(name)]
    if len(found) > 1:
        raise BadOffer("sdp_direction")
    return found[0] if found else "sendrecv"


def _codecs(formats: str, attributes: _Attributes) -> Iterator[Codec]:
    types = formats.split(" ")
    if len(types) > 64 or len(set(types)) != len(types) or not all(t.isascii() and t.isdigit() for t in types):
        raise BadOffer("sdp_formats")
    maps = {found[1]: found for value in attributes.all("rtpmap") if (found := _RTPMAP.fullmatch(value))}
    parameters = _numbered(attributes, "fmtp")
    feedback = _numbered(attributes, "rtcp-fb")
    for number in types:
        if int(number) > 127:
            raise BadOffer("sdp_formats")
        if (found := maps.get(number)) is not None:
            yield Codec(
                payload_type=int(number),
                name=found[2].lower(),
                clock=int(found[3]),
                channels=int(found[4] or 1),
                parameters="".join(parameters.get(number, [])[:1]),
                feedback=tuple(feedback.get(number, ())),
            )


def _numbered(attributes: _Attributes, name: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for value in attributes.all(name):
        if (found := _NUMBERED.fullmatch(value)) is not None:
            values.setdefault(found[1], []).append(found[2])
    return values


def _extensions(attributes: _Attributes) -> Iterator[tuple[str, int]]:
    for value in attributes.all("extmap"):
        found = _EXTMAP.fullmatch(value)
        # Ids above 14 need two-byte headers, which no browser uses by itself; such an extension is left out.
        if found is not None and 1 <= int(found[1]) <= 14:
            yield found[2], int(found[1])


def _ssrcs(attributes: _Attributes) -> tuple[int, ...]:
    found = dict.fromkeys(_ssrc(value.split(" ")[0]) for value in attributes.all("ssrc"))
    if len(found) > MAX_SSRCS:
        raise BadOffer("sdp_ssrc")
    return tuple(found)


def _repairs(attributes: _Attributes) -> Iterator[tuple[int, int]]:
    for value in attributes.all("ssrc-group"):
        words = value.split(" ")
        if words[0] == "FID" and len(words) == 3:
            yield _ssrc(words[2]), _ssrc(words[1])


def _layers(attributes: _Attributes) -> tuple[str, ...]:
    """The simulcast streams offered; of alternatives the first. Paused ones are streams too, and keep their ``~``."""
    words = (attributes.get("simulcast") or "").split(" ")
    if "send" not in words[:-1]:
        return ()
    named = {found[1] for value in attributes.all("rid") if (found := _RID.fullmatch(value))}
    listed = words[words.index("send") + 1].split(";")
    layers = tuple(alternatives.split(",")[0] for alternatives in listed)
    rids = {layer.removeprefix("~") for layer in layers}
    if len(layers) > MAX_LAYERS or len(rids) != len(layers) or not rids <= named:
        raise BadOffer("sdp_simulcast")
    return layers


def _ssrc(text: str) -> int:
    if not _SSRC.fullmatch(text) or not 0 < int(text) < 1 << 32:
        raise BadOffer("sdp_ssrc")
    return int(text)
