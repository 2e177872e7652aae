"""Which topics of law exist, what may their rules do, and which of them does each gate ask?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from engine.diagnostics import Problems, listed, nearest
from engine.due_points import POINTS
from engine.reading import Node
from engine.remembered import read_once
from engine.shapes import NAME, Anything, Flag, Key, ListOf, MapOf, Number, OneOf, Record, Text
from engine.units import check_unit
from engine.values import BadValue, FactType, Kind, Value
from engine.vocabulary import PATH, Vocabulary, read_type

_VALUE = Record(
    "a law value",
    {
        "type": Key(OneOf(tuple(kind.value for kind in Kind if kind is not Kind.RECORDS)), "its type", required=True),
        "of": Key(ListOf(Text(), least=1, single=True), "the allowed values, or the name of a list of the vocabulary"),
        "unit": Key(Text(), "the unit of a number"),
        "nullable": Key(Flag(), "whether null means `told: there is none`"),
        "least": Key(Number(decimal=True), "the least number that makes sense (default: 0)"),
        "greatest": Key(Number(decimal=True), "the greatest number that makes sense"),
        "says": Key(Text(), "what it means, in one sentence", required=True),
        "otherwise": Key(Anything("a value"), "what counts in a jurisdiction that gives no value"),
        "may_lack": Key(Flag(), "whether a jurisdiction may say, under `without`, that it has no such law"),
        "required": Key(Flag(), "whether every jurisdiction that carries the topic must give it"),
    },
)
_LIMIT = Record(
    "a limit",
    {
        "says": Key(Text(), "what it limits", required=True),
        "fact": Key(PATH, "the fact that must stay within it"),
        "unit": Key(Text(), "the unit of the number"),
    },
)
_STATED = Record(
    "how a duty is marked as done",
    {
        "fact": Key(PATH, "the flag that it makes true", required=True),
        "ways": Key(ListOf(NAME, least=1), "the ways in which it can have been done", required=True),
    },
)
_TOPIC = Record(
    "a topic",
    {
        "says": Key(Text(), "what the topic is about", required=True),
        "act": Key(NAME, "the act that its rules permit or forbid", required=True),
        "needs_permit": Key(Flag(), "whether nothing is allowed without a path of authority"),
        "carried_by": Key(
            OneOf(("state", "country", "clinic", "form")), "the layer without which the law is not carried"
        ),
        "inputs": Key(ListOf(PATH), "the facts that matter most, for pages and forms"),
        "duties": Key(MapOf(Text(), NAME), "the duties that rules may require, with a sentence each"),
        "stated": Key(MapOf(_STATED, NAME), "the duties that a clinician may mark as done"),
        "limits": Key(MapOf(_LIMIT, NAME), "the limits that rules may set"),
        "values": Key(MapOf(_VALUE, PATH), "the law values of a jurisdiction"),
        "orders": Key(
            MapOf(ListOf(Text(), least=2), NAME), "words of a duty's detail, from the mildest to the strictest"
        ),
    },
)
_GATE = Record(
    "a gate",
    {
        "says": Key(Text(), "what stays shut", required=True),
        "asks": Key(MapOf(OneOf(("slot", "now", "encounter")), NAME), "topics, and the instant each asks about"),
        "only_if": Key(MapOf(PATH, NAME), "topics asked only when this flag of the facts is true"),
        "also": Key(OneOf(("slot", "now", "encounter")), "the instant of further topics with duties due at this gate"),
        "due": Key(ListOf(OneOf(tuple(POINTS))), "the duties' due points that must be met by then", required=True),
        "opens": Key(Text(), "who can open it when it is shut"),
    },
)
SHAPE = Record(
    "topics and gates",
    {
        "topics": Key(MapOf(_TOPIC, NAME), "every topic", required=True),
        "gates": Key(MapOf(_GATE, NAME), "every gate", required=True),
        "clinic_facts": Key(ListOf(PATH), "facts that are one for a whole clinic, so that its file may tell them"),
    },
)


@dataclass(frozen=True, slots=True)
class LimitKind:
    """A limit that rules may set, and the fact that must stay within it."""

    says: str
    fact: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Stated:
    """A duty that a clinician may mark as done: the flag that is then true, and the ways to choose from."""

    fact: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One family of rules, declared in data."""

    name: str
    says: str
    act: str
    needs_permit: bool
    carried_by: str
    inputs: tuple[str, ...]
    duties: Mapping[str, str]
    limits: Mapping[str, LimitKind]
    values: Mapping[str, FactType]
    required: frozenset[str]
    may_lack: frozenset[str] = frozenset()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stated: Mapping[str, Stated] = field(default_factory=dict)
    value_words: Mapping[str, str] = field(default_factory=dict)

    def value_sentence(self, name: str) -> str:
        """A law value's sentence for readers: what it tells those who write law of `null` is left out."""
        says, found, _ = self.value_words.get(name, name).partition("; null ")
        return f"{says}." if found else says

    @property
    def always(self) -> frozenset[str]:
        """The law values of which there is one at any time: what must be given, but for flags, which begin one day."""
        return frozenset(name for name in self.required if self.values[name].kind is not Kind.FLAG)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate: topics to the instant each asks about, and the due points that must be met by then.

    ``also`` is the instant about which it asks further topics, those with duties due right before this gate.
    """

    name: str
    says: str
    asks: Mapping[str, str]
    only_if: Mapping[str, str]
    due: frozenset[str]
    opens: str
    also: str = "now"


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything the topics file declares."""

    topics: Mapping[str, Topic]
    gates: Mapping[str, Gate]
    clinic_facts: tuple[str, ...] = ()


