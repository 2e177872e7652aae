"""The simulated hub of monitoring programs: a report for each question, the moods of a network, states that are out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.monitoring import DispensedDrug, MonitoringQuestion, concerns, report_digest, row_from_json, row_json
from engine.ports import PortUnavailable
from integrations.pdmp import messages
from integrations.pdmp.null import NullMonitoringNetwork, NullMonitoringWarning
from integrations.pdmp.simulator import HISTORIES, SimulatedHub, SimulatedMonitoringNetwork

AT = datetime(2026, 3, 5, 15, tzinfo=UTC)
PATIENT = {"given": "Ana", "family": "Núñez <&>", "birth_date": "1990-04-02", "postal_code": "33101"}
QUESTION = MonitoringQuestion(
    key="mon_1",
    state="CA",
    since=date(2025, 3, 5),
    until=date(2026, 3, 5),
    patient=PATIENT,
    prescriber={"npi": "1234567893", "given": "Jo", "family": "Okafor"},
)
CLASSES = {"oxycodone": ("opioid",), "alprazolam": ("benzodiazepine",)}


@pytest.fixture
def hub(tmp_path: Path) -> SimulatedHub:
    return SimulatedHub(tmp_path / "pdmp.sqlite3", lambda: AT)


@pytest.fixture
def network(hub: SimulatedHub) -> SimulatedMonitoringNetwork:
    return SimulatedMonitoringNetwork(hub, lambda: AT)


@pytest.mark.parametrize("history", sorted(HISTORIES))
def test_what_it_was_told_of_somebody_comes_back_and_says_that_it_is_simulated(
    hub: SimulatedHub, network: SimulatedMonitoringNetwork, history: str
) -> None:
    hub.tell(PATIENT, history)
    report = network.ask(QUESTION)
    assert (report.sender, report.simulated, len(report.rows)) == ("simulator", True, len(HISTORIES[history]))
    expected = history if history in ("nothing", "no_match") else "found"
    assert report.outcome == expected
    assert list(report.rows) == sorted(report.rows, key=lambda row: row.filled_on, reverse=True)


def test_the_same_person_has_the_same_history_at_every_question(network: SimulatedMonitoringNetwork) -> None:
    first = network.ask(QUESTION)
    assert network.ask(replace(QUESTION, key="mon_2")).rows == first.rows


def test_a_state_that_is_not_connected_is_no_look(hub: SimulatedHub, network: SimulatedMonitoringNetwork) -> None:
    hub.connect("ca", False)
    assert network.ask(QUESTION).outcome == "not_connected"
    assert network.ask(replace(QUESTION, state="FL")).outcome != "not_connected"


@pytest.mark.parametrize(("mood", "code"), [("down", "pdmp: down"), ("garbled", "pdmp: garbled")])
def test_a_network_that_is_away_or_talks_nonsense_does_not_answer(
    hub: SimulatedHub, network: SimulatedMonitoringNetwork, mood: str, code: str
) -> None:
    hub.moods.behave(mood)
    with pytest.raises(PortUnavailable, match=code):
        network.ask(QUESTION)


def test_the_file_holds_nothing_that_a_message_said(
    tmp_path: Path, hub: SimulatedHub, network: SimulatedMonitoringNetwork
) -> None:
    hub.tell(PATIENT, "overlap")
    network.ask(QUESTION)
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"33101" not in kept and b"1990-04-02" not in kept and b"Ana" not in kept and b"oxycodone" not in kept


def answer() -> tuple[bytes, str]:
    asked = messages.read(messages.request(QUESTION, "CWx", AT))
    return messages.response(asked, "SIMULATOR", AT, ("Approved", _rows("overlap"))), "CWx"


def _rows(name: str) -> list[DispensedDrug]:
    return [
        DispensedDrug(
            drug=fill[0],
            schedule=fill[1],
            quantity=fill[2],
            unit="tablet",
            days_supply=fill[3],
            filled_on=date.fromordinal(AT.date().toordinal() - fill[4]),
            prescriber=fill[5],
            pharmacy=fill[6],
        )
        for fill in HISTORIES[name]
    ]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"<State>CA</State>", b"<State>FL</State>"),
        (b"CWx</RelatesTo", b"CWy</RelatesTo"),
        (b"<Response>Approved", b"<Response>Fine"),
        (b"<Response>Approved", b"<Response>NoRecords"),
        (b"<DaysSupply>10", b"<DaysSupply>ten"),
        (b"<DEASchedule>II", b"<DEASchedule>IX"),
        (b"+00:00</SentTime>", b"</SentTime>"),
        (b"<Message", b"<!DOCTYPE a><Message"),
        (b"</Message>", b""),
    ],
)
def test_an_answer_with_anything_odd_in_it_is_none(was: bytes, becomes: bytes) -> None:
    text, ident = answer()
    assert messages.read_response(text, ident, QUESTION).outcome == "found"
    assert was in text
    with pytest.raises(messages.MalformedReport):
        messages.read_response(text.replace(was, becomes, 1), ident, QUESTION)


def test_what_stands_out_is_an_opioid_with_a_benzodiazepine_and_many_prescribers() -> None:
    rows = _rows("overlap")
    found = concerns(rows, AT.date(), lambda drug: CLASSES.get(drug, ()))
    assert [one.kind for one in found] == ["opioid_benzodiazepine", "prescribers"]
    assert (found[0].drugs, found[1].count) == (("oxycodone", "alprazolam"), 3)
    assert concerns(_rows("steady"), AT.date(), lambda drug: CLASSES.get(drug, ())) == ()


def test_days_that_do_not_meet_are_no_overlap_and_old_prescribers_do_not_count() -> None:
    opioid, benzodiazepine = _rows("overlap")[0], _rows("overlap")[1]
    before = replace(opioid, filled_on=date(2026, 1, 1), days_supply=10)
    met = replace(benzodiazepine, filled_on=date(2026, 1, 10))
    not_met = replace(benzodiazepine, filled_on=date(2026, 1, 11))
    kinds = [
        [one.kind for one in concerns((before, other), AT.date(), lambda drug: CLASSES.get(drug, ()))]
        for other in (met, not_met)
    ]
    assert kinds == [["opioid_benzodiazepine"], []]
    old = [replace(before, prescriber=name, filled_on=date(2025, 1, 1)) for name in ("A", "B", "C")]
    assert concerns(old, AT.date(), lambda _: ()) == ()


def test_a_row_is_kept_and_read_again_and_its_digest_tells_a_change() -> None:
    rows = _rows("overlap")
    assert [row_from_json(row_json(one)) for one in rows] == rows
    assert report_digest(rows) != report_digest([replace(rows[0], quantity="41"), *rows[1:]])


def test_without_a_network_no_program_is_connected() -> None:
    with pytest.warns(NullMonitoringWarning):
        network = NullMonitoringNetwork()
    assert network.ask(QUESTION).outcome == "not_connected"
