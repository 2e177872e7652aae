"""Which facts exist, of which type, who supplies them, and what is presumed when nobody did?

The vocabulary is a file (`rules/vocabulary.yaml`); every path is declared once and a question may hold no other.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from engine.diagnostics import Location, Problems, listed, nearest
from engine.reading import Node
from engine.remembered import read_once
from engine.shapes import Anything, Exactly, Flag, Key, ListOf, MapOf, Number, OneOf, Record, Text
from engine.units import check_unit
from engine.values import BadValue, FactType, Kind, Value, read_duration

PATH = Text(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", "a path such as patient.location.state")
STATES = "states"
UNKNOWN = "unknown"
WORKED_OUT = "engine"
NEVER_PRESUMED = ("consents", "drug", "patient.location", "pdmp", "provider.dea", "provider.licenses")
"""What the law stands on and nobody may guess: these paths and those below them, whatever a vocabulary says."""

_TYPE_KEYS = {
    "type": Key(OneOf(tuple(kind.value for kind in Kind)), "the kind of value", required=True),
    "of": Key(ListOf(Text(), least=1, single=True), "the allowed values, or the name of a list under `lists`"),
    "unit": Key(Text(), "the unit of a number (UCUM where it has one)"),
    "nullable": Key(Flag(), "whether null means `told: there is none`"),
    "least": Key(Number(decimal=True), "the least number that makes sense"),
    "greatest": Key(Number(decimal=True), "the greatest number that makes sense"),
    "whole": Key(Flag(), "whether a number is one of things that are counted, so that a fraction is wrong"),
    "happened": Key(
        Flag(), "whether a date lies in the past: not after the day asked about, in the patient's lifetime"
    ),
}
_ONLY_FOR = {
    "unit": {Kind.NUMBER},
    "least": {Kind.NUMBER},
    "greatest": {Kind.NUMBER},
    "whole": {Kind.NUMBER},
    "happened": {Kind.DATE},
    "of": {Kind.CHOICE, Kind.CHOICES},
    "fields": {Kind.RECORDS},
}
_AGE = Text(r"[1-9]\d{0,4} (minute|hour|day)s?", "a length such as 15 minutes, 12 hours or 30 days")
_ABSENT = Key(Exactly("nothing"), "a record without this field tells that there is none")
_FIELD = Record(
    "a field of a record", {**_TYPE_KEYS, "absent": _ABSENT, "says": Key(Text(), "what it is, in one sentence")}
)
_UNLESS = Record(
    "what ends a presumption",
    {
        "records": Key(PATH, "a list of records", required=True),
        "field": Key(Text(), "a field of them", required=True),
        "among": Key(ListOf(Text(), least=1), "the values that end it", required=True),
    },
)
_FACT = Record(
    "a fact",
    {
        **_TYPE_KEYS,
        "says": Key(Text(), "what the fact is, in one sentence", required=True),
        "source": Key(
            OneOf(("patient", "provider", "clinic", "board", "pharmacy", "law", "engine")), "who supplies it"
        ),
        "greatest_age": Key(_AGE, "how old it may be and still count; an older one is untold"),
        "when_untold": Key(Anything("`unknown`, or the value to presume"), "what an untold fact counts as"),
        "presumed_unless": Key(_UNLESS, "records that speak against the presumption"),
        "fields": Key(MapOf(_FIELD), "the fields of a list of records"),
    },
)
SHAPE = Record(
    "the vocabulary",
    {
        "vocabulary": Key(Exactly("us"), "the country the names were made for", required=True),
        "lists": Key(MapOf(ListOf(Text(), least=1)), "named lists of allowed values"),
        "may_be_presumed": Key(ListOf(Text()), "the only paths that may have a presumed value"),
        "facts": Key(MapOf(_FACT, PATH), "every fact by its path", required=True),
    },
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Records that speak against a presumption: those whose field has one of these values."""

    records: str
    field: str
    among: tuple[str, ...]

    def holds(self, facts: Mapping[str, Value]) -> bool:
        """Whether some record speaks against it."""
        records = cast("tuple[Mapping[str, Value], ...]", facts.get(self.records) or ())
        return any(self.field not in record or record[self.field] in self.among for record in records)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One declared path."""

    path: str
    type: FactType
    says: str
    source: str
    greatest_age: str = ""
    presumed: Value = None
    is_presumed: bool = False
    place: bool = False
    doubt: Doubt | None = None
    fields_say: Mapping[str, str] = field(default_factory=dict)

    @property
    def keeps(self) -> timedelta | None:
        """How long it counts once it was told (a day is 24 hours); None: for ever."""
        if not self.greatest_age:
            return None
        age = read_duration(self.greatest_age)
        return timedelta(days=age.days, seconds=age.seconds)

    def may_be_presumed(self, facts: Mapping[str, Value]) -> bool:
        """Whether it is untold and nothing told speaks against the presumed value."""
        return self.path not in facts and not (self.doubt is not None and self.doubt.holds(facts))


Tree = Mapping[str, "Fact | Tree"]
"""The facts as a question nests them, name by name."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Every declared path; also the scope that conditions are read in.

    `happened` are the dates that lie in the past, by path and field; the field is empty where the path is the date.
    `presumptions` are the facts that have a presumed value, by path; `lists` the named lists of allowed values.
    """

    facts: Mapping[str, Fact]
    prefixes: frozenset[str] = field(default_factory=frozenset)
    happened: tuple[tuple[str, str], ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tree: Tree = field(init=False, repr=False, compare=False)
    presumptions: tuple[Fact, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", _tree(self.facts))
        presumed = (self.facts[path] for path in sorted(self.facts) if self.facts[path].is_presumed)
        object.__setattr__(self, "presumptions", tuple(presumed))

    def type_of(self, path: str) -> FactType | None:
        fact = self.facts.get(path)
        return fact.type if fact else None

    def paths(self) -> Iterable[str]:
        return self.facts

    def ages(self) -> dict[str, timedelta]:
        """The facts that grow old, with the time for which they count."""
        return {path: fact.keeps for path, fact in self.facts.items() if fact.keeps is not None}

    def tellable(self) -> Iterable[str]:
        """The paths that a question may tell: what the engine works out itself is none of them."""
        return [path for path, fact in self.facts.items() if fact.source != WORKED_OUT]


@read_once(most=8)
def read_vocabulary(node: Node, problems: Problems) -> Vocabulary:
    """The vocabulary of a file that was read; everything wrong is reported."""
    SHAPE.check(node, problems)
    lists = {name: _texts(part) for name, part in node.items_of("lists")}
    allowed = set(node.texts("may_be_presumed"))
    facts = {path: _fact(path, part, lists, allowed, problems) for path, part in node.items_of("facts")}
    for _, part in node.items_of("facts"):
        _check_doubt(part.get("presumed_unless"), facts, problems)
    for part in node.get("may_be_presumed") or ():
        if part.raw not in facts:
            problems.report("COND001", part.at, path=part.raw, hint=nearest(part.raw, facts))
        elif any(f"{part.raw}.".startswith(f"{family}.") for family in NEVER_PRESUMED):
            problems.report("VOC009", part.at, path=part.raw, reason="the law stands on it, so somebody must tell it")
        elif facts[part.raw].source == WORKED_OUT:
            problems.report("VOC009", part.at, path=part.raw, reason="the engine works it out")
    return Vocabulary(facts, frozenset(_prefixes(facts)), tuple(_happened(facts.values())), lists)


def _happened(facts: Iterable[Fact]) -> Iterable[tuple[str, str]]:
    for fact in facts:
        for name, kind in {"": fact.type, **fact.type.fields}.items():
            if kind.happened:
                yield fact.path, name


def _check_doubt(node: Node | None, facts: Mapping[str, Fact], problems: Problems) -> None:
    """What ends a presumption must be there: records, a field of them, values of it."""
    if node is None or not all(key in node for key in ("records", "field", "among")):
        return
    records = facts.get(node.text("records"))
    if records is None:
        problems.report(
            "COND001", node["records"].at, path=node["records"].raw, hint=nearest(node.text("records"), facts)
        )
        return
    kind = records.type.fields.get(node.text("field"))
    if kind is None:
        known = records.type.fields
        problems.report("COND001", node["field"].at, path=node["field"].raw, hint=nearest(node["field"].raw, known))
        return
    for part in node["among"]:
        if part.raw not in kind.choices:
            hint, allowed = nearest(part.raw, kind.choices), listed(kind.choices)
            problems.report("SHAPE004", part.at, value=part.raw, hint=hint, allowed=allowed)


def _tree(facts: Mapping[str, Fact]) -> Tree:
    tree: dict[str, Fact | Tree] = {}
    for path in sorted(facts, key=len, reverse=True):  # a fact whose path begins another one's hides that
        *folders, leaf = path.split(".")
        place = tree
        for folder in folders:
            place = cast("dict[str, Fact | Tree]", place.setdefault(folder, {}))
        place[leaf] = facts[path]
    return tree


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(str(part.scalar) for part in node)


def _prefixes(paths: Iterable[str]) -> Iterable[str]:
    for path in paths:
        names = path.split(".")
        yield from (".".join(names[:length]) for length in range(1, len(names)))


def _fact(path: str, node: Node, lists: Mapping[str, tuple[str, ...]], allowed: set[str], problems: Problems) -> Fact:
    kind = read_type(node, lists, problems)
    untold = node.get("when_untold")
    presumes = untold is not None and untold.scalar != UNKNOWN
    presumed: Value = None
    if untold is not None and presumes:
        if path not in allowed:
            problems.report("VOC003", untold.at, path=path)
        presumed = _presumed(path, kind, untold, problems)
    return Fact(
        path=path,
        type=kind,
        says=node.text("says"),
        source=node.text("source", "clinic"),
        greatest_age=_age(node.text("greatest_age")),
        presumed=presumed,
        is_presumed=presumes,
        place=STATES in node.texts("of"),
        doubt=_doubt(node.get("presumed_unless")),
        fields_say={name: part.text("says") for name, part in node.items_of("fields")},
    )


def _age(text: str) -> str:
    """The age as written; one of another shape was reported and counts as none."""
    return text if re.fullmatch(_AGE.pattern, text) else ""


def _doubt(node: Node | None) -> Doubt | None:
    return Doubt(node.text("records"), node.text("field"), node.texts("among")) if node is not None else None


def _presumed(path: str, kind: FactType, node: Node, problems: Problems) -> Value:
    try:
        presumed = kind.read(node.plain())
    except BadValue as error:
        problems.report("COND004", node.at, value=node.raw, path=path, reason=error, fix=f"write {kind}")
        return None
    if presumed is not False:
        problems.report("VOC009", node.at, path=path, reason="only a status may be presumed, and only as `false`")
    return presumed


def read_type(node: Node, lists: Mapping[str, tuple[str, ...]], problems: Problems) -> FactType:
    """The type that a declaration gives (`type`, `of`, `unit`, `nullable`, `fields`)."""
    name = node.text("type")
    kind = Kind(name) if name in set(Kind) else Kind.TEXT
    if name == kind:
        _check_keys(kind, node, problems)
    values = node.texts("of")
    of = node.get("of")
    if of is not None and len(values) == 1 and not of.parts:
        if values[0] not in lists:
            problems.report("SHAPE004", of.at, value=values[0], hint=nearest(values[0], lists), allowed=listed(lists))
        values = lists.get(values[0], ())
    fields = {name: read_type(part, lists, problems) for name, part in node.items_of("fields")}
    least, greatest, unit = node.get("least"), node.get("greatest"), node.get("unit")
    if unit is not None:
        check_unit(unit, problems)
    return FactType(
        kind,
        values,
        node.text("unit"),
        node.flag("nullable"),
        fields,
        least=cast("float | None", least.scalar) if least is not None else None,
        greatest=cast("float | None", greatest.scalar) if greatest is not None else None,
        whole=node.flag("whole"),
        happened=node.flag("happened"),
        absent_is_nothing="absent" in node,
    )


def _check_keys(kind: Kind, node: Node, problems: Problems) -> None:
    """A key that its type does not know would be ignored; records without fields could say nothing."""
    for key, kinds in _ONLY_FOR.items():
        if key in node and kind not in kinds:
            problems.report("VOC008", node.entries[key].key_at, key=key, type=kind)
    if kind is Kind.RECORDS and "fields" not in node:
        problems.report("SHAPE002", node.at, key="fields", doc="the fields of a list of records")


def read_facts(
    vocabulary: Vocabulary, given: Mapping[str, object], problems: Problems, name: str = "facts"
) -> dict[str, Value]:
    """Flat, typed facts out of a question's nested ones; every unknown or mistyped one is reported."""
    facts: dict[str, Value] = {}
    _flatten(vocabulary.tree, given, "", facts, _Report(vocabulary, problems, name))
    return facts


