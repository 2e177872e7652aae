"""How long do pages take when hundreds of patients click at once, on PostgreSQL, beside a page of one query?

The web program runs as it does in a clinic, over HTTP; patients are signed in, each in a visit of their own, and do
what patients do before they are seen: look at the visit, read a question, save an answer, look whether it is their
turn. The floor is a page of the same framework on the same database that makes one query and one audited insert; it is
asked by as many browsers at the same pace, in turns with the real pages. Nothing may fail.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import update

from engine.content import load_content
from engine.dossier import Place
from engine.plans import VisitPlan
from engine.settings import HOME, Settings, parse_settings, to_environment
from portals.base.visitor import COOKIES, PATIENT, csrf_token
from records.access import Role
from records.database import Database
from records.keys import FileKeyProvider
from records.migrate import upgrade
from records.people import PatientDraft
from records.scope import Actor, Scope
from records.seed import seed
from records.sessions import PATIENT_PORTAL
from records.tables.visits import Visit
from records.visits import VisitDraft
from tests.records.helpers import PATIENT as SOMEBODY
from tests.records.helpers_postgres import LASTING, Server
from tests.workflows.helpers_fleet import free_port

SLUG = "marigold"
KIND = "urgent_care/video_visit"
MIAMI = Place(country="us", state="FL", postal_code="33132", time_zone="America/New_York")
THINK_SECONDS = 5.0
AT_ONCE = 50  # patients made in one transaction
# Less than the server keeps an idle connection: what it is just closing is not written to.
KEPT_SECONDS = 2.0
START_SECONDS = 180.0
PATIENCE_SECONDS = 120.0
HIDDEN = re.compile(r'name="(item|version)" value="([^"]*)"')
CHOICE = re.compile(r'name="answer"[^>]*value="([^"]+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A patient who is signed in, by their cookie, and the visit they are in."""

    token: str
    visit: str

    @property
    def headers(self) -> dict[str, str]:
        return {"cookie": f"{COOKIES[PATIENT]}={self.token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """For how long new rounds begin, and how long somebody thinks between two clicks."""

    seconds: float
    think: float


Act = Callable[[httpx.AsyncClient, Somebody], Awaitable[None]]


@dataclass(slots=True)
class Seen:
    """What the browsers saw: seconds of each kind of page, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    def note(self, page: str, seconds: float, status: int) -> None:
        self.seconds.setdefault(page, []).append(seconds)
        if status >= 400:
            self.errors[f"{page}: {status}"] += 1

    @property
    def all(self) -> list[float]:
        return sorted(second for page in self.seconds.values() for second in page)


def measure(
    folder: Path, patients: int, seconds: float, server: Server, think: float = THINK_SECONDS
) -> dict[str, Any]:
    """p50 and p95 of real pages and of the floor in seconds, requests a second, and every error."""
    settings = _settings(folder, server.create())
    upgrade(settings.database_url)
    people, pace = _people(settings, patients), Pace(seconds=seconds / 4, think=think)
    pages, floor, spent = Seen(), Seen(), 0.0
    with _running(settings, "portals.app"), _running(_beside(settings), "tests.bench.one_query") as beside:
        for _ in range(2):
            started = time.monotonic()
            asyncio.run(_load(settings.web_port, people, partial(_patient, pages), pace))
            spent += time.monotonic() - started
            asyncio.run(_load(beside.web_port, people, partial(_one_query, floor), pace))
    ratio = _at(floor.all, 0.95) and _at(pages.all, 0.95) / _at(floor.all, 0.95)
    return {
        "patients": patients,
        "pages": {name: _figures(Seen({name: found})) for name, found in sorted(pages.seconds.items())},
        "all pages": _figures(pages),
        "one query": _figures(floor),
        "p95 ratio": ratio,
        "requests a second": len(pages.all) / spent,
        "errors": dict(pages.errors + floor.errors),
    }


def table(measured: dict[str, Any]) -> str:
    """The figures as text columns."""
    rows = {**measured["pages"], "all pages": measured["all pages"], "one query": measured["one query"]}
    lines = [f"{'':<20}{'n':>8}{'p50 ms':>10}{'p95 ms':>10}"]
    lines += [
        f"{name:<20}{one['requests']:>8}{one['p50'] * 1000:>10.0f}{one['p95'] * 1000:>10.0f}"
        for name, one in rows.items()
    ]
    lines.append(f"{measured['patients']} patients, {measured['requests a second']:.0f} requests a second")
    lines.append(f"p95 beside one query's: {measured['p95 ratio']:.2f}")
    lines.append(f"errors: {measured['errors'] or 'none'}")
    return "\n".join(lines) + "\n"


def _settings(folder: Path, url: str) -> Settings:
    port = free_port()
    return parse_settings(
        {
            "CLINIC_ROOT": str(HOME),
            "CLINIC_DATA_DIR": str(folder / "data"),
            "CLINIC_KEYS_DIR": str(folder / "keys"),
            "CLINIC_DATABASE_URL": url,
            "CLINIC_WEB_PORT": str(port),
            "CLINIC_TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}",
            "CLINIC_LOG_LEVEL": "warning",
        }
    )


def _beside(settings: Settings) -> Settings:
    """The same, on a port of its own."""
    told = {**to_environment(settings), "CLINIC_WEB_PORT": str(free_port()), "CLINIC_PUBLIC_BASE": ""}
    return parse_settings({name: value for name, value in told.items() if value})


@contextmanager
def _running(settings: Settings, module: str) -> Iterator[Settings]:
    """A program of its own, until the block ends."""
    environ = {**os.environ, **to_environment(settings)}
    with subprocess.Popen([sys.executable, "-m", module], cwd=HOME, env=environ) as process:
        try:
            _await(settings.web_port, process)
            yield settings
        finally:
            process.terminate()
            process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("a program did not start")


def _people(settings: Settings, patients: int) -> list[Somebody]:
    """Patients with a paid visit each, whose preparations have begun."""
    settings.data_dir.mkdir(mode=0o700, parents=True)
    database = Database(settings.database_url, FileKeyProvider(settings.keys_dir))
    content = load_content(HOME)
    seed(database, content.clinics[SLUG], demo=True)
    plan, made = content.visit_type(KIND).plan, list[Somebody]()
    try:
        for start in range(0, patients, AT_ONCE):
            with database.scope(SLUG, Actor.system("bench")) as scope:
                provider = scope.people.providers()[0].person
                for number in range(start, min(start + AT_ONCE, patients)):
                    made.append(_somebody(scope, number, provider, plan))
        with database.writing() as session:  # as if the visits had gone there
            session.execute(update(Visit).values(stage="preparing"))
            session.commit()
    finally:
        database.close()
    return made


def _somebody(scope: Scope, number: int, provider: str, plan: VisitPlan) -> Somebody:
    patient = scope.people.create_patient(_draft(number))
    account = scope.accounts.create(patient, f"p{number}@bench.example", "no hash", [Role.PATIENT])
    draft = VisitDraft(
        patient=patient,
        provider=provider,
        plan=plan,
        starts_at=datetime.now(UTC) + timedelta(minutes=30),
        booked_place=MIAMI,
        price_cents=7900,
        currency="USD",
    )
    visit = scope.visits.draft(draft)
    return Somebody(token=scope.sessions.open(account, PATIENT_PORTAL)[0], visit=visit)


def _draft(number: int) -> PatientDraft:
    return PatientDraft(
        given="Pat",
        family=f"Number{number}",
        birth_date=SOMEBODY.birth_date,
        sex="female",
        email=f"p{number}@bench.example",
        phone="+1 305 555 0100",
        residence_state="FL",
        postal_code="33132",
    )


async def _load(port: int, people: list[Somebody], made: Callable[[float], Act], pace: Pace) -> None:
    """Everybody at once, until the time is over; who has begun something ends it."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=len(people), keepalive_expiry=KEPT_SECONDS)
    headers = {"host": f"{SLUG}.localhost:{port}"}
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE_SECONDS, limits=limits
    ) as browser:
        await made(0.0)(browser, people[0])  # what a program makes once is made
        act, end = made(pace.think), time.monotonic() + pace.seconds

        async def one(who: Somebody) -> None:
            while time.monotonic() < end:
                await act(browser, who)

        await asyncio.gather(*(one(who) for who in people))


def _patient(seen: Seen, think: float) -> Act:
    """Looks at the visit, answers the first question, looks whether it is time."""

    async def act(browser: httpx.AsyncClient, who: Somebody) -> None:
        at = f"/visits/{who.visit}"
        await asyncio.sleep(random.uniform(0, 2 * think))
        await _get(browser, "visit", at, who, seen)
        await asyncio.sleep(think)
        page = await _get(browser, "question", f"{at}/intake/1", who, seen)
        await asyncio.sleep(think)
        await _answer(browser, who, page, seen)
        await _get(browser, "waiting", f"{at}/waiting/state", who, seen)

    return act


def _one_query(seen: Seen, think: float) -> Act:
    """As many requests at the same pace."""

    async def act(browser: httpx.AsyncClient, who: Somebody) -> None:
        for pause in (random.uniform(0, 2 * think), think, think, 0.0):
            await asyncio.sleep(pause)
            await _get(browser, "one query", f"/visits/{who.visit}", who, seen)

    return act


async def _answer(browser: httpx.AsyncClient, who: Somebody, page: str, seen: Seen) -> None:
    form = dict(HIDDEN.findall(page))
    option = CHOICE.search(page)
    typed = {**form, "answer": option[1] if option else "Since Monday", "key": secrets.token_hex(12)}
    headers = {**who.headers, "accept": "application/json", "x-csrf-token": csrf_token(who.token)}
    started = time.perf_counter()
    told = await browser.post(f"/visits/{who.visit}/intake/1", data=typed, headers=headers)
    seen.note("answer", time.perf_counter() - started, told.status_code)


async def _get(browser: httpx.AsyncClient, page: str, path: str, who: Somebody, seen: Seen) -> str:
    headers = {**who.headers, "accept": "application/json" if page == "waiting" else "text/html"}
    started = time.perf_counter()
    answer = await browser.get(path, headers=headers)
    seen.note(page, time.perf_counter() - started, answer.status_code)
    return answer.text


def _figures(seen: Seen) -> dict[str, float]:
    found = seen.all
    return {"requests": len(found), "p50": _at(found, 0.5), "p95": _at(found, 0.95)}


def _at(ordered: list[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--think", type=float, default=THINK_SECONDS, help="seconds between two clicks")
    asked = parser.parse_args()
    server = Server(LASTING)
    try:
        with tempfile.TemporaryDirectory() as folder:
            measured = measure(Path(folder), asked.patients, asked.seconds, server, asked.think)
    finally:
        server.stop()
    print(json.dumps({**measured, "table": table(measured)}))


if __name__ == "__main__":
    main()
