"""Who asks for each kind of consent: federal law, the state's law, the clinic's own rules or its plan for the visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.consent_text import GUARDIAN, ClauseBook, consent_kinds
from portals.patient.law_view import Citation, citations_of

CLINIC, STATE, FEDERAL = "clinic", "state", "federal"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedBy:
    """One kind of consent: ``who`` asks for it (the three layers, or the clinic), ``law`` as text, and the sources."""

    kind: str
    who: str
    law: str
    sources: tuple[Citation, ...]


def asked_by(decisions: Mapping[str, Mapping[str, Any]], book: ClauseBook, kinds: Sequence[str]) -> tuple[AskedBy, ...]:
    """A line for each duty that asks for one of ``kinds``; a kind that no duty asks for is the clinic's own wish."""
    found: dict[tuple[str, str, str], AskedBy] = {}
    for decision in decisions.values():
        for duty in decision.get("duties", ()):
            for kind in consent_kinds(duty, book, guardian=GUARDIAN in kinds):
                if kind in kinds and not duty.get("met"):
                    line = _line(kind, decision, duty)
                    found.setdefault((line.kind, line.who, line.law), line)
    lines = list(found.values())
    named = {line.kind for line in lines}
    lines += [AskedBy(kind=kind, who=CLINIC, law="", sources=()) for kind in kinds if kind not in named]
    return tuple(sorted(lines, key=lambda line: kinds.index(line.kind)))


def askers_of(lines: Sequence[AskedBy], kind: str) -> tuple[str, ...]:
    """Who asks for a kind of consent, each once, however many laws of theirs do."""
    return tuple(dict.fromkeys(line.who for line in lines if line.kind == kind))


def _line(kind: str, decision: Mapping[str, Any], duty: Mapping[str, Any]) -> AskedBy:
    return AskedBy(
        kind=kind,
        who=layer(str(duty.get("rule", ""))),
        law=str(duty.get("law") or ""),
        sources=tuple(citations_of(decision, duty.get("cite", ()))),
    )


def layer(rule: str) -> str:
    """The layer that a rule's id belongs to: ``clinic/...``, ``us/xx/...`` or ``...@us/xx`` a state, else federal."""
    if rule.startswith("clinic/"):
        return CLINIC
    path = rule.rpartition("@")[2]
    parts = path.split("/")
    return STATE if len(parts) > 1 and parts[0] == "us" and len(parts[1]) == 2 else FEDERAL
