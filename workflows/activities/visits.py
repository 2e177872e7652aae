"""What a visit writes to records: one activity for each effect, unique by visit, step and key."""

from __future__ import annotations

from temporalio import activity

from engine.ports import RoomPlace, VisitChange, VisitRecords
from workflows.activities.common import effect_of, instant, ref_of
from workflows.contracts import ChangeInput, EffectInput, PlaceInput, SlotAnswer


class VisitActivities:
    """The visit's own rows, slot, note, links and notices; every method is repeatable."""

    def __init__(self, records: VisitRecords) -> None:
        self._records = records

    @activity.defn(no_thread_cancel_exception=True)
    def hold_slot(self, effect: EffectInput) -> SlotAnswer:
        """Takes the visit's slot until ``effect.at``."""
        held = self._records.hold_slot(effect_of(effect), instant(effect.at))
        starts_at = self._records.dossier(ref_of(effect)).starts_at
        return SlotAnswer(held=held, starts_at=starts_at.isoformat() if starts_at else "")

    @activity.defn(no_thread_cancel_exception=True)
    def release_slot(self, effect: EffectInput) -> None:
        self._records.release_slot(effect_of(effect))

    @activity.defn(no_thread_cancel_exception=True)
    def issue_requests(self, effect: EffectInput) -> int:
        """Issues the requests of the kind ``effect.code``; how many there are."""
        return self._records.issue_requests(effect_of(effect), effect.code)

    @activity.defn(no_thread_cancel_exception=True)
    def offer_visit(self, effect: EffectInput) -> None:
        """Offers the visit by the hand-off ``effect.subject``, to be answered until ``effect.at``."""
        self._records.offer_visit(effect_of(effect), effect.subject, instant(effect.at))

    @activity.defn(no_thread_cancel_exception=True)
    def hand_over(self, effect: EffectInput) -> str:
        """Gives the visit to ``effect.actor`` by the hand-off ``effect.subject``; the code of why not, or nothing."""
        return self._records.hand_over(effect_of(effect), effect.subject)

    @activity.defn(no_thread_cancel_exception=True)
    def record_change(self, change: ChangeInput) -> None:
        detail = {name: value for name, value in _detail(change.effect) if value}
        self._records.change(
            effect_of(change.effect), VisitChange(event=change.event, stage=change.stage or None, detail=detail)
        )

    @activity.defn(no_thread_cancel_exception=True)
    def issue_join_link(self, effect: EffectInput) -> str:
        """A single-use link for the participant ``effect.subject`` until ``effect.at``; returns its id."""
        return self._records.issue_join_link(effect_of(effect), effect.subject, instant(effect.at))

    @activity.defn(no_thread_cancel_exception=True)
    def place_room(self, place: PlaceInput) -> None:
        where = RoomPlace(room=place.room, node=place.node, endpoint=place.endpoint)
        self._records.place_room(effect_of(place.effect), where)

    @activity.defn(no_thread_cancel_exception=True)
    def sign_note(self, effect: EffectInput) -> None:
        self._records.sign_note(effect_of(effect), effect.subject)

    @activity.defn(no_thread_cancel_exception=True)
    def write_summary(self, effect: EffectInput) -> str:
        return self._records.write_summary(effect_of(effect))

    @activity.defn(no_thread_cancel_exception=True)
    def queue_message(self, effect: EffectInput) -> None:
        """Queues the notice ``effect.code`` for ``effect.subject`` (``patient`` or ``provider``)."""
        self._records.queue_message(effect_of(effect), effect.code, effect.subject)

    @activity.defn(no_thread_cancel_exception=True)
    def raise_alert(self, effect: EffectInput) -> str:
        """Opens the task ``effect.code`` about ``effect.subject`` (a code, or nothing); returns its id."""
        return self._records.raise_alert(effect_of(effect), effect.code, effect.subject)

    @activity.defn(no_thread_cancel_exception=True)
    def payment_method(self, effect: EffectInput) -> str:
        """The opaque id of the card that the visit is to be paid with; empty when nothing is due."""
        return self._records.payment_due(ref_of(effect)).method

    @activity.defn(no_thread_cancel_exception=True)
    def unsent_orders(self, effect: EffectInput) -> list[str]:
        return list(self._records.unsent_orders(ref_of(effect)))


def _detail(effect: EffectInput) -> tuple[tuple[str, str], ...]:
    return (("subject", effect.subject), ("code", effect.code), ("step", effect.step), ("due", effect.at))
