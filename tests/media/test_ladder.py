"""The ladder steps down in time, up with patience, never flaps, and keeps sound until the last."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.settings import SettingsError
from media.ladder import FILE, Ladder, Link, Step, Why, read_rules, shipped_rules

RULES = shipped_rules()
WIDE = Link(bitrate=4e6)
LOOK = 0.25


def looks(ladder: Ladder, link: Link, seconds: float, start: float = 0.0) -> Step:
    for place in range(round(seconds / LOOK) + 1):
        step = ladder.look(link, start + place * LOOK)
    return step


def test_the_shipped_ladder_goes_from_720p_to_sound() -> None:
    assert [level.height for level in RULES.levels] == [720, 480, 360, 180, 0]


def test_one_bad_look_moves_nothing() -> None:
    ladder = Ladder(RULES)
    ladder.look(Link(bitrate=10_000.0), 0.0)
    assert looks(ladder, WIDE, 5, 0.25).level.height == 720


def test_a_thin_link_goes_straight_to_what_it_carries() -> None:
    step = looks(Ladder(RULES), Link(bitrate=330_000.0), 1)
    assert (step.level.height, step.why) == (360, Why.BANDWIDTH)


def test_a_picture_that_fits_stays_whatever_its_level_may_need() -> None:
    assert looks(Ladder(RULES), Link(bitrate=330_000.0, filled=False), 60).level.height == 720


def test_a_level_is_the_whole_where_the_picture_has_no_more_lines() -> None:
    ladder = Ladder(RULES)
    ladder.limit(240)
    assert (ladder.step.level.height, ladder.step.full, ladder.step.why) == (360, True, Why.ASKED)
    step = looks(ladder, Link(bitrate=200_000.0), 1)
    assert (step.level.height, step.full, step.why) == (180, False, Why.BANDWIDTH)
    step = looks(ladder, WIDE, 12, 2.0)
    assert (step.level.height, step.full) == (360, True)


def test_a_climb_waits_until_the_bits_were_seen_to_pass() -> None:
    ladder = Ladder(RULES)
    looks(ladder, Link(bitrate=200_000.0), 1)
    believed = Link(bitrate=4e6, proven=200_000.0)
    assert looks(ladder, believed, 60, 2.0).level.height == 180
    assert ladder.look(Link(bitrate=4e6, proven=600_000.0), 63.0).level.height == 480


@pytest.mark.parametrize(
    ("link", "why"),
    [(Link(bitrate=4e6, loss=0.3), Why.LOSS), (Link(bitrate=4e6, round_trip=1.5), Why.DELAY)],
)
def test_loss_and_delay_cost_one_level_at_a_time(link: Link, why: Why) -> None:
    step = looks(Ladder(RULES), link, 0.75)
    assert (step.level.height, step.why) == (480, why)


@pytest.mark.parametrize("link", [Link(bitrate=4e6, loss=0.4), Link(bitrate=4e6, round_trip=2.0)])
def test_loss_and_delay_alone_never_take_the_last_picture(link: Link) -> None:
    assert looks(Ladder(RULES), link, 30).level.height == 180


def test_it_climbs_after_the_hold_off_and_not_before() -> None:
    ladder = Ladder(RULES)
    looks(ladder, Link(bitrate=200_000.0), 1)
    assert looks(ladder, WIDE, RULES.up_after - 0.5, 2.0).level.height == 180
    step = looks(ladder, WIDE, 1, 2.0 + RULES.up_after)
    assert (step.level.height, step.why) == (720, Why.BETTER)


def test_a_climb_that_did_not_last_makes_the_next_wait_longer() -> None:
    ladder, now, climbs = Ladder(RULES), 0.0, list[float]()
    height = 720
    while now < 200:
        step = ladder.look(WIDE if ladder.step.level.height < 720 else Link(bitrate=600_000.0), now)
        if step.level.height > height:
            climbs.append(now)
        height = step.level.height
        now += LOOK
    pauses = [after - before for before, after in itertools.pairwise(climbs)]
    assert pauses[0] >= RULES.failure_after
    assert pauses == sorted(pauses)


def test_nobody_who_looks_at_little_is_sent_much() -> None:
    ladder = Ladder(RULES)
    ladder.limit(360)
    assert looks(ladder, WIDE, 60).level.height == 360
    assert ladder.wanted_bitrate is None


def test_a_way_out_is_offered_only_when_not_even_sound_passes() -> None:
    ladder = Ladder(RULES)
    assert not looks(ladder, Link(bitrate=50_000.0), 20).rescue
    dead = Link(bitrate=None, alive=False)
    assert not looks(ladder, dead, RULES.rescue_after - 1, 20).rescue
    assert looks(ladder, dead, 2, 20 + RULES.rescue_after).rescue
    assert not ladder.look(WIDE, 60.0).rescue


links = st.builds(
    Link,
    bitrate=st.none() | st.floats(0, 4e6),
    loss=st.floats(0, 1),
    round_trip=st.floats(0, 3),
    alive=st.booleans(),
)


@given(st.lists(st.tuples(links, st.integers(1, 40)), max_size=30), st.sampled_from([0, 180, 360, 480, 720]))
def test_whatever_the_link_does_climbs_are_rare_and_no_wish_is_exceeded(
    history: list[tuple[Link, int]], wish: int
) -> None:
    ladder, now, climbed, height = Ladder(RULES), 0.0, float("-inf"), 720
    ladder.limit(wish)
    for link, count in history:
        for _ in range(count):
            step = ladder.look(link, now)
            assert step.level.height <= wish
            if step.level.height > height:
                assert now - climbed >= RULES.up_after
                climbed = now
            height = step.level.height
            now += LOOK


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("needs: 450", "needs: 4500", "level 480p must need less than 720p"),
        ("    needs: 0\n", "    needs: 5\n", "must need and show nothing"),
        ("frame_rate: 24", "frame_rate: fast", "levels\\[2\\].frame_rate"),
        ("rescue:", "rescued:", "'rescue' is a required property"),
        ("levels:", "levels: [", "cannot be read"),
    ],
)
def test_a_file_that_is_no_ladder_is_refused_and_says_where(tmp_path: Path, before: str, after: str, says: str) -> None:
    text = FILE.read_text()
    assert before in text
    file = tmp_path / "ladder.yaml"
    file.write_text(text.replace(before, after, 1))
    with pytest.raises(SettingsError, match=says):
        read_rules(file)
