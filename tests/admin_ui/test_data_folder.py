import subprocess
import sys
from pathlib import Path

import pytest

from admin_ui.cli.data_folder import FolderInUse, opened

HOLD_BY_CHILD = """
import os, subprocess, sys
from pathlib import Path
from admin_ui.cli.data_folder import opened
with opened(Path(sys.argv[1]), Path(sys.argv[2])) as folder:
    subprocess.Popen(["sleep", sys.argv[3]], pass_fds=[folder.lock])
    os._exit(0)
"""


def test_folders_are_private_even_when_they_were_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    with opened(data, tmp_path / "data.keys") as folder:
        modes = {path.name: path.stat().st_mode & 0o777 for path in (folder.data, folder.keys, folder.logs)}
    assert modes == {"data": 0o700, "data.keys": 0o700, "logs": 0o700}


def test_a_folder_in_use_is_refused_and_names_the_process(tmp_path: Path) -> None:
    first, second = opened(tmp_path / "d", tmp_path / "k"), opened(tmp_path / "d", tmp_path / "k")
    with first, pytest.raises(FolderInUse, match=r"^\d+$"), second:
        pytest.fail("a second start held the same folder")


def test_a_folder_can_be_used_again_after_its_end(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path / "d", tmp_path / "k") as folder:
            folder.write_programs({"web": {"pid": 1}})


def test_a_new_start_waits_for_programs_left_over_from_a_killed_one(tmp_path: Path) -> None:
    paths = [str(tmp_path / "d"), str(tmp_path / "k")]
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", HOLD_BY_CHILD, *paths, "1"], check=True, cwd=root)
    with opened(tmp_path / "d", tmp_path / "k"):
        pass


def test_leftovers_that_never_end_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_ui.cli.data_folder.LEFTOVERS_END_WITHIN", 0.2)
    paths = [str(tmp_path / "d"), str(tmp_path / "k")]
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", HOLD_BY_CHILD, *paths, "3"], check=True, cwd=root)
    with pytest.raises(FolderInUse), opened(tmp_path / "d", tmp_path / "k"):
        pytest.fail("the folder was still held by a program")


def test_a_large_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_ui.cli.data_folder.LOG_LIMIT", 3)
    with opened(tmp_path / "d", tmp_path / "k") as folder:
        (folder.logs / "web.log").write_text("long")
        assert not folder.log("web").exists()
        assert (folder.logs / "web.log.1").read_text() == "long"
