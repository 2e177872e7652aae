from pathlib import Path

import pytest

from admin_ui.cli import debian
from admin_ui.cli.debian import POLICY_TEXT, SetupError, require, run_quietly, services_stay_off


def test_services_stay_off_during_an_installation_only(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    with services_stay_off(policy):
        assert policy.read_text().endswith("exit 101\n")
        assert policy.stat().st_mode & 0o777 == 0o755
    assert list(tmp_path.iterdir()) == []


def test_a_policy_that_was_there_before_returns_unchanged_even_after_a_failure(tmp_path: Path) -> None:
    policy = tmp_path / "policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o750)
    with pytest.raises(SetupError), services_stay_off(policy):
        raise SetupError("the installation failed")
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert policy.stat().st_mode & 0o777 == 0o750
    assert [path.name for path in tmp_path.iterdir()] == ["policy-rc.d"]


def test_a_killed_installation_is_tidied_by_the_next_one(tmp_path: Path) -> None:
    policy, kept = tmp_path / "policy-rc.d", tmp_path / "policy-rc.d.before-clinic"
    policy.write_text(POLICY_TEXT)
    kept.write_text("theirs")
    with services_stay_off(policy):
        assert kept.read_text() == "theirs"
    assert policy.read_text() == "theirs"
    assert not kept.exists()


def test_someone_without_root_gets_one_message_with_the_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_ui.cli.debian.os.geteuid", lambda: 1000)
    with pytest.raises(SetupError, match=r"as root: apt-get install gcc python3\.11-dev$"):
        require(["gcc", "python3.11-dev"], "building the environment")


def test_root_gets_the_packages_after_one_line_saying_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr("admin_ui.cli.debian.os.geteuid", lambda: 0)
    monkeypatch.setattr("admin_ui.cli.debian.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(debian, "services_stay_off", lambda: services_stay_off(tmp_path / "policy-rc.d"))
    monkeypatch.setattr(debian, "_apt", lambda *words: called.append(words))
    require(["gcc"], "building the environment")
    out, err = capsys.readouterr()
    assert (out, err) == ("", "clinic: installing the Debian packages gcc (building the environment)\n")
    assert called == [("update",), ("install", "--yes", "--no-install-recommends", "gcc")]


def test_a_failing_command_is_reported_with_its_last_lines() -> None:
    with pytest.raises(SetupError, match=r"sh failed:\n  the reason$"):
        run_quietly(["sh", "-c", "echo the reason; exit 3"], {"PATH": "/usr/bin:/bin"}, "sh")
