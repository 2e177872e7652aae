"""Whether a visit's gate opens: the dossier becomes facts, both engines decide, the verdict becomes a record.

With an evaluator pool every decision is made twice; with ``engine.evaluators.ClosuresOnly`` once, which is for
searches such as "which clinicians may see this patient" and never for a gate that lets somebody through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.consent_text import with_disclosures
from engine.decide import decide_together
from engine.decisions import Question
from engine.dossier import Dossier
from engine.due import duties_due
from engine.evaluators import Evaluator
from engine.facts import LICENSES, gather_facts
from engine.gates import GateQuestion, GateVerdict
from engine.gates import gate as ask_gate
from engine.library import Library
from engine.ports import JSON, DutyDue, GateRecord
from engine.statements import with_statements
from engine.supervision import Occasion, with_supervision

BOOK = "book"
JOIN = "join"
RECORDING = "recording"


class LawGateKeeper:
    """``engine.ports.GateKeeper`` over the rulebooks in force at the moment of each question."""

    def __init__(self, library: Callable[[], Library], evaluator: Evaluator) -> None:
        self._library = library
        self._evaluator = evaluator

    def ask(self, dossier: Dossier, gate: str, at: datetime) -> GateRecord:
        """Raises what the engine raises: a clinic without a rulebook, broken facts. Shutting is the caller's part."""
        library = self._library()
        rulebook = library.rulebooks[dossier.clinic]
        question = _question(library, dossier, gate, at)
        verdict = ask_gate(rulebook, gate, question, self._evaluator)
        asked = {"facts": question.facts, "on": dict(verdict.on)}
        return replace(_record(verdict, at, duties_due(rulebook, verdict, question)), asked=asked)

    def recording_there(self, dossier: Dossier, at: datetime) -> GateRecord:
        """What the law of the clinician's own place says of recording; consents are asked of everybody in any case.

        Where nobody knows that place, the answer is no.
        """
        place, patient = dossier.provider.place, dossier.patient
        if place is None or place.state is None:
            reason = {"topic": RECORDING, "code": "place_unknown", "sentence": "Where the clinician is, is not known."}
            return GateRecord(gate=JOIN, open=False, asked_at=at, decisions={}, reasons=(reason,))
        attested = patient.attested_place
        there = replace(place, attested=True, at=attested.at if attested else at)
        library = self._library()
        moved = replace(dossier, recording=True, patient=replace(patient, attested_place=there))
        question = _question(library, moved, JOIN, at)
        asked = Question(topic=RECORDING, on=question.now, facts=question.facts, clinic=question.clinic)
        decision = decide_together(library.rulebooks[dossier.clinic], (RECORDING,), asked, self._evaluator)[RECORDING]
        reasons = [] if decision.passes else [_reason(entry) for entry in (*decision.forbids, *decision.review)]
        if not decision.passes and not reasons:
            reasons = [{"topic": RECORDING, "code": str(decision.outcome), "sentence": "", "missing": decision.missing}]
        decided = {RECORDING: decision.as_json()}
        return GateRecord(gate=JOIN, open=decision.passes, asked_at=at, decisions=decided, reasons=tuple(reasons))

    def verdict(self, dossier: Dossier, name: str, at: datetime) -> GateVerdict:
        """The verdict with its decisions, for pages that show more than a record."""
        library = self._library()
        question = _question(library, dossier, name, at)
        return ask_gate(library.rulebooks[dossier.clinic], name, question, self._evaluator)


class LawDrugs:
    """``engine.ports.ControlledDrugs`` over the drug base in force."""

    def __init__(self, library: Callable[[], Library]) -> None:
        self._library = library

    def is_controlled(self, drug: JSON) -> bool:
        """A drug that is not in the base counts as controlled: nobody knows that it is not."""
        known = self._library().law.drug_names.find(str(drug.get("name", "")))
        return True if known is None else bool(known.controlled)


def _reason(entry: Mapping[str, Any]) -> JSON:
    """A reason as a gate's are, out of a decision's forbid or review."""
    return {
        "topic": RECORDING,
        "code": str(entry.get("why") or "forbidden"),
        "sentence": str(entry.get("title", "")),
        "law": str(entry.get("law", "")),
        "cite": list(entry.get("cite", ())),
        "detail": {"where": "provider"},
    }


def _stage(dossier: Dossier, name: str) -> str:
    """Once the patient has attested a place, the book gate asked again is about that place, as joining is."""
    return JOIN if name == BOOK and dossier.patient.attested_place is not None else name


def _question(library: Library, dossier: Dossier, name: str, at: datetime) -> GateQuestion:
    rulebook = library.rulebooks[dossier.clinic]
    ages = rulebook.vocabulary.ages()
    occasion = Occasion(
        on=dossier.starts_at or at if name == BOOK else at,
        asked=at,
        age=ages.get(LICENSES),
        schedule=_schedule(library, dossier),
    )
    told = with_supervision(with_statements(dossier, rulebook.topics), occasion)
    told = with_disclosures(told, library.content.clauses)
    return GateQuestion(
        facts=gather_facts(told, _stage(dossier, name), at, ages=ages).facts,
        now=at.isoformat(),
        slot=_iso(dossier.starts_at),
        encounter=_iso(dossier.encounter_at),
        clinic=dossier.clinic,
    )


def _schedule(library: Library, dossier: Dossier) -> str:
    """The schedule of the drug that is asked about; of one that nobody knows it is the strictest."""
    if dossier.order is None:
        return ""
    known = library.law.drug_names.find(dossier.order.drug_name)
    return (known.schedule or "") if known is not None else "I"


def _record(verdict: GateVerdict, at: datetime, due: Sequence[DutyDue]) -> GateRecord:
    return GateRecord(
        gate=verdict.gate,
        open=verdict.open,
        asked_at=at,
        decisions={topic: decision.as_json() for topic, decision in verdict.decisions.items()},
        reasons=tuple(reason.as_json() for reason in verdict.reasons),
        due=due,
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
