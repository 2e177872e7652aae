"""What the bench of forwarding makes of its numbers: nothing is compared that did not get through."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.media import CARRIED, Measured, ratios, table

OURS = Measured(
    load="1 room of 4",
    server="clinicwright",
    packets_per_second=3000,
    cores=0.1,
    packets_per_core=30_000,
    expected_share=1.0,
    waited=0.1,
    transit_p50_ms=1.0,
    transit_p95_ms=None,
    megabytes_per_party=1.3,
)
PEER = replace(OURS, server="janus", packets_per_core=40_000)


def test_a_load_that_both_carried_is_compared() -> None:
    assert ratios([OURS, PEER]) == {"1 room of 4": 0.75}
    assert "0.75 of Janus" in table([OURS, PEER], ratios([OURS, PEER]), 0.5)


def test_a_load_that_either_could_not_carry_is_not() -> None:
    for results in ([replace(OURS, expected_share=CARRIED - 0.01), PEER], [OURS, replace(PEER, expected_share=0.2)]):
        assert ratios(results) == {}
        assert "not compared" in table(results, {}, 9.0)
