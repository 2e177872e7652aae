"""What is known of a drug when a question gives its name alone?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.diagnostics import Problems
from engine.law import LAST_READ, SCHEDULES, SOURCE
from engine.reading import Node
from engine.remembered import read_once
from engine.shapes import Anything, Flag, Key, ListOf, MapOf, OneOf, Record, Text

_FORM = Record(
    "a form of a drug",
    {"form": Key(Text(), "tablet, capsule, ...", True), "strengths": Key(ListOf(Text()), "usual strengths")},
)
_DRUG = Record(
    "a drug",
    {
        "name": Key(Text(), "generic name, small letters", required=True),
        "rxcui": Key(Text(r"\d+", "digits in quotes"), "RxNorm concept id"),
        "rxcui_source": Key(Text(), "the sources that checked the id, joined by +; or per_ingredient"),
        "schedule": Key(OneOf(SCHEDULES), "federal schedule; absent when not controlled"),
        "classes": Key(ListOf(Text()), "classes that rules may ask for", required=True),
        "ingredients": Key(ListOf(Anything("name and rxcui")), "the ingredients of a combination"),
        "categories": Key(ListOf(Text()), "fields of care where it is common"),
        "forms": Key(ListOf(_FORM), "usual forms and strengths"),
        "flags": Key(MapOf(Anything("a value")), "programmes, warnings and checks"),
        "approved_for_oud": Key(Flag(), "approved for treating opioid use disorder"),
    },
)
SHAPE = Record(
    "a drug base",
    {
        **LAST_READ,
        "cite": Key(ListOf(Text()), "the sources it was carried from", required=True),
        "same_drug_words": Key(ListOf(Text()), "words after a name that do not make it another drug"),
        "source_by_group": Key(MapOf(Anything("sources")), "where each part of the entries comes from"),
        "confidence": Key(MapOf(Text()), "how sure each part of the entries is"),
        "drugs": Key(ListOf(_DRUG), "every drug", required=True),
        "sources": Key(MapOf(SOURCE), "the sources", required=True),
    },
)

_STRENGTH = re.compile(r"\d[\d.,/%-]*(mg|mcg|g|ml|meq|units?)?(/\d*(mg|mcg|g|ml|h|hr|day))?\Z")
_SPACES = re.compile(r"[\s()]+")


@dataclass(frozen=True, slots=True)
class DrugForm:
    """A form a drug usually comes in, and its strengths in words."""

    form: str
    strengths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug: federal schedule (None: not controlled), classes, whether approved for opioid use disorder.

    ``rxcui`` is its RxNorm id and ``rxcui_source`` what checked it; ``ingredients`` are names with their ids; ``flags``
    (programmes, warnings, checks) are plain values.
    """

    name: str
    schedule: str | None
    classes: tuple[str, ...]
    approved_for_oud: bool = False
    forms: tuple[DrugForm, ...] = ()
    rxcui: str = ""
    rxcui_source: str = ""
    categories: tuple[str, ...] = ()
    ingredients: tuple[tuple[str, str], ...] = ()
    flags: Mapping[str, object] = field(default_factory=dict, hash=False)

    @property
    def form_words(self) -> frozenset[str]:
        """The words of its forms."""
        return frozenset(word for form in self.forms for word in form.form.lower().split())

    @property
    def controlled(self) -> bool:
        """Whether the federal schedules hold it."""
        return self.schedule is not None


@dataclass(frozen=True, slots=True)
class DrugNames:
    """Which drug a written name means: letter case, strengths, salts and forms do not make another drug."""

    drugs: Mapping[str, Drug]
    same_drug_words: frozenset[str] = frozenset()
    form_words: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "form_words", frozenset().union(*(drug.form_words for drug in self.drugs.values())))

    def find(self, written: str) -> Drug | None:
        """The drug, or None where the base holds no such drug: another word may always mean another drug.

        A form that the base does not list for the drug keeps schedule and classes, and no approval: a patch of
        buprenorphine is for pain.
        """
        words = _SPACES.sub(" ", written).strip().lower().split(" ")
        for length in range(len(words), 0, -1):
            drug = self.drugs.get(" ".join(words[:length]))
            if drug is not None:
                return self._in_form(drug, words[length:])
        return None

    def _in_form(self, drug: Drug, more: Sequence[str]) -> Drug | None:
        if not all(word in drug.form_words or self._says_nothing(word) for word in more):
            return None
        another = any(word in self.form_words and word not in drug.form_words for word in more)
        return replace(drug, approved_for_oud=False) if another and drug.approved_for_oud else drug

    def _says_nothing(self, word: str) -> bool:
        return word in self.same_drug_words or _STRENGTH.match(word) is not None


def stricter(told: str | None, held: str | None) -> str | None:
    """The stricter of two schedules; None is not controlled."""
    known = [schedule for schedule in (told, held) if schedule is not None]
    return min(known, key=SCHEDULES.index, default=None)


@read_once(most=8)
def read_drugs(node: Node, problems: Problems) -> Mapping[str, Drug]:
    """The drugs of a file by name (small letters)."""
    SHAPE.check(node, problems)
    drugs: dict[str, Drug] = {}
    for part in node.get("drugs") or ():
        name = part.text("name").lower()
        if name in drugs:
            problems.report("LAW017", part.at, name=name)
        forms = tuple(DrugForm(form.text("form"), form.texts("strengths")) for form in part.get("forms") or ())
        schedule = part.text("schedule") or None
        drugs[name] = Drug(
            name,
            schedule,
            part.texts("classes"),
            part.flag("approved_for_oud"),
            forms,
            rxcui=part.text("rxcui"),
            rxcui_source=part.text("rxcui_source"),
            categories=part.texts("categories"),
            ingredients=tuple((one.text("name"), one.text("rxcui")) for one in part.get("ingredients") or ()),
            flags={key: value.plain() for key, value in part.items_of("flags")},
        )
    return drugs
