"""What is a rule, a law value, a source? The shapes of a law file and the types it is read into."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.conditions import Condition, Reference
from engine.diagnostics import Location, Problems
from engine.due_points import GATE_OF_EVENT, POINTS
from engine.periods import DATED, Period
from engine.reading import Node, Sort
from engine.remembered import Remembered
from engine.shapes import (
    DAY,
    LINK,
    NAME,
    Anything,
    Either,
    Exactly,
    JsonSchema,
    Key,
    ListOf,
    MapOf,
    OneOf,
    Record,
    Text,
)
from engine.values import Value
from engine.vocabulary import PATH

CONFIDENCES = ("unknown", "low", "medium", "high")
AUTHORITIES = ("statute", "regulation", "board_rule", "payer", "clinic", "guidance")
STATUTE, GUIDANCE, CLINIC = "statute", "guidance", "clinic"
PERMITTING = frozenset({"statute", "regulation", "board_rule"})
"""The authorities that open a path of authority; all others only tighten."""
SCHEDULES = ("I", "II", "III", "IV", "V")
"""The schedules of controlled drugs, the strictest first."""
BACKGROUND = "background"
DUE = Text(
    rf"{'|'.join(POINTS)}|within \d+ (minute|hour|day|week|month|year)s? of ({'|'.join(GATE_OF_EVENT)})",
    f"{', '.join(POINTS)} or `within 7 days of encounter` (or of {', '.join(GATE_OF_EVENT)})",
)
RULE_ID = Text(r"[a-z0-9_]+(/[a-z0-9_-]+)+", "an id such as us/fl/prescribing/schedule-ii")
JURISDICTION = Text(r"[a-z]{2}(/[a-z]{2}|/common)?", "us, us/fl or us/common")
_CONDITION = Anything("a condition")
_LAW_VALUE = Record("a law value", {"fact": Key(PATH, "its path, such as law.identity.due", required=True)})
_AMOUNT = Either((Anything("a number, or {fact: law.name}"),))


class _DueTime:
    """A due point or time, or the law value that says it."""

    words = DUE.words

    def check(self, node: Node, problems: Problems) -> None:
        (_LAW_VALUE if node.sort is Sort.MAP else DUE).check(node, problems)

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [DUE.json_schema(), _LAW_VALUE.json_schema()]}


def _effect(name: str, what: str, **more: Key) -> Record:
    return Record(f"the effect `{name}`", {name: Key(NAME, what, required=True), **more})


EFFECTS: Mapping[str, Record] = {
    "permit": _effect("permit", "the act it permits", path=Key(NAME, "the name of this path of authority")),
    "forbid": _effect("forbid", "the act it forbids"),
    "require": _effect(
        "require",
        "the duty",
        due=Key(_DueTime(), "when it is due", required=True),
        met_by=Key(_CONDITION, "the condition that meets it"),
        detail=Key(MapOf(Anything("a value"), NAME), "what else the duty says"),
    ),
    "limit": _effect(
        "limit",
        "the limit",
        max=Key(_AMOUNT, "the greatest number allowed"),
        to=Key(Anything("a list of values"), "the only values allowed"),
    ),
    "advise": Record("the effect `advise`", {"advise": Key(Text(), "the warning, one sentence", required=True)}),
    "review": _effect("review", "why a person must decide"),
}
POLICY_EFFECTS = frozenset(EFFECTS) - {"permit"}

_DATES = {
    "from": Key(DATED, "the day it took effect, or `unknown`", required=True),
    "until": Key(DATED, "the last day in force"),
}
_CITED = {
    "cite": Key(ListOf(Text(), least=1, single=True), "the sources, by their ids", required=True),
    "law": Key(Text(), "the act and section"),
    "confidence": Key(OneOf(CONFIDENCES), "how sure the sources make it", required=True),
    "note": Key(Text(), "what a reader should know"),
}
_VALUE = Record("an entry of a law value", {**_DATES, **_CITED, "is": Key(Anything("the value"), "the value", True)})
_SCHEDULED = Record("an entry of a schedule", {**_DATES, **_CITED, "is": Key(OneOf(SCHEDULES), "the schedule", True)})
_CAP = Record(
    "a cap on strictness",
    {
        "id": Key(RULE_ID, "jurisdiction, topic and a name", required=True),
        "title": Key(Text(), "what it says, in one sentence", required=True),
        **_DATES,
        **_CITED,
        "duty": Key(NAME, "the duty of which a practice may not ask more", required=True),
        "detail": Key(MapOf(Text(), NAME), "the strictest that it may ask; without it, not the duty itself"),
    },
)
_BY_DUTY = MapOf(Anything("what is said of the duty"), NAME)
CASE = Record(
    "a case",
    {
        "name": Key(Text(), "what it shows, as a sentence", required=True),
        "start": Key(NAME, "the example in rules/<country>/examples.yaml to start from"),
        "on": Key(Text(), "a day, or an instant with its offset", required=True),
        "given": Key(MapOf(Anything("a value"), PATH), "facts by path that differ from the start; null: untold"),
        "told_as_nothing": Key(ListOf(PATH), "facts told to be nothing (null in the question)"),
        "alone": Key(Text(), "the one rule that is asked, where a stricter one would hide what it says"),
        "expect": Key(
            Record(
                "what is expected",
                {
                    "outcome": Key(Text(), "the outcome", required=True),
                    "permits": Key(ListOf(Text()), "the paths that permit"),
                    "forbids": Key(ListOf(Text()), "the rules that forbid"),
                    "duties": Key(MapOf(OneOf(("met", "unmet"))), "all duties"),
                    "due": Key(MapOf(DUE, NAME), "when duties are due"),
                    "rules": Key(MapOf(ListOf(Text(), least=1), NAME), "all rules that ask for duties"),
                    "detail": Key(_BY_DUTY, "what else duties say, by duty, only the keys named"),
                    "limits": Key(MapOf(Anything("a number or list")), "all limits"),
                    "missing": Key(ListOf(Text()), "the untold facts that matter"),
                    "review": Key(ListOf(Text()), "why a person must decide"),
                    "advice": Key(ListOf(Text()), "the rules that warn"),
                    "cites": Key(
                        MapOf(ListOf(Text(), least=1)),
                        "all sources of a path, duty, limit, review or rule, by its name",
                    ),
                },
            ),
            "what the decision must say",
            required=True,
        ),
    },
)
_RULE = Record(
    "a rule",
    {
        "id": Key(RULE_ID, "jurisdiction, topic and a name", required=True),
        "title": Key(Text(), "what it says, in one sentence", required=True),
        "from": Key(DATED, "the day it took effect, or `unknown`; a common rule takes it from its law values"),
        "until": _DATES["until"],
        **{name: Key(key.shape, key.doc) for name, key in _CITED.items()},  # a common rule may stand on its values
        "authority": Key(OneOf(AUTHORITIES), "what kind of law it is (default: statute)"),
        "when": Key(_CONDITION, "the condition under which it applies"),
        "unless": Key(_CONDITION, "the condition under which it does not"),
        "then": Key(ListOf(Anything("an effect"), least=1, single=True), "its effects"),
        "like": Key(RULE_ID, "the rule whose condition and effects it has, instead of `then`"),
        "with": Key(MapOf(Anything("the value"), PATH), "law values of its own for the rule it is like"),
        "cases": Key(ListOf(CASE), "examples, run as tests"),
    },
)
POLICY = ListOf(
    Record(
        "a rule of a clinic",
        {
            **{name: _RULE.keys[name] for name in ("id", "title", "from", "until", "note", "when", "unless")},
            "then": Key(_RULE.keys["then"].shape, "its effects", required=True),
        },
    )
)
SOURCE = Record(
    "a source",
    {
        "title": Key(Text(), "its title", required=True),
        "publisher": Key(Text(), "who published it"),
        "url": Key(LINK, "its link"),
        "class": Key(Exactly(BACKGROUND), "recollection without a text; low or medium at best"),
        "dated": Key(Text(), "its own date, as it gives it"),
        "checked": Key(DAY, "the day it was checked", required=True),
        "confidence": Key(OneOf(CONFIDENCES), "how far it is trusted", required=True),
    },
)
LAST_READ: Mapping[str, Key] = {
    "checked": Key(DAY, "the day on which all of it was last compared with its sources"),
    "review_by": Key(DAY, "the day by which somebody reads its sources again"),
}
"""What a law file says of its age, and each file beside the law (drugs, warnings, time zones)."""
SHAPE = Record(
    "a law file",
    {
        "jurisdiction": Key(JURISDICTION, "whose law", required=True),
        "topic": Key(NAME, "the topic", required=True),
        **LAST_READ,
        "values": Key(MapOf(ListOf(_VALUE, least=1), PATH), "law values with their dates"),
        "without": Key(MapOf(Text(), PATH), "law values that this jurisdiction does not have, each with the reason"),
        "rules": Key(ListOf(_RULE, least=1), "the rules"),
        "schedules": Key(MapOf(ListOf(_SCHEDULED, least=1)), "drugs that the state schedules itself, by generic name"),
        "caps": Key(ListOf(_CAP, least=1), "what a practice may not ask beyond the law"),
        "sources": Key(MapOf(SOURCE), "the sources cited"),
        "cases": Key(ListOf(CASE), "examples of the whole file, run as tests"),
    },
)


@dataclass(frozen=True, slots=True)
class Source:
    """Something that was read: title, link, the day it was checked."""

    id: str
    title: str
    url: str
    checked: str
    confidence: str
    background: bool = False
    at: Location = field(default=Location(""), compare=False)


@dataclass(frozen=True, slots=True)
class Cited:
    """What a value or rule stands on: source ids, the section, and how sure it is."""

    sources: tuple[str, ...] = ()
    law: str = ""
    confidence: str = "high"

    def joined(self, other: "Cited") -> "Cited":
        """Both together: the weaker confidence, all sources."""
        weaker = min(self.confidence, other.confidence, key=CONFIDENCES.index)
        laws = dict.fromkeys(part for text in (self.law, other.law) if text for part in text.split("; "))
        return Cited(tuple(dict.fromkeys((*self.sources, *other.sources))), "; ".join(laws), weaker)


@dataclass(frozen=True, slots=True)
class LawValue:
    """One dated, cited parameter of a jurisdiction; what is not `carried` stands for the days nobody gives it for.

    `note` is what a reader should know of it; no decision looks at it.
    """

    name: str
    value: Value
    period: Period
    cited: Cited
    at: Location
    carried: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Permit:
    act: str
    path: str


def path_named(rule: str) -> str:
    """What the path of authority of a rule is called that gives it no name: by the rule's own."""
    return rule.rsplit("/", 1)[-1].replace("-", "_")


