"""The worker and the media node: ``python -m workflows.worker --role worker|media``.

The only place where ports meet their adapters. Prints ``ready`` once it polls; SIGTERM stops it within seconds and
leaves everything that was under way to be taken up again.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.worker import Worker

from engine.diagnostics import BrokenInput, as_text
from engine.evaluator_pool import EvaluatorPool
from engine.library import LibraryKeeper
from engine.ports import Effect, Notifier, VisitChange, VisitRef
from engine.relays import Relay, relay_of
from engine.room_places import RoomDesk
from engine.rooms import TAKEN_OUT, RoomEvent, RoomEventKind
from engine.settings import Settings, SettingsError, parse_settings
from engine.slots import WeekHours
from engine.texts import text_in
from integrations.billing.simulator import SimulatedCardProcessor
from integrations.credentials.simulator import SimulatedPrimarySource, SimulatedRegister
from integrations.erx.simulator import SimulatedPrescriptionNetwork
from integrations.notify.simulator import SimulatedNotifier
from integrations.notify.smtp import SmtpNotifier, mail_server
from integrations.notify.texts import ByChannel, SimulatedTextNetwork, TextNetwork
from integrations.notify.unsent import WaitingNotifier
from integrations.pdmp.simulator import SimulatedHub, SimulatedMonitoringNetwork
from integrations.telemetry.exporters import spans_to
from integrations.telemetry.logs import start_logs
from media.node import MediaConfig, MediaNode, NodePorts
from media.pulse import Pulse
from media.record_final import finalise
from records.credential_book import RecordsCredentialBook
from records.database import Database, PayloadKeys
from records.demo import MadeAsDemo, Opened, open_records
from records.device_door import RecordsDeviceLinks
from records.echo_tickets import EchoTickets
from records.erasure import erase_again
from records.expiries import RecordsExpiryBook
from records.guest_door import note_admission
from records.guests import is_guest
from records.last_good import library_keeper
from records.mails import MailQueue
from records.messages import MessageQueue
from records.monitoring_book import RecordsMonitoringBook
from records.nights import Nights
from records.pharmacy_book import RecordsPharmacyBook
from records.recording_keeping import RecordingKeeping
from records.recording_store import RecordingStore
from records.restore import settled, unsettled
from records.room_desk import RecordsRoomDesk
from records.room_tokens import RoomTokens
from records.visit_records import RecordsVisitStore
from records.vouched_law import RecordsVouchedLaw
from records.work import Actor
from workflows.activities.cancelling import CancellingActivities
from workflows.activities.credentials import CredentialChecks
from workflows.activities.expiries import ExpiryActivities
from workflows.activities.gates import GateActivities
from workflows.activities.media import MediaActivities
from workflows.activities.monitoring import MonitoringActivities
from workflows.activities.payments import PaymentActivities
from workflows.activities.prescribing import PrescribingActivities
from workflows.activities.terms import TermsActivities
from workflows.activities.visits import VisitActivities
from workflows.cancelling import CancellationWorkflow
from workflows.client import VisitClient, connect
from workflows.codec import CachedKeys
from workflows.codec import PayloadKeys as PayloadKeySource
from workflows.contracts import MEDIA_QUEUE, TASK_QUEUE
from workflows.credentials import CredentialsWorkflow
from workflows.gatekeeper import LawDrugs, LawGateKeeper
from workflows.keeping import RecordingKeeper
from workflows.letters import Dresser, mail_name
from workflows.monitoring import MonitoringWorkflow
from workflows.notices import VisitWords, send_notices, written
from workflows.observing import Observed
from workflows.outbox import LostVisits, OutboxPump, StaleDrafts, UnfinishedSignings
from workflows.pharmacies import PharmacyPump
from workflows.quiet import quiet_exceptions
from workflows.reconcile import reconcile
from workflows.recording import VisitRecordingDesk
from workflows.running import stop_signal, tasks, until_stopped
from workflows.schedules import keep_schedules
from workflows.visit import VisitWorkflow

log = logging.getLogger(__name__)

THREADS = 16
CACHED_VISITS = 2000
GRACE = timedelta(seconds=2)
RELOAD_SECONDS = 2.0
CENSUS_SECONDS = 60.0
FINISH_SECONDS = 3.0
CONNECT_PAUSE_SECONDS = 0.2
_KEPT_EVENTS = frozenset(RoomEventKind) - {RoomEventKind.QUALITY}


def main() -> int:
    """Reads the settings, starts the role, runs until it is told to stop."""
    parser = argparse.ArgumentParser(prog="workflows.worker")
    parser.add_argument("--role", choices=("worker", "media"), required=True)
    role = parser.parse_args().role
    try:
        settings = parse_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    start_logs(settings.log_level, settings.log_format)
    quiet_exceptions()
    try:
        with _evaluators(settings, role) as evaluators:
            asyncio.run(_worker(settings, evaluators) if evaluators is not None else _media(settings))
    except BrokenInput as broken:
        sys.stderr.write(as_text(broken.diagnostics) + "\n")
        return 2
    except MadeAsDemo as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    return 0


@contextlib.contextmanager
def _evaluators(settings: Settings, role: str) -> Iterator[EvaluatorPool | None]:
    """The second engine's processes, forked before any thread exists; the media role has none."""
    with ExitStack() as stack:
        yield stack.enter_context(EvaluatorPool(settings.evaluator_processes)) if role == "worker" else None


