"""A Temporal server for one measurement, started exactly as `clinic up` starts it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from admin_ui.cli.free_ports import pick
from admin_ui.cli.supervisor import Supervisor
from admin_ui.cli.temporal_server import temporal_program
from engine.settings import parse_settings


@asynccontextmanager
async def running_server(folder: Path) -> AsyncIterator[str]:
    """Its address; stopped at the end."""
    settings = parse_settings({"CLINIC_TEMPORAL_ADDRESS": f"127.0.0.1:{pick(1)[0]}"})
    house = Supervisor(say=lambda sentence: None, on_change=lambda house: None)
    try:
        await house.start([temporal_program(settings, folder / "temporal.sqlite3", folder / "temporal.log")])
        yield settings.temporal_address
    finally:
        await house.stop()
