"""What the drawn parts of pages say: charts, the map of squares, differences and code; nothing of the data is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portals.base.chart import BOTTOM, LEFT, RIGHT, TOP, Chart, Reading, plot
from portals.base.code_view import Remark, code_lines
from portals.base.differences import REMOVED, SAME, SKIPPED, line_difference, word_difference
from portals.base.i18n import catalogue
from portals.base.tile_map import Answer, tile_map

DAY = datetime(2026, 3, 1, tzinfo=UTC)
VALUES = st.lists(st.floats(-500, 500, allow_nan=False).map(lambda one: round(one, 1)), min_size=1, max_size=12)
TEXTS = st.text(st.sampled_from("ab \n.%"), max_size=40)


def readings(values: list[float]) -> list[Reading]:
    return [Reading(at=DAY + timedelta(days=at), label=f"day {at}", value=value) for at, value in enumerate(values)]


@given(VALUES, st.none() | st.just(36.0), st.none() | st.just(38.0))
@settings(max_examples=40, deadline=None)
def test_every_reading_lies_inside_the_picture_in_the_order_of_time(
    values: list[float], low: float | None, high: float | None
) -> None:
    drawn = plot(Chart(name="t", unit="u", readings=readings(values)[::-1], low=low, high=high))
    assert [one.shown for one in drawn.dots] == [f"{value:g}" for value in values]
    assert all(LEFT <= one.x <= RIGHT and TOP <= one.y <= BOTTOM for one in drawn.dots)
    assert [one.x for one in drawn.dots] == sorted(one.x for one in drawn.dots)
    heights = [one.at for one in drawn.ticks]
    assert heights == sorted(heights, reverse=True)
    assert (heights[0], heights[-1]) == (BOTTOM, TOP)


def test_a_reading_outside_the_usual_band_says_on_which_side() -> None:
    drawn = plot(Chart(name="t", unit="°C", readings=readings([35.9, 37, 38.2]), low=36.1, high=37.5))
    assert [one.side for one in drawn.dots] == ["below", "", "above"]
    assert drawn.usual == "36.1–37.5"
    assert drawn.band is not None
    top, height = drawn.band
    assert drawn.dots[2].y < top < drawn.dots[1].y < top + height < drawn.dots[0].y


def test_a_chart_without_readings_draws_nothing() -> None:
    assert plot(Chart(name="t", unit="u", readings=())).dots == ()


def test_each_place_has_a_square_of_its_own_and_a_name() -> None:
    tiles = tile_map({"FL": Answer(kind="open", words="Possible")})
    assert len({(one.row, one.column) for one in tiles}) == len({one.code for one in tiles}) == len(tiles) == 52
    assert all(f"state.{one.code}" in catalogue("es") for one in tiles)
    assert [one.code for one in tiles if one.told] == ["FL"]
    assert max(one.column for one in tiles) == 11


@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_a_difference_in_words_holds_both_texts(before: str, after: str) -> None:
    pieces = word_difference(before, after)
    assert "".join(one.text for one in pieces if one.kind != REMOVED) == after
    assert "".join(one.text for one in pieces if one.kind in (SAME, REMOVED)) == before


@given(TEXTS, TEXTS)
@settings(max_examples=60, deadline=None)
def test_a_difference_in_lines_leaves_out_only_what_stayed(before: str, after: str) -> None:
    lines = line_difference(before, after, around=1)
    shown = [one for one in lines if one.kind != SKIPPED]
    hidden = sum(int(one.text) for one in lines if one.kind == SKIPPED)
    assert sum(1 for one in shown if one.kind != REMOVED) + hidden == len(after.splitlines())
    assert [one.text for one in shown if one.after] == [after.splitlines()[one.after - 1] for one in shown if one.after]
    assert all(one.before and one.after for one in shown if one.kind == SAME)


@given(st.text(st.sampled_from("ab: #'\"{},1-\n"), max_size=60))
@settings(max_examples=60, deadline=None)
def test_code_is_shown_letter_by_letter(text: str) -> None:
    shown = ["".join(part for _, part in line.parts) for line in code_lines(text)]
    assert shown == (text.splitlines() or [""])


@pytest.mark.parametrize("line", [0, 1, 2, 99])
def test_no_remark_is_lost(line: int) -> None:
    told = Remark(line=line, kind="danger", text="wrong")
    assert [one for shown in code_lines("a: 1\nb: 2", [told]) for one in shown.remarks] == [told]


def test_what_stands_in_a_file_is_told_apart() -> None:
    [line] = code_lines('due: "2 h"  # soon')
    assert [part for part in line.parts if part[0]] == [("name", "due"), ("text", '"2 h"'), ("note", "# soon")]
