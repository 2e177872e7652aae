"""How is everything started on one machine, from the clinic files to the addresses that people open?"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from admin_ui.cli import data_folder
from admin_ui.cli.data_folder import DataFolder, FolderInUse, ForeignFolder
from admin_ui.cli.free_ports import is_free, next_free, pick, pick_row
from admin_ui.cli.installation import Served, outdated, prepare, told_in
from admin_ui.cli.programs import programs
from admin_ui.cli.reloads import tell_changes
from admin_ui.cli.supervisor import StartFailed, Supervisor
from admin_ui.cli.temporal_server import temporal_program
from admin_ui.cli.turn_server import prepare_relay, relay_program, with_own_relay
from admin_ui.cli.typed_settings import settings_with
from admin_ui.demo.story import Missing, tell
from engine.diagnostics import BrokenInput, as_text
from engine.library import LibraryKeeper
from engine.settings import PREFIX, Settings, SettingsError
from records.demo import MadeAsDemo, NotADemo
from records.last_good import library_keeper
from records.seed import DEMO_PASSWORD

FAILED, WRONG_INPUT = 1, 2
LAST_GOOD = "the files above have errors; the last good version goes on, and mended files are taken as soon as saved"
# Everything this program writes is for its owner only: the database, its journal, the logs.
PRIVATE_UMASK = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for of a demonstration: nobody in a new one; an end as soon as its story is told."""

    empty: bool
    until_told: bool = False


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The clinics, the port and the data folder; anything else is a setting."""
    parser.add_argument(
        "clinics", nargs="*", type=Path, metavar="clinics/NAME.yaml", help="which clinics (default: all)"
    )
    parser.add_argument("--port", metavar="N", help="port of the pages (default: 8080)")
    parser.add_argument("--empty", action="store_true", help="a new demo begins without visits and messages")
    parser.add_argument(
        "--until-told", action="store_true", help="stop once a new demo's people have acted; 1 if a part failed"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data); keys in DIR.keys"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check, start, wait for Ctrl-C or SIGTERM, stop; 0 after a clean stop, 1 not started, 2 wrong input."""
    settings = with_own_relay(settings_of(arguments))
    try:
        keeper = library_keeper(settings, is_reader=True)
    except BrokenInput as error:
        sys.stderr.write(as_text(error.diagnostics) + "\n")
        _say("nothing was started: the files above have errors")
        return WRONG_INPUT
    if keeper.refused:
        sys.stderr.write(as_text(keeper.refused) + "\n")
        _say(LAST_GOOD)
    if not is_free(settings.web_port, settings.web_host):
        _say(_port_taken(settings))
        return FAILED
    os.umask(PRIVATE_UMASK)
    try:
        with data_folder.opened(settings.data_dir, settings.keys_dir) as folder:
            wanted = Wanted(empty=arguments.empty, until_told=arguments.until_told)
            return asyncio.run(_serve(settings, folder, keeper, wanted))
    except FolderInUse as error:
        _say(f"the data folder {settings.data_dir} is in use by process {error}; give another with --data")
    except ForeignFolder as error:
        _say(f"the folder {error} holds other files and no installation; give an empty one with --data")
    except NotADemo:
        _say(f"the data folder {settings.data_dir} holds records that were not made as a demo, and no demo may open it")
        _say("start it with CLINIC_DEMO=0, or give another folder with --data")
    except MadeAsDemo:
        _say(f"the data folder {settings.data_dir} was made as a demo, and real people must never come into one")
        _say("start it without CLINIC_DEMO=0, or give real people a folder of their own with --data")
    except (PermissionError, FileExistsError, NotADirectoryError) as error:
        _say(f"the data folder cannot be used: {error.strerror} ({error.filename})")
    return FAILED


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The environment's settings with what was typed on top, and internal ports that are free now."""
    nodes = os.environ.get(f"{PREFIX}MEDIA_NODES", "1")
    row = 2 * (int(nodes) if nodes.isascii() and nodes.isdigit() else 1)
    media = pick_row(row)
    temporal = next(port for port in pick(row + 1) if port not in range(media, media + row))
    typed = {
        "DEMO": "1",
        "TEMPORAL_ADDRESS": f"127.0.0.1:{temporal}",
        "MEDIA_HTTP_PORT": str(media),
        "MEDIA_UDP_PORT": str(media + 1),
    }
    typed = {f"{PREFIX}{name}": os.environ.get(f"{PREFIX}{name}", value) for name, value in typed.items()}
    if arguments.clinics:
        typed[f"{PREFIX}CLINICS"] = os.pathsep.join(str(_clinic_file(path)) for path in arguments.clinics)
    return settings_with(data=arguments.data, port=arguments.port, typed=typed)


def _clinic_file(path: Path) -> Path:
    if not path.is_file():
        raise SettingsError([f"there is no clinic file {path}"])
    return path.absolute()


def _port_taken(settings: Settings) -> str:
    free = next_free(settings.web_port, settings.web_host)
    return f"port {settings.web_port} is taken" + (f"; {free} is free: clinic up --port {free}" if free else "")


