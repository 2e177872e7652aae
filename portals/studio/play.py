"""Plays a specialty's walk-through for a request: the files in force, the choices of the address, the law's answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request

from admin_ui.studio.findings import files_of
from admin_ui.studio.patient import Scene
from admin_ui.studio.tried import Offered, Tried, settled
from admin_ui.studio.walk import Stage, Walked, walk_through
from engine.clinics import ClinicFile
from engine.consent_text import ClauseBook
from engine.content import Content
from engine.library import Library
from engine.visits import Specialty
from portals.base.requests import deps_of
from portals.base.visitor import visitor
from portals.deps import PortalDeps


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Play:
    """A walk-through as it stands: what can be chosen, what was, and what came of it."""

    specialty: Specialty
    clinic: ClinicFile
    offered: Offered
    tried: Tried
    walked: Walked
    zone: str
    clauses: ClauseBook


def known_specialties(root: Path, content: Content) -> tuple[str, ...]:
    """The specialties that have a folder or a good version, by id."""
    folders = {path.parent.name for path in root.glob("specialties/*/specialty.yaml")}
    return tuple(sorted(folders | content.specialties.keys()))


def has_file(root: Path, specialty: str) -> bool:
    """Whether the file that makes a specialty is there; a good version may be in force without it."""
    return (root / "specialties" / specialty / "specialty.yaml").is_file()


def is_of(file: str, specialty: str, content: Content) -> bool:
    """Whether a file belongs to a specialty: one of its folder, or a form that it asks."""
    good = content.specialties.get(specialty)
    return file.startswith(f"specialties/{specialty}/") or file in files_of(specialty, good, "")


def known(request: Request, specialty: str) -> str:
    """The id again. Raises: HTTPException: 404 where there is no such specialty."""
    deps = deps_of(request)
    if specialty not in known_specialties(deps.settings.root, deps.content()):
        raise HTTPException(404)
    return specialty


def play(request: Request, specialty_id: str, tried: Tried) -> Play | None:
    """The walk-through of the last good version; None where a specialty never had one. Asks both rule engines."""
    deps, slug = deps_of(request), visitor(request).here.slug
    library = deps.library()
    specialty = library.content.specialties.get(specialty_id)
    if specialty is None:
        return None
    clinic = library.content.clinic(slug)
    offered = offered_by(specialty, clinic)
    chosen = settled(tried, offered)
    scene = _scene(deps, library, clinic, chosen.state)
    stage = Stage(content=library.content, keeper=deps.gates, evaluator=deps.evaluator, scene=scene)
    walked = walk_through(chosen, specialty, stage)
    return Play(
        specialty=specialty,
        clinic=clinic,
        offered=offered,
        tried=chosen,
        walked=walked,
        zone=scene.zone,
        clauses=library.content.clauses,
    )


def offered_by(specialty: Specialty, clinic: ClinicFile) -> Offered:
    """What can be chosen: the specialty's visit types and drugs, the clinic's states and languages."""
    kinds = {name: one.plan.professions for name, one in specialty.visit_types.items()}
    drugs = specialty.formulary.drugs if specialty.formulary is not None else ()
    return Offered(
        kinds=tuple(kinds),
        states=clinic.states,
        languages=tuple(_both(clinic.languages, specialty.languages)),
        professions=kinds,
        drugs=tuple(dict.fromkeys(one.name for one in drugs)),
    )


def _both(first: Iterable[str], second: Iterable[str]) -> Iterable[str]:
    """The clinic's languages; one that the specialty lacks is shown as patients would see it, in another."""
    return dict.fromkeys([*first, *second])


def _scene(deps: PortalDeps, library: Library, clinic: ClinicFile, state: str) -> Scene:
    zones = library.law.zones.of(state)
    elsewhere = next((code for code in library.law.zones.by_state if code != state), state)
    return Scene(
        clinic=clinic.slug,
        zone=next(iter(zones), clinic.time_zone),
        now=deps.clock.now(),
        elsewhere=next((code for code in clinic.states if code != state), elsewhere),
    )
