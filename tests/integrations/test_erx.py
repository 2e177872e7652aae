"""Prescriptions travel as XML to a simulated network that refuses what a network refuses and repeats itself exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ports import PortUnavailable, PrescriptionOrder
from integrations.erx import script
from integrations.erx.null import NullPrescriptionNetwork, NullPrescriptionNetworkWarning
from integrations.erx.simulator import OUTAGES, Behaviour, SimulatedNetwork, SimulatedPrescriptionNetwork
from integrations.npi import is_npi

WRITTEN = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)
ORDER = PrescriptionOrder(
    order="ord_1",
    drug={"name": "amoxicillin", "strength": "500 mg", "schedule": None},
    sig="Take 1 capsule <twice> a day & finish",
    quantity="20",
    quantity_unit="capsule",
    days_supply=10,
    refills=0,
    substitutions_allowed=True,
    note_to_pharmacy="",
    patient={"given": "Ada", "family": "O'Neil", "birth_date": "1990-04-02", "sex": "F", "state": "FL", "address": {}},
    prescriber={"given": "Lin", "family": "Okoro", "npi": "1234567893"},
    pharmacy={"id": "gull_street", "name": "Gull Street Pharmacy"},
    written_at=WRITTEN,
)


@pytest.fixture
def network(tmp_path: Path) -> SimulatedPrescriptionNetwork:
    return SimulatedPrescriptionNetwork(tmp_path / "erx.sqlite3", Behaviour(latency_seconds=0), lambda: WRITTEN)


def test_a_prescription_is_accepted_and_says_it_is_simulated(network: SimulatedPrescriptionNetwork) -> None:
    receipt = network.send_new("v1:prescribe:ord_1", ORDER)
    assert (receipt.state, receipt.code, receipt.simulated) == ("accepted", "", True)
    assert len(receipt.message_id) <= 35


def test_a_repeated_message_is_the_same_message(network: SimulatedPrescriptionNetwork) -> None:
    assert network.send_new("k", ORDER) == network.send_new("k", ORDER)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pharmacy": {}}, "unknown_pharmacy"),
        ({"prescriber": {"npi": "1234567890"}}, "unknown_prescriber"),
        ({"quantity": "0"}, "no_quantity"),
        ({"quantity": "many"}, "no_quantity"),
        ({"drug": {"name": "methylphenidate", "schedule": "II"}}, "needs_epcs"),
    ],
)
def test_the_network_refuses(network: SimulatedPrescriptionNetwork, change: dict[str, object], code: str) -> None:
    receipt = network.send_new("k", replace(ORDER, **change))  # type: ignore[arg-type]
    assert (receipt.state, receipt.code) == ("rejected", code)


def test_only_an_accepted_prescription_can_be_cancelled(network: SimulatedPrescriptionNetwork) -> None:
    sent = network.send_new("k", ORDER)
    assert network.cancel("c", ORDER, sent.message_id).state == "cancelled"
    assert network.cancel("d", ORDER, "CWnever").code == "unknown_order"


def test_a_prescription_is_withdrawn_by_the_key_that_sent_it(network: SimulatedPrescriptionNetwork) -> None:
    sent = network.send_new("k", ORDER)
    taken_back = network.withdraw("k", ORDER)
    assert (taken_back.state, taken_back.relates_to) == ("cancelled", sent.message_id)


def test_a_message_that_arrives_after_it_was_withdrawn_is_not_taken(network: SimulatedPrescriptionNetwork) -> None:
    assert network.withdraw("k", ORDER).state == "cancelled"
    late = network.send_new("k", ORDER)
    assert (late.state, late.code) == ("rejected", "cancelled_first")
    assert network.withdraw("k", ORDER).state == "cancelled"


def test_a_pharmacy_that_is_away_answers_in_the_end(network: SimulatedPrescriptionNetwork) -> None:
    order = replace(ORDER, pharmacy={"id": "away_1"})
    for _ in range(OUTAGES):
        with pytest.raises(PortUnavailable):
            network.send_new("k", order)
    assert network.send_new("k", order).state == "accepted"


def test_what_the_network_keeps_names_nobody(tmp_path: Path) -> None:
    file = tmp_path / "erx.sqlite3"
    SimulatedPrescriptionNetwork(file, Behaviour(latency_seconds=0)).send_new("k", ORDER)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Neil" not in kept
    assert b"amoxicillin" not in kept
    assert b"1990" not in kept


def test_the_message_carries_what_a_pharmacy_needs() -> None:
    envelope = script.Envelope(message_id="CW1", sender="CLINIC", recipient="gull_street", sent_at=WRITTEN)
    root = script.read(script.new_rx(envelope, ORDER))
    assert root.findtext("Body/NewRx/Patient/HumanPatient/Name/LastName") == "O'Neil"
    assert root.findtext("Body/NewRx/MedicationPrescribed/DrugDescription") == "amoxicillin 500 mg"
    assert root.findtext("Body/NewRx/MedicationPrescribed/Sig/SigText") == ORDER.sig
    assert root.find("Body/NewRx/MedicationPrescribed/DEASchedule") is None


class Hand:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.at = WRITTEN

    def __call__(self) -> datetime:
        return self.at


@pytest.mark.parametrize(
    ("pharmacy", "state"),
    [
        ("gull_street", "dispensed"),
        ("partial_1", "partly_dispensed"),
        ("unclaimed_1", "not_dispensed"),
        ("elsewhere_1", "transferred"),
    ],
)
def test_a_pharmacy_says_later_what_it_made_of_a_prescription(tmp_path: Path, pharmacy: str, state: str) -> None:
    clock = Hand()
    network = SimulatedPrescriptionNetwork(tmp_path / "erx.sqlite3", Behaviour(latency_seconds=0), clock)
    sent = network.send_new("k", replace(ORDER, pharmacy={"id": pharmacy}))
    assert network.collect(10) == ()
    clock.at += timedelta(minutes=5)
    (report,) = network.collect(10)
    assert (report.state, report.relates_to, report.order, report.simulated) == (state, sent.message_id, "ord_1", True)
    assert report.at == WRITTEN + timedelta(minutes=3)
    assert network.collect(10) == (report,), "it stays until it is taken"
    network.taken(report.message_id)
    assert network.collect(10) == ()


def test_what_was_given_out_is_not_cancelled_and_what_was_cancelled_is_not_given_out(tmp_path: Path) -> None:
    clock = Hand()
    network = SimulatedPrescriptionNetwork(tmp_path / "erx.sqlite3", Behaviour(latency_seconds=0), clock)
    early, late = network.send_new("early", ORDER), network.send_new("late", ORDER)
    assert network.cancel("c", ORDER, early.message_id).state == "cancelled"
    clock.at += timedelta(minutes=5)
    denied = network.cancel("d", ORDER, late.message_id)
    assert (denied.state, denied.code, denied.relates_to) == ("rejected", "already_filled", late.message_id)
    assert [one.relates_to for one in network.collect(10)] == [late.message_id]


def test_a_response_that_is_no_approval_is_a_refusal() -> None:
    envelope = script.Envelope(message_id="CW1", sender="SIMULATOR", recipient="CLINIC", sent_at=WRITTEN)
    approved = script.reply(envelope, "CancelRxResponse", "000")
    assert script.read_reply(approved).code == "000"
    assert script.read_reply(approved.replace(b"Approved", b"Perhaps")).code == "denied"
    assert script.read(approved).find("Body/CancelRxResponse/Response/Approved") is not None


@given(st.binary(max_size=400))
def test_rubbish_is_answered_and_never_crashes(rubbish: bytes) -> None:
    with pytest.raises(script.MalformedMessage):
        script.read(rubbish)


def test_entities_are_refused_before_parsing(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE m [<!ENTITY a "b">]><Message>&a;</Message>'
    network = SimulatedNetwork(tmp_path / "erx.sqlite3", Behaviour(latency_seconds=0), lambda: WRITTEN)
    assert script.read_reply(network.exchange(bomb)).code == "malformed"


def test_the_null_network_warns_and_sends_nothing() -> None:
    with pytest.warns(NullPrescriptionNetworkWarning):
        network = NullPrescriptionNetwork()
    with pytest.raises(PortUnavailable):
        network.send_new("k", ORDER)


@pytest.mark.parametrize(
    ("text", "good"), [("1234567893", True), ("1234567890", False), ("123", False), ("12345678९3", False)]
)
def test_an_npi_has_its_check_digit(text: str, good: bool) -> None:
    assert is_npi(text) is good
