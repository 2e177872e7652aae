"""How instants, days, amounts and spans read on a page, in the visitor's language and zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.core import Locale, get_global
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    get_timezone,
    get_timezone_location,
    get_timezone_name,
)
from babel.numbers import format_currency

from portals.base.dose_units import amount_words
from portals.base.i18n import Translate, translator

DAY_PATTERNS: Mapping[str, str] = {"en": "EEEE, MMMM d", "es": "EEEE, d 'de' MMMM"}
LOCALES: Mapping[str, str] = {"en": "en_US", "es": "es_US"}


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one language."""

    language: str

    @property
    def locale(self) -> str:
        return LOCALES.get(self.language, self.language)

    @property
    def _t(self) -> Translate:
        return translator(self.language)

    def day(self, value: date | datetime, zone: str | None = None) -> str:
        """``Thursday, March 5``."""
        return format_date(_as_moment(value, zone), DAY_PATTERNS.get(self.language, "full"), locale=self.locale)

    def short_day(self, value: date | datetime, zone: str | None = None) -> str:
        """``Thu, Mar 5``."""
        return format_skeleton("MMMEd", _as_moment(value, zone), locale=self.locale)

    def short_date(self, value: date | datetime, zone: str | None = None) -> str:
        """``Mar 5, 2026``, for tables."""
        return format_date(_as_moment(value, zone), "medium", locale=self.locale)

    def date(self, value: date | datetime, zone: str | None = None) -> str:
        """``March 5, 2026``."""
        return format_date(_as_moment(value, zone), "long", locale=self.locale)

    def iso_day(self, text: str) -> str:
        """A day written ``2026-03-05`` as a date in words; the text itself when it is no day."""
        try:
            return self.date(date.fromisoformat(text))
        except ValueError:
            return text

    def time(self, value: datetime, zone: str) -> str:
        """``10:00 AM``."""
        return format_time(value.astimezone(ZoneInfo(zone)), "short", locale=self.locale).replace("\u202f", "\u00a0")

    def seconds(self, value: datetime, zone: str) -> str:
        """``10:00:07 AM``, where what happened is told in order."""
        return format_time(value.astimezone(ZoneInfo(zone)), "medium", locale=self.locale).replace("\u202f", "\u00a0")

    def zone(self, value: datetime, zone: str) -> str:
        """The zone's everyday name, such as ``Eastern Time``."""
        return self._everyday(zone) or get_timezone_name(
            value.astimezone(ZoneInfo(zone)), width="long", locale=self.locale, zone_variant="generic"
        )

    def zone_name(self, zone: str) -> str:
        """A zone's everyday name without an instant."""
        return self._everyday(zone) or get_timezone_name(
            get_timezone(zone), width="long", locale=self.locale, zone_variant="generic"
        )

    def zone_and_place(self, zone: str) -> str:
        """``Central Time (Chicago)``: the everyday name and the place whose clock it is."""
        name = self.zone_name(zone)
        if self._everyday(zone):
            place = zone.rpartition("/")[2].replace("_", " ")
        else:
            place = get_timezone_location(get_timezone(zone), locale=self.locale, return_city=True)
        return f"{name[:1].upper()}{name[1:]} ({place})"

    def _everyday(self, zone: str) -> str:
        """The name of a zone of three parts whose words are kept under its first and last part alone, or nothing."""
        first, *middle, last = zone.split("/")
        known = get_global("meta_zones").get(f"{first}/{last}") if middle else None
        long: Mapping[str, str] = Locale.parse(self.locale).meta_zones.get(known, {}).get("long", {})
        return long.get("generic", "")

    def moment(self, value: datetime, zone: str) -> str:
        """``Thu, Mar 5, 10:00 AM Eastern Time``: always with its zone."""
        return f"{self.short_day(value, zone)}, {self.time(value, zone)} {self.zone(value, zone)}"

    def money(self, cents: int, currency: str = "USD") -> str:
        """``$59`` when whole, ``$59.50`` otherwise."""
        pattern = "¤#,##0" if cents % 100 == 0 else None
        return (
            format_currency(cents / 100, currency, format=pattern, locale=self.locale, currency_digits=pattern is None)
            .replace("USD", "$")
            .replace("US$", "$")
        )

    def amount(self, quantity: str, unit: str) -> str:
        """``20 capsules``: what a prescription is for."""
        return amount_words(quantity, unit, self.language)

    def lasting(self, seconds: int) -> str:
        """``24 hours`` for whole hours, ``15 minutes`` for less."""
        if seconds < 3600:
            return self.minutes(seconds)
        count = round(seconds / 3600)
        return self._t("format.hour" if count == 1 else "format.hours", count=count)

    def minutes(self, seconds: int) -> str:
        """``15 minutes``."""
        count = max(1, round(seconds / 60))
        return self._t("format.minute" if count == 1 else "format.minutes", count=count)


def _as_moment(value: date | datetime, zone: str | None) -> date | datetime:
    if isinstance(value, datetime) and zone:
        return value.astimezone(ZoneInfo(zone))
    return value
