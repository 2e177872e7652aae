"""`clinic up`: what it refuses with one clear message, and one real installation from start to clean stop."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from admin_ui.cli import up
from admin_ui.cli.data_folder import opened
from admin_ui.cli.free_ports import is_free, next_free, pick
from admin_ui.cli.installation import address, outdated, prepare
from admin_ui.demo.story import Missing
from engine.library import LibraryKeeper
from engine.settings import HOME, clinic_files, parse_settings
from records.last_good import library_keeper
from records.migrate import revisions, upgrade
from tests.admin_ui.helpers_cli import Cli, command
from tests.engine.helpers_small_tree import plant

PROGRAMS = ("web", "worker", "temporal", "media")
START_WITHIN = 90.0
LATER_START_WITHIN = 10.0
ONE = "clinics/marigold.yaml"


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_taken_port_is_one_message_that_names_a_free_one(cli: Cli, taken_port: int, tmp_path: Path) -> None:
    said = cli("up", "--port", str(taken_port), "--data", str(tmp_path / "data"))
    free = next_free(taken_port)
    assert (said.status, said.out) == (1, "")
    assert said.err == f"clinic: port {taken_port} is taken; {free} is free: clinic up --port {free}\n"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["abc", "99999", "0", "-1"])
def test_a_port_that_is_none_is_one_message_that_names_what_was_typed(cli: Cli, port: str, tmp_path: Path) -> None:
    said = cli("up", f"--port={port}", "--data", str(tmp_path / "data"))
    assert (said.status, said.err) == (2, "clinic: --port: takes a port from 1 to 65535\n")


def test_a_data_folder_in_use_is_one_message(cli: Cli, tmp_path: Path) -> None:
    data, port = tmp_path / "data", pick(1)[0]
    with opened(data, tmp_path / "data.keys"):
        said = cli("up", "--port", str(port), "--data", str(data))
    assert (said.status, said.out) == (1, "")
    assert said.err == f"clinic: the data folder {data} is in use by process {os.getpid()}; give another with --data\n"


def test_a_folder_of_somebody_else_is_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "shared"
    data.mkdir()
    data.chmod(0o755)
    (data / "logs").mkdir()
    (data / "letter.txt").write_text("not ours", encoding="utf-8")
    said = cli("up", "--port", str(pick(1)[0]), "--data", str(data))
    assert (said.status, said.out) == (1, "")
    assert (
        said.err == f"clinic: the folder {data} holds other files and no installation; give an empty one with --data\n"
    )
    assert data.stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "shared.keys").exists()


def test_a_data_folder_that_is_a_file_is_one_message(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "file"
    data.write_text("", encoding="utf-8")
    said = cli("up", "--port", str(pick(1)[0]), "--data", str(data))
    assert (said.status, said.out) == (1, "")
    assert said.err == f"clinic: the data folder cannot be used: File exists ({data})\n"


def test_broken_yaml_starts_nothing_and_names_the_line(cli: Cli, tmp_path: Path) -> None:
    clinic = tmp_path / "broken.yaml"
    clinic.write_text("name: [\n", encoding="utf-8")
    said = cli("up", str(clinic), "--port", str(pick(1)[0]), "--data", str(tmp_path / "data"))
    assert (said.status, said.out) == (2, "")
    assert "error READ001" in said.err and said.err.endswith("nothing was started: the files above have errors\n")
    assert not (tmp_path / "data").exists()


def test_where_a_good_version_was_kept_broken_yaml_is_named_and_that_version_goes_on(
    cli: Cli, taken_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, data = plant(tmp_path / "root"), tmp_path / "data"
    clinic, form = root / "clinics/elm.yaml", root / "forms/care/intake.yaml"
    names = {"CLINIC_ROOT": str(root), "CLINIC_DATA_DIR": str(data), "CLINIC_CLINICS": str(clinic)}
    library_keeper(parse_settings(names))
    form.write_text(form.read_text(encoding="utf-8") + "oops: 1\n", encoding="utf-8")
    monkeypatch.setenv("CLINIC_ROOT", str(root))
    said = cli("up", str(clinic), "--port", str(taken_port), "--data", str(data))
    line = form.read_text(encoding="utf-8").count("\n")
    assert said.err.startswith(f"forms/care/intake.yaml:{line}:1: error SHAPE001: ")
    assert said.err.count("error SHAPE001") == 1 and "Traceback" not in said.err
    assert f"clinic: {up.LAST_GOOD}\n" in said.err
    assert "nothing was started" not in said.err and f"port {taken_port} is taken" in said.err


def test_files_that_broke_while_programs_started_are_named_when_one_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = plant(tmp_path)
    keeper, form = LibraryKeeper(root), root / "forms/care/intake.yaml"
    assert up._told_why(keeper) == up.FAILED
    form.write_text(form.read_text(encoding="utf-8") + "oops: 1\n", encoding="utf-8")
    assert up._told_why(keeper) == up.WRONG_INPUT
    assert "forms/care/intake.yaml" in capsys.readouterr().err


def test_a_clinic_file_that_is_not_there_is_wrong_input(cli: Cli) -> None:
    said = cli("up", "clinics/nowhere.yaml")
    assert (said.status, said.err) == (2, "clinic: there is no clinic file clinics/nowhere.yaml\n")


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_an_impossible_port_is_wrong_input(cli: Cli, port: str) -> None:
    assert cli("up", f"--port={port}").status == 2


def test_picked_ports_are_free_and_different() -> None:
    ports = pick(5)
    assert len(set(ports)) == 5
    assert all(is_free(port) for port in ports)


def test_a_clinic_has_its_own_host_name() -> None:
    assert address(parse_settings({"CLINIC_WEB_PORT": "8123"}), "lumen") == "http://lumen.localhost:8123"
    assert (
        address(parse_settings({"CLINIC_PUBLIC_BASE": "https://example.org"}), "lumen") == "https://lumen.example.org"
    )


@pytest.mark.slow
def test_records_of_an_older_program_are_said_to_be_upgraded_with_what_each_step_brought(tmp_path: Path) -> None:
    settings = parse_settings({"CLINIC_DATA_DIR": str(tmp_path)})
    assert outdated(settings) == ()
    upgrade(settings.database_url, "0017")
    first, *steps = outdated(settings)
    assert "0017" in first and revisions()[-1] in first
    assert [one.split()[0] for one in steps] == [one for one in revisions() if one > "0017"]
    assert all(len(one.split()) > 3 for one in steps)
    upgrade(settings.database_url)
    assert outdated(settings) == ()


async def test_a_story_that_lacks_a_part_ends_the_command_with_a_failure_when_its_end_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = Missing(clinic="bay", part="waiting", why="no form")

    async def tell(*_: object) -> tuple[Missing, ...]:
        return (part,)

    monkeypatch.setattr(up, "tell", tell)
    done, missing = asyncio.Event(), list[Missing]()
    settings = parse_settings({"CLINIC_DATA_DIR": str(tmp_path), "CLINIC_DEMO": "1"})
    await up._live(settings, cast(LibraryKeeper, None), missing, done)
    assert missing == [part] and done.is_set()


class Installation:
    """A real `clinic up` on a folder and port of its own."""

    def __init__(self, data: Path, *clinics: str) -> None:
        self.data = data
        self.port = pick(1)[0]
        started = time.monotonic()
        self.process = subprocess.Popen(
            command("up", "--empty", *clinics, "--port", str(self.port), "--data", str(data)),
            cwd=HOME,
            stdout=subprocess.PIPE,
            stderr=(data.parent / f"{data.name}.err").open("ab"),
            text=True,
        )
        self.welcome = self._until_ready()
        self.took = time.monotonic() - started

    def _until_ready(self) -> str:
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if "Ctrl-C stops" in line:
                return "".join(lines)
        raise AssertionError((self.data.parent / f"{self.data.name}.err").read_text(encoding="utf-8"))

    def status(self, path: str, host: str = "127.0.0.1") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path, headers={"Host": f"{host}:{self.port}"})
            return connection.getresponse().status

    def pid(self, program: str) -> int:
        return int(json.loads((self.data / "programs.json").read_text(encoding="utf-8"))[program]["pid"])

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=45)


def is_running(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def has_another_pid(installation: Installation, program: str, pid: int) -> bool:
    """Whether the program has been started again."""
    return installation.pid(program) != pid


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Whether something becomes true in time; a connection refused on the way is no answer yet."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if true():
                return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_an_installation_starts_serves_survives_kills_and_stops_cleanly(tmp_path: Path) -> None:
    first, second = Installation(tmp_path / "a"), Installation(tmp_path / "b")
    assert first.took < START_WITHIN
    slugs = sorted(path.stem for path in (HOME / "clinics").glob("*.yaml"))
    for installation in (first, second):
        assert f"http://127.0.0.1:{installation.port}/" in installation.welcome
        assert installation.status("/") == 200
        assert [installation.status("/", f"{slug}.localhost") for slug in slugs] == [200] * len(slugs)
        assert all(f"http://{slug}.localhost:{installation.port}/" in installation.welcome for slug in slugs)
    assert second.stop(signal.SIGTERM) == 0
    for program in PROGRAMS:
        killed = first.pid(program)
        os.kill(killed, signal.SIGKILL)
        assert until(partial(has_another_pid, first, program, killed))
    assert until(lambda: first.status("/") == 200)
    children = [first.pid(program) for program in PROGRAMS]
    assert first.stop() == 0
    assert [pid for pid in children if is_running(pid)] == []


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_data_is_kept_and_a_later_start_is_quick(tmp_path: Path) -> None:
    before = Installation(tmp_path / "data", ONE)
    keys = (tmp_path / "data.keys" / "master.json").read_bytes()
    assert before.stop() == 0
    again = Installation(tmp_path / "data", ONE)
    # On a machine that has other things to do a start takes its share of the time longer.
    assert again.took < LATER_START_WITHIN * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert (tmp_path / "data.keys" / "master.json").read_bytes() == keys
    assert again.stop() == 0
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "data").iterdir()}
    assert {name: mode for name, mode in modes.items() if mode} == {}


@pytest.mark.slow
def test_a_folder_that_was_not_made_as_a_demo_is_never_opened_as_one(cli: Cli, tmp_path: Path) -> None:
    data, port = tmp_path / "data", str(pick(1)[0])
    settings = parse_settings({"CLINIC_DATA_DIR": str(data), "CLINIC_DEMO": "0"})
    data.mkdir(mode=0o700)
    (data / "lock").touch()
    prepare(settings, tuple(LibraryKeeper(settings.root, clinic_files(settings)).current.content.clinics.values()))
    said = cli("up", "--port", port, "--data", str(data))
    assert (said.status, said.out) == (1, "")
    assert "that were not made as a demo" in said.err
    assert "CLINIC_DEMO=0" in said.err


@pytest.mark.slow
def test_a_demo_is_never_started_for_real_people(cli: Cli, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "lock").touch()
    monkeypatch.setenv("CLINIC_DEMO", "0")
    said = cli("up", "--port", str(pick(1)[0]), "--data", str(data))
    assert (said.status, said.out) == (1, "")
    assert "was made as a demo" in said.err
    assert "a folder of their own with --data" in said.err
