"""A check of a device is verdicts and classes, read from a page that may say anything."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from engine.echoes import Grade
from engine.tech_checks import PARTS, TechCheck, Way, kept_check, read_check

GOOD = {"browser": "ok", "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok"}
MEASURED = {
    "latency_ms": "31",
    "kbps": "1730",
    "up_kbps": "1200",
    "loss_up": "3",
    "loss_down": "0",
    "jitter_ms": "4",
    "lines": "720",
    "way_direct": "works 120",
    "way_udp": "works 140",
    "way_tcp": "fails 0",
    "way_tls": "not_set_up 0",
}


def test_what_a_page_says_is_read_by_part() -> None:
    check = read_check({**GOOD, "microphone": "not_heard", "device": "phone", "latency_ms": "31", "kbps": "18500"})
    assert check.verdicts["microphone"] == "not_heard"
    assert (check.device, check.latency_ms, check.kbps) == ("phone", 31, 18500)
    assert check.troubles == ("microphone",)
    assert not check.works


def test_nothing_that_tells_a_device_is_read() -> None:
    check = read_check(
        {"camera": "FaceTime HD (1234:abcd)", "device": "June's phone", "kbps": "-1", "latency_ms": "1e9"}
    )
    assert check.verdicts["camera"] == "skipped"
    assert (check.device, check.latency_ms, check.kbps) == ("", 0, 0)
    assert check.verdicts["browser"] == "old", "a browser that could not even say so cannot do a call"


@pytest.mark.parametrize(("part", "verdict", "works"), [
    ("camera", "none", True), ("camera", "blocked", True), ("speaker", "not_heard", True), ("network", "slow", True),
    ("network", "no_udp", True), ("network", "no_way", False),
    ("network", "unreachable", False), ("microphone", "busy", False), ("network", "untested", True),
    ("microphone", "not_needed", True),
    ("browser", "old", False),
])  # fmt: skip
def test_a_call_needs_a_browser_a_microphone_and_a_connection(part: str, verdict: str, works: bool) -> None:
    assert read_check({**GOOD, part: verdict}).works is works


@pytest.mark.parametrize("change", [{"camera": "great"}, {"colour": "ok"}])
def test_a_verdict_that_no_check_comes_to_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"camera|device"):
        TechCheck(verdicts={**GOOD, **change})


def test_every_part_can_be_skipped_but_the_browser() -> None:
    assert [part for part, choices in PARTS.items() if "skipped" not in choices] == ["browser"]


def test_the_ways_and_the_numbers_are_read_and_kept_as_they_are() -> None:
    check = read_check({**GOOD, **MEASURED})
    assert check.ways["direct"] == Way(state="works", ms=120)
    assert (check.ways["tcp"], check.ways["tls"]) == (Way(state="fails"), Way(state="not_set_up"))
    assert (check.relay, check.carries_kbps, check.lines, check.loss_up) == ("works", 1200, 720, 3)
    assert kept_check(asdict(check)) == check
    assert check.grade is Grade.GOOD


def test_a_check_of_before_there_were_ways_is_still_read() -> None:
    old = {"verdicts": GOOD, "device": "phone", "latency_ms": 40, "kbps": 900, "relay": "works"}
    check = kept_check(old)
    assert (check.relay, check.is_measured, check.link, check.grade) == ("works", False, None, Grade.GOOD)


@pytest.mark.parametrize(("change", "grade"), [
    ({}, Grade.GOOD), ({"lines": "360"}, Grade.FAIR), ({"lines": "0"}, Grade.FAIR), ({"loss_down": "50"}, Grade.FAIR),
    ({"latency_ms": "450"}, Grade.FAIR), ({"speaker": "not_heard"}, Grade.FAIR), ({"network": "no_udp"}, Grade.FAIR),
    ({"network": "untested"}, Grade.FAIR), ({"network": "no_way"}, Grade.POOR), ({"microphone": "busy"}, Grade.POOR),
])  # fmt: skip
def test_a_check_is_good_fair_or_poor(change: dict[str, str], grade: Grade) -> None:
    assert read_check({**GOOD, **MEASURED, **change}).grade is grade


@pytest.mark.parametrize("said", ["works 9999999999", "works -5", "flies 3", "works", "", "192.0.2.7 4", 7])
def test_a_way_that_is_none_says_nothing_and_a_number_is_bounded(said: object) -> None:
    check = read_check({**GOOD, "way_direct": said})
    assert check.ways.get("direct") in (None, Way(state="works"))


def test_only_relays_that_are_there_are_summed_up() -> None:
    none = read_check({**GOOD, "way_udp": "not_set_up 0", "way_tcp": "not_set_up 0", "way_direct": "fails 0"})
    shut = read_check({**GOOD, "way_udp": "fails 0", "way_tcp": "not_set_up 0"})
    assert (none.relay, shut.relay) == ("", "fails")


def test_a_way_that_no_check_comes_to_is_refused() -> None:
    for ways in ({"pigeon": Way(state="works")}, {"direct": Way(state="flies")}):
        with pytest.raises(ValueError, match="ways"):
            TechCheck(verdicts=GOOD, ways=ways)
    with pytest.raises(ValueError, match="network"):
        TechCheck(verdicts=GOOD, ways={"direct": Way(state="works", ms=-1)})