async def _worker(settings: Settings, evaluators: EvaluatorPool) -> None:
    stop = stop_signal()
    keeper = library_keeper(settings)
    if settings.worker_metrics:
        Runtime.set_default(Runtime(telemetry=TelemetryConfig(metrics=PrometheusConfig(settings.worker_metrics))))
    async with _joined(settings, stop) as joined:
        if joined is None:
            return
        opened, visits = joined
        settings, database = opened.settings, opened.database
        keeper.vouched_by(RecordsVouchedLaw(database))
        store, notifier, words = RecordsVisitStore(database), _notifier(settings), _words(keeper, settings.public_base)
        dresser = Dresser(lambda: keeper.current.content, words)
        spans = spans_to(settings.traces_file, settings.traces_endpoint, "clinic-worker")
        worker = Worker(
            visits.temporal,
            task_queue=TASK_QUEUE,
            workflows=[VisitWorkflow, CredentialsWorkflow, MonitoringWorkflow, CancellationWorkflow],
            activities=_activities(settings, database, keeper, evaluators),
            activity_executor=ThreadPoolExecutor(THREADS),
            interceptors=[Observed(spans)],
            max_concurrent_activities=THREADS,
            max_concurrent_local_activities=THREADS,
            max_cached_workflows=CACHED_VISITS,
            graceful_shutdown_timeout=GRACE,
        )
        beside = (
            OutboxPump(store, visits).run(),
            PharmacyPump(RecordsPharmacyBook(database, _nights(keeper)), _pharmacies(settings, database), visits).run(),
            _settle_restore(database, store, visits),
            _reconcile(
                LostVisits(store, store, visits),
                StaleDrafts(store, store, visits),
                UnfinishedSignings(store, visits),
            ),
            _reload(keeper, evaluators),
            RecordingKeeper(RecordingKeeping(database, settings.files_dir), lambda: keeper.current, evaluators).run(),
            keep_schedules(visits.temporal, lambda: _zones(keeper)),
            send_notices(MessageQueue(database), notifier, words.say, dresser.visit_notice),
            send_notices(MailQueue(database), notifier, written, dresser.letter),
        )
        with contextlib.closing(spans):
            async with worker, tasks(*beside):
                await until_stopped(stop)


def _notifier(settings: Settings) -> Notifier:
    """The clinic's own mail server; the demo's mails go to its outbox page, and elsewhere they wait for a server."""
    if settings.mail_server:
        own = mail_server(settings.mail_server, settings.mail_from, settings.mail_password_file, settings.mail_ca)
        return SmtpNotifier(own)
    if not settings.has_texts:
        return WaitingNotifier()
    return ByChannel(SimulatedNotifier(), TextNetwork(SimulatedTextNetwork().post, "simulated", "+10000000000"))


