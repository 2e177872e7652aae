"""Which settings hold for a command: the environment's, with what was typed on top."""

import os
from collections.abc import Mapping
from pathlib import Path

from engine.settings import PREFIX, Settings, SettingsError, parse_settings, read_port


def settings_with(
    *, data: Path | None = None, port: str | None = None, typed: Mapping[str, str] | None = None
) -> Settings:
    """The settings of this process; `data` and `port` as typed by a person, `typed` further `CLINIC_` names."""
    environ = {name: value for name, value in os.environ.items() if name.startswith(PREFIX)}
    environ |= typed or {}
    if data is not None:
        environ[f"{PREFIX}DATA_DIR"] = str(data.absolute())
    if port is not None:
        environ[f"{PREFIX}WEB_PORT"] = str(_typed_port(port))
    return parse_settings(environ)


def _typed_port(text: str) -> int:
    try:
        return read_port(text)
    except ValueError as error:
        raise SettingsError([f"--port: {error}"]) from None
