"""The estimate, the probes and the ladder together over links that exist only in numbers (see helpers_link)."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from media.ladder import Why
from tests.media.helpers_link import Moment, Trial, VirtualLink

MEGA = 1e6


def heights(moments: list[Moment], first: float, last: float) -> set[int]:
    return {moment.step.level.height for moment in moments if first <= moment.at <= last}


def unheard(trial: Trial) -> float:
    return sum(delay is None for delay in trial.sound) / len(trial.sound)


def late(trial: Trial, share: float) -> float:
    delays = sorted(delay for delay in trial.sound if delay is not None)
    return delays[int(share * (len(delays) - 1))]


def test_a_wide_link_keeps_the_best_picture() -> None:
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA))
    assert heights(trial.run(15), 0, 15) == {720}
    assert late(trial, 1.0) < 0.05


@pytest.mark.parametrize("queue", [0.05, 0.3, 1.0])
def test_a_thin_link_settles_below_what_it_carries_and_sound_is_not_held_up(queue: float) -> None:
    trial = Trial(VirtualLink(rate=lambda _: 0.5 * MEGA, queue=queue))
    moments = trial.run(25)
    assert heights(moments, 5, 25) == {360}
    assert all(moment.estimate < 0.65 * MEGA for moment in moments if moment.at > 10)
    assert late(trial, 0.9) < 0.25


def test_a_link_that_narrows_loses_picture_within_two_seconds_and_gets_it_back() -> None:
    trial = Trial(VirtualLink(rate=lambda at: 0.5 * MEGA if 10 < at < 25 else 3 * MEGA))
    moments = trial.run(60)
    assert heights(moments, 5, 10) == {720}
    assert max(heights(moments, 12, 25)) <= 480
    assert heights(moments, 55, 60) == {720}


def test_a_link_for_sound_alone_carries_sound_and_the_probes_find_the_way_back() -> None:
    trial = Trial(VirtualLink(rate=lambda at: 0.1 * MEGA if 10 < at < 25 else 3 * MEGA))
    moments = trial.run(45)
    assert heights(moments, 14, 25) == {0}
    assert late(trial, 0.9) < 0.15
    assert heights(moments, 42, 45) == {720}


@pytest.mark.parametrize("loss", [0.02, 0.05, 0.08])
def test_losses_by_chance_cost_no_picture(loss: float) -> None:
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA, loss=loss))
    assert heights(trial.run(20), 0, 20) == {720}


def test_heavy_losses_by_chance_do_not_end_in_sound_alone() -> None:
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA, loss=0.15))
    assert min(heights(trial.run(25), 0, 25)) >= 480


def test_jitter_alone_costs_at_most_one_level() -> None:
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA, jitter=0.03))
    assert min(heights(trial.run(25), 0, 25)) >= 480


def test_after_a_black_out_the_picture_is_where_it_was() -> None:
    trial = Trial(VirtualLink(rate=lambda at: 0 if 10 < at < 20 else 3 * MEGA))
    assert heights(trial.run(30), 20.5, 30) == {720}


def of(*kilobits: float) -> Callable[[float], float]:
    """A source that makes so many kilobits a second, one after another for 15 seconds each."""
    return lambda at: kilobits[min(len(kilobits) - 1, int(at / 15))] * 1000


@pytest.mark.parametrize("makes", [60, 200, 500])
@pytest.mark.parametrize("jitter", [0.0, 0.02])
def test_a_source_that_sends_little_is_no_thin_link(makes: float, jitter: float) -> None:
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA, jitter=jitter), source=of(makes))
    assert heights(trial.run(60), 0, 60) == {720}
    assert not trial.estimate.tight


def test_of_few_packets_some_may_get_lost_by_chance() -> None:
    for seed in range(5):
        link = VirtualLink(rate=lambda _: 3 * MEGA, loss=0.05, random=random.Random(seed))
        assert heights(Trial(link, source=of(150)).run(40), 0, 40) == {720}


def test_a_small_picture_over_a_link_that_is_too_thin_for_it_still_goes() -> None:
    trial = Trial(VirtualLink(rate=lambda at: 0.1 * MEGA if at > 15 else 3 * MEGA), source=of(200))
    moments = trial.run(30)
    assert heights(moments, 5, 15) == {720}
    assert heights(moments, 18, 30) == {0}
    assert trial.estimate.tight


def test_a_source_that_begins_to_send_much_over_a_link_that_has_narrowed_is_held_within_two_seconds() -> None:
    trial = Trial(VirtualLink(rate=lambda at: 3 * MEGA if at < 10 else 0.5 * MEGA), source=of(100, 1500))
    moments = trial.run(40)
    assert heights(moments, 5, 14) == {720}
    assert max(heights(moments, 17, 40)) <= 480
    assert late(trial, 0.9) < 0.25


def test_nothing_climbs_before_a_probe_has_shown_that_it_passes() -> None:
    trial = Trial(VirtualLink(rate=lambda at: 3 * MEGA if at < 8 else 0.3 * MEGA), source=of(200))
    trial.ladder.limit(180)
    trial.run(12)
    assert trial.estimate.bitrate > 0.8 * MEGA > 2 * trial.estimate.proven

    trial.ladder.limit(720)
    assert heights(trial.run(40), 12, 60) <= {180, 360}
    assert unheard(trial) < 0.02 and late(trial, 0.98) < 0.2


def test_a_picture_that_nobody_wished_for_any_more_is_soon_large_again() -> None:
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA))
    trial.ladder.limit(180)
    assert heights(trial.run(10), 0, 10) == {180}
    trial.ladder.limit(720)
    assert heights(trial.run(10), 16, 20) == {720}
    assert unheard(trial) == 0


def test_a_first_guess_that_was_too_low_is_nobodys_weak_link() -> None:
    """Three pictures share the first estimate: they begin small, and nobody is told that a link is weak."""
    trial = Trial(VirtualLink(rate=lambda _: 3 * MEGA), pictures=3)
    moments = trial.run(40)
    assert heights(moments, 0, 2) == {720, 360}
    assert {moment.step.why for moment in moments} == {Why.START}