def _words(keeper: LibraryKeeper, public_base: str) -> VisitWords:
    """The clinics' own words, as their files say them now."""

    def own(clinic: str, template: str, language: str) -> str:
        texts = keeper.current.content.clinics[clinic].texts.get(f"notice_{template}")
        return text_in(texts, language) if texts else ""

    scheme, _, rest = public_base.partition("://")
    return VisitWords(
        own, lambda clinic: f"{scheme}://{clinic}.{rest}", lambda slug: mail_name(keeper.current.content, slug)
    )


def _activities(settings: Settings, database: Database, keeper: LibraryKeeper, evaluators: EvaluatorPool) -> list[Any]:
    """Every activity of a visit, joined to its adapters; the networks are simulators until contracts exist."""
    simulators = _simulators(settings)
    store = RecordsVisitStore(database, lambda slug: _hours(keeper, slug), _nights(keeper))
    gatekeeper = LawGateKeeper(lambda: keeper.current, evaluators)
    drugs = LawDrugs(lambda: keeper.current)
    network = _pharmacies(settings, database)
    visits = VisitActivities(store)
    terms = TermsActivities(store, lambda slug: keeper.current.content.clinics[slug].terms)
    book = RecordsCredentialBook(database)
    register = SimulatedRegister(simulators / "credentials.sqlite3", book.now)
    checks = CredentialChecks(book, SimulatedPrimarySource(register))
    expiries = ExpiryActivities(RecordsExpiryBook(database), book, lambda slug: _zones(keeper)[slug])
    gates = GateActivities(store, gatekeeper, checks, gatekeeper.recording_there)
    payments = PaymentActivities(store, SimulatedCardProcessor(simulators / "cards.sqlite3"))
    prescribing = PrescribingActivities(store, network, drugs)
    cancelling = CancellingActivities(RecordsPharmacyBook(database, _nights(keeper)))
    hub = SimulatedHub(simulators / "pdmp.sqlite3", book.now)
    monitoring = MonitoringActivities(RecordsMonitoringBook(database), SimulatedMonitoringNetwork(hub, book.now))
    return [
        terms.read_terms,
        terms.move_slot,
        terms.reminder_time,
        visits.hold_slot,
        visits.release_slot,
        visits.record_change,
        visits.issue_join_link,
        visits.place_room,
        visits.issue_requests,
        visits.offer_visit,
        visits.hand_over,
        visits.sign_note,
        visits.write_summary,
        visits.queue_message,
        visits.raise_alert,
        visits.payment_method,
        visits.unsent_orders,
        gates.ask_gate,
        gates.owes_duty,
        checks.check_credentials,
        expiries.tell_expiries,
        payments.authorise_payment,
        payments.capture_payment,
        payments.capture_fee,
        payments.void_payment,
        payments.withdraw_payment,
        prescribing.send_prescription,
        prescribing.cancel_prescription,
        prescribing.withdraw_prescription,
        cancelling.let_go,
        cancelling.keep_unanswered,
        cancelling.keep_refused,
        monitoring.ask_monitoring,
        monitoring.keep_silence,
    ]


def _nights(keeper: LibraryKeeper) -> Nights:
    """When a clinic's patients are sent nothing that can wait."""
    return lambda slug: keeper.current.content.clinics[slug].terms.quiet


def _simulators(settings: Settings) -> Path:
    """The folder of what simulated networks remember."""
    folder = settings.data_dir / "simulators"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _pharmacies(settings: Settings, database: Database) -> SimulatedPrescriptionNetwork:
    """The pharmacies' network, on the clock that visits go by."""
    return SimulatedPrescriptionNetwork(_simulators(settings) / "erx.sqlite3", now=database.visit_time)


def _zones(keeper: LibraryKeeper) -> dict[str, str]:
    """The time zone of each clinic that is served."""
    return {slug: clinic.time_zone for slug, clinic in keeper.current.content.clinics.items()}


