"""Joins the web program's real parts: settings, records, the library in force, the visit client, the evaluator."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.clinics import ClinicFile
from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import ClosuresOnly
from engine.library import LibraryKeeper
from engine.ports import GeoLocator
from engine.settings import Settings
from integrations.geo.mmdb import MmdbLocator
from integrations.geo.null import NoLocator
from integrations.scan.adapters import scanner_of
from integrations.telemetry.exporters import spans_to
from integrations.telemetry.spans import Spans
from portals.auth.sessions import RecordsSessions
from portals.base.clinic import ClinicView, clinic_view
from portals.base.i18n import DEFAULT, catalogue
from portals.base.sealing import Sealer
from portals.deps import PortalDeps, WrittenFiles
from portals.patient.places import STATE_KEY, STATES
from records.database import Database, PayloadKeys
from records.demo import open_records
from records.key_ring import Purpose
from records.last_good import library_keeper
from records.room_tokens import RoomTokens
from records.vouched_law import RecordsVouchedLaw
from workflows.client import connect
from workflows.gatekeeper import LawGateKeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """The parts of a running web program: what pages reach, and what has to be kept current and closed."""

    deps: PortalDeps
    keeper: LibraryKeeper
    pool: EvaluatorPool
    database: Database
    traces: Spans

    def take_up(self) -> bool:
        """Takes up files that changed; whether something newer is in force now."""
        return _take_up(self.keeper, self.pool)

    def close(self) -> None:
        self.traces.close()
        self.pool.close()
        self.database.close()


async def join_parts(settings: Settings, pool: EvaluatorPool) -> Joined:
    """Everything real; ``pool`` was started before the first thread.

    Raises:
        BrokenInput: the YAML under the root is broken, and the data folder keeps no version that was good.
    """
    keeper = library_keeper(settings)
    opened = open_records(settings)
    settings, database, clock = opened.settings, opened.database, opened.clock
    keeper.vouched_by(RecordsVouchedLaw(database))
    sealing = database.secrets("", Purpose.SESSIONS)
    traces = spans_to(settings.traces_file, settings.traces_endpoint, "clinic-web")
    deps = PortalDeps(
        settings=settings,
        clock=clock,
        clinics=lambda: _views(keeper),
        sessions=RecordsSessions(database),
        sealer=Sealer(*(hashlib.sha256(b"booking flow" + one.value).digest() for one in sealing)),
        database=database,
        visits=await connect(settings, PayloadKeys(database), moved=clock.moved),
        content=lambda: keeper.current.content,
        library=lambda: keeper.current,
        evaluator=pool,
        gates=LawGateKeeper(lambda: keeper.current, pool),
        search=LawGateKeeper(lambda: keeper.current, ClosuresOnly()),
        token_signer=RoomTokens(database),
        places=_locator(settings),
        scanner=scanner_of(settings),
        written=WrittenFiles(
            look=lambda: _take_up(keeper, pool),
            changes=lambda: keeper.changes,
            problems=lambda: keeper.problems,
        ),
        traces=traces,
    )
    return Joined(deps=deps, keeper=keeper, pool=pool, database=database, traces=traces)


def _take_up(keeper: LibraryKeeper, pool: EvaluatorPool) -> bool:
    """Takes up what changed; engines that know the law of before are let go only where the law is another one now."""
    before = _laws(keeper)
    taken = keeper.refresh()
    if taken and _laws(keeper) != before:
        pool.reload()
    return taken


def _laws(keeper: LibraryKeeper) -> Mapping[str, str]:
    return {slug: rulebook.digest for slug, rulebook in keeper.current.rulebooks.items()}


def _locator(settings: Settings) -> GeoLocator:
    """The databases that are installed, or none; a file that cannot be read stops the program at its start."""
    if not settings.geo_databases:
        return NoLocator()
    names = catalogue(DEFAULT)
    return MmdbLocator(settings.geo_databases, {names[STATE_KEY + code].lower(): code for code in STATES})


def _views(keeper: LibraryKeeper) -> Mapping[str, ClinicView]:
    return {slug: _view(file.digest, file) for slug, file in keeper.current.content.clinics.items()}


@lru_cache(maxsize=256)
def _view_of(digest: str) -> list[ClinicView]:
    """One place for the view of each digest, so that a request does not build it again."""
    return []


def _view(digest: str, file: ClinicFile) -> ClinicView:
    kept = _view_of(digest)
    if not kept:
        kept.append(clinic_view(file))
    return kept[0]
