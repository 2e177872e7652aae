"""A living clinic: the chapters that the people of a new demonstration go through on its pages, each of them once.

They use the pages as people do, so that everything in the clinic came about by its own acts. What was told is kept in
the data folder: a start that was stopped in the middle goes on with the next chapter.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from admin_ui.demo.pages import PATIENCE_SECONDS, Browser, Unexpected
from admin_ui.demo.people import Clinician, Colleague, Hall, Patient, Role, start_of
from engine.clinics import ClinicFile, SeedProvider, SeedStaff
from engine.content import Content
from engine.forms import Form
from engine.zones import some_place_in
from records.database import Database
from records.demo import STORY_CLOCK, STORY_FILE, ids_of_seeded
from records.seed import DEMO_PASSWORD

STORY = Path(__file__).with_name("story.yaml")
FILE = STORY_FILE
VIDEO = "audio_video"
HALL = "127.0.0.1"
STREET = "1 Main Street"
# In the story's file while the clock shows another time, so that a start after a kill puts it right.
CLOCK = STORY_CLOCK
MORNING, DAYS_BACK = 10, 7
BEFORE, CALL = timedelta(minutes=4), timedelta(minutes=9)
DECIDES = ("clinical_ops", "clinic_admin", "compliance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A part of the story that did not come about: at which clinic, which one, and why."""

    clinic: str
    part: str
    why: str


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
    clock_zone: str = "UTC"

    @property
    def has_story(self) -> bool:
        """Whether there is somebody whose story a new demonstration tells."""
        return bool(self.clinic.people.patients)

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

    def hall(self) -> Hall:
        """The start page, with a browser to be opened."""
        return Hall(Browser(self.port, HALL), self.clock_zone)


Chapter = Callable[[Scene], Awaitable[None]]


def scene_of(content: Content, database: Database, slug: str, port: int, clinician: str | None = None) -> Scene | None:
    """The scene with the clinician of that id, the file's first one unless told; None for a clinic without them or a
    visit by video that they could hold, and for one that this installation never served."""
    clinic = content.clinic(slug)
    able = [one for one in clinic.people.providers if clinician in (None, one.id) and _video(content, clinic, one)]
    if not able:
        return None
    first, home = able[0], _home(clinic, able[0])
    kind = kind_of(content, clinic, first)
    ids = ids_of_seeded(database, slug)
    if first.id not in ids or home is None:
        return None
    return Scene(
        clinic=clinic,
        port=port,
        kind=kind,
        provider=first,
        provider_id=ids[first.id],
        home=home,
        forms=_forms(content, kind),
        clock_zone=next(iter(content.clinics.values())).time_zone,
    )


def _home(clinic: ClinicFile, provider: SeedProvider) -> Mapping[str, str] | None:
    """Where the story's people are: at the file's first patient's, else somewhere the clinician has a license."""
    for living in clinic.people.patients[:1]:
        address = {name: str(living.address.get(name, "")) for name in ("city", "postal_code")}
        return {"street": str(living.address.get("line", "")), "state": living.residence_state, **address}
    states = [one.state for one in provider.licenses if one.state in clinic.states]
    found = some_place_in(states[0]) if states else None
    return found and {"street": STREET, "city": found[1].city, "state": found[1].state, "postal_code": found[0]}


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


async def tell(data: Path, scenes: Callable[[], tuple[Scene, ...]], say: Callable[[str], None]) -> tuple[Missing, ...]:
    """Goes through the chapters that were not told yet; nothing in a folder without a story.

    A chapter that does not go as it should is left out, said and given back: a demonstration without it is one all the
    same, and gone through again it would leave half of it twice.
    """
    file = data / FILE
    if not file.exists():
        return ()
    told = set(json.loads(file.read_text(encoding="utf-8")))
    places = await asyncio.to_thread(scenes)
    if CLOCK in told:
        await _put_right(file, places, told)
    missing = []
    for scene, name in [(scene, name) for name in CHAPTERS for scene in places]:
        key = f"{scene.clinic.slug}/{name}"
        if key in told:
            continue
        told.add(key)
        why = await _gone_through(file, scene, name, told)
        if why:
            missing.append(Missing(clinic=scene.clinic.slug, part=name, why=why))
            for line in told_loudly(missing[-1], data):
                say(line)
    return tuple(missing)


def told_loudly(one: Missing, data: Path) -> tuple[str, ...]:
    """Which part is missing, why, and what to do, a line each."""
    return (
        f"ERROR: the demonstration at {one.clinic} lacks the part '{one.part}': {PARTS.get(one.part, '')}",
        f"  why: {one.why}",
        f"  the programs wrote more in {data / 'logs'}; the rest of the clinic works without this part",
        "  for a whole one begin a new folder: ./clinic up --data another/folder",
    )


async def _put_right(file: Path, places: Iterable[Scene], told: set[str]) -> None:
    """Sets the clock right that a start which was killed had moved."""
    hall = next(iter(places)).hall()
    async with hall.browser:
        await hall.back()
    told.discard(CLOCK)
    _write(file, sorted(told))


