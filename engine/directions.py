"""What do a prescription's directions come to, and do its quantity and its days of supply agree with that?

Directions are a person's sentence. Only what is said plainly is read: one dose, one frequency, one length. A sentence
that says more (a taper, a range, a second step) is left alone, and nothing is said about it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

DAYS, QUANTITY, AT_MOST = "days", "quantity", "at_most"
_HOURS = 24
_WEEK = 7
_WORDS: Mapping[str, Fraction] = {
    "a": Fraction(1),
    "an": Fraction(1),
    "one": Fraction(1),
    "two": Fraction(2),
    "three": Fraction(3),
    "four": Fraction(4),
    "five": Fraction(5),
    "six": Fraction(6),
    "seven": Fraction(7),
    "ten": Fraction(10),
    "half": Fraction(1, 2),
    "half a": Fraction(1, 2),
    "half of a": Fraction(1, 2),
    "one-half": Fraction(1, 2),
    "1/2": Fraction(1, 2),
}
_COUNT = r"(?:\d+(?:\.\d+)?|half of a|half a|one-half|1/2|half|one|two|three|four|five|six|seven|ten|an|a)"
_OFTEN = re.compile(
    r"\b(?:(?P<times>\d+|three|four|five|six)\s*(?:times|x)\s*(?:a|per|each|every)?\s*(?:day|daily)"
    r"|(?P<twice>twice\s*(?:a|per|each|every)?\s*(?:day|daily)|b\.?i\.?d\b\.?)"
    r"|(?P<thrice>t\.?i\.?d\b\.?)|(?P<four>q\.?i\.?d\b\.?)"
    r"|(?:every|each|q)\s*(?P<hours>\d+)\s*(?:hours?|hrs?|h)\b"
    r"|(?P<once>(?:once\s*|one time\s*)(?:a|per|each|every)?\s*(?:day|daily)|daily|(?:a|per|each|every) day"
    r"|(?:every|each) (?:morning|evening|night)))"
)
_TIME_OF_DAY = re.compile(
    r"\b(?:in the (?:morning|evening)|(?:every|each) (?:morning|evening|night)|at (?:bedtime|night))"
)
_LONG = re.compile(rf"(?:\bfor\s+|\bx\s*|×\s*)(?P<count>{_COUNT})\s*(?P<span>days?|weeks?)\b")
_STRENGTH = re.compile(r"\(\s*[\d.,]+\s*(?:mg|mcg|g|ml|units?)\b[^()]*\)")
_NOT_ALWAYS = re.compile(r"\b(?:as needed|if needed|when needed|p\.?r\.?n\b\.?|up to|at most|no more than)")
_SAYS_MORE = re.compile(
    r"\d|\b(?:then|or|until|except|other|if|when|days?|odd|even|one|two|three"
    r"|alternat\w*|taper\w*|reduc\w*|increas\w*|decreas\w*|may|repeat|again|week\w*"
    r"|month\w*|first|next|after that|followed|hours?|times?|(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Directions:
    """``each`` units of ``unit`` ``per_day`` times a day for ``days`` days; None or empty is not said.

    ``at_most`` says that less may be taken, as with what is taken as needed.
    """

    each: Fraction | None = None
    unit: str = ""
    per_day: Fraction | None = None
    days: int | None = None
    at_most: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Disagreement:
    """``kind`` days (``said`` in the directions against ``given``), quantity or at_most (``each`` x ``per_day`` x
    ``days`` is ``said`` against ``given``); numbers as they are written."""

    kind: str
    said: str
    given: str
    each: str = ""
    per_day: str = ""
    days: str = ""

    @property
    def field(self) -> str:
        """The field of the prescription it stands at."""
        return DAYS if self.kind == DAYS else QUANTITY


def read_directions(text: str, units: Mapping[str, str]) -> Directions | None:
    """The directions of a sentence in English, None where it says more than can be read safely.

    Args:
        units: every way to write a unit, in lower case, and the unit that it means.
    """
    said = _STRENGTH.sub(" ", " ".join(text.casefold().split()))
    doses, left = _taken(_dose(units), said)
    often, left = _taken(_OFTEN, left)
    lengths, left = _taken(_LONG, left)
    times_of_day = _TIME_OF_DAY.findall(said)
    if max(map(len, (doses, often, lengths, times_of_day))) > 1:
        return None
    at_most = bool(_NOT_ALWAYS.search(left))
    if _SAYS_MORE.search(_NOT_ALWAYS.sub(" ", _TIME_OF_DAY.sub(" ", left))):
        return None
    return Directions(
        each=_number(doses[0]["count"]) if doses else None,
        unit=units[doses[0]["unit"]] if doses else "",
        per_day=_per_day(often[0]) if often else Fraction(1) if times_of_day else None,
        days=_days(lengths[0]) if lengths else None,
        at_most=at_most,
    )


def disagreements(read: Directions | None, quantity: str, unit: str, days: int) -> tuple[Disagreement, ...]:
    """Where a quantity (of a unit, by the same names as the directions') and days of supply differ from directions."""
    if read is None:
        return ()
    found = []
    if read.days is not None and read.days != days:
        found.append(Disagreement(kind=DAYS, said=str(read.days), given=str(days)))
    if read.each is None or read.per_day is None or not unit or unit != read.unit:
        return tuple(found)
    lasting = days if read.days is None else read.days
    needed, given = read.each * read.per_day * lasting, Fraction(Decimal(quantity))
    if given > needed or (given < needed and not read.at_most):
        found.append(
            Disagreement(
                kind=AT_MOST if read.at_most else QUANTITY,
                said=_written(needed),
                given=quantity,
                each=_written(read.each),
                per_day=_written(read.per_day),
                days=str(lasting),
            )
        )
    return tuple(found)


def _dose(units: Mapping[str, str]) -> re.Pattern[str]:
    names = "|".join(sorted((re.escape(name) for name in units), key=len, reverse=True))
    return re.compile(rf"(?<![\w./-])(?P<count>{_COUNT})[\s-]*(?P<unit>{names})(?!\w)")


def _taken(pattern: re.Pattern[str], text: str) -> tuple[list[re.Match[str]], str]:
    """What a pattern finds, and the text without it."""
    return list(pattern.finditer(text)), pattern.sub(" ", text)


def _per_day(often: re.Match[str]) -> Fraction | None:
    if often["times"]:
        return _number(often["times"])
    if often["hours"]:
        hours = int(often["hours"])
        return Fraction(_HOURS, hours) if 0 < hours <= _HOURS else None
    named = {"twice": 2, "thrice": 3, "four": 4}
    return Fraction(next((count for name, count in named.items() if often[name]), 1))


def _days(length: re.Match[str]) -> int | None:
    days = _number(length["count"]) * (_WEEK if length["span"].startswith("week") else 1)
    return int(days) if days.denominator == 1 else None


def _number(text: str) -> Fraction:
    return _WORDS[text] if text in _WORDS else Fraction(Decimal(text))


def _written(number: Fraction) -> str:
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.4g}"
