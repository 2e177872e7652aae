"""May a call be recorded: asked of the law of both ends, before anybody is asked and again when all have agreed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from engine.dossier import ConsentFact, Dossier, Place
from engine.evaluators import ClosuresOnly
from engine.ports import GateRecord
from tests.engine.helpers_content import content
from tests.workflows.test_gatekeeper import AT, EFFECT, rulebooks, visit
from workflows.activities.gates import GateActivities
from workflows.contracts import GateAnswer, GateInput
from workflows.gatekeeper import LawGateKeeper

pytestmark = pytest.mark.slow


@dataclass
class Book:
    """Hands out a dossier and keeps what gates were recorded."""

    held: Dossier
    kept: list[GateRecord] = field(default_factory=list)

    def dossier(self, ref: Any, order: str | None = None, provider: str = "") -> Dossier:
        return self.held

    def record_gate(self, effect: Any, gate: GateRecord) -> str:
        self.kept.append(gate)
        return "gate-1"


def in_state(state: str, zone: str = "America/New_York") -> Place:
    return Place(country="us", state=state, time_zone=zone, attested=True, at=AT)


def dossier(provider: Place | None) -> Dossier:
    told = visit()
    return replace(told, provider=replace(told.provider, place=provider))


def ask(book: Book, when: str, *, other_end: bool = True) -> GateAnswer:
    library: Any = SimpleNamespace(rulebooks=rulebooks(), content=content())
    keeper = LawGateKeeper(lambda: library, ClosuresOnly())
    records: Any = book
    gates = GateActivities(records, keeper, None, keeper.recording_there if other_end else None)
    return gates.ask_gate(GateInput(effect=EFFECT, gate="join", at=AT.isoformat(), recording=when))


def agreed(told: Dossier) -> Dossier:
    place = told.patient.attested_place
    assert place is not None and place.state is not None
    consent = ConsentFact(
        kind="recording", form="electronic", at=AT - timedelta(seconds=2), jurisdiction=f"us/{place.state.lower()}"
    )
    return replace(told, consents=(*told.consents, consent))


def test_everybody_may_be_asked_where_only_their_consent_is_lacking() -> None:
    book = Book(dossier(in_state("GA")))
    assert ask(book, "asked").open
    assert not book.kept[0].open and book.kept[0].subject == "recording"
    assert not ask(book, "agreed").open


def test_with_the_consent_on_record_the_gate_is_open() -> None:
    book = Book(agreed(dossier(in_state("GA"))))
    assert ask(book, "agreed").open and book.kept[0].open


def test_where_nobody_knows_the_clinicians_place_nothing_is_recorded() -> None:
    book = Book(agreed(dossier(None)))
    assert not ask(book, "asked").open and not ask(book, "agreed").open
    assert "place_unknown" in {reason.get("code") for reason in book.kept[0].reasons}


def test_nothing_is_recorded_where_nobody_decides_about_the_other_end() -> None:
    book = Book(agreed(dossier(in_state("GA"))))
    assert not ask(book, "agreed", other_end=False).open


def test_what_the_law_of_the_other_end_forbids_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Book(agreed(dossier(in_state("GA"))))
    forbids = GateRecord(
        gate="join", open=False, asked_at=AT, decisions={}, reasons=({"topic": "recording", "code": "forbidden"},)
    )
    monkeypatch.setattr(LawGateKeeper, "recording_there", lambda *_: forbids)
    assert not ask(book, "asked").open and not ask(book, "agreed").open


def test_a_visit_whose_own_gate_is_shut_is_not_recorded() -> None:
    told = dossier(in_state("GA"))
    book = Book(agreed(replace(told, provider=replace(told.provider, licenses=()))))
    assert not ask(book, "asked").open
