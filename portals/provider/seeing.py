"""May this clinician see this patient now, and when not, what does the law say?

For a patient who waits the law is asked now, about the place they attested and this day, by the closures alone: the
answer is a mark on a page and opens nothing. Of every other visit the mark is what its newest gate said.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from engine.ports import JSON, GateKeeper
from portals.provider.alerts import is_of_another
from portals.provider.desk import Desk, held_by
from portals.provider.law import GateView, LawWords, law_card
from portals.provider.views import Seeing
from portals.provider.words import day_in, say_in
from records.stages import IN_LINE, SUBMITTED

log = logging.getLogger(__name__)
LICENSING = "licensing"
OPEN_OUTCOMES = ("permitted", "permitted_with_duties")
ASKED_NOW = IN_LINE | {SUBMITTED}


def seeing(desk: Desk, visit: Any, law: tuple[GateKeeper, LawWords]) -> Seeing:
    """The mark of one visit of the clinician's."""
    keeper, words = law
    if visit.stage in ASKED_NOW and visit.attested_place is not None:
        return _asked_now(desk, visit, keeper, words)
    gates = desk.scope.gates.for_visit(visit.visit)
    asked = [gate for gate in gates if LICENSING in gate.decisions and not is_of_another(gate)]
    if not asked:
        return Seeing(mark="unasked")
    decision = max(asked, key=lambda gate: gate.asked_at).decisions[LICENSING]
    if decision.get("outcome") in OPEN_OUTCOMES:
        return Seeing(mark="fits")
    return _shut(desk, "shut", {LICENSING: decision}, words)


def _asked_now(desk: Desk, visit: Any, keeper: GateKeeper, words: LawWords) -> Seeing:
    """An engine that gives no answer lets nobody in, and neither does the mark say so."""
    try:
        record = keeper.ask(desk.scope.visits.dossier(visit.visit), "join", desk.now)
    except Exception as fault:
        log.error("visit %s: whether it may be seen could not be decided: %s", visit.visit, type(fault).__name__)
        return Seeing(mark="not_now", why=desk.t("queue.fault"))
    if record.open:
        return Seeing(mark="now")
    licence = record.decisions.get(LICENSING, {})
    unlicensed = licence.get("outcome") not in OPEN_OUTCOMES
    return _shut(desk, "not_now", {LICENSING: licence} if unlicensed and licence else record.decisions, words)


def _shut(desk: Desk, mark: str, decisions: Mapping[str, JSON], words: LawWords) -> Seeing:
    view = GateView(record="", gate="join", open=False, decisions=decisions, held=held_by(desk))
    card = law_card(view, words, say_in(desk.fmt.language), day_in(desk.fmt))
    unmet: Sequence[Any] = [duty for duty in card.duties if not duty.met]
    for found in (*card.reasons, *unmet):
        return Seeing(mark=mark, why=found.text, statutes=found.statutes)
    return Seeing(mark=mark, why=card.verdict)