LAW_PREFIX = "law."
STATING = ("provider", "clinic")
"""The sources of facts that a clinician may tell by marking a duty as done."""


@dataclass(frozen=True, slots=True)
class LawScope:
    """The vocabulary and, under `law.`, the values that jurisdictions give for a topic."""

    vocabulary: Vocabulary
    topic: Topic

    def type_of(self, path: str) -> FactType | None:
        if path.startswith(LAW_PREFIX):
            return self.topic.values.get(path.removeprefix(LAW_PREFIX))
        return self.vocabulary.type_of(path)

    def imports(self, rule: str) -> bool:
        """Whether an id names a rule of this topic; that there is one is checked when all files are read."""
        return rule.split("/")[-2:-1] == [self.topic.name]

    def paths(self) -> Iterable[str]:
        return [*self.vocabulary.paths(), *(f"{LAW_PREFIX}{name}" for name in self.topic.values)]


@read_once(most=8)
def read_topics(node: Node, vocabulary: Vocabulary, problems: Problems) -> Topics:
    """The topics and gates of a file that was read; everything wrong is reported."""
    SHAPE.check(node, problems)
    topics = {name: _topic(name, part, vocabulary, problems) for name, part in node.items_of("topics")}
    gates = {name: _gate(name, part, topics, problems) for name, part in node.items_of("gates")}
    known = list(vocabulary.paths())
    for part in node.get("clinic_facts") or ():
        if part.raw not in vocabulary.facts:
            problems.report("COND001", part.at, path=part.raw, hint=nearest(part.raw, known))
    return Topics(topics, gates, node.texts("clinic_facts"))


