"""What does the forward-chaining engine say? The only module that knows durable_rules, kept to its safe subset.

durable_rules is fast but has crashes and wrong answers outside a small subset (docs/decisions/0010). So: every rule
looks at one dense fact and begins with its kind; only literal comparisons; a catch-all rule of the lowest priority
ends every run; rules, comparisons, fields and steps are capped; there is no host and no thread; a ruleset has one
session, which holds one case at a time and nothing between two; whatever is not as expected raises `EngineFault`, and
a caught fault is never an answer: who sees one throws the session away.
"""

import json
import threading
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from operator import itemgetter

import durable_rules_engine

from engine.faults import EngineFault
from engine.programs import Atom, Conjunction, Program, Row, Sheet, Term

MOST_RULES = 60
MOST_COMPARISONS = 200
MOST_FIELDS = 200
LONGEST_TEXT = 200
_LARGEST = 2**63

_CATCH_ALL = "end"
_NAMED, _NAME_ENDS = slice(2, 5), 5  # where the name of a rule stands in what it says: all are three letters long
_KIND = {"kind": "case"}
_OPERATORS = {"!=": "$neq", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_SESSION = "1"

Firing = tuple[int, bool]
RuleSource = dict[str, object]


@dataclass(frozen=True, slots=True)
class Ruleset:
    """One ruleset as text, ready to be built in any process: its fields and what each rule's firing means."""

    definition: str
    fields: tuple[str, ...]
    meaning: Mapping[str, Sequence[Firing]]


def rulesets(program: Program) -> tuple[Ruleset, ...]:
    """The rulesets of a program, each within the caps; raises `EngineFault` when field names collide."""
    groups: list[dict[Conjunction, list[Firing]]] = [{}]
    atoms: set[Atom] = set()
    for conjunction, firings in rules(program.terms).items():
        if len(groups[-1]) >= MOST_RULES or len(atoms | set(conjunction)) > MOST_COMPARISONS:
            groups.append({})
            atoms = set()
        groups[-1][conjunction] = firings
        atoms |= set(conjunction)
    return tuple(_ruleset(group) for group in groups)


def rules(terms: Iterable[Term]) -> dict[Conjunction, list[Firing]]:
    """One rule for each conjunction, whatever conditions it is about; none that says what a shorter one says."""
    said: dict[Firing, list[Conjunction]] = {}
    for term in terms:
        said.setdefault((term.condition, term.holds), []).append(term.atoms)
    found: dict[Conjunction, list[Firing]] = {}
    for firing, conjunctions in said.items():
        sets = [set(conjunction) for conjunction in conjunctions]
        for conjunction, atoms in zip(conjunctions, sets, strict=True):
            if not any(other < atoms for other in sets):
                found.setdefault(conjunction, []).append(firing)
    return found


def _ruleset(group: Mapping[Conjunction, Sequence[Firing]]) -> Ruleset:
    fields = tuple(sorted({atom.field for conjunction in group for atom in conjunction}))
    check_names(fields)
    if len(fields) > MOST_FIELDS or len(group) > MOST_RULES:
        raise EngineFault("too_large")
    sources: RuleSource = {
        f"r{number:02}": _rule([_comparison(atom) for atom in conjunction], 1)
        for number, conjunction in enumerate(group)
    }
    sources[_CATCH_ALL] = _rule([], 9)
    meaning = {f"r{number:02}": tuple(firings) for number, firings in enumerate(group.values())}
    return Ruleset(json.dumps(sources), fields, meaning)


def _rule(comparisons: list[RuleSource], priority: int) -> RuleSource:
    body: RuleSource = {"$and": [dict(_KIND), *comparisons]} if comparisons else dict(_KIND)
    return {"all": [{"m": body}], "pri": priority}


def _comparison(atom: Atom) -> RuleSource:
    if not _carries(atom.literal):
        raise EngineFault("literal")
    if atom.sign == "==":
        return {atom.field: atom.literal}
    return {_OPERATORS[atom.sign]: {atom.field: atom.literal}}


def _carries(value: int | str) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_TEXT
    return isinstance(value, int) and -_LARGEST < value < _LARGEST


def name_hash(name: str) -> int:
    """The 32-bit Fowler-Noll-Vo hash (FNV-1a), by which the engine compares names."""
    value = 2166136261
    for byte in name.encode():
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def check_names(names: Sequence[str]) -> None:
    """Refuse field names that the engine could not tell apart."""
    taken = {name_hash(name): name for name in ("kind", "id", "sid", "$s")}
    for name in names:
        if taken.setdefault(name_hash(name), name) != name:
            raise EngineFault("names_collide")


@dataclass(frozen=True, slots=True)
class _Live:
    """A ruleset built in this process, the text of its facts, and how a case's values for that are picked."""

    handle: int
    meaning: Mapping[str, Sequence[Firing]]
    fact: str
    pick: Callable[[Sequence[str]], tuple[str, ...]]


class Session:
    """Rulesets built in this process, run one case at a time. The library leaks on deletion, so nothing is deleted:
    the process is recycled instead. After a fault it must not be used again: something of the case may be left."""

    def __init__(self) -> None:
        self._built: dict[str, tuple[_Live, ...]] = {}
        self._count = 0
        self._case = 0

    @property
    def count(self) -> int:
        """How many rulesets live here."""
        return self._count

    def knows(self, program_id: str) -> bool:
        return program_id in self._built

    def build(self, program_id: str, fields: Sequence[str], sources: Sequence[Ruleset]) -> None:
        """Build the rulesets of a program whose cases come as the values of these fields."""
        if program_id not in self._built:
            self._built[program_id] = tuple(self._live(source, fields) for source in sources)

    def _live(self, source: Ruleset, fields: Sequence[str]) -> _Live:
        self._count += 1
        try:
            handle = durable_rules_engine.create_ruleset(f"p{self._count}", source.definition)
        except Exception as error:
            raise EngineFault("build") from error
        fact = "".join(f',"{name}":%s' for name in source.fields)
        return _Live(handle, source.meaning, fact, _picker([fields.index(name) for name in source.fields]))

    def run(self, program_id: str, row: Row) -> list[Firing]:
        """Everything that fired for one case; one firing may stand there more than once."""
        self._case += 1
        texts = _texts(row)
        head = f'"kind":"case","id":"{self._case}","sid":"{_SESSION}"'
        fired: list[Firing] = []
        try:
            for live in self._built[program_id]:
                _fire(live, head, live.fact % live.pick(texts), fired)
        except EngineFault:
            raise
        except Exception as error:
            raise EngineFault("raised") from error
        return fired


def _picker(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Some of the texts, always as several; there may be none."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda texts: tuple([texts[place] for place in places])


def _texts(row: Row) -> list[str]:
    """The values as the engine reads them."""
    texts, numbers = row
    if max(map(len, texts), default=0) > LONGEST_TEXT:
        raise EngineFault("value")
    try:
        return [*map(quoted, texts), *map(repr, array("q", numbers))]
    except (TypeError, OverflowError):
        raise EngineFault("value") from None


def _fire(live: _Live, head: str, parts: str, fired: list[Firing]) -> None:
    """Assert the case, note what fires until the catch-all does, and take the case back.

    Every firing must name this very case, so one that an earlier case had left behind would be noticed.
    """
    code, state = durable_rules_engine.assert_fact(live.handle, f"{{{head}{parts}}}")
    started = durable_rules_engine.start_action_for_state(live.handle, state) if code == 0 else None
    if started is None:
        raise EngineFault("not_handled")
    message, about = started[1], f'":{{"m":{{{head}'
    go_on, meaning = durable_rules_engine.complete_and_start_action, live.meaning
    for _ in range(len(meaning) + 1):
        if not message.startswith(about, _NAME_ENDS):
            raise EngineFault("another_case")
        name = message[_NAMED]
        message = go_on(live.handle, state)
        if name == _CATCH_ALL:
            break
        fired += meaning[name]
    else:
        raise EngineFault("too_many_steps")
    if message is not None:
        raise EngineFault("catch_all_not_last")
    if durable_rules_engine.retract_fact(live.handle, f"{{{head}}}")[0] != 0:
        raise EngineFault("not_taken_back")


def verdicts(firings: Iterable[Firing], count: int) -> tuple[bool | None, ...]:
    """What fired, as one truth for each condition; a condition that both holds and fails is a fault."""
    truths: list[bool | None] = [None] * count
    for condition, holds in firings:
        if truths[condition] is not None and truths[condition] is not holds:
            raise EngineFault("contradiction")
        truths[condition] = holds
    return tuple(truths)


class ReteEvaluator:
    """The second engine in this process: for tests and benches; a crash of it is a crash of the process."""

    independent = True

    def __init__(self) -> None:
        self._session = Session()
        self._lock = threading.Lock()

    def evaluate(self, program: Program, sheet: Sheet) -> tuple[bool | None, ...]:
        """What the second engine says of every condition of the program; raises `EngineFault`."""
        with self._lock:
            session, self._session = self._session, Session()  # kept only where nothing went wrong
            if not session.knows(program.id):
                session.build(program.id, program.fields, rulesets(program))
            truths = verdicts(session.run(program.id, program.row(sheet)), len(program.conditions))
            self._session = session
            return truths
