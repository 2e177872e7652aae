"""What does somebody try in a walk-through: which visit, as whom, with which clinician, and what was answered so far?

All of it stands in the page's address, so that a reload of the file, of the page or a colleague begins where one was.
Nothing in it can name a person: words that are typed are never carried, a sample stands for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

WIDTHS: Mapping[str, int] = {"phone": 390, "tablet": 768, "desk": 1280}
"""The screens a page is shown at, in CSS pixels."""
LICENCES = ("full", "compact_privilege", "registration", "elsewhere", "expired", "none")
"""How the clinician stands in the patient's state; ``elsewhere`` holds a full licence of another state alone."""
COMPANY = ("alone", "guardian")
"""Who is with the patient: nobody, or a guardian who signs and takes part."""
SAMPLE = "~"
"""Stands for typed words and for photos, which are never carried."""
YOUNGEST, OLDEST = 0, 110
_TOLD = "a."
_LONGEST = 60
_MOST_TOLD = 300
_CLOSED = ("kind", "state", "language", "width", "profession", "licence", "company", "drug", "at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """The choices of a walk-through. ``at`` is the screen looked at; ``cases`` whether the examples are asked too.

    ``told`` are raw answers by ``area/form:item``, as an HTML form sends them.
    """

    kind: str = ""
    state: str = ""
    language: str = ""
    width: str = "phone"
    profession: str = ""
    licence: str = "full"
    company: str = "alone"
    drug: str = ""
    at: str = ""
    age: int = 35
    cases: bool = False
    told: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def answered(self, name: str, raw: Iterable[str]) -> "Tried":
        """The same with one more answer."""
        return replace(self, told={**self.told, name: tuple(raw)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What may be chosen; the first of each is taken where nothing that fits was."""

    kinds: tuple[str, ...]
    states: tuple[str, ...]
    languages: tuple[str, ...]
    professions: Mapping[str, tuple[str, ...]]
    drugs: tuple[str, ...] = ()


def read_tried(pairs: Iterable[tuple[str, str]]) -> Tried:
    """The choices of an address; what is not known or too long is left out."""
    given: dict[str, str] = {}
    told: dict[str, tuple[str, ...]] = {}
    for key, value in list(pairs)[:_MOST_TOLD]:
        if len(value) > _LONGEST:
            continue
        if key.startswith(_TOLD):
            name = key.removeprefix(_TOLD)
            told[name] = (*told.get(name, ()), value)
        else:
            given[key] = value.strip()
    age = given.get("age", "")
    return Tried(
        **{name: given[name] for name in _CLOSED if given.get(name)},
        age=min(max(int(age), YOUNGEST), OLDEST) if age.isdecimal() and len(age) < 4 else 35,
        cases=given.get("cases") == "1",
        told=told,
    )


def settled(tried: Tried, offered: Offered) -> Tried:
    """The same with everything that the files no longer know replaced by the first that they do."""
    kind = _one_of(tried.kind, offered.kinds)
    return replace(
        tried,
        kind=kind,
        state=_one_of(tried.state, offered.states),
        language=_one_of(tried.language, offered.languages),
        width=_one_of(tried.width, tuple(WIDTHS)),
        profession=_one_of(tried.profession, offered.professions.get(kind, ())),
        licence=_one_of(tried.licence, LICENCES),
        company=_one_of(tried.company, COMPANY),
        drug=_one_of(tried.drug, offered.drugs),
    )


def query_of(tried: Tried) -> str:
    """The choices as the query of an address, the same for the same choices."""
    pairs = [(name, str(getattr(tried, name))) for name in (*_CLOSED, "age") if getattr(tried, name) != ""]
    pairs += [("cases", "1")] if tried.cases else []
    pairs += [(f"{_TOLD}{name}", value) for name, values in tried.told.items() for value in values]
    return urlencode(pairs)


def _one_of(text: str, known: tuple[str, ...]) -> str:
    return text if text in known else next(iter(known), "")
