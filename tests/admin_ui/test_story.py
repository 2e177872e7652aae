"""The story of a new demonstration: each chapter is told once, and one that goes wrong stops no other."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from admin_ui.cli.demo import later
from admin_ui.demo import story
from admin_ui.demo.answers import answer_to, fields_of
from admin_ui.demo.pages import Page, Unexpected
from admin_ui.demo.story import FILE, Scene, begin, kind_of, scene_of, tell
from engine.content import load_content
from engine.forms import Item
from engine.forms_answers import read_answer
from engine.settings import HOME
from engine.zones import zip_place
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.seed import seed
from tests.admin_ui.helpers_cli import Cli

SCENE = cast(Scene, SimpleNamespace(clinic=SimpleNamespace(slug="bay")))


def question(kind: str, **limits: Any) -> Item:
    """A question of that type."""
    return Item(id="asked", type=kind, path="form.asked", text={"en": "Asked"}, help={}, **limits)


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
    [first, *_] = said
    assert first.startswith("ERROR") and "'two'" in first and "bay" in first
    assert "  why: /somewhere (500)" in said and any("begin a new folder" in one for one in said)


async def test_what_did_not_come_about_is_given_back_and_a_defect_of_ours_too(
    tmp_path: Path, went: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def defect(_scene: Scene) -> None:
        raise KeyError("words of a person")

    monkeypatch.setitem(cast(dict[str, Any], story.CHAPTERS), "three", defect)
    said: list[str] = []
    begin(tmp_path)
    missing = await tell(tmp_path, lambda: (SCENE,), said.append)
    assert [(one.clinic, one.part) for one in missing] == [("bay", "two"), ("bay", "three")]
    assert "words of a person" not in "".join(said) and "KeyError" in "".join(said)
    assert await tell(tmp_path, lambda: (SCENE,), said.append) == ()


async def test_a_clock_that_a_killed_start_had_moved_is_set_right_first(tmp_path: Path, went: list[str]) -> None:
    back: list[str] = []

    class Hall:
        browser = nullcontext()

        async def back(self) -> None:
            back.append("reset")

    scene = cast(Scene, SimpleNamespace(clinic=SimpleNamespace(slug="bay"), hall=Hall))
    (tmp_path / FILE).write_text(json.dumps(["bay/one", story.CLOCK]), encoding="utf-8")
    await tell(tmp_path, lambda: (scene,), print)
    assert back == ["reset"]
    assert went == ["two", "three"]
    assert story.CLOCK not in json.loads((tmp_path / FILE).read_text(encoding="utf-8"))


def test_the_second_word_is_left_to_another_person_than_the_first() -> None:
    def decider(*roles: str) -> str:
        staff = tuple(SimpleNamespace(role=role) for role in roles)
        scene = cast(Scene, SimpleNamespace(clinic=SimpleNamespace(people=SimpleNamespace(staff=staff))))
        found = story._decider(scene)
        return found.role if found else ""

    assert decider("compliance", "clinical_ops") == "clinical_ops"
    assert decider("clinic_admin", "support") == ""


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


@pytest.mark.slow
def test_the_bot_takes_a_visit_that_its_clinician_practises_and_answers_any_form(tmp_path: Path, cli: Cli) -> None:
    """A specialty of the clinic's own stands first in its file, with a price of its own and questions of every type."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    assert cli("new", "specialty", "travel_care", "--title-es", "Viajes", "--yes", "--root", str(tmp_path)).status == 0
    file = tmp_path / "clinics/marigold.yaml"
    text = re.sub(r"(?m)^specialties: \[", "specialties: [travel_care, ", file.read_text(encoding="utf-8"))
    text = text.replace("prices:\n", "prices:\n  travel_care/video_visit: {cents: 100, currency: USD}\n", 1)
    file.write_text(text, encoding="utf-8")
    content = load_content(tmp_path, (file,))
    clinic = content.clinic("marigold")
    kinds = {one.id: kind_of(content, clinic, one) for one in clinic.people.providers if one.id != "caleb_osei"}
    assert kinds["rosalind_achebe"] == kinds["tomas_ibarra"] == "urgent_care/video_visit"
    assert kinds["ines_marchetti"] == "telepsychiatry/new_evaluation"
    for form in content.forms.values():
        for item in form.items:
            raw = answer_to(item, {}, "Words of a patient")
            assert raw is not None or item.type == "photo", (form.id, item.id)


@pytest.mark.parametrize(
    ("item", "fields"),
    [
        (question("date", earliest="2026-01-01", latest="2026-01-31"), {"answer-y", "answer-m", "answer-d"}),
        (question("date", earliest="2099-01-01"), {"answer-y", "answer-m", "answer-d"}),
        (question("integer", least=300, most=400), {"answer"}),
        (question("decimal", least=36.5, most=36.9, places=1, unit="Cel"), {"answer"}),
        (question("text", max_length=4), {"answer"}),
        (question("scale", least=2, most=5), {"answer"}),
    ],
)
def test_what_is_answered_is_what_the_form_takes(item: Item, fields: set[str]) -> None:
    raw = answer_to(item, {"asked": "no such answer" * 50}, "A long story")
    assert raw is not None and read_answer(item, raw).problem is None
    assert set(fields_of(item, raw)) == fields


def test_a_photo_is_nothing_that_the_bot_could_say() -> None:
    assert answer_to(question("photo"), {}, "words") is None


@pytest.mark.slow
def test_a_clinic_that_was_written_a_minute_ago_has_a_scene_without_a_story(tmp_path: Path, cli: Cli) -> None:
    """It has no demo patient: the bot is where its clinician has a license, and nobody's past is told."""
    for folder in ("rules", "specialties", "forms", "clinics"):
        shutil.copytree(HOME / folder, tmp_path / folder)
    made = cli(
        "new", "clinic", "elm", "--states", "OH", "--specialties", "urgent_care", "--yes", "--root", str(tmp_path)
    )
    assert made.status == 0, made.err
    content = load_content(tmp_path, (tmp_path / "clinics/elm.yaml",))
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    upgrade(url)
    database = Database(url, FileKeyProvider(tmp_path / "keys"))
    seed(database, content.clinic("elm"), demo=True)
    found = scene_of(content, database, "elm", 8080)
    database.close()
    assert found is not None and not found.has_story
    assert found.kind == "urgent_care/video_visit"
    place = zip_place(found.where["postal_code"])
    assert place is not None and place.state == found.where["state"] == "OH"
    assert set(found.home) == {"street", "city", "state", "postal_code"} and all(found.home.values())


def test_who_is_booked_for_another_day_says_how_to_get_there() -> None:
    scene = cast(Scene, SimpleNamespace(clock_zone="America/New_York", port=8080))
    now = datetime(2026, 3, 5, 3, 0, tzinfo=UTC)
    assert later(scene, now + timedelta(minutes=10), now) == ()
    day, clock = later(scene, datetime(2026, 3, 5, 13, 0, tzinfo=UTC), now)
    assert "Thu Mar 5, 08:00 EST" in day
    assert "07:55" in clock and "/demo/clock" in clock