def _topic(name: str, node: Node, vocabulary: Vocabulary, problems: Problems) -> Topic:
    values = dict(node.items_of("values"))
    limits = {key: LimitKind(p.text("says"), p.text("fact"), p.text("unit")) for key, p in node.items_of("limits")}
    known = list(vocabulary.paths())
    inputs = node.get("inputs")
    facts = [*(inputs or ()), *(p["fact"] for _, p in node.items_of("limits") if "fact" in p)]
    for part in facts:
        if part.raw not in vocabulary.facts:
            problems.report("COND001", part.at, path=part.raw, hint=nearest(part.raw, known))
    for key, part in node.items_of("limits"):
        _check_limit(key, part, vocabulary, problems)
    types = {key: _type(part, vocabulary, problems) for key, part in values.items()}
    return Topic(
        name=name,
        says=node.text("says"),
        act=node.text("act"),
        needs_permit=node.flag("needs_permit"),
        carried_by=node.text("carried_by", "state"),
        inputs=node.texts("inputs"),
        duties={key: part.raw for key, part in node.items_of("duties")},
        limits=limits,
        values=types,
        required=frozenset(key for key, part in values.items() if part.flag("required")),
        may_lack=frozenset(key for key, part in values.items() if part.flag("may_lack")),
        value_words={key: part.text("says") for key, part in values.items()},
        defaults={k: _default(types[k], k, p, problems) for k, p in values.items() if "otherwise" in p},
        orders={key: tuple(str(word.scalar) for word in part) for key, part in node.items_of("orders")},
        stated={key: _stated(name, key, node, vocabulary, problems) for key, _ in node.items_of("stated")},
    )


def _type(node: Node, vocabulary: Vocabulary, problems: Problems) -> FactType:
    """The type of a law value; no age, count or length of time that a law gives is less than nothing."""
    kind = read_type(node, vocabulary.lists, problems)
    return replace(kind, least=0) if kind.kind is Kind.NUMBER and kind.least is None else kind


def _stated(topic: str, duty: str, node: Node, vocabulary: Vocabulary, problems: Problems) -> Stated:
    """How a duty is marked as done: a duty of the topic, by a flag that is the clinic's to tell."""
    part, known = node["stated"][duty], [name for name, _ in node.items_of("duties")]
    if duty not in known:
        at, hint = node["stated"].entries[duty].key_at, nearest(duty, known)
        problems.report("LAW008", at, kind="duty", name=duty, topic=topic, hint=hint, allowed=listed(known))
    path, at = part.text("fact"), (part.get("fact") or part).at
    fact = vocabulary.facts.get(path)
    if fact is None:
        problems.report("COND001", at, path=path, hint=nearest(path, list(vocabulary.paths())))
    elif fact.type.kind is not Kind.FLAG:
        problems.report("LAW027", at, path=path, reason=f"it is {fact.type}")
    elif fact.source not in STATING:
        problems.report("LAW027", at, path=path, reason=f"its source is the {fact.source}")
    return Stated(path, part.texts("ways"))


def _check_limit(name: str, node: Node, vocabulary: Vocabulary, problems: Problems) -> None:
    """A limit and the fact that must stay within it are of one unit."""
    unit, kind = node.get("unit"), vocabulary.type_of(node.text("fact"))
    if unit is not None:
        check_unit(unit, problems)
    if unit is not None and kind is not None and unit.raw != kind.unit:
        reason = f"one is in {unit.raw}, the other in {kind.unit or 'no unit'}"
        problems.report("COND007", unit.at, path=name, other=node.text("fact"), reason=reason)


def _default(kind: FactType, name: str, node: Node, problems: Problems) -> Value:
    given = node["otherwise"]
    try:
        return kind.read(given.plain())
    except BadValue as error:
        report, shown = problems.report, given.raw or str(given.sort)
        report("COND004", given.at, value=shown, path=f"{name} otherwise", reason=error, fix=f"write {kind}")
        return None


def _gate(name: str, node: Node, topics: Mapping[str, Topic], problems: Problems) -> Gate:
    for key in ("asks", "only_if"):
        for topic, _ in node.items_of(key):
            if topic not in topics:
                at = node[key].entries[topic].key_at
                problems.report("LAW001", at, topic=topic, hint=nearest(topic, topics), allowed=listed(topics))
    return Gate(
        name=name,
        says=node.text("says"),
        asks={topic: part.raw for topic, part in node.items_of("asks")},
        only_if={topic: part.raw for topic, part in node.items_of("only_if")},
        due=frozenset(node.texts("due")),
        opens=node.text("opens"),
        also=node.text("also", "now"),
    )
