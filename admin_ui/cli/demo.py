"""How does one person alone try a whole visit, when nobody sits at the other end?"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from admin_ui.cli.installation import scenes
from admin_ui.cli.typed_settings import settings_with
from admin_ui.demo.pages import Unexpected
from admin_ui.demo.people import Patient
from admin_ui.demo.story import HALL, Scene, papers_done, role_of
from engine.content import load_content
from engine.settings import Settings, SettingsError, clinic_files
from records.database import Database
from records.demo import DemoClock, is_demo
from records.key_providers import key_provider

DONE, FAILED = 0, 1
WAIT_SECONDS = 900.0
DOOR_SECONDS = 5.0
STAY_SECONDS = 600.0
SOON = timedelta(minutes=20)
BEFORE = timedelta(minutes=5)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Who joins, at which clinic, with whom."""
    parser.add_argument("who", choices=("patient",), help="a patient who books, waits, joins with a picture and leaves")
    parser.add_argument("--clinic", metavar="NAME", help="at which clinic (default: the first one)")
    parser.add_argument("--clinician", metavar="ID", help="with whom: an id of the clinic's file (default: the first)")
    parser.add_argument("--port", metavar="N", help="port of the running pages (default: 8080)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="its data folder (default: .clinic-data)")


def run(arguments: argparse.Namespace) -> int:
    """0 after the visit, 1 when it could not be held, 2 when there is no such demonstration."""
    settings = settings_with(data=arguments.data, port=arguments.port, typed={})
    scene = _scene(settings, arguments.clinic, arguments.clinician)
    try:
        return asyncio.run(_visit(scene, settings))
    except Unexpected as fault:
        _say(f"the visit could not be held: {fault}")
        return FAILED


def _scene(settings: Settings, clinic: str | None, clinician: str | None) -> Scene:
    """Where the patient goes. Raises `SettingsError` when this is no demonstration, or nobody there sees patients."""
    if not (settings.data_dir / "lock").exists():
        raise SettingsError([f"there is no installation in {settings.data_dir}; give its folder with --data"])
    database = Database(settings.database_url, key_provider(settings))
    try:
        if not is_demo(database):
            raise SettingsError([f"{settings.data_dir} is no demonstration, and no bot may enter it"])
    finally:
        database.close()
    found = scenes(settings, load_content(settings.root, clinic_files(settings)), clinician)
    fitting = [one for one in found if clinic in (None, one.clinic.slug)]
    if not fitting:
        raise SettingsError(["no clinic there has such a clinician with a license and a visit by video"])
    return fitting[0]


async def _visit(scene: Scene, settings: Settings) -> int:
    """Books, prepares, waits to be let in, joins and stays until the clinician ends the call."""
    async with scene.browser() as browser:
        role = role_of("bot", scene)
        patient = Patient(browser, role)
        _say(f"{role.name} books a visit with {scene.provider.given} {scene.provider.family}")
        await patient.sign_up()
        await patient.book(scene.kind, scene.provider_id, scene.where)
        await papers_done(patient)
        if not await patient.is_let_wait(DOOR_SECONDS):
            for line in later(scene, patient.starts, DemoClock(settings.data_dir).now()):
                _say(line)
        await patient.arrive(WAIT_SECONDS)
        _say(f"{role.name} is in the waiting room; let them in at {scene.base}/staff/visits/{patient.visit}")
        access = await patient.join(WAIT_SECONDS)
        status = await _stay(access, scene, settings)
        _say("the call is over" if status == DONE else "the call could not be joined")
        return status


def later(scene: Scene, starts: datetime | None, now: datetime) -> tuple[str, ...]:
    """What to do while the waiting room is shut: the clinician's first free time is none of the next minutes."""
    if starts is None or starts - now < SOON:
        return ()
    at = starts.astimezone(ZoneInfo(scene.clock_zone))
    return (
        f"the clinician's first free time is {at:%a %b} {at.day}, {at:%H:%M %Z}; the waiting room opens shortly before",
        f"set the demo clock to {at - BEFORE:%H:%M} of that day at http://{HALL}:{scene.port}/demo/clock",
    )


async def _stay(access: Mapping[str, str], scene: Scene, settings: Settings) -> int:
    """Hands the room's address and token over to the media room's guest, by its input and nowhere else."""
    guest = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "media.guest",
        cwd=settings.root,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    asked = {**access, "origin": scene.base, "seconds": STAY_SECONDS}
    assert guest.stdin is not None
    assert guest.stdout is not None
    guest.stdin.write(json.dumps(asked).encode() + b"\n")
    await guest.stdin.drain()
    if await guest.stdout.readline():
        _say("in the call, with a picture and a tone; end the call to end this command")
    try:
        return await guest.wait()
    finally:
        if guest.returncode is None:
            guest.terminate()
            await guest.wait()


def _say(sentence: str) -> None:
    sys.stderr.write(f"clinic: {sentence}\n")
    sys.stderr.flush()
