"""A living clinic: the chapters that the people of a new demonstration go through on its pages, each of them once.

They use the pages as people do, so that everything in the clinic came about by its own acts. What was told is kept in
the data folder: a start that was stopped in the middle goes on with the next chapter.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from admin_ui.demo.pages import Browser, Unexpected
from admin_ui.demo.people import Clinician, Patient, Role
from engine.clinics import ClinicFile, SeedProvider
from engine.content import Content
from engine.forms import Form
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
    forms: tuple[Form, ...] = ()

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
    able = [one for one in clinic.people.providers if clinician in (None, one.id) and _video(content, clinic, one)]
    if not (able and clinic.people.patients):
        return None
    first, living = able[0], clinic.people.patients[0]
    kind = kind_of(content, clinic, first)
    ids = ids_of_seeded(database, slug)
    if first.id not in ids:
        return None
    home = {
        "street": str(living.address.get("line", "")),
        "city": str(living.address.get("city", "")),
        "state": living.residence_state,
        "postal_code": str(living.address.get("postal_code", "")),
    }
    return Scene(
        clinic=clinic,
        port=port,
        kind=kind,
        provider=first,
        provider_id=ids[first.id],
        home=home,
        forms=_forms(content, kind),
    )


def kind_of(content: Content, clinic: ClinicFile, provider: SeedProvider) -> str:
    """Of the visits by video that the clinician practises the one whose questions the story knows best."""
    known = set(_story()["bot"]["answers"])
    return max(_video(content, clinic, provider), key=lambda kind: _told(_forms(content, kind), known))


def _video(content: Content, clinic: ClinicFile, provider: SeedProvider) -> list[str]:
    """The visits by video of a clinic that one of its clinicians practises and may hold."""
    found = []
    for kind in clinic.prices:
        plan = content.visit_type(kind).plan
        practised = not provider.visit_types or kind in provider.visit_types
        able = not plan.professions or provider.profession in plan.professions
        if plan.modality == VIDEO and practised and able:
            found.append(kind)
    return found


def _forms(content: Content, kind: str) -> tuple[Form, ...]:
    return tuple(content.form(one) for one in content.visit_type(kind).plan.intake_forms)


def _told(forms: Iterable[Form], known: Collection[str]) -> int:
    return sum(item.id in known for form in forms for item in form.items)


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
    role = role_of("blocked", scene, place=_elsewhere(scene))
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
            patient = Patient(browser, role_of("waiting", scene, number))
            await _booked(scene, patient)
            await prepared(patient)


async def finished(scene: Scene) -> None:
    """The file's first patient was seen: a note, a summary and a prescription."""
    part, living = _story()["finished"], scene.clinic.people.patients[0]
    about = {"given": living.given, "family": living.family}
    role = Role(about=about, answers=part["answers"], place=scene.home, words=part["words"], forms=scene.forms)
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


def role_of(part: str, scene: Scene, number: int = 0, place: Mapping[str, str] | None = None) -> Role:
    """One of the story's people, with the public password of every demonstration."""
    found = _story()[part]
    one = found[number] if isinstance(found, list) else found
    about = {**one["about"], "password": DEMO_PASSWORD}
    return Role(about=about, answers=one["answers"], place=place or scene.home, words=one["words"], forms=scene.forms)


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
