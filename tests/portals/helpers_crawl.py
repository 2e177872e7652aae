"""Two clinics on one server, somebody in every role at each of them, and every route that the program has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.testclient import TestClient

from engine.access import Relation, Standing
from engine.dossier import Place
from engine.library import Library, load_library
from engine.ports import Effect, PaymentReceipt, RoomPlace, VisitChange, VisitRef
from integrations.scan.null import NoScanner
from portals.base.visitor import COOKIES, csrf_token
from records.access import STAFF, TABLE, Role
from records.blob_store import BlobStore
from records.consents import ConsentDraft
from records.database import Database
from records.emergency import EmergencyDraft
from records.forms import AnswerDraft
from records.notes import NoteDraft
from records.people import PatientDraft, StaffDraft
from records.relationships import RelationshipDraft, seed_helper
from records.reviews import ReviewQuery
from records.scope import Scope
from records.sessions import PATIENT_PORTAL, STAFF_PORTAL
from records.tables.vault import AuditEntry
from records.visit_records import RecordsVisitStore
from records.visits import VisitDraft
from records.work import Actor
from tests.portals.helpers_clinic import ROOT, Clinic, FakeVisits
from tests.records.helpers import PATIENT
from tests.records.helpers_blobs import PDF
from tests.records.helpers_journey import gate_record, message_of, order_of
from workflows.contracts import Answer, Ask

MINE, OTHER = "marigold", "wrenfield"
KIND = "urgent_care/video_visit"
PLACE = Place(country="us", state="FL", postal_code="33132", time_zone="America/New_York")
PARAMETER = re.compile(r"\{(\w+)\}")
TEXTS = (
    "given",
    "family",
    "mail@",
    "reason",
    "answer",
    "amoxicillin",
    "sig text",
    "history",
    "addendum",
    "signature",
    "subject",
)


@dataclass(frozen=True, slots=True)
class Route:
    """One thing a browser can send: a method and a path with its parameters' names."""

    method: str
    path: str

    @property
    def portal(self) -> str:
        return "staff" if self.path == "/staff" or self.path.startswith("/staff/") else "patient"

    def at(self, ids: Mapping[str, str]) -> str:
        """The path with real ids in it."""
        return PARAMETER.sub(lambda name: ids[name[1]], self.path)


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Every route of the application, those of the parts it is made of among them; mounted files are none."""
    for one in app.routes:
        parts: Iterable[Any] = one.effective_route_contexts() if hasattr(one, "effective_route_contexts") else (one,)
        for part in parts:
            for method in sorted(getattr(part, "methods", None) or ()):
                if method != "HEAD":
                    yield Route(method, part.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Somebody who sends requests: at which clinic, in which role, and how they stand to the visit asked for."""

    name: str
    clinic: str
    role: str
    account: str = ""
    relations: frozenset[Relation] = frozenset({Relation.ANYONE})
    scopes: frozenset[str] = frozenset()

    @property
    def standing(self) -> Standing:
        return Standing(role=self.role, relations=self.relations, scopes=self.scopes)

    @property
    def portal(self) -> str:
        return STAFF_PORTAL if self.role in STAFF else PATIENT_PORTAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A visit with something in every part of it: ids by the names that routes give them, and what nobody else sees."""

    ids: Mapping[str, str]
    patient: str
    provider: str
    helper: str
    secrets: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Crawl:
    """The program, both clinics' visits, and the browsers of whoever asks."""

    clinic: Clinic
    visits: Mapping[str, Told]
    askers: tuple[Asker, ...]
    browsers: dict[str, TestClient] = field(default_factory=dict)

    def send(self, asker: Asker, route: Route, ids: Mapping[str, str], *, changes: bool = False) -> httpx.Response:
        """One request with the page's own token, as that asker's browser; nothing is followed.

        ``changes`` says that it may sign out or change how one signs in, so that the next request begins anew.
        """
        browser = self.browser_of(asker)
        headers = {"x-csrf-token": csrf_token(browser.cookies.get(COOKIES[route.portal], ""))}
        form = {"text": "said while crawling"} if route.method == "POST" else None
        answer: httpx.Response = browser.request(
            route.method, route.at(ids), headers=headers, data=form, follow_redirects=False
        )
        if changes:
            self.browsers.pop(asker.name, None)
        return answer

    def follow(self, asker: Asker, answer: httpx.Response) -> httpx.Response:
        """The page that an answer leads to."""
        path = answer.headers["location"].partition("#")[0]
        led: httpx.Response = self.browser_of(asker).get(path, follow_redirects=False)
        return led

    def refusals(self, clinic: str) -> int:
        """How many refusals the clinic's audit holds."""
        with self.clinic.database.reading() as session:
            refused = AuditEntry.act.like("%:refused")
            return session.scalar(select(func.count()).where(AuditEntry.clinic == clinic, refused)) or 0

    def browser_of(self, asker: Asker) -> TestClient:
        """The asker's browser, signed in."""
        if asker.name not in self.browsers:
            browser = self.clinic.browser(f"{asker.clinic}.localhost")
            for door in (
                "/sign-in",
                "/staff/sign-in",
            ):  # a guest has forms too: nothing here is refused for a lack of them
                browser.get(door)
            if asker.account:
                with self.clinic.database.scope(asker.clinic, Actor.system("crawl")) as scope:
                    token = scope.sessions.open(asker.account, asker.portal)[0]
                browser.cookies.delete(COOKIES[asker.portal])
                browser.cookies.set(COOKIES[asker.portal], token, domain=f"{asker.clinic}.localhost")
            self.browsers[asker.name] = browser
        return self.browsers[asker.name]


