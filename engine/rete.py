"""What does the forward-chaining engine say? The only module that knows durable_rules, kept to its safe subset.

durable_rules is fast but has crashes and wrong answers outside a small subset (docs/decisions/0010). So: every rule
looks at one dense fact and begins with its kind; only literal comparisons; a catch-all rule of the lowest priority
ends every run; rules, comparisons, fields and steps are capped; there is no host and no thread; one session lives at a
time; whatever is not as expected raises `EngineFault`, and a caught fault is never an answer.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import durable_rules_engine

from engine.faults import EngineFault
from engine.programs import Atom, Program, Sheet, Term

MOST_RULES = 60
MOST_COMPARISONS = 200
MOST_FIELDS = 200
LONGEST_TEXT = 200
_LARGEST = 2**63

_CATCH_ALL = "last"
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
    meaning: Mapping[str, Firing]


def rulesets(program: Program) -> tuple[Ruleset, ...]:
    """The rulesets of a program, each within the caps; raises `EngineFault` when field names collide."""
    groups: list[list[Term]] = [[]]
    atoms: set[Atom] = set()
    for term in program.terms:
        if len(groups[-1]) >= MOST_RULES or len(atoms | set(term.atoms)) > MOST_COMPARISONS:
            groups.append([])
            atoms = set()
        groups[-1].append(term)
        atoms |= set(term.atoms)
    return tuple(_ruleset(group) for group in groups)


def _ruleset(terms: Sequence[Term]) -> Ruleset:
    fields = tuple(sorted({atom.field for term in terms for atom in term.atoms}))
    check_names(fields)
    if len(fields) > MOST_FIELDS or len(terms) > MOST_RULES:
        raise EngineFault("too_large")
    names = {f"r{number}": term for number, term in enumerate(terms)}
    rules: RuleSource = {name: _rule([_comparison(atom) for atom in term.atoms], 1) for name, term in names.items()}
    rules[_CATCH_ALL] = _rule([], 9)
    meaning = {name: (term.condition, term.holds) for name, term in names.items()}
    return Ruleset(json.dumps(rules), fields, meaning)


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
    handle: int
    ruleset: Ruleset


class Session:
    """Rulesets built in this process, run one case at a time. The library leaks on deletion, so nothing is deleted:
    the process is recycled instead."""

    def __init__(self) -> None:
        self._built: dict[str, tuple[_Live, ...]] = {}
        self._count = 0

    @property
    def count(self) -> int:
        """How many rulesets live here."""
        return self._count

    def knows(self, program_id: str) -> bool:
        return program_id in self._built

    def build(self, program_id: str, sources: Sequence[Ruleset]) -> None:
        """Build the rulesets of a program."""
        if program_id not in self._built:
            self._built[program_id] = tuple(self._live(source) for source in sources)

    def _live(self, source: Ruleset) -> _Live:
        self._count += 1
        try:
            return _Live(durable_rules_engine.create_ruleset(f"p{self._count}", source.definition), source)
        except Exception as error:
            raise EngineFault("build") from error

    def run(self, program_id: str, sheet: Sheet) -> frozenset[Firing]:
        """Everything that fired for one case."""
        return frozenset(firing for live in self._built[program_id] for firing in _run(live, sheet))


def _run(live: _Live, sheet: Sheet) -> list[Firing]:
    fact: dict[str, int | str] = {"kind": "case", "id": "1", "sid": _SESSION}
    for name in live.ruleset.fields:
        value = sheet[name]
        if not _carries(value):
            raise EngineFault("value")
        fact[name] = value
    try:
        return _fire(live, json.dumps(fact))
    except EngineFault:
        raise
    except Exception as error:
        raise EngineFault("raised") from error


def _fire(live: _Live, fact: str) -> list[Firing]:
    code, state = durable_rules_engine.assert_fact(live.handle, fact)
    started = durable_rules_engine.start_action_for_state(live.handle, state) if code == 0 else None
    if started is None:
        raise EngineFault("not_handled")
    message, fired = started[1], []
    for _ in range(len(live.ruleset.meaning) + 1):
        name = message[2 : message.index('"', 2)]
        message = durable_rules_engine.complete_and_start_action(live.handle, state)
        if name == _CATCH_ALL:
            break
        fired.append(live.ruleset.meaning[name])
    else:
        raise EngineFault("too_many_steps")
    if message is not None:
        raise EngineFault("catch_all_not_last")
    durable_rules_engine.delete_state(live.handle, _SESSION)
    return fired


def verdicts(firings: frozenset[Firing], count: int) -> tuple[bool | None, ...]:
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
            if not self._session.knows(program.id):
                self._session.build(program.id, rulesets(program))
            return verdicts(self._session.run(program.id, sheet), len(program.conditions))
