"""The simulated primary source: a report for each inquiry, the moods of a network, and a register that can be told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.credentials import Claim, SourceAnswer
from engine.ports import PortUnavailable
from integrations.credentials import messages
from integrations.credentials.null import NullPrimarySource, NullPrimarySourceWarning
from integrations.credentials.simulator import SimulatedPrimarySource, SimulatedRegister, Told

AT = datetime(2026, 3, 5, 15, tzinfo=UTC)
CLAIM = Claim(
    credential="lic_1",
    person="per_1",
    npi="1234567893",
    kind="license",
    state="FL",
    status="active",
    profession="MD",
    type="full",
    number="ME-1",
    issued=date(2019, 1, 1),
    expires=date(2027, 1, 31),
)


@pytest.fixture
def register(tmp_path: Path) -> SimulatedRegister:
    return SimulatedRegister(tmp_path / "credentials.sqlite3", lambda: AT)


def test_it_believes_what_it_is_first_asked_about_and_then_its_own_register(register: SimulatedRegister) -> None:
    source = SimulatedPrimarySource(register)
    first = source.ask(CLAIM)
    assert (first.status, first.expires, first.as_of, first.source) == ("active", CLAIM.expires, AT, "simulator")
    assert source.ask(replace(CLAIM, expires=date(2099, 1, 1))).expires == CLAIM.expires


def test_what_a_board_decides_is_in_the_next_report(register: SimulatedRegister) -> None:
    source = SimulatedPrimarySource(register)
    register.tell(CLAIM, Told(status="suspended", disciplined=True))
    answer = source.ask(CLAIM)
    assert (answer.found, answer.status, answer.disciplined, answer.issued) == (True, "suspended", True, CLAIM.issued)
    register.tell(CLAIM, Told(status="active", expires=date(2029, 1, 31), disciplined=False))
    assert (source.ask(CLAIM).status, source.ask(CLAIM).expires) == ("active", date(2029, 1, 31))
    register.forget(CLAIM)
    assert not source.ask(CLAIM).found


def test_the_register_outlives_the_process_and_holds_no_number(tmp_path: Path) -> None:
    file = tmp_path / "credentials.sqlite3"
    SimulatedRegister(file).tell(CLAIM, Told(status="revoked"))
    assert SimulatedPrimarySource(SimulatedRegister(file)).ask(CLAIM).status == "revoked"
    assert b"ME-1" not in file.read_bytes()


@pytest.mark.parametrize("mood", ["down", "garbled"])
def test_a_source_that_is_away_or_answers_nonsense_is_unavailable(register: SimulatedRegister, mood: str) -> None:
    source = SimulatedPrimarySource(register)
    register.moods.behave(mood)
    with pytest.raises(PortUnavailable):
        source.ask(CLAIM)
    register.moods.behave("up")
    assert source.ask(CLAIM).found


def test_there_are_four_moods(register: SimulatedRegister) -> None:
    with pytest.raises(ValueError, match="unknown mood"):
        register.moods.behave("angry")


REPORT = json.loads(
    messages.report(
        messages.read_inquiry(messages.inquiry(CLAIM, "t1")),
        "SIMULATOR",
        AT,
        messages.credential("active", (None, date(2027, 1, 31)), ("II", "V"), False),
    )
)


@pytest.mark.parametrize(
    "changes",
    [
        {"TransactionId": "t2"},
        {"AsOf": "2026-03-05T10:00:00"},
        {"AsOf": 5},
        {"Sender": ""},
        {"Credential": None},
        {"Credential": {**REPORT["Credential"], "Status": "FINE"}},
        {"Credential": {**REPORT["Credential"], "ExpirationDate": "31.01.2027"}},
        {"Credential": {**REPORT["Credential"], "ExpirationDate": 20270131}},
        {"Credential": {**REPORT["Credential"], "Schedules": "II"}},
        {"Credential": {**REPORT["Credential"], "Schedules": ["VI"]}},
        {"Credential": {**REPORT["Credential"], "Schedules": [["II"]]}},
        {"Credential": {**REPORT["Credential"], "Schedules": None}},
        {"Result": "PERHAPS"},
        {"Sender": None},
        {"Subject": None},
        {"Subject": {}},
        {"Subject": {**REPORT["Subject"], "NPI": "1999999999"}},
        {"Subject": {**REPORT["Subject"], "Jurisdiction": "AK"}},
        {"Subject": {**REPORT["Subject"], "Number": "ME-2"}},
        {"Subject": {**REPORT["Subject"], "Kind": "DEA"}},
        {"Subject": {**REPORT["Subject"], "NPI": "1999999999"}, "Result": "NO_MATCH"},
    ],
)
def test_a_report_that_is_odd_is_no_report(changes: dict[str, object]) -> None:
    assert read(REPORT).schedules == ("II", "V")
    with pytest.raises(messages.MalformedReport):
        read({**REPORT, **changes})


def read(told: object, claim: Claim = CLAIM) -> SourceAnswer:
    return messages.read_report(json.dumps(told).encode(), "t1", claim)


@pytest.mark.parametrize("status", ["ACTIVE", "PROBATION", "SUSPENDED"])
def test_a_last_day_that_a_report_leaves_out_is_the_one_that_is_held(status: str) -> None:
    endless = {**REPORT, "Credential": {**REPORT["Credential"], "Status": status, "ExpirationDate": None}}
    assert read(endless).expires == CLAIM.expires


@pytest.mark.parametrize("status", ["ACTIVE", "PROBATION"])
def test_what_is_in_force_until_nobody_knows_when_is_no_report(status: str) -> None:
    endless = {**REPORT, "Credential": {**REPORT["Credential"], "Status": status, "ExpirationDate": None}}
    with pytest.raises(messages.MalformedReport):
        read(endless, replace(CLAIM, expires=None))
    ended = {**REPORT, "Credential": {**endless["Credential"], "Status": "REVOKED"}}
    assert read(ended, replace(CLAIM, expires=None)).status == "revoked"


def test_a_claim_without_a_number_takes_the_report_on_any() -> None:
    numbered = {**REPORT, "Subject": {**REPORT["Subject"], "Number": "ME-2"}}
    assert read(numbered, replace(CLAIM, number="")).found


def test_a_report_nested_without_end_is_no_report() -> None:
    with pytest.raises(messages.MalformedReport):
        messages.read_report(b"[" * 60_000, "t1", CLAIM)


@pytest.mark.parametrize("said", [None, "no", 0, "false"])
def test_discipline_is_on_file_unless_the_report_clearly_says_no(said: object) -> None:
    odd = {**REPORT, "Credential": {**REPORT["Credential"], "DisciplineOnFile": said}}
    assert read(odd).disciplined
    assert not read(REPORT).disciplined


def test_without_a_source_nothing_is_verified_and_somebody_is_warned() -> None:
    with pytest.warns(NullPrimarySourceWarning):
        source = NullPrimarySource()
    with pytest.raises(PortUnavailable):
        source.ask(CLAIM)
