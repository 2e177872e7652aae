"""How tests call the command line: in this process where they can, as `clinic` would start it where they must."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from admin_ui.cli.main import main

CASE: dict[str, Any] = {
    "encounter": {"modality": "audio_video", "stage": "join", "kind": "new", "payer": "self_pay", "recording": False},
    "patient": {
        "location": {"country": "us", "state": "FL", "attested": True},
        "residence": {"state": "FL"},
        "birth_date": "1990-04-02",
        "setting": "home",
    },
    "provider": {
        "profession": "MD",
        "location": {"country": "us", "state": "FL"},
        "home_state": "FL",
        "licenses": [
            {
                "state": "FL",
                "profession": "MD",
                "kind": "full",
                "status": "active",
                "issued": "2019-01-01",
                "expires": "2027-01-31",
            }
        ],
    },
}
ON = "2026-03-05T10:00:00-05:00"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    status: int
    out: str
    err: str


class Cli:
    """`cli("check")` runs `clinic check` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> Said:
        self._capsys.readouterr()
        try:
            status = main(words)
        except SystemExit as left:
            status = int(left.code or 0)
        out, err = self._capsys.readouterr()
        return Said(status, out, err)


def command(*words: str) -> Sequence[str]:
    """The same as a process of its own; run it in `HOME`."""
    return [sys.executable, "-m", "admin_ui.cli", *words]
