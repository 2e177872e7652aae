"""A page above its mark makes the measurement fail, so that a person or a nightly job notices."""

from __future__ import annotations

import argparse

import pytest

from admin_ui.cli import bench
from tests.bench.pages import misses
from tests.browser.helpers_slow_phone import Measured


@pytest.mark.parametrize(("above", "status"), [([], 0), (["/sign-up"], 1)])
def test_the_command_ends_with_one_where_a_page_is_above_its_mark(
    above: list[str], status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_measure", lambda name, seconds: {"table": "t", "misses": above})
    assert bench.run(argparse.Namespace(what=["pages"], seconds=1.0, json=False)) == status
    assert capsys.readouterr().err.count("above its mark") == len(above)


@pytest.mark.parametrize("over", [{"bytes": 100_001}, {"shift": 0.2}, {"paint_ms": 2_501.0}])
def test_weight_stillness_and_paint_each_count(over: dict[str, float]) -> None:
    usual = {"bytes": 40_000, "shift": 0.0, "paint_ms": 900.0}
    pages = [Measured(path=path, **figures) for path, figures in {"/": usual, "/over": usual | over}.items()]  # type: ignore[arg-type]
    assert misses(pages) == ["/over"]
