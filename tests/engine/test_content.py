"""A folder loads whole or not at all; a reload takes a good change and refuses a broken one."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content import content_files, content_schemas, load_content, read_content
from engine.diagnostics import REGISTER, BrokenInput, Problems
from engine.library import LibraryKeeper
from engine.shapes import schema_document
from tests.engine.helpers_content import ROOT, content

FOLDERS = ("rules", "forms", "specialties", "clinics")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name)
    yield tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_everything_authored_loads() -> None:
    problems = Problems()
    assert read_content(ROOT, (), problems) is not None
    assert list(problems) == []


def test_it_is_found_by_its_names() -> None:
    assert content().visit_type("urgent_care/video_visit").intake_forms == ("urgent_care/intake",)
    assert content().form("urgent_care/intake").id == "urgent_care/intake"
    with pytest.raises(KeyError):
        content().clinic("nobody")


def test_all_problems_of_all_files_come_in_one_pass(folder: Path) -> None:
    edit(folder / "forms/urgent_care/intake.yaml", "type: scale", "type: scael")
    edit(folder / "specialties/urgent_care/note.yaml", "for_patient", "for_patients")
    edit(folder / "clinics/marigold.yaml", "time_zone: America/New_York", "time_zone: Nowhere")
    with pytest.raises(BrokenInput) as broken:
        load_content(folder)
    places = {(d.code, d.location.file) for d in broken.value.diagnostics}
    assert {
        ("SHAPE004", "forms/urgent_care/intake.yaml"),
        ("SHAPE001", "specialties/urgent_care/note.yaml"),
        ("CLINIC005", "clinics/marigold.yaml"),
    } <= places


def test_a_clinic_file_may_lie_anywhere(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "elm.yaml"
    text = (folder / "clinics/marigold.yaml").read_text(encoding="utf-8")
    elsewhere.write_text(text.replace("clinic: marigold", "clinic: elm"), encoding="utf-8")
    assert list(load_content(folder, [elsewhere]).clinics) == ["elm"]


def test_the_content_pack_changes_with_a_form_and_not_with_a_colour(folder: Path) -> None:
    before = load_content(folder)
    edit(folder / "clinics/marigold.yaml", "#9c4a12", "#1f5f8b")
    recoloured = load_content(folder)
    edit(folder / "forms/urgent_care/intake.yaml", "most: 110", "most: 112")
    assert before.digest == recoloured.digest != load_content(folder).digest
    assert before.clinic("marigold").digest != recoloured.clinic("marigold").digest


def test_every_kind_of_file_has_a_schema_that_closes_it() -> None:
    for kind, shape in content_schemas().items():
        document = schema_document(shape, kind)
        assert document["additionalProperties"] is False, kind


def test_every_diagnostic_of_the_content_is_planted_somewhere() -> None:
    planted = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    codes = [kind.code for kind in REGISTER if kind.code.startswith(("TEXT", "FORM", "VISIT", "CLINIC"))]
    assert [code for code in codes if f'"{code}"' not in planted] == []


def test_a_second_specialty_is_one_folder_and_one_line_of_the_clinic(folder: Path) -> None:
    shutil.copytree(folder / "specialties/urgent_care", folder / "specialties/travel_advice")
    for path in (folder / "specialties/travel_advice").iterdir():
        text = path.read_text(encoding="utf-8")
        names = ("specialty: ", "note: ", "formulary: ")
        for name in names:
            text = text.replace(f"{name}urgent_care", f"{name}travel_advice", 1)
        path.write_text(text, encoding="utf-8")
    keeper = LibraryKeeper(folder)
    edit(folder / "clinics/marigold.yaml", "specialties: [urgent_care,", "specialties: [urgent_care, travel_advice,")
    price = "  travel_advice/video_visit: {cents: 4900, currency: USD}\n"
    edit(folder / "clinics/marigold.yaml", "prices:\n", f"prices:\n{price}")
    assert keeper.refresh(), keeper.problems
    assert keeper.current.content.visit_type("travel_advice/video_visit").plan.specialty == "travel_advice"


def test_every_file_of_the_content_folders_is_read() -> None:
    read = {path.relative_to(ROOT).as_posix() for path in content_files(ROOT)}
    there = {p.relative_to(ROOT).as_posix() for name in FOLDERS[1:] for p in (ROOT / name).rglob("*.yaml")}
    assert read == there | {"rules/us/safety.yaml"}


def test_a_reload_takes_a_change_without_a_restart(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    assert not keeper.refresh()
    edit(folder / "clinics/marigold.yaml", "cents: 7900", "cents: 8400")
    assert keeper.refresh()
    assert keeper.current.content.clinic("marigold").prices["urgent_care/video_visit"].cents == 8400


def test_a_reload_refuses_a_broken_file_while_the_old_keeps_running(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    old, form = keeper.current, folder / "forms/urgent_care/intake.yaml"
    edit(form, "show_when: {fever_measured: true}", "show_when: {fever_mesured: true}")
    assert not keeper.refresh()
    assert keeper.current is old
    assert [d.code for d in keeper.problems if d.location.file.startswith("forms/")] == ["COND001"]
    edit(form, "fever_mesured", "fever_measured")
    assert keeper.refresh()
    assert not [d for d in keeper.problems if d.location.file.startswith("forms/")]


def test_a_broken_policy_keeps_the_old_rulebook_in_force(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    rulebook = keeper.current.rulebooks["marigold"]
    edit(folder / "clinics/marigold.yaml", "limit: days_supply", "permit: practise")
    assert not keeper.refresh()
    assert keeper.current.rulebooks["marigold"] is rulebook


def test_what_nobody_touched_is_the_very_same_after_a_reload(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    old = keeper.current
    edit(folder / "forms/urgent_care/intake.yaml", "What is the main reason", "What is the reason")
    assert keeper.refresh(), keeper.problems
    new = keeper.current
    assert new.law is old.law and new.rulebooks["marigold"] is old.rulebooks["marigold"]
    assert new.content.form("urgent_care/intake") is not old.content.form("urgent_care/intake")
    assert new.content.form("dermatology/intake") is old.content.form("dermatology/intake")
    assert keeper.problems == tuple(LibraryKeeper(folder).problems)


def test_a_policy_that_changed_while_a_form_was_broken_is_in_force_once_the_form_is_mended(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    law, own = keeper.current.law, keeper.current.rulebooks["marigold"].digest
    edit(folder / "forms/urgent_care/intake.yaml", "type: multi_choice", "type: multi_choise")
    edit(folder / "clinics/marigold.yaml", "max: 14", "max: 9")
    edit(folder / "rules/us/fl/consent.yaml", "checked: 2026-11-21", "checked: 2026-11-20")
    assert not keeper.refresh()
    edit(folder / "forms/urgent_care/intake.yaml", "type: multi_choise", "type: multi_choice")
    assert keeper.refresh(), keeper.problems
    assert keeper.current.rulebooks["marigold"].digest != own
    assert keeper.current.law is not law and keeper.current.law.digest != law.digest


def test_a_file_that_appears_or_goes_is_noticed(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    before = set(keeper.current.content.clinics)
    text = (folder / "clinics/marigold.yaml").read_text(encoding="utf-8")
    (folder / "clinics/elm.yaml").write_text(text.replace("clinic: marigold", "clinic: elm"), encoding="utf-8")
    assert keeper.refresh()
    assert set(keeper.current.rulebooks) == {*before, "elm"}
    (folder / "clinics/elm.yaml").unlink()
    assert keeper.refresh()
    assert set(keeper.current.content.clinics) == before


@pytest.mark.slow
def test_looking_for_changes_is_cheap(folder: Path) -> None:
    keeper = LibraryKeeper(folder)
    began = time.process_time()
    for _ in range(20):
        keeper.refresh()
    assert (time.process_time() - began) / 20 < 0.05
