"""The simulated card processor behaves like a processor: once per key, never more than reserved, refusals as values."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.ports import PaymentDue, PortUnavailable
from integrations.billing.null import NullCardProcessor, NullCardProcessorWarning
from integrations.billing.simulator import OUTAGES, SimulatedCardProcessor


def due(token: str = "tok_visa", cents: int = 5900) -> PaymentDue:
    return PaymentDue(amount_cents=cents, currency="USD", method_token=token)


@pytest.fixture
def processor(tmp_path: Path) -> SimulatedCardProcessor:
    return SimulatedCardProcessor(tmp_path / "cards.sqlite3")


def test_the_same_key_gets_the_same_authorisation(processor: SimulatedCardProcessor) -> None:
    first, second = processor.authorise("v1:pay:a", due()), processor.authorise("v1:pay:a", due())
    assert first == second
    assert (first.state, first.amount_cents, first.simulated) == ("authorised", 5900, True)


def test_an_authorisation_survives_a_new_process(tmp_path: Path) -> None:
    file = tmp_path / "cards.sqlite3"
    reference = SimulatedCardProcessor(file).authorise("a", due()).reference
    assert SimulatedCardProcessor(file).capture("c", reference, 5900).state == "captured"


@pytest.mark.parametrize(("token", "code"), [("tok_declined", "card_declined"), ("tok_expired", "expired_card")])
def test_a_bad_card_is_declined_with_a_code(processor: SimulatedCardProcessor, token: str, code: str) -> None:
    receipt = processor.authorise("a", due(token))
    assert (receipt.state, receipt.code) == ("declined", code)
    assert processor.capture("c", receipt.reference, 5900).state == "declined"


def test_money_is_taken_once_and_never_more_than_reserved(processor: SimulatedCardProcessor) -> None:
    reference = processor.authorise("a", due()).reference
    assert processor.capture("c1", reference, 9900).code == "amount_too_large"
    assert processor.capture("c2", reference, 5900).state == "captured"
    assert processor.void("v", reference).code == "already_captured"


def test_a_voided_reservation_cannot_be_captured(processor: SimulatedCardProcessor) -> None:
    reference = processor.authorise("a", due()).reference
    assert processor.void("v", reference).state == "voided"
    assert processor.void("v", reference).state == "voided"
    assert processor.capture("c", reference, 5900).code == "already_voided"


def test_a_silent_network_answers_in_the_end(processor: SimulatedCardProcessor) -> None:
    for _ in range(OUTAGES):
        with pytest.raises(PortUnavailable):
            processor.authorise("a", due("tok_unavailable"))
    assert processor.authorise("a", due("tok_unavailable")).state == "authorised"


def test_the_null_processor_warns_and_takes_nothing() -> None:
    with pytest.warns(NullCardProcessorWarning):
        processor = NullCardProcessor()
    with pytest.raises(PortUnavailable):
        processor.authorise("a", due())


def test_an_attempt_that_was_authorised_is_withdrawn_by_its_key(processor: SimulatedCardProcessor) -> None:
    made = processor.authorise("k", due())
    withdrawn = processor.withdraw("k")
    assert (withdrawn.state, withdrawn.reference) == ("voided", made.reference)
    assert processor.withdraw("k") == withdrawn
    assert processor.capture("c", made.reference, made.amount_cents).state == "declined"


def test_an_attempt_that_was_never_seen_authorises_nothing_once_it_is_withdrawn(
    processor: SimulatedCardProcessor,
) -> None:
    withdrawn = processor.withdraw("k")
    assert (withdrawn.state, withdrawn.reference) == ("voided", "")
    late = processor.authorise("k", due())
    assert (late.state, late.code) == ("declined", "withdrawn")