async def _serve(settings: Settings, folder: DataFolder, keeper: LibraryKeeper, wanted: Wanted) -> int:
    """Everything between holding the data folder and giving it back."""
    started = time.monotonic()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    house = Supervisor(say=_say, on_change=lambda of: _write_programs(folder, of), lock=folder.lock)
    try:
        served = await _first_of(_start(house, settings, folder, keeper, wanted.empty), stop)
        missing: list[Missing] = []
        if served is not None:
            sys.stdout.write(_welcome(settings, served, time.monotonic() - started))
            sys.stdout.flush()
            telling = _live(settings, keeper, missing, stop if wanted.until_told else None)
            await _until(stop, tell_changes(keeper, _say), telling)
        _say("stopping; all data is kept")
        return FAILED if missing and wanted.until_told else 0
    except StartFailed as error:
        _say(str(error))
        return _told_why(keeper)
    finally:
        await house.stop()


def _told_why(keeper: LibraryKeeper) -> int:
    """Says what is wrong with files that changed while the programs started; what the command ends with."""
    keeper.refresh()
    if not keeper.refused:
        return FAILED
    sys.stderr.write(as_text(keeper.refused) + "\n")
    return WRONG_INPUT


async def _start(
    house: Supervisor, settings: Settings, folder: DataFolder, keeper: LibraryKeeper, empty: bool
) -> Sequence[Served]:
    """The database and, where none was named, the Temporal server; the three programs as soon as there are tables.

    They wait for Temporal themselves, so that all of them load at the same time.
    """
    own = []
    if f"{PREFIX}TEMPORAL_ADDRESS" not in os.environ:
        own.append(temporal_program(settings, folder.temporal_database, folder.log("temporal")))
    starting = asyncio.create_task(house.start(own))
    try:
        clinics = tuple(keeper.current.content.clinics.values())
        for line in await asyncio.to_thread(outdated, settings):
            _say(line)
        served = await asyncio.to_thread(partial(prepare, settings, clinics, empty=empty))
        relay = _start_relay(house, settings, folder)
        await asyncio.gather(starting, relay, house.start(programs(settings, folder)))
        return served
    finally:
        starting.cancel()


async def _start_relay(house: Supervisor, settings: Settings, folder: DataFolder) -> None:
    """The own relay, where there is one; calls on open networks do without it, so nothing else waits for it."""
    if not prepare_relay(settings):
        return
    try:
        await house.start([relay_program(settings, folder.log("relay"))])
    except StartFailed as error:
        _say(f"calls have no relay: {error}")


async def _until(stop: asyncio.Event, *meanwhile: Coroutine[None, None, None]) -> None:
    """Wait for the stop; what is done meanwhile, such as telling of changed files, ends with it."""
    tasks = [asyncio.create_task(one) for one in meanwhile]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _live(settings: Settings, keeper: LibraryKeeper, missing: list[Missing], done: asyncio.Event | None) -> None:
    """Lets the people of a new demonstration act on its pages, behind whoever looks at them already.

    Adds what did not come about to ``missing``, and says that all is ``done``.
    """
    if settings.demo:
        try:
            missing += await tell(settings.data_dir, lambda: told_in(settings, keeper.current.content), _say)
        except Exception as fault:  # said, as nobody waits for this task's own end
            missing.append(Missing(clinic="", part="", why=type(fault).__name__))
            _say(f"ERROR: the demonstration's story could not be told: {type(fault).__name__}")
    if done is not None:
        done.set()


async def _first_of(start: Coroutine[None, None, Sequence[Served]], stop: asyncio.Event) -> Sequence[Served] | None:
    """The start's result, or None when a stop was asked for while starting."""
    starting, stopping = asyncio.create_task(start), asyncio.create_task(stop.wait())
    await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if starting.done():
        return starting.result()
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    return None


def _write_programs(folder: DataFolder, house: Supervisor) -> None:
    folder.write_programs(
        {
            item.program.name: {"pid": item.process.pid if item.process else None, "port": item.program.port}
            for item in house.running
        }
    )


def _welcome(settings: Settings, served: Sequence[Served], seconds: float) -> str:
    lines = [f"Ready after {seconds:.1f} s.", "", f"  Start page   http://127.0.0.1:{settings.web_port}/"]
    for clinic in served:
        lines += ["", f"  {clinic.name}", f"    Patients   {clinic.address}/", f"    Staff      {clinic.address}/staff"]
        lines += [f"    Demo       {person.email} ({person.role}: {person.name})" for person in clinic.demo]
    if any(clinic.demo for clinic in served):
        lines += ["", f"  Everybody in the demo signs in with the password {DEMO_PASSWORD}"]
    for clinic in served:
        if clinic.left_over:
            lines += [
                "",
                f"  {clinic.name} was a demo in this data folder: {clinic.left_over} of its log-ins are there.",
            ]
            lines += ["    Their public password opens nothing now. Real patients belong into a new folder: --data DIR"]
    lines += ["", f"  Data in {settings.data_dir}, keys in {settings.keys_dir}. Ctrl-C stops; all data is kept.", ""]
    return "\n".join(lines)


def _say(sentence: str) -> None:
    sys.stderr.write(f"clinic: {sentence}\n")
    sys.stderr.flush()
