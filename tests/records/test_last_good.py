"""An installation goes on with the files that were good last: whole, of the same data folder, and no others."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.diagnostics import BrokenInput
from engine.last_good import Authored
from engine.library import Library, load_library
from engine.settings import HOME, Settings, parse_settings
from records import last_good
from records.last_good import FOLDER, library_keeper
from tests.engine.helpers_small_tree import FILES, plant

pytestmark = pytest.mark.slow  # each test loads a library more than once

TYPO = "oops: 1\n"
FORM = next(name for name in FILES if name.startswith("forms/") and "consent" not in name)
LAW = next(name for name in FILES if name.endswith("licensing.yaml"))
CLINIC = next(name for name in FILES if name.startswith("clinics/"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    plant(tmp_path / "root")
    return parse_settings({"CLINIC_ROOT": str(tmp_path / "root"), "CLINIC_DATA_DIR": str(tmp_path / "data")})


def spoil(settings: Settings, name: str) -> None:
    path = settings.root / name
    path.write_text(path.read_text(encoding="utf-8") + TYPO, encoding="utf-8")


def mend(settings: Settings, name: str, more: str = "") -> None:
    (settings.root / name).write_text(FILES[name] + more, encoding="utf-8")


def digests(library: Library) -> object:
    books = {slug: book.digest for slug, book in library.rulebooks.items()}
    return library.law.digest, library.content.digest, library.tenant_digests(), books


def archives(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.data_dir / FOLDER).glob("*.zip"))


@pytest.mark.parametrize("broken", [FORM, LAW, CLINIC])
def test_who_starts_on_broken_files_goes_on_with_what_was_good_last(
    settings: Settings, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = digests(library_keeper(settings).current)
    spoil(settings, broken)
    with caplog.at_level(logging.WARNING):
        after = library_keeper(settings)
    assert digests(after.current) == good
    line = FILES[broken].count("\n") + 1
    assert [str(one.location).startswith(f"{broken}:{line}:") for one in after.refused][:1] == [True]
    assert f"{broken}:{line}:" in caplog.text and "the last good version goes on" in caplog.text


def test_without_a_version_that_was_good_nothing_is_in_force(settings: Settings) -> None:
    spoil(settings, FORM)
    with pytest.raises(BrokenInput) as refused:
        library_keeper(settings)
    assert {one.location.file for one in refused.value.diagnostics} == {FORM}
    assert not (settings.data_dir / FOLDER).exists()


def test_mended_files_are_taken_whole_with_what_else_changed_meanwhile(settings: Settings) -> None:
    before = library_keeper(settings).current
    spoil(settings, FORM)
    mend(settings, LAW, "# another word\n")
    (settings.root / LAW).write_text(FILES[LAW].replace("title: ", "title: New ", 1), encoding="utf-8")
    after = library_keeper(settings)
    assert after.current.law.digest == before.law.digest
    mend(settings, FORM, "# mended\n")
    assert after.refresh() and after.refused == ()
    assert digests(after.current) == digests(load_library(settings.root))
    assert after.current.law.digest != before.law.digest


def test_web_and_worker_agree_where_only_one_of_them_saw_the_last_good_files(settings: Settings) -> None:
    web, worker = library_keeper(settings), library_keeper(settings)
    mend(settings, FORM, "# a remark\n")
    (settings.root / CLINIC).write_text(FILES[CLINIC].replace("name: ", "name: New ", 1), encoding="utf-8")
    assert web.refresh()
    spoil(settings, FORM)
    assert worker.refresh()
    assert digests(worker.current) == digests(web.current)
    assert worker.refused
    assert not web.refresh()
    assert digests(library_keeper(settings).current) == digests(worker.current)


def test_no_more_than_two_versions_are_kept_for_their_owner_alone(settings: Settings) -> None:
    keeper = library_keeper(settings)
    for number in range(3):
        mend(settings, CLINIC, f"# {number}\n" * (number + 1))
        assert keeper.refresh()
    folder = settings.data_dir / FOLDER
    assert len(archives(settings)) == 2
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_same_files_are_kept_once_whoever_reads_them(settings: Settings) -> None:
    for _ in range(3):
        library_keeper(settings)
    assert len(archives(settings)) == 1


def test_who_only_reads_keeps_nothing(settings: Settings) -> None:
    library_keeper(settings, is_reader=True)
    assert not settings.data_dir.exists()


def test_a_version_made_for_other_clinics_does_not_count(settings: Settings) -> None:
    library_keeper(settings)
    spoil(settings, FORM)
    chosen = parse_settings(
        {
            "CLINIC_ROOT": str(settings.root),
            "CLINIC_DATA_DIR": str(settings.data_dir),
            "CLINIC_CLINICS": str(settings.root / CLINIC),
        }
    )
    with pytest.raises(BrokenInput):
        library_keeper(chosen)


def test_an_archive_that_was_altered_is_not_used_and_that_is_said(settings: Settings) -> None:
    library_keeper(settings)
    archive = settings.data_dir / FOLDER / archives(settings)[0]
    archive.write_bytes(archive.read_bytes()[:-40])
    spoil(settings, FORM)
    with pytest.raises(BrokenInput) as refused:
        library_keeper(settings)
    codes = {one.code for one in refused.value.diagnostics}
    assert "READ010" in codes and any(one.location.file == FORM for one in refused.value.diagnostics)


def test_a_version_that_this_program_reads_otherwise_is_not_used(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    library_keeper(settings)
    spoil(settings, FORM)
    monkeypatch.setattr("records.last_good.FORMAT", 2)
    with pytest.raises(BrokenInput) as refused:
        library_keeper(settings)
    assert "another version of the program kept it" in str([one.what for one in refused.value.diagnostics])


def test_files_that_change_while_they_are_copied_are_not_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = last_good._archive

    def slowly(authored: Authored, selection: Sequence[str]) -> bytes:
        content = copied(authored, selection)
        spoil(settings, FORM)
        return content

    monkeypatch.setattr(last_good, "_archive", slowly)
    library_keeper(settings)
    assert not (settings.data_dir / FOLDER).exists()


def test_a_folder_that_cannot_be_written_stops_nobody(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / FOLDER).write_text("in the way", encoding="utf-8")
    assert library_keeper(settings).refused == ()
    assert "was not kept" in caplog.text


@pytest.mark.slow
def test_the_products_own_files_come_back_as_they_were_and_a_clinic_from_elsewhere_with_its_logo(
    tmp_path: Path,
) -> None:
    root, own = tmp_path / "root", tmp_path / "own"
    for folder in ("rules", "specialties", "forms"):
        shutil.copytree(HOME / folder, root / folder)
    shutil.copytree(HOME / "clinics", own)
    (own / "holiday.png").write_bytes(b"no logo of anybody")
    settings = parse_settings(
        {
            "CLINIC_ROOT": str(root),
            "CLINIC_DATA_DIR": str(tmp_path / "data"),
            "CLINIC_CLINICS": ":".join(str(path) for path in sorted(own.glob("*.yaml"))),
        }
    )
    good = library_keeper(settings).current
    assert any(one.brand.logo for one in good.content.clinics.values())
    spoil(settings, "forms/urgent_care/intake.yaml")
    after = library_keeper(settings, is_reader=True)
    assert digests(after.current) == digests(good)
    archive = (settings.data_dir / FOLDER / archives(settings)[0]).read_bytes()
    assert b"holiday.png" not in archive and b"wrenfield.svg" in archive
