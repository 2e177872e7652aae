"""How are the records of an installation made ready, and under which addresses are its clinics then found?"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from admin_ui.demo.story import Scene, begin, scene_of
from engine.clinics import ClinicFile
from engine.content import Content
from engine.settings import Settings
from records.database import Database
from records.demo import make_demo, refuse_demo
from records.key_providers import key_provider
from records.migrate import standing, steps_after, upgrade
from records.seed import DemoPerson, demo_left_over, seed


@dataclass(frozen=True, slots=True)
class Served:
    """A clinic as announced: its name, its address without a slash at the end, and the people a demo signs in as.

    ``left_over`` counts the log-ins of an earlier demo in a clinic that is none now.
    """

    name: str
    address: str
    demo: tuple[DemoPerson, ...]
    left_over: int = 0


def prepare(settings: Settings, clinics: Sequence[ClinicFile], *, empty: bool = True) -> tuple[Served, ...]:
    """Bring the tables up to date and load each clinic's first people where that has not been done before.

    A new demonstration has a story to be told, unless it is to stay ``empty``.

    Raises:
        NotADemo: a demo was asked for, and the records hold people and were not made as one.
        MadeAsDemo: none was asked for, and the records were made as one.
    """
    upgrade(settings.database_url)
    database = Database(settings.database_url, key_provider(settings), connections=settings.database_connections)
    try:
        if not settings.demo:
            refuse_demo(database)
        elif make_demo(database) and not empty:
            begin(settings.data_dir)
        return tuple(_served(settings, database, clinic) for clinic in clinics)
    finally:
        database.close()


def outdated(settings: Settings) -> tuple[str, ...]:
    """What `prepare` will bring up to date, a line each: the steps that an older program's records lack.

    None for records that are new or up to date. They are looked at and not changed.
    """
    found = standing(settings.database_url)
    if not found.schema or found.schema == found.newest:
        return ()
    steps = steps_after(found.schema)
    return (
        f"the records were kept by an older program (version {found.schema}) and are brought to {found.newest}:",
        *(f"  {revision} {brought}" for revision, brought in steps),
    )


def scenes(settings: Settings, content: Content, clinician: str | None = None) -> tuple[Scene, ...]:
    """The clinics of this installation in which a demonstration's people can act."""
    database = Database(settings.database_url, key_provider(settings), connections=settings.database_connections)
    try:
        found = [scene_of(content, database, slug, settings.web_port, clinician) for slug in content.clinics]
        return tuple(one for one in found if one is not None)
    finally:
        database.close()


def told_in(settings: Settings, content: Content) -> tuple[Scene, ...]:
    """Those clinics of this installation in which a new demonstration tells its story."""
    return tuple(one for one in scenes(settings, content) if one.has_story)


def _served(settings: Settings, database: Database, clinic: ClinicFile) -> Served:
    people = seed(database, clinic, settings.demo)
    left_over = 0 if settings.demo else demo_left_over(database, clinic.slug)
    return Served(clinic.name, address(settings, clinic.slug), people, left_over)


def address(settings: Settings, slug: str) -> str:
    """A clinic's own address: its slug before the public host."""
    base = urlsplit(settings.public_base)
    return f"{base.scheme}://{slug}.{base.netloc}"