def two_clinics() -> Library:
    """The project's two clinics: one state, and all whose law is carried."""
    return load_library(ROOT, tuple(ROOT / "clinics" / f"{slug}.yaml" for slug in (MINE, OTHER)))


def crawl_of(clinic: Clinic) -> Crawl:
    """A visit at each clinic, and everybody who may ask for the first one."""
    visits = {slug: tell_visit(clinic, slug, mark) for slug, mark in ((MINE, "Aaa"), (OTHER, "Bbb"))}
    clinic.visits.__class__ = _Calm
    askers = [
        Asker(name="nobody", clinic=MINE, role=Role.VISITOR),
        *_people(clinic.database, MINE, visits[MINE], "here"),
        *_people(clinic.database, OTHER, None, "elsewhere"),
    ]
    return Crawl(clinic=clinic, visits=visits, askers=tuple(askers))


class _Calm(FakeVisits):
    """A workflow that says `not now` to whatever it is asked."""

    async def ask(self, ref: VisitRef, ask: Ask, plan: Any = None) -> Answer:
        return Answer(done=False, code="not_now")

    async def status(self, ref: VisitRef) -> Any:
        raise TimeoutError


def _people(database: Database, clinic: str, told: Told | None, where: str) -> Iterator[Asker]:
    with database.scope(clinic, Actor.system("crawl")) as scope:
        for role in (one for one in Role if one not in (Role.VISITOR, Role.SYSTEM)):
            yield Asker(
                name=f"{role} {where}",
                clinic=clinic,
                role=role,
                account=_account(scope, clinic, role),
                relations=_relations(role),
            )
        if told is not None:
            owner, clinician = scope.accounts.of_person(told.patient), scope.accounts.of_person(told.provider)
            assert owner is not None
            assert clinician is not None
            own, treats = frozenset({Relation.ANYONE, Relation.SELF}), _relations(Role.PROVIDER) | {Relation.TREATING}
            yield Asker(name="the patient", clinic=clinic, role=Role.PATIENT, account=owner.account, relations=own)
            yield Asker(
                name="the clinician", clinic=clinic, role=Role.PROVIDER, account=clinician.account, relations=treats
            )
            helper, helps = scope.accounts.of_person(told.helper), _relations(Role.PROVIDER) | {Relation.EMERGENCY}
            assert helper is not None
            yield from _acting(scope, clinic, told.patient)
            yield Asker(name="the helper", clinic=clinic, role=Role.PROVIDER, account=helper.account, relations=helps)


