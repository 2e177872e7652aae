"""What the clinic's terms say about a visit now, the move to another time, and when a reminder may be sent."""

from __future__ import annotations

from collections.abc import Callable

from temporalio import activity

from engine.clinic_terms import Terms
from engine.ports import VisitRecords
from engine.undoing import undoable
from workflows.activities.common import effect_of, instant, ref_of
from workflows.contracts import EffectInput, MoveInput, ReminderInput, TermsAnswer


class TermsActivities:
    """``terms`` gives the terms in force of a clinic, by its short name."""

    def __init__(self, records: VisitRecords, terms: Callable[[str], Terms]) -> None:
        self._records = records
        self._terms = terms

    @activity.defn(no_thread_cancel_exception=True)
    def read_terms(self, effect: EffectInput) -> TermsAnswer:
        """The terms at the instant ``effect.at``.

        Taking the last move back, to ``effect.subject`` with the clinician ``effect.code``, is always left.
        """
        standing = self._records.standing(ref_of(effect))
        change = self._terms(effect.clinic).change(
            standing.starts_at, instant(effect.at), price_cents=standing.price_cents, moved=standing.moved
        )
        back = undoable(standing.moves, instant(effect.at)) if effect.subject else None
        undoes = back is not None and (back.before, back.left) == (instant(effect.subject), effect.code)
        return TermsAnswer(fee_cents=change.fee_cents, moves_left=max(change.moves_left, int(undoes)))

    @activity.defn(no_thread_cancel_exception=True)
    def move_slot(self, move: MoveInput) -> bool:
        return self._records.move_slot(effect_of(move.effect), instant(move.starts_at), move.provider)

    @activity.defn(no_thread_cancel_exception=True)
    def reminder_time(self, reminder: ReminderInput) -> str:
        """When a reminder due at ``effect.at`` may be sent: outside the patient's quiet hours. ISO 8601."""
        zone = self._records.standing(ref_of(reminder.effect)).time_zone
        quiet = self._terms(reminder.effect.clinic).quiet
        return quiet.spoken_at(instant(reminder.effect.at), instant(reminder.starts_at), zone).isoformat()
