"""How the web asks a gate: the rulebook in force for the clinic, facts gathered in the one place, one evaluator.

The web opens nothing by these answers: offers and consent texts come from them, every act asks again in its workflow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from engine.dossier import Dossier
from engine.evaluators import Evaluator
from engine.facts import gather_facts
from engine.gates import GateQuestion, gate
from engine.library import Library
from engine.ports import GateRecord


class RulebookGates:
    """``engine.ports.GateKeeper`` over the library in force."""

    def __init__(self, library: Callable[[], Library], evaluator: Evaluator) -> None:
        self._library = library
        self._evaluator = evaluator

    def ask(self, dossier: Dossier, name: str, at: datetime) -> GateRecord:
        question = GateQuestion(
            facts=gather_facts(dossier, name, at).facts,
            now=at.isoformat(),
            slot=_iso(dossier.starts_at),
            encounter=_iso(dossier.encounter_at),
            clinic=dossier.clinic,
        )
        verdict = gate(self._library().rulebooks[dossier.clinic], name, question, self._evaluator)
        return GateRecord(
            gate=name,
            open=verdict.open,
            asked_at=at,
            decisions={topic: decision.as_json() for topic, decision in verdict.decisions.items()},
            reasons=tuple(reason.as_json() for reason in verdict.reasons),
        )


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