@dataclass(frozen=True, slots=True)
class _Report:
    vocabulary: Vocabulary
    problems: Problems
    name: str

    def __call__(self, code: str, path: str, **values: object) -> None:
        self.problems.report(code, Location(self.name, path=path), path=path, **values)


def _flatten(tree: Tree, given: Mapping[str, object], prefix: str, facts: dict[str, Value], report: _Report) -> None:
    for key, value in given.items():
        part = tree.get(key)
        if type(part) is Fact:
            kind = part.type
            if value is None:
                if kind.nullable:  # where nothing means nothing, what is told as nothing is untold
                    facts[part.path] = None
                continue
            try:
                facts[part.path] = kind.reader(kind, value)
            except BadValue as error:
                _refuse(part, value, error, report)
        elif part is None and "." in key and f"{prefix}{key}" in report.vocabulary.facts:
            reason, fix = "facts are nested, one name in the other", f"write {_nested(key)}"
            report("VOC002", f"{prefix}{key}", reason=reason, fix=fix)
        elif part is None:
            known, path = report.vocabulary, f"{prefix}{key}"
            report(
                "VOC001", path, hint=nearest(path, known.prefixes if isinstance(value, Mapping) else known.tellable())
            )
        elif type(value) is dict or isinstance(value, Mapping):
            _flatten(part, value, f"{prefix}{key}.", facts, report)  # type: ignore[arg-type]
        elif value is not None:
            report("VOC002", f"{prefix}{key}", reason="a mapping is expected", fix="nest the facts under it")


def _nested(path: str) -> str:
    """A dotted path as a question writes it: `{"patient": {"age": ...}}`."""
    return "".join(f'{{"{name}": ' for name in path.split(".")) + "..." + "}" * (path.count(".") + 1)


def _refuse(fact: Fact, value: object, error: BadValue, report: _Report) -> None:
    if fact.place and isinstance(value, str):
        hint = nearest(value.upper(), fact.type.choices)
        report("VOC006", fact.path, state=value[:8], hint=hint)
    else:
        report("VOC002", fact.path, reason=error, fix=f"give {fact.type}")
