"""The story of a new demonstration: each chapter is told once, and one that goes wrong stops no other."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from admin_ui.demo import story
from admin_ui.demo.pages import Page, Unexpected
from admin_ui.demo.story import FILE, Scene, begin, tell

SCENE = cast(Scene, SimpleNamespace(clinic=SimpleNamespace(slug="bay")))


@pytest.fixture
def went(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chapters that were gone through; the second one goes wrong."""
    seen: list[str] = []

    def chapter(name: str, *, breaks: bool = False) -> Any:
        async def go(_scene: Scene) -> None:
            seen.append(name)
            if breaks:
                raise Unexpected("/somewhere (500)")

        return go

    monkeypatch.setattr(
        story, "CHAPTERS", {"one": chapter("one"), "two": chapter("two", breaks=True), "three": chapter("three")}
    )
    return seen


async def test_every_chapter_is_told_once_and_one_that_breaks_is_said(tmp_path: Path, went: list[str]) -> None:
    said: list[str] = []
    begin(tmp_path)
    await tell(tmp_path, lambda: (SCENE,), said.append)
    await tell(tmp_path, lambda: (SCENE,), said.append)
    assert went == ["one", "two", "three"]
    [line] = said
    assert "'two'" in line


async def test_a_later_start_goes_on_where_the_story_was_stopped(tmp_path: Path, went: list[str]) -> None:
    (tmp_path / FILE).write_text(json.dumps(["bay/one", "bay/two"]), encoding="utf-8")
    await tell(tmp_path, lambda: (SCENE,), print)
    assert went == ["three"]


async def test_a_folder_without_a_story_stays_as_it_is(tmp_path: Path, went: list[str]) -> None:
    await tell(tmp_path, lambda: (SCENE,), print)
    assert went == []
    assert not (tmp_path / FILE).exists()


def test_a_form_is_read_as_a_browser_would_send_it() -> None:
    text = """<form action="/a"><input type="hidden" name="csrf" value="x">
    <input type="radio" name="r" value="1" checked><input type="radio" name="r" value="2">
    <select name="s"><option value="">-</option><option value="b">B</option></select>
    <textarea name="t">words</textarea><button name="act" value="go">Go</button></form><input name="outside">"""
    form = Page(path="/", query="", status=200, text=text).the_form("/a")
    assert form.filled(r="2") == {"csrf": ["x"], "r": ["2"], "s": [""], "t": ["words"]}
    assert form.options == {"r": ["1", "2"], "s": ["", "b"], "act": ["go"]}
    with pytest.raises(Unexpected):
        Page(path="/", query="", status=200, text=text).the_form("/b")