def _acting(scope: Scope, clinic: str, patient: str) -> Iterator[Asker]:
    """A proxy who may do all that one may, and somebody who may book and nothing else."""
    for name, kind, scopes in (
        ("the proxy", "proxy", TABLE.kinds["proxy"]),
        ("the booker", "caregiver", frozenset({"schedule"})),
    ):
        person = scope.people.create_patient(PATIENT)
        account = scope.accounts.create(person, f"{kind}@acting.example", "no hash", [Role.PATIENT])
        draft = RelationshipDraft(
            patient=patient, email="", name=name, relation="friend", kind=kind, scopes=tuple(sorted(scopes))
        )
        seed_helper(scope.relationships._work, draft, person)
        relations = frozenset({Relation.ANYONE, Relation.PROXY})
        yield Asker(
            name=name, clinic=clinic, role=Role.PATIENT, account=account, relations=relations, scopes=frozenset(scopes)
        )


def _relations(role: Role) -> frozenset[Relation]:
    return frozenset({Relation.ANYONE, Relation.CLINIC} if role in STAFF else {Relation.ANYONE})


def _account(scope: Scope, clinic: str, role: Role) -> str:
    """A new person with a log-in in that role, who has nothing to do with the visit."""
    email = f"{role}@crawl.{clinic}.example"
    if role == Role.PATIENT:
        person = scope.people.create_patient(PATIENT)
    elif role == Role.PROVIDER:  # a colleague: a seeded clinician who is not the visit's
        person = scope.people.providers()[-1].person
        known = scope.accounts.of_person(person)
        assert known is not None
        return known.account
    else:
        person = scope.people.create_staff(StaffDraft(given="Cal", family="Roe", email=email))
    return scope.accounts.create(person, email, "no hash", [role])


def tell_visit(clinic: Clinic, slug: str, mark: str, *, in_an_emergency: bool = True) -> Told:
    """A visit that has been held, with a marked text wherever somebody can type one; a colleague has its chart open."""
    database, store = clinic.database, RecordsVisitStore(clinic.database)
    with database.scope(slug, Actor.system("crawl")) as scope:
        patient = scope.people.create_patient(_patient(mark))
        scope.accounts.create(patient, f"{mark}mail@patients.example", "no hash", [Role.PATIENT])
        provider, helper = (one.person for one in scope.people.providers()[:2])
        visit = scope.visits.draft(
            VisitDraft(
                patient=patient,
                provider=provider,
                plan=clinic.content.visit_type(KIND).plan,
                starts_at=datetime.now(UTC) + timedelta(minutes=30),
                booked_place=PLACE,
                price_cents=7900,
                currency="USD",
                reason=f"{mark}reason",
            )
        )
    ref = VisitRef(clinic=slug, visit=visit)
    ids = _fill(database, store, ref, mark)
    ids["blob"] = ids["refused"] = _file(clinic, ref, patient)
    ids["part"] = "rcp_none"  # what is recorded is asked for in tests of its own
    ids["recording"] = "rec_none"
    with database.scope(slug, Actor.system("crawl")) as scope:
        ids["review"] = scope.reviews.listed(ReviewQuery(visit=visit))[0][0].id
    ids["conversation"] = _conversation(clinic, ref, patient, mark)
    if in_an_emergency:
        with database.scope(slug, Actor(person=helper, role=Role.PROVIDER)) as scope:
            ids["emergency"] = scope.emergencies.open(_emergency(mark)).id
    return Told(
        ids={"visit": visit, "visit_id": visit, "patient": patient, **ids},
        patient=patient,
        provider=provider,
        helper=helper,
        secrets=(patient, *(f"{mark}{text}" for text in TEXTS)),
    )


def _patient(mark: str) -> PatientDraft:
    return PatientDraft(
        given=f"{mark}given",
        family=f"{mark}family",
        birth_date=PATIENT.birth_date,
        sex="female",
        email=f"{mark}mail@patients.example",
        phone="+1 305 555 0100",
        residence_state="FL",
        postal_code="33132",
    )