def _hours(keeper: LibraryKeeper, slug: str) -> tuple[WeekHours, str] | None:
    """When a clinic that is served is open, and the zone of that."""
    clinic = keeper.current.content.clinics.get(slug)
    return (clinic.hours, clinic.time_zone) if clinic is not None else None


async def _media(settings: Settings) -> None:
    stop = stop_signal()
    async with _joined(settings, stop) as joined:
        if joined is None:
            return
        opened, visits = joined
        recordings = RecordingStore(opened.database, opened.settings.files_dir)
        name = uuid.uuid4().hex[:12]
        async with _node(settings, opened.database, name, VisitRecordingDesk(visits, recordings)) as (node, pulse):
            shared, own = _media_workers(visits.temporal, node, name, RecordsRoomDesk(opened.database))
            async with shared, own, tasks(_finish_recordings(recordings)):
                await until_stopped(stop)
                await pulse.leave()


def _own_queue(name: str) -> str:
    return f"{MEDIA_QUEUE}-{name}"


def _media_workers(client: Client, node: MediaNode, name: str, desk: RoomDesk) -> tuple[Worker, Worker]:
    """One worker on the queue that all nodes share, one on the node's own, whose name no other node ever had."""
    queue = _own_queue(name)
    activities = MediaActivities(node, name, queue, desk)
    shared = Worker(client, task_queue=MEDIA_QUEUE, activities=[activities.allocate], graceful_shutdown_timeout=GRACE)
    own = Worker(
        client,
        task_queue=queue,
        activities=[activities.media_session],
        max_heartbeat_throttle_interval=timedelta(seconds=1),
    )
    return shared, own


@asynccontextmanager
async def _node(
    settings: Settings, database: Database, name: str, recordings: VisitRecordingDesk
) -> AsyncIterator[tuple[MediaNode, Pulse]]:
    config = MediaConfig(
        allowed_origins=_origins(settings.public_base),
        host=settings.media_host,
        http_port=settings.media_http_port,
        udp_port=settings.media_udp_port,
        advertise=(settings.media_advertise,),
        tls_certificate=settings.tls_certificate,
        tls_key=settings.tls_key,
        relay=_relay(settings),
        ladder=settings.media_ladder,
    )
    store = RecordsVisitStore(database)

    async def keep(event: RoomEvent) -> None:
        pulse.heard(event)
        if event.kind in _KEPT_EVENTS:
            await asyncio.to_thread(_keep_event, store, event)
            await asyncio.to_thread(_keep_guest, database, event)

    tokens = RoomTokens(database)
    desk = RecordsRoomDesk(database)
    ports = NodePorts(
        verify=tokens.verify,
        sink=keep,
        visit_time=database.visit_time,
        admits=tokens.admits,
        recordings=recordings,
        held=lambda room: desk.held(room, name),
        tickets=EchoTickets(database).verify,
        devices=RecordsDeviceLinks(database),
    )
    node = MediaNode(config, ports)
    pulse = Pulse(name, _own_queue(name), node, desk)
    await node.start()
    try:
        await pulse.beat()
        async with tasks(pulse.run()):
            yield node, pulse
    finally:
        await node.stop()
        await pulse.closed()


async def _finish_recordings(recordings: RecordingStore) -> None:
    """Makes files that can be sought of what was recorded, also of what a program left that is gone."""
    while True:
        try:
            if await asyncio.to_thread(recordings.finish_waiting, finalise):
                log.info("recordings finished")
            await asyncio.to_thread(recordings.end_lost)
        except Exception as fault:  # the tapes stay; the next round tries again
            log.error("recordings not finished: %s", type(fault).__name__)
        await asyncio.sleep(FINISH_SECONDS)


def _relay(settings: Settings) -> Relay | None:
    """The relays of the settings, with the secret out of its file."""
    secret = settings.turn_secret_file.read_text(encoding="ascii") if settings.turn_secret_file else ""
    return relay_of(settings.turn_urls, secret, is_only=settings.turn_relay_only)


