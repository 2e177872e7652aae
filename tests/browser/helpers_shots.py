"""Where the pictures that journeys take lie: a folder of the checkout that git leaves out, unless told otherwise."""

from __future__ import annotations

import os
from pathlib import Path

SETTING = "CLINICWRIGHT_SHOTS"
USUAL = Path(__file__).resolve().parents[2] / ".shots"


def shots() -> Path:
    """The folder, made when it is not there yet."""
    folder = Path(os.environ.get(SETTING) or USUAL)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