def _fill(database: Database, store: RecordsVisitStore, ref: VisitRef, mark: str) -> dict[str, str]:
    numbers = iter(range(1000))

    def effect() -> Effect:
        return Effect(ref=ref, step="crawl", key=f"k{next(numbers)}", actor="system")

    with database.scope(ref.clinic, Actor.system("crawl")) as scope:
        people = {part.role: part for part in scope.visits.participants(ref.visit)}
    as_patient = Actor(person=people["patient"].person, role=Role.PATIENT)
    as_provider = Actor(person=people["provider"].person, role=Role.PROVIDER)
    store.record_gate(effect(), gate_record("book"))
    store.change(effect(), VisitChange(event="to_held", stage="held"))
    with database.scope(ref.clinic, as_patient) as scope:
        scope.visits.set_payment_method(ref.visit, "tok_1", f"{mark}card")
        scope.visits.attest_place(ref.visit, PLACE)
        scope.forms.save_answer(
            AnswerDraft(
                visit=ref.visit, form="urgent_care/intake", item="about", value=f"{mark}answer", version=0, key="a"
            )
        )
        scope.consents.sign(_consent(ref.visit, mark))
    store.record_payment(
        effect(), PaymentReceipt(state="authorised", reference="auth_1", amount_cents=7900, currency="USD")
    )
    for stage in ("booked", "waiting", "in_call"):
        store.change(effect(), VisitChange(event=f"to_{stage}", stage=stage))
    store.place_room(effect(), RoomPlace(room="room_1", node="node_1", endpoint="ws://127.0.0.1:1/rooms"))
    task = store.raise_alert(effect(), "review", "")
    with database.scope(ref.clinic, as_provider) as scope:
        note = scope.notes.save(_note(ref.visit, mark))
        order = scope.orders.draft(order_of(ref.visit, mark))
    link = store.issue_join_link(effect(), people["patient"].id, database.now() + timedelta(minutes=10))
    with database.scope(ref.clinic, as_patient) as scope:
        token = scope.links.address(link)
    return {"order": order, "note": note.note, "alert": task, "token": token, **PARTS, **KINDS, **NOBODYS}


def _file(clinic: Clinic, ref: VisitRef, patient: str) -> str:
    files = BlobStore(clinic.database, clinic.app.state.deps.settings.files_dir, NoScanner())
    with files.upload(ref.clinic, Actor(person=patient, role=Role.PATIENT), ref.visit) as upload:
        upload.write(PDF)
        return files.keep(upload)


def _conversation(clinic: Clinic, ref: VisitRef, patient: str, mark: str) -> str:
    with clinic.database.scope(ref.clinic, Actor(person=patient, role=Role.PATIENT)) as scope:
        conversation = scope.conversations.begin(ref.visit)
        scope.conversations.send(message_of(conversation, mark))
    return conversation


PARTS = {"sheet": "law", "number": "1", "item_id": "photos", "shot_id": "overview"}
KINDS = {"specialty": "urgent_care", "kind": "video_visit"}
NOBODYS = {"passkey": "psk_none", "other": "ses_none", "person": "per_none", "invitation": "inv_none"}
NOBODYS |= {
    "guest": "gst_nobody",
    "handoff": "doc_none",
    "paper": "doc_none",
    "relationship": "rel_none",
    "whose": "rel_none",
    "credential": "lic_none",
    "code": "FL",
    "attestation": "att_none",
}


def _consent(visit: str, mark: str) -> ConsentDraft:
    return ConsentDraft(
        visit=visit,
        kind="telehealth",
        form="electronic",
        jurisdiction="us/fl",
        clauses=("telehealth@1",),
        text=f"{mark}consent text",
        language="en",
        signature=f"{mark}signature",
    )


def _emergency(mark: str) -> EmergencyDraft:
    reason = "found without consciousness, no history"
    return EmergencyDraft(given=f"{mark}given", family=f"{mark}family", birth_date=PATIENT.birth_date, reason=reason)


def _note(visit: str, mark: str) -> NoteDraft:
    fields = {"subjective.history": f"{mark}history"}
    return NoteDraft(visit=visit, template="urgent_care/soap", fields=fields, version=0, key="n1")