def _keep_event(store: RecordsVisitStore, event: RoomEvent) -> None:
    """What happened in the room becomes an event of the visit: who (a participant's id), what, why (a code)."""
    key = f"{event.room_id}:{event.kind.value}:{event.participant_id or 'room'}:{event.at.isoformat()}"
    effect = Effect(ref=VisitRef(clinic=event.clinic, visit=event.visit_id), step="media", key=key)
    detail = {"room": event.room_id, "participant": event.participant_id or "", "reason": event.reason}
    detail |= {"by": event.by} if event.by else {}
    store.change(effect, VisitChange(event=f"media_{event.kind.value}", detail=detail))


def _keep_guest(database: Database, event: RoomEvent) -> None:
    """A guest who was let in need not wait again at another node; who was taken out does."""
    admitted = event.kind is RoomEventKind.ADMITTED
    if is_guest(event.participant_id or "") and (admitted or event.reason == TAKEN_OUT):
        note_admission(database, event.clinic, event.participant_id or "", admitted=admitted)


def _origins(public_base: str) -> tuple[str, str]:
    """The pages that may join: the public address itself and one label (a clinic's slug) before it."""
    base = urlsplit(public_base)
    return public_base, f"{base.scheme}://*.{base.netloc}"


@asynccontextmanager
async def _joined(settings: Settings, stop: asyncio.Event) -> AsyncIterator[tuple[Opened, VisitClient] | None]:
    """The records, and Temporal once it answers: which of the two starts first does not matter. None when stopped."""
    opened = open_records(settings)
    try:
        visits = await _connected(opened, CachedKeys(PayloadKeys(opened.database)), stop)
        yield None if visits is None else (opened, visits)
    finally:
        opened.database.close()


async def _connected(opened: Opened, keys: PayloadKeySource, stop: asyncio.Event) -> VisitClient | None:
    while not stop.is_set():
        try:
            return await connect(opened.settings, keys, lazy=False, moved=opened.clock.moved)
        except RuntimeError:  # what the SDK raises while nobody listens
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), CONNECT_PAUSE_SECONDS)
    return None


async def _settle_restore(database: Database, store: RecordsVisitStore, visits: VisitClient) -> None:
    """Once after a backup was restored: what runs is compared with what is on record."""
    try:
        if await asyncio.to_thread(unsettled, database):
            await asyncio.to_thread(erase_again, database, Actor.system("restore"))
            done = await reconcile(store, store, visits)
            await asyncio.to_thread(settled, database)
            log.warning("restore settled: %d visits handed over, %d ended", len(done.handed_over), len(done.ended))
    except Exception as fault:  # the mark stays, so the next start tries again
        log.error("restore not settled: %s", type(fault).__name__)


async def _reconcile(lost: LostVisits, drafts: StaleDrafts, signings: UnfinishedSignings) -> None:
    """Looks for lost visits at the start and every minute: a restore may have happened under a running worker."""
    while True:
        try:
            for ref in await lost.report():
                log.error("visit %s is open on record and not running", ref.visit)
            await drafts.expire()
            for ref in await signings.finish():
                log.warning("visit %s: its note was signed and not taken up; it has been now", ref.visit)
        except Exception as fault:  # looking must go on, whatever was wrong this time
            log.error("lost visits: %s", type(fault).__name__)
        await asyncio.sleep(CENSUS_SECONDS)


async def _reload(keeper: LibraryKeeper, evaluators: EvaluatorPool) -> None:
    """Takes up changed law and content; a broken edit is refused and the old stays in force."""
    while True:
        await asyncio.sleep(RELOAD_SECONDS)
        try:
            if await asyncio.to_thread(keeper.refresh):
                await asyncio.to_thread(evaluators.reload)
                log.info("law and content reloaded")
        except Exception as fault:  # the old law stays in force, and the next edit must be seen
            log.error("reload: %s", type(fault).__name__)


if __name__ == "__main__":
    raise SystemExit(main())
