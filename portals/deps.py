"""What the web program is built from: everything a page may reach, given once at the start.

Tests give fakes; ``portals/app.py`` joins the real ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.diagnostics import Diagnostic
from engine.library import Library
from engine.pharmacy import AskedCancellation
from engine.ports import Clock, GateKeeper, GeoLocator, Scanner, Tracing, VisitRef
from engine.settings import Settings
from integrations.geo.null import NoLocator
from integrations.scan.null import NoScanner
from integrations.telemetry.spans import no_traces
from portals.base.clinic import ClinicView
from portals.base.sealing import Sealer
from portals.base.visitor import SessionDoor
from workflows.contracts import Answer, Ask, VisitStatus


class Visits(Protocol):
    """The part of ``workflows.client.VisitClient`` that pages use."""

    async def ask(self, ref: VisitRef, ask: Ask, plan: Any = None) -> Answer: ...
    async def status(self, ref: VisitRef) -> VisitStatus: ...
    async def check_credentials(self, clinic: str) -> None: ...
    async def ask_monitoring(self, ref: VisitRef, report: str, patience_seconds: float) -> None: ...
    async def cancel_prescription(self, asked: AskedCancellation) -> None: ...
    async def clock_moved(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFiles:
    """The files that people write, as this program keeps an eye on them.

    ``look`` takes a good change up at once; ``changes`` counts those that were found, good or not; ``problems`` are
    those of the newest files when they were refused, else their warnings.
    """

    look: Callable[[], bool] = lambda: False
    changes: Callable[[], int] = lambda: 0
    problems: Callable[[], tuple[Diagnostic, ...]] = tuple


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDeps:
    """Everything pages may reach.

    ``clinics`` gives the clinics served now (a reload swaps it); ``content`` the specialties and forms in force;
    ``library`` law and rulebooks in force (:class:`engine.library.LibraryKeeper`);
    ``gates`` asks a gate of both engines, ``search`` of the
    closures alone (offers only, it opens nothing); ``token_signer`` signs room access (:mod:`portals.call`);
    ``written`` knows how the newest files of forms, specialties, clinics and law stand;
    ``traces`` begins spans of requests; ``places`` suggests where a browser's network address is;
    ``scanner`` looks through files that come in.
    """

    settings: Settings
    clock: Clock
    clinics: Callable[[], Mapping[str, ClinicView]]
    sessions: SessionDoor
    sealer: Sealer
    database: Any
    visits: Visits
    content: Callable[[], Any]
    library: Callable[[], Library]
    evaluator: Any
    token_signer: Any
    gates: GateKeeper
    search: GateKeeper
    places: GeoLocator = field(default_factory=NoLocator)
    scanner: Scanner = field(default_factory=NoScanner)
    written: WrittenFiles = field(default_factory=WrittenFiles)
    traces: Tracing = field(default_factory=no_traces)
