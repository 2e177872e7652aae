"""A living clinic: the chapters that the people of a new demonstration go through on its pages, each of them once.

They use the pages as people do, so that everything in the clinic came about by its own acts. What was told is kept in
the data folder: a start that was stopped in the middle goes on with the next chapter.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from admin_ui.demo.pages import Browser, Unexpected
from admin_ui.demo.people import Clinician, Patient, Role
from engine.clinics import ClinicFile, SeedProvider
from engine.content import Content
from records.database import Database
from records.demo import ids_of_seeded
from records.seed import DEMO_PASSWORD

STORY = Path(__file__).with_name("story.yaml")
FILE = "demo-story.json"
VIDEO = "audio_video"
PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Scene:
    """A clinic as the story needs it: where its pages are, which visit is booked, with whom, and where people live."""

    clinic: ClinicFile
    port: int
    kind: str
    provider: SeedProvider
    provider_id: str
    home: Mapping[str, str]

    @property
    def base(self) -> str:
        """The clinic's address."""
        return f"http://{self.clinic.slug}.localhost:{self.port}"

    @property
    def where(self) -> dict[str, str]:
        """What is said of one's place when a time is looked for."""
        return {"state": self.home["state"], "postal_code": self.home["postal_code"]}

    def browser(self) -> Browser:
        return Browser(self.port, f"{self.clinic.slug}.localhost")


Chapter = Callable[[Scene], Awaitable[None]]


def scene_of(content: Content, database: Database, slug: str, port: int, clinician: str | None = None) -> Scene | None:
    """The scene with the clinician of that id, the file's first one unless told; None for a clinic without them, a demo
    patient or a visit by video, and for one that this installation never served."""
    clinic = content.clinic(slug)
    kinds = [one for one in clinic.prices if content.visit_type(one).plan.modality == VIDEO]
    providers = [one for one in clinic.people.providers if clinician in (None, one.id)]
    if not (kinds and providers and clinic.people.patients):
        return None
    first, living = providers[0], clinic.people.patients[0]
    ids = ids_of_seeded(database, slug)
    if first.id not in ids:
        return None
    home = {
        "street": str(living.address.get("line", "")),
        "city": str(living.address.get("city", "")),
        "state": living.residence_state,
        "postal_code": str(living.address.get("postal_code", "")),
    }
    return Scene(clinic=clinic, port=port, kind=kinds[0], provider=first, provider_id=ids[first.id], home=home)


def begin(data: Path) -> None:
    """Says that the folder's story is to be told; only a new demonstration has one."""
    _write(data / FILE, ())


async def tell(data: Path, scenes: Callable[[], tuple[Scene, ...]], say: Callable[[str], None]) -> None:
    """Goes through the chapters that were not told yet; nothing in a folder without a story.

    A chapter that does not go as it should is told about and left out: a demonstration without it is one all the same.
    """
    file = data / FILE
    if not file.exists():
        return
    told = set(json.loads(file.read_text(encoding="utf-8")))
    for scene in await asyncio.to_thread(scenes):
        for name, chapter in CHAPTERS.items():
            key = f"{scene.clinic.slug}/{name}"
            if key in told:
                continue
            told.add(key)
            try:
                await chapter(scene)
            except Unexpected as fault:
                say(f"the demo's story at {scene.clinic.slug} goes on without the part '{name}': {fault}")
            _write(file, sorted(told))


async def blocked(scene: Scene) -> None:
    """Somebody is in a state in which their clinician has no licence: the visit stops, with its statute."""
    role = role_of("blocked", scene.home, place=_elsewhere(scene))
    async with scene.browser() as browser:
        patient = Patient(browser, role)
        await _booked(scene, patient)
        await patient.answer_everything()
        await patient.say_place()
        await patient.until("blocked")


async def waiting(scene: Scene) -> None:
    """Three people wait for the first clinician of the file, who is needed by them with different urgency."""
    for number in range(len(_story()["waiting"])):
        async with scene.browser() as browser:
            patient = Patient(browser, role_of("waiting", scene.home, number))
            await _booked(scene, patient)
            await prepared(patient)


async def finished(scene: Scene) -> None:
    """The file's first patient was seen: a note, a summary and a prescription."""
    part, living = _story()["finished"], scene.clinic.people.patients[0]
    about = {"given": living.given, "family": living.family}
    role = Role(about=about, answers=part["answers"], place=scene.home, words=part["words"])
    async with scene.browser() as phone, scene.browser() as desk:
        patient, clinician = Patient(phone, role), Clinician(desk)
        await patient.sign_in_as(living.id)
        await patient.book(scene.kind, scene.provider_id, scene.where)
        await prepared(patient)
        await clinician.sign_in(scene.provider.email)
        await asyncio.gather(clinician.let_in(patient.visit), patient.join())
        await clinician.write(patient.visit, part["note"])
        await clinician.prescribe(patient.visit, part["drug"])
        await clinician.end(patient.visit)
        await clinician.sign(patient.visit)
        await patient.until("completed")


CHAPTERS: Mapping[str, Chapter] = {"waiting": waiting, "blocked": blocked, "finished": finished}


def role_of(part: str, home: Mapping[str, str], number: int = 0, place: Mapping[str, str] | None = None) -> Role:
    """One of the story's people, with the public password of every demonstration."""
    found = _story()[part]
    one = found[number] if isinstance(found, list) else found
    about = {**one["about"], "password": DEMO_PASSWORD}
    return Role(about=about, answers=one["answers"], place=place or home, words=one["words"])


async def prepared(patient: Patient) -> None:
    """From a booked visit to the waiting room."""
    await patient.answer_everything()
    await patient.say_place()
    await patient.consent()
    await patient.arrive()


async def _booked(scene: Scene, patient: Patient) -> None:
    await patient.sign_up()
    await patient.book(scene.kind, scene.provider_id, scene.where)


def _elsewhere(scene: Scene) -> Mapping[str, str]:
    held = {one.state for one in scene.provider.licenses}
    places: list[dict[str, str]] = _story()["elsewhere"]
    return next((one for one in places if one["state"] not in held), places[-1])


def _write(file: Path, told: object) -> None:
    draft = file.with_suffix(".tmp")
    draft.write_text(json.dumps(told), encoding="utf-8")
    draft.replace(file)


@cache
def _story() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(STORY.read_text(encoding="utf-8"))
    return found
