"""A file is shown to ClamAV by its own protocol; whatever is not a clear answer is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.ports import PortUnavailable
from engine.settings import SettingsError, parse_settings
from integrations.scan.adapters import scanner_of
from integrations.scan.clamav import ClamAv
from integrations.scan.null import NoScanner
from tests.integrations.helpers_clamd import EICAR, FakeClamd, clamd_at


def test_the_test_file_is_found_and_others_are_not(tmp_path: Path) -> None:
    daemon = FakeClamd()
    with clamd_at(daemon, tmp_path) as address:
        scanner = ClamAv(address)
        assert scanner.is_harmful([b"%PDF-1.7 ", EICAR, b" %%EOF"]) is True
        assert scanner.is_harmful([b"x" * 200_000, b"", b"y"]) is False
    assert daemon.received[1] == b"x" * 200_000 + b"y"
    assert max(daemon.pieces) <= 65_536


def test_it_is_asked_on_a_port_of_this_machine_too() -> None:
    with clamd_at(FakeClamd()) as address:
        assert ClamAv(address).is_harmful([EICAR]) is True


@pytest.mark.parametrize(
    "says", [b"", b"stream: OK", b"OK\0", b"INSTREAM size limit exceeded. ERROR\0", b"\0", b"x" * 5000]
)
def test_an_answer_that_is_no_verdict_is_none(says: bytes) -> None:
    known = {b"stream: OK": False}
    with clamd_at(FakeClamd(says=says)) as address:
        if says in known:
            assert ClamAv(address).is_harmful([b"x"]) is known[says]
        else:
            with pytest.raises(PortUnavailable):
                ClamAv(address).is_harmful([b"x"])


def test_a_file_longer_than_the_daemon_takes_has_no_verdict() -> None:
    with clamd_at(FakeClamd(longest=10_000)) as address, pytest.raises(PortUnavailable):
        ClamAv(address).is_harmful([b"z" * 50_000] * 20)


def test_a_daemon_that_is_not_there_or_says_nothing_has_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(PortUnavailable):
        ClamAv(str(tmp_path / "nobody.sock")).is_harmful([b"x"])
    with clamd_at(FakeClamd(silent=True)) as address, pytest.raises(PortUnavailable):
        ClamAv(address, seconds=0.2).is_harmful([b"x"])


def test_the_settings_name_it_and_refuse_one_beyond_this_machine() -> None:
    assert isinstance(scanner_of(parse_settings({})), NoScanner)
    assert NoScanner().is_harmful([EICAR]) is False
    for address in ("/run/clamav/clamd.ctl", "127.0.0.1:3310", "[::1]:3310"):
        assert isinstance(scanner_of(parse_settings({"CLINIC_CLAMAV": address})), ClamAv)
    for address in ("scan.example:3310", "127.0.0.1", "10.0.0.8:3310"):
        with pytest.raises(SettingsError, match="CLINIC_CLAMAV"):
            parse_settings({"CLINIC_CLAMAV": address})
