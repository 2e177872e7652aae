"""Sends a prescription to the network or takes it back; a controlled one is never sent."""

from __future__ import annotations

from dataclasses import replace

from temporalio import activity

from engine.ports import ControlledDrugs, DispatchReceipt, OrderChanged, PrescriptionNetwork, VisitRecords
from workflows.activities.common import effect_of, ref_of
from workflows.contracts import DispatchAnswer, EffectInput

NEEDS_EPCS = "needs_epcs"
ORDER_CHANGED = "order_changed"
NEVER_SENT = "never_sent"


class PrescribingActivities:
    """The order is ``effect.subject``; a rejection is an answer, a silent network raises and is retried."""

    def __init__(self, records: VisitRecords, network: PrescriptionNetwork, drugs: ControlledDrugs) -> None:
        self._records = records
        self._network = network
        self._drugs = drugs

    @activity.defn(no_thread_cancel_exception=True)
    def send_prescription(self, effect: EffectInput) -> DispatchAnswer:
        """Sends the version ``effect.code`` of the order, or nothing when it is no longer the draft its gate judged.

        21 CFR 1311 asks for a two-factor ceremony for controlled drugs; until it exists the flow ends here.
        """
        if self._drugs.is_controlled(self._records.prescription(ref_of(effect), effect.subject).drug):
            return DispatchAnswer(state=NEEDS_EPCS)
        try:
            order = self._records.begin_dispatch(effect_of(effect), effect.subject, int(effect.code))
        except OrderChanged:
            return DispatchAnswer(state=ORDER_CHANGED)
        return self._keep(effect, self._network.send_new(effect_of(effect).id, order))

    @activity.defn(no_thread_cancel_exception=True)
    def cancel_prescription(self, effect: EffectInput) -> DispatchAnswer:
        """Takes back the message ``effect.code`` of the order; the pharmacy may answer that it is too late."""
        order = self._records.prescription(ref_of(effect), effect.subject)
        return self._keep(effect, self._network.cancel(effect_of(effect).id, order, effect.code))

    @activity.defn(no_thread_cancel_exception=True)
    def withdraw_prescription(self, effect: EffectInput) -> DispatchAnswer:
        """Takes back what this effect sent of the order, heard of or not; ``rejected`` when it is out for good.

        An order that records never let go is left alone. The key is that of the sending; what the network says is
        kept as an effect of its own.
        """
        sent = effect_of(effect)
        if not self._records.is_dispatched(sent):
            return DispatchAnswer(state=NEVER_SENT)
        order = self._records.prescription(ref_of(effect), effect.subject)
        receipt = self._network.withdraw(sent.id, order)
        return self._keep(replace(effect, key=f"cancel:{effect.key}"), receipt)

    def _keep(self, effect: EffectInput, receipt: DispatchReceipt) -> DispatchAnswer:
        self._records.record_dispatch(effect_of(effect), effect.subject, receipt)
        return DispatchAnswer(state=receipt.state, message=receipt.message_id, code=receipt.code)
