"""Authorise at booking, capture at signing, void on cancel: the visit's money, idempotent by effect."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from engine.ports import PaymentProcessor, PaymentReceipt, VisitRecords
from workflows.activities.common import effect_of, ref_of
from workflows.contracts import EffectInput, PaymentAnswer

METHOD_CHANGED = "MethodChanged"


class PaymentActivities:
    """A decline is an answer; a processor that does not answer raises and is retried with the same key."""

    def __init__(self, records: VisitRecords, processor: PaymentProcessor) -> None:
        self._records = records
        self._processor = processor

    @activity.defn(no_thread_cancel_exception=True)
    def authorise_payment(self, effect: EffectInput) -> PaymentAnswer:
        """Authorises what is due on the card ``effect.subject``; an attempt's key never reaches another card."""
        due = self._records.payment_due(ref_of(effect))
        if due.amount_cents == 0:
            return PaymentAnswer(state="nothing_due")
        if due.method != effect.subject:
            raise ApplicationError("another card by now", type=METHOD_CHANGED, non_retryable=True)
        return self._keep(effect, self._processor.authorise(effect_of(effect).id, due))

    @activity.defn(no_thread_cancel_exception=True)
    def withdraw_payment(self, effect: EffectInput) -> PaymentAnswer:
        """Ends the attempt of this effect by its key: voided if the processor knows it, never made if it does not."""
        receipt = self._processor.withdraw(effect_of(effect).id)
        if not receipt.reference:
            return PaymentAnswer(state=receipt.state, code=receipt.code)
        return self._keep(effect, receipt)

    @activity.defn(no_thread_cancel_exception=True)
    def capture_payment(self, effect: EffectInput) -> PaymentAnswer:
        """Captures what is due of the open authorisation; nothing when there is none."""
        reference = self._records.payment_reference(ref_of(effect))
        if reference is None:
            return PaymentAnswer(state="nothing_due")
        amount = self._records.payment_due(ref_of(effect)).amount_cents
        return self._keep(effect, self._processor.capture(effect_of(effect).id, reference, amount))

    @activity.defn(no_thread_cancel_exception=True)
    def capture_fee(self, effect: EffectInput) -> PaymentAnswer:
        """Captures ``effect.code`` cents of the open authorisation, never more than it holds."""
        reference = self._records.payment_reference(ref_of(effect))
        if reference is None:
            return PaymentAnswer(state="nothing_due")
        amount = min(int(effect.code), self._records.payment_due(ref_of(effect)).amount_cents)
        return self._keep(effect, self._processor.capture(effect_of(effect).id, reference, amount))

    @activity.defn(no_thread_cancel_exception=True)
    def void_payment(self, effect: EffectInput) -> PaymentAnswer:
        reference = self._records.payment_reference(ref_of(effect))
        if reference is None:
            return PaymentAnswer(state="nothing_due")
        return self._keep(effect, self._processor.void(effect_of(effect).id, reference))

    def _keep(self, effect: EffectInput, receipt: PaymentReceipt) -> PaymentAnswer:
        self._records.record_payment(effect_of(effect), receipt)
        return PaymentAnswer(state=receipt.state, code=receipt.code)