async def _gone_through(file: Path, scene: Scene, name: str, told: Collection[str]) -> str:
    """Goes through one chapter, keeps that it was told, and returns why it did not come about, empty when it did.

    A chapter of the past is told while the clock shows the past; whatever comes of it, the clock goes right after it.
    """
    why = ""
    try:
        if name in IN_THE_PAST:
            _write(file, sorted({*told, CLOCK}))
        await CHAPTERS[name](scene)
    except Unexpected as fault:
        why = str(fault)
    except Exception as fault:  # a defect of ours: the others are told all the same, and this one is said
        why = f"{type(fault).__name__} in {__name__}"
    _write(file, sorted(told))
    return why


async def finished(scene: Scene) -> None:
    """The file's first patient was seen the other day: a note, a summary and a prescription.

    The clock shows that day meanwhile, so that everything in it lies in the past by the visit's own acts.
    """
    hall = scene.hall()
    async with hall.browser:
        try:
            await _seen_the_other_day(scene, hall)
        finally:
            await hall.back()


async def _seen_the_other_day(scene: Scene, hall: Hall) -> None:
    part, living = _story()["finished"], scene.clinic.people.patients[0]
    about = {"given": living.given, "family": living.family}
    role = Role(about=about, answers=part["answers"], place=scene.home, words=part["words"], forms=scene.forms)
    async with scene.browser() as phone, scene.browser() as desk:
        patient, clinician = Patient(phone, role), Clinician(desk)
        await patient.sign_in_as(living.id)
        await _booked_in_the_past(scene, hall, patient)
        assert patient.starts is not None
        await hall.show(patient.starts - BEFORE)
        await prepared(patient)
        await clinician.sign_in(scene.provider.email)
        await hall.show(patient.starts)
        await asyncio.gather(clinician.let_in(patient.visit), patient.join())
        await hall.show(patient.starts + CALL)
        await clinician.write(patient.visit, part["note"])
        await clinician.prescribe(patient.visit, part["drug"])
        await clinician.end(patient.visit)
        await clinician.sign(patient.visit)
        await patient.until("completed")


async def _booked_in_the_past(scene: Scene, hall: Hall, patient: Patient) -> None:
    """Books on the last morning after which the clinician had a time that is over by now: not each day is worked."""
    now = datetime.now(UTC)
    morning = now.astimezone(ZoneInfo(scene.clinic.time_zone)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    for days in range(1, DAYS_BACK + 1):
        await hall.show(morning - timedelta(days=days))
        _, offered = await patient.times(scene.kind, scene.provider_id, scene.where)
        if offered and start_of(offered[0]) + 2 * CALL < now:
            return await patient.book(scene.kind, scene.provider_id, scene.where)
    raise Unexpected(f"the clinician had no time in the last {DAYS_BACK} days")


async def waiting(scene: Scene) -> None:
    """Three people wait for the first clinician of the file, who is needed by them with different urgency."""
    for number in range(len(_story()["waiting"])):
        async with scene.browser() as browser:
            patient = Patient(browser, role_of("waiting", scene, number))
            await _booked(scene, patient)
            await prepared(patient)


async def blocked(scene: Scene) -> None:
    """Somebody is in a state in which their clinician has no licence: the visit stops, with its statute."""
    role = role_of("blocked", scene, place=_elsewhere(scene))
    async with scene.browser() as browser:
        patient = Patient(browser, role)
        await _booked(scene, patient)
        await patient.answer_everything()
        await patient.say_place()
        await patient.until("blocked")


async def second(scene: Scene) -> None:
    """Somebody of the clinic decided about the stopped visit, and another person has to agree or send it back."""
    part, decider = _story()["second"], _decider(scene)
    if decider is None:
        return
    async with scene.browser() as browser:
        colleague = Colleague(browser)
        await colleague.sign_in(decider.email)
        await colleague.decide(part["kind"], part["decision"], part["reason"])


def _decider(scene: Scene) -> SeedStaff | None:
    """Who decides first, where there is somebody else who could agree."""
    able = [one for role in DECIDES for one in scene.clinic.people.staff if one.role == role]
    return able[0] if len(able) > 1 else None


# The past comes first: nobody who waits is there yet when the clock shows another day.
CHAPTERS: Mapping[str, Chapter] = {"finished": finished, "waiting": waiting, "blocked": blocked, "second": second}
IN_THE_PAST = frozenset({"finished"})
PARTS: Mapping[str, str] = {
    "finished": "a visit of the other day, with its note, summary and prescription",
    "waiting": "three people in the waiting room, one of them urgent",
    "blocked": "a visit that another state's law stops, with its statute",
    "second": "a matter in the inbox that waits for a second person",
}


def role_of(part: str, scene: Scene, number: int = 0, place: Mapping[str, str] | None = None) -> Role:
    """One of the story's people, with the public password of every demonstration."""
    found = _story()[part]
    one = found[number] if isinstance(found, list) else found
    about = {**one["about"], "password": DEMO_PASSWORD}
    return Role(about=about, answers=one["answers"], place=place or scene.home, words=one["words"], forms=scene.forms)


async def prepared(patient: Patient, seconds: float = PATIENCE_SECONDS) -> None:
    """From a booked visit to the waiting room, whose door is waited for."""
    await papers_done(patient)
    await patient.arrive(seconds)


async def papers_done(patient: Patient) -> None:
    """Everything that is asked of a patient before the waiting room."""
    await patient.answer_everything()
    await patient.say_place()
    await patient.consent()


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