@dataclass(frozen=True, slots=True)
class Forbid:
    act: str


@dataclass(frozen=True, slots=True)
class Require:
    """A duty; `due_by` names the law value that says when it is due, until that is put in."""

    duty: str
    due: str
    met_by: Condition | None = None
    detail: Mapping[str, Value | Reference] = field(default_factory=dict)
    due_by: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that may not be exceeded, or the only values allowed."""

    name: str
    most: Value | Reference = None
    allowed: tuple[Value, ...] | Reference | None = None


@dataclass(frozen=True, slots=True)
class Advise:
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """A person must decide: why, and the law values that nobody gives where that is the reason."""

    why: str
    lacks: str = ""


Effect = Permit | Forbid | Require | Limit | Advise | Review


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Remembered):
    """A rule as its file gives it; `law.` values are still names in it.

    One that is `like` another has that one's logic with the values `given` (`engine.following`). `note` is what a
    reader should know of it; no decision looks at it.
    """

    id: str
    title: str
    topic: str
    jurisdiction: str
    period: Period
    cited: Cited
    authority: str
    condition: Condition
    effects: tuple[Effect, ...]
    at: Location
    like: str = ""
    given: Mapping[str, LawValue] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A practice may not ask more of a duty than this; it never changes a decision."""

    id: str
    title: str
    jurisdiction: str
    topic: str
    duty: str
    detail: Mapping[str, str]
    period: Period
    cited: Cited


@dataclass(frozen=True, slots=True)
class Case:
    """An example beside the law."""

    name: str
    file: str
    topic: str
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class LawFile:
    """One file of rules and values."""

    file: str
    jurisdiction: str
    topic: str
    values: tuple[LawValue, ...]
    rules: tuple[Rule, ...]
    sources: Mapping[str, Source]
    cases: tuple[Case, ...]
    content: bytes
    schedules: tuple[LawValue, ...] = ()
    caps: tuple[Cap, ...] = ()
    without: tuple[str, ...] = ()
    checked: str = ""
    review_by: str = ""
