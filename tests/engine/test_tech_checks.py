"""A check of a device is verdicts and classes, read from a page that may say anything."""

from __future__ import annotations

import pytest

from engine.tech_checks import PARTS, TechCheck, read_check

GOOD = {"browser": "ok", "camera": "ok", "microphone": "ok", "speaker": "ok", "network": "ok"}


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
    ("network", "unreachable", False), ("microphone", "busy", False),
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
