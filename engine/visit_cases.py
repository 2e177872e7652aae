"""What is a case of a whole visit, and did what came of it come out as it says?

A case stands in `specialties/<name>/cases.yaml`: who, where and when (`given`), what people do (`when`), and what must
come of it (`then`). `engine.visit_case_gates` asks its forms and gates alone; `workflows.walking` walks the visit.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.diagnostics import Problems
from engine.dossier import PatientFacts, Place, ProviderFacts
from engine.plans import VisitPlan
from engine.reading import Node
from engine.visit_cases_schema import UNASKED


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CaseOrder:
    """A prescription that a case may send."""

    name: str
    drug: str
    days: int
    refills: int
    purpose: str
    states: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CaseAct:
    """One act: its word, and what it is about (a form, a prescription's name); a place, or seconds to wait."""

    word: str
    about: str = ""
    place: Place | None = None
    seconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VisitCase:
    """A case as read; `clinic` is empty where the law alone counts. `node` is its place in the file."""

    name: str
    clinic: str
    plan: VisitPlan
    at: datetime
    starts_in: timedelta
    patient: PatientFacts
    provider: ProviderFacts
    payer: str
    kind: str
    answers: Mapping[str, Mapping[str, Any]]
    orders: Mapping[str, CaseOrder]
    acts: tuple[CaseAct, ...]
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSeen:
    """What a gate answered last: whether it is open, the codes of why not, and the duties left for later."""

    is_open: bool
    because: frozenset[str] = frozenset()
    owes: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of a case: `stage`, `messages`, `tasks` and `refused` only where the visit itself was walked."""

    gates: dict[str, GateSeen] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    stage: str = ""
    messages: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


FAST = ("gates", "flags")
WALKED = ("stage", "gates", "flags", "messages", "tasks", "refused")


def report_outcome(case: VisitCase, outcome: Outcome, problems: Problems, parts: Collection[str] = WALKED) -> None:
    """Report everything in `then` that came out otherwise, at the line that says so.

    An act that was turned away is reported even where the case says nothing of `refused`: what was not done shows
    nothing.
    """
    then = case.node["then"]
    for part in parts:
        for node, wanted, found in _compared(part, then, outcome):
            if wanted != found:
                words = f"expected {part} {_words(wanted)}, got {_words(found)}"
                problems.report("CASE002", node.at, name=case.name, told=words)
    if "refused" in parts and "refused" not in then and outcome.refused:
        told = f"`refused` is not said, and these acts were turned away: {_words(outcome.refused)}"
        problems.report("CASE002", case.node["when"].at, name=case.name, told=told)


def _compared(part: str, then: Node, outcome: Outcome) -> list[tuple[Node, Any, Any]]:
    """The places of an expectation, each with what is wanted and what was found."""
    node = then.get(part)
    if node is None:
        return []
    if part == "gates":
        return [(told, *_gate(name, told, outcome.gates.get(name))) for name, told in node.items()]
    found = getattr(outcome, part)
    if isinstance(found, list):
        return [(node, sorted(node.texts(part) or _texts(node)), sorted(found))]
    return [(node, node.plain(), found)]


def _texts(node: Node) -> tuple[str, ...]:
    return tuple(part.raw for part in node.parts)


def _gate(name: str, told: Node, seen: GateSeen | None) -> tuple[Any, Any]:
    """What is wanted of a gate and what it answered, in words that compare."""
    word = UNASKED if seen is None else "open" if seen.is_open else "shut"
    if not told.entries:
        return f"{name} {told.raw}", f"{name} {word}"
    wanted: dict[str, Any] = {name: told["is"].raw}
    found: dict[str, Any] = {name: word}
    for key, codes in (("because", seen.because if seen else ()), ("owes", seen.owes if seen else ())):
        if key in told:
            wanted[key], found[key] = sorted(told.texts(key)), sorted(codes)
    return wanted, found


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(part)}" for name, part in value.items()) or "nothing"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]"
    return str(value) or "nothing"
