"""What pages need to know of a clinic: a small frozen view of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.clinics import ClinicFile
from engine.logo import Logo


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoView:
    """A clinic's logo as its pages show it: its address, width by height, and whether the name is in the picture."""

    href: str
    ratio: float
    alt: str
    has_name: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicView:
    """A clinic as its pages show it: ``mark`` is the name as its logo has it, ``texts`` its own sentences by name."""

    slug: str
    name: str
    brand_colour: str
    mark: str = ""
    languages: tuple[str, ...] = ("en",)
    states: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    time_zone: str = "America/New_York"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    hours: tuple[str, ...] = ()
    logo: LogoView | None = None

    def text(self, name: str, language: str, otherwise: str = "") -> str:
        """The clinic's own sentence in a language, in its first language when it has no other."""
        by_language = self.texts.get(name, {})
        return by_language.get(language) or by_language.get(self.languages[0]) or otherwise


def clinic_view(file: ClinicFile) -> ClinicView:
    """The view of a clinic's file."""
    return ClinicView(
        slug=file.slug,
        name=file.name,
        brand_colour=file.brand.written,
        mark=file.brand.logo_text,
        languages=file.languages,
        states=file.states,
        phone=file.contact.phone,
        email=file.contact.email,
        time_zone=file.time_zone,
        texts=file.texts,
        hours=file.hours_words,
        logo=_logo(file.brand.logo),
    )


def _logo(logo: Logo | None) -> LogoView | None:
    if logo is None:
        return None
    href = f"/brand/logo?v={logo.digest[:10]}"
    return LogoView(href=href, ratio=logo.ratio, alt=logo.alt, has_name=logo.has_name)


Clinics = Callable[[], Mapping[str, ClinicView]]
