"""What is a form, once compiled: its items, choices, scores, red flags and what each answer may be?

A form is frozen and named by the digest of its file. Its answers live under `form.<name>.<item>`; the name is the
form's id with `_` for `/`. Items stand in the order they are asked; none waits for one further down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.conditions import Condition
from engine.conditions_closures import Closure
from engine.photos import Quality, Shot
from engine.programs import Program
from engine.texts import Texts
from engine.values import FactType, Kind

Answers = Mapping[str, Any]
"""Item id to JSON value: bool, choice id, list of choice ids, int, float, text, `2026-01-31`, or of photos the id of a
file for each shot; None is left blank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemType:
    """One type of item: the kind of fact its answer is (None: no answer counts), which keys it may and must have."""

    kind: Kind | None
    may: frozenset[str] = frozenset()
    must: frozenset[str] = frozenset()
    seconds: int = 8


_LIMITS = frozenset({"least", "most"})
ITEM_TYPES: Mapping[str, ItemType] = {
    "boolean": ItemType(kind=Kind.FLAG, seconds=6),
    "choice": ItemType(kind=Kind.CHOICE, must=frozenset({"choices"})),
    "multi_choice": ItemType(kind=Kind.CHOICES, may=frozenset({"alone"}), must=frozenset({"choices"}), seconds=12),
    "integer": ItemType(kind=Kind.NUMBER, may=_LIMITS | {"unit"}),
    "decimal": ItemType(kind=Kind.NUMBER, may=_LIMITS | {"places"}, must=frozenset({"unit"}), seconds=12),
    "text": ItemType(kind=Kind.TEXT, may=frozenset({"max_length"}), seconds=30),
    "date": ItemType(kind=Kind.DATE, may=frozenset({"earliest", "latest"}), seconds=12),
    "scale": ItemType(kind=Kind.NUMBER, may=frozenset({"least_text", "most_text"}), must=_LIMITS),
    "photo": ItemType(kind=None, may=frozenset({"by", "quality"}), must=frozenset({"shots"}), seconds=60),
    "info": ItemType(kind=None, seconds=6),
}
BAND_SUFFIX = "_band"
"""What the fact of a score's band adds to the name of the score's own fact."""
TYPED_KEYS = frozenset().union(*(entry.may | entry.must for entry in ITEM_TYPES.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a question or a score is called in a public code system, such as LOINC's; for other programs only."""

    system: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer to choose, its words and a line of help; `weight` is what it counts in a score, None: nothing."""

    id: str
    text: Texts
    help: Texts
    weight: int | None = None
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """The shared fact an answer supplies; `values` maps choices to the fact's values, empty where they are the same."""

    path: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question (or piece of information) of a form.

    `needs` are the items its `show_when` reads; `stratum` counts how deep those depend on others. Scales and numbers
    have `least` and `most` in the item's `unit` (UCUM); `places` are digits after the point. `seconds` is how long an
    answer usually takes. `alone` is the choice of a multiple choice that excludes the others. `prefill` is what the
    question begins with: `last_answer`, the path of a fact it fills, or nothing. `by` is the item that tells the site
    of the body of which the `shots` are taken.
    """

    id: str
    type: str
    path: str
    text: Texts
    help: Texts
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    unit: str = ""
    least: float | None = None
    most: float | None = None
    least_text: Texts = field(default_factory=dict)
    most_text: Texts = field(default_factory=dict)
    places: int = 0
    max_length: int = 500
    earliest: str = ""
    latest: str = ""
    alone: str = ""
    seconds: int = 8
    fills: Fill | None = None
    prefill: str = ""
    by: str = ""
    shots: tuple[Shot, ...] = ()
    quality: Quality | None = None
    codes: tuple[Code, ...] = ()
    show_when: Condition | None = None
    required_when: Condition | None = None
    needs: tuple[str, ...] = ()
    stratum: int = 0
    shows: Closure | None = field(default=None, compare=False, repr=False)
    requires: Closure | None = field(default=None, compare=False, repr=False)

    @property
    def choice_ids(self) -> tuple[str, ...]:
        return tuple(choice.id for choice in self.choices)

    @property
    def fact_type(self) -> FactType | None:
        """The type of its answer as a fact; None where no answer counts."""
        kind = ITEM_TYPES[self.type].kind
        return FactType(kind, self.choice_ids, self.unit) if kind else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A range of a score's sums with its own words: from `least` up to where the next band begins."""

    id: str
    least: int
    text: Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The sum of the weights of the choices that some items were answered with.

    `weights` are those of each choice by the path of its item, in the order of the form. The sum is the fact `path`,
    its band (where there are bands, lowest first) the fact `band_path`; both are untold until every one of its items is
    shown and answered. The sum lies between `least` and `most`.
    """

    id: str
    path: str
    title: Texts
    items: tuple[str, ...]
    weights: Mapping[str, Mapping[str, int]]
    bands: tuple[Band, ...] = ()
    codes: tuple[Code, ...] = ()

    @property
    def band_path(self) -> str:
        return f"{self.path}{BAND_SUFFIX}"

    @property
    def least(self) -> int:
        return sum(min(weights.values()) for weights in self.weights.values())

    @property
    def most(self) -> int:
        return sum(max(weights.values()) for weights in self.weights.values())

    def band_of(self, total: int) -> Band | None:
        """The band of a sum; None where the score has none."""
        return next((band for band in reversed(self.bands) if band.least <= total), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Where the words of one language come from, the day somebody compared them, and how sure it is (`confidence`).

    `low`: nobody could compare these words with the published ones.
    """

    source: str
    url: str
    checked: str
    confidence: str

    @property
    def is_verified(self) -> bool:
        return self.confidence != "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What a published, validated questionnaire says of itself.

    `by` made it, `terms` are those of its use, `stem` stands above every question that a score counts, `scoring` is
    where its weights and bands are published, `wordings` are its words' sources by language.
    """

    by: str
    terms: str
    scoring: Wording
    wordings: Mapping[str, Wording]
    stem: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedFlag:
    """An answer that escalates. `emergency` stops the visit, `urgent` tells the clinicians.

    `text` and `advice` are shown at once; `call` is the number to dial (911, 988); `needs`: the items it reads.
    """

    id: str
    severity: str
    call: str
    when: Condition
    needs: tuple[str, ...]
    text: Texts
    advice: Texts
    holds: Closure = field(compare=False, repr=False)

    @property
    def stops(self) -> bool:
        return self.severity == "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRule:
    """A condition of a form as a rule of the topic `intake`.

    `effect` is `require` (the item `about` must be asked), `forbid` (the visit may not go on: the emergency flag
    `about` stands) or `review` (clinicians must see the urgent flag). It reads only what strata before its own decide.
    """

    id: str
    effect: str
    about: str
    stratum: int
    when: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The items of one depth: each reads only answers of strata before it. `program` decides the `conditional` ones."""

    items: tuple[Item, ...]
    conditional: tuple[Item, ...]
    program: Program | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A compiled form. `digest` names the content of its file; `version` is the author's own number.

    `rules` are its branching and its flags in the order of their strata; `strata` and `flag_program` are those rules as
    both engines run them. `items` and `flags` carry closures of the same conditions. `source` is what the digest names,
    as text; a visit keeps it for as long as it runs. `reason` are the items that say why the patient comes.
    """

    id: str
    version: int
    title: Texts
    intro: Texts
    languages: tuple[str, ...]
    items: tuple[Item, ...]
    flags: tuple[RedFlag, ...]
    digest: str
    scores: tuple[Score, ...] = ()
    codes: tuple[Code, ...] = ()
    reason: tuple[str, ...] = ()
    instrument: Instrument | None = None
    rules: tuple[IntakeRule, ...] = ()
    strata: tuple[Stratum, ...] = ()
    flag_program: Program | None = field(default=None, compare=False, repr=False)
    source: str = field(default="", compare=False, repr=False)

    @property
    def name(self) -> str:
        return form_name(self.id)

    def item(self, item_id: str) -> Item | None:
        return next((item for item in self.items if item.id == item_id), None)

    @property
    def unverified_languages(self) -> tuple[str, ...]:
        """The languages in which nobody could compare an instrument's words with the published ones."""
        wordings = self.instrument.wordings if self.instrument is not None else {}
        return tuple(language for language, wording in wordings.items() if not wording.is_verified)

    def stem(self, item: Item) -> Texts:
        """The words above a question: an instrument's own, where a score counts it."""
        counted = self.instrument is not None and any(item.id in score.items for score in self.scores)
        return self.instrument.stem if self.instrument is not None and counted else {}


def form_name(form_id: str) -> str:
    """The form's segment in paths of facts: `area/form` is `area_form`."""
    return form_id.replace("/", "_").replace("-", "_")
