"""Walks one visit through everything records can keep, with a marked text in every field a person can type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from engine.dossier import Place
from engine.monitoring import DispensedDrug, MonitoringReport
from engine.ports import DispatchReceipt, Effect, GateRecord, PaymentReceipt, RoomPlace, VisitChange
from engine.recordings import PartSpec
from engine.rooms import RoomRole
from records.access import Role
from records.agreements import AgreementDraft
from records.blob_rows import Stored, add
from records.consents import ConsentDraft
from records.conversations import MessageDraft
from records.credential_book import RecordsCredentialBook
from records.database import Database
from records.duties import DutyDraft
from records.emergency import EmergencyDraft
from records.expiries import RecordsExpiryBook
from records.forms import AnswerDraft, Submission
from records.guest_door import GuestEntry, enter_as_guest
from records.hours import ExceptionDraft
from records.invitations import InvitationDraft
from records.law_attestations import LawAttestationDraft
from records.links import RoomPass
from records.lists import ListDraft
from records.mails import MailDraft
from records.matters import Matter, put
from records.monitoring_book import RecordsMonitoringBook
from records.notes import NoteDraft
from records.orders import OrderDraft
from records.passkeys import PasskeyDraft
from records.people import PatientDraft, StaffDraft
from records.recording_rows import add_part, answer, begin_asking
from records.relationships import RelationshipDraft
from records.tables.visits import Visit
from records.work import Actor
from tests.records.helpers import PATIENT, PROVIDER, START, World, build_world, draft_of

FORM = "urgent_care/intake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A world after its visit, and the id of one row of every kind."""

    world: World
    second_visit: str
    consent: str
    note: str
    order: str
    gate: str
    alert: str
    document: str
    link: str
    link_token: str
    room_pass: RoomPass
    message: str
    passkey: str
    invitation: str
    emergency: str
    relationship: str
    review: str
    agreement: str
    colleague: str
    exception: str
    conversation: str
    attestation: str

    def ids(self) -> dict[str, str]:
        """Row ids by the parameter name that repositories take them under."""
        return {
            "visit": self.world.visit,
            "patient": self.world.patient,
            "person": self.world.patient,
            "provider": self.world.provider,
            "consent": self.consent,
            "note": self.note,
            "order": self.order,
            "record": self.gate,
            "alert": self.alert,
            "document": self.document,
            "link": self.link,
            "token": self.link_token,
            "session": self.world.as_patient.session,
            "message": self.message,
            "passkey": self.passkey,
            "invitation": self.invitation,
            "emergency": self.emergency,
            "relationship": self.relationship,
            "review": self.review,
            "agreement": self.agreement,
            "exception": self.exception,
            "conversation": self.conversation,
            "attestation": self.attestation,
        }


def marked_patient(mark: str) -> PatientDraft:
    return replace(
        PATIENT,
        given=f"{mark}given",
        family=f"{mark}family",
        email=f"{mark}mail@example.org",
        phone=f"{mark}phone",
        postal_code=f"{mark}zip",
        sex=f"{mark}sex",
        residence_state=f"{mark}state",
        address={"line": f"{mark}line", "city": f"{mark}city"},
    )


def answer_of(
    visit: str, item: str = "symptom", value: Any = "sore throat", version: int = 0, key: str = ""
) -> AnswerDraft:
    return AnswerDraft(visit=visit, form=FORM, item=item, value=value, version=version, key=key or f"{item}-{version}")


def order_of(visit: str, mark: str = "") -> OrderDraft:
    return OrderDraft(
        visit=visit,
        drug={"name": f"{mark}amoxicillin", "strength": "500 mg"},
        sig=f"{mark}one capsule twice a day",
        quantity="20",
        quantity_unit="capsule",
        days_supply=10,
        refills=0,
        note_to_pharmacy=f"{mark}note",
        pharmacy={"id": "ph1", "name": f"{mark}pharmacy"},
        purpose="other",
    )


def consent_of(visit: str, mark: str = "") -> ConsentDraft:
    return ConsentDraft(
        visit=visit,
        kind="telehealth",
        form="electronic",
        jurisdiction="us/fl",
        clauses=("telehealth@1",),
        text=f"{mark}I agree",
        language="en",
        signature=f"{mark}Ana Reyes",
    )


def duty_of(visit: str, key: str = "mark-1") -> DutyDraft:
    return DutyDraft(visit=visit, topic="privacy", duty="primary_care_record", way="fax", key=key)


def report_of(mark: str, at: datetime) -> MonitoringReport:
    """What a monitoring program says of somebody."""
    row = DispensedDrug(
        drug=f"{mark}drug",
        quantity="1",
        unit="tablet",
        days_supply=1,
        filled_on=at.date(),
        prescriber=f"{mark}prescriber",
        pharmacy=f"{mark}pharmacy",
    )
    return MonitoringReport(outcome="found", sender="simulator", as_of=at, rows=(row,), simulated=True)


def _look_at_the_program(world: World, mark: str) -> None:
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.lists.say(ListDraft(visit=world.visit, kind="medication", act="added", name=f"{mark}drug", key="list-1"))
        report = scope.monitoring.ask(world.visit, "FL", "look-1")
    RecordsMonitoringBook(world.database).answered(world.ref, report, report_of(mark, world.database.now()))


def walk(database: Database, clinic: str, mark: str) -> Walked:
    world = build_world(database, clinic, marked_patient(mark))
    place = Place(country="us", state=f"{mark}FL", postal_code=f"{mark}zip", ip_state=f"{mark}ip")
    world.begin()
    with database.scope(clinic, world.as_patient) as scope:
        second = scope.visits.draft(draft_of(world.patient, world.provider, reason=f"{mark}reason", booked_place=place))
        scope.visits.set_payment_method(world.visit, f"{mark}token", f"{mark}label")
        scope.visits.attest_place(world.visit, place)
        scope.forms.save_answer(answer_of(world.visit, value={f"{mark}key": [f"{mark}value"]}))
        scope.forms.flag(world.visit, FORM, "symptom", "chest_pain", stops=True)
        fills = {"patient.conditions": [f"{mark}condition"], "patient.note": f"{mark}fill"}
        scope.forms.submit(
            Submission(visit=world.visit, form=FORM, form_digest="sha256:f", shown=("symptom",), fills=fills)
        )
        consent = scope.consents.sign(consent_of(world.visit, mark))
    add_file(world)
    add_recording(world)
    _effects_before_the_call(world, mark)
    add_guest(world, mark)
    with database.scope(clinic, world.as_provider) as scope:
        fields = {"subjective": f"{mark}text"}
        saved = scope.notes.save(
            NoteDraft(visit=world.visit, template="urgent_care/soap", fields=fields, version=0, key="n1")
        )
        order = scope.orders.draft(order_of(world.visit, mark))
        alert = scope.alerts.open(world.visit)[0].id
    gate = _effects_after_the_call(world, saved.note, order, mark)
    with database.scope(clinic, world.as_provider) as scope:
        scope.notes.addendum(saved.note, f"{mark}addendum")
        scope.alerts.close(alert, f"{mark}closed")
        scope.duties.mark(duty_of(world.visit))
    with database.scope(clinic, world.as_system) as scope:
        part = scope.visits.participant_of(world.visit, world.patient).id
        document = scope.documents.for_visit(world.visit)[0].id
        message = scope.messages.outbox()[0].id
    passkey, invitation = identify(world, mark)
    with database.scope(clinic, world.as_patient) as scope:
        relationship = scope.relationships.grant(relationship_of(world.patient, mark), mail_of(mark))
    spare, token, room_pass = links_of(world, part)
    return Walked(
        world=world,
        second_visit=second,
        consent=consent,
        note=saved.note,
        order=order,
        gate=gate,
        alert=alert,
        document=document,
        link=spare,
        link_token=token,
        room_pass=room_pass,
        message=message,
        passkey=passkey,
        invitation=invitation,
        relationship=relationship,
        **watched_over(world, mark),
        **credentials_of(world, converse(world, mark)),
    )


def links_of(world: World, part: str) -> tuple[str, str, RoomPass]:
    """Two links into the call, one of them used."""
    until = world.database.now() + timedelta(minutes=10)
    link, spare = (world.store.issue_join_link(world.effect(), part, until) for _ in range(2))
    with world.database.scope(world.clinic, world.as_patient) as scope:
        room_pass = scope.links.consume(scope.links.address(link))
        return spare, scope.links.address(spare), room_pass


def watched_over(world: World, mark: str) -> dict[str, str]:
    """What people of the clinic look at: a chart opened in an emergency, and a matter that waits for somebody."""
    opened, matter = open_in_an_emergency(world, mark), comment_on_a_matter(world, mark)
    with world.database.scope(world.clinic, world.as_system) as scope:
        attestation = scope.law_attestations.attest(vouching_of(mark))
    return {"emergency": opened, "review": matter, "attestation": attestation}


def vouching_of(mark: str) -> LawAttestationDraft:
    """Law that an officer vouches for."""
    return LawAttestationDraft(
        value="consent.age",
        jurisdiction="us/fl",
        told=18,
        name=f"{mark}name",
        on="2026-03-01",
        until="2027-03-01",
        source=f"{mark}source",
    )


def comment_on_a_matter(world: World, mark: str) -> str:
    """A word about something that waits for a person; nobody has taken it."""
    matter = put_matter(world)
    with world.database.scope(world.clinic, world.as_system) as scope:
        scope.reviews.comment(matter, f"{mark}comment")
    return matter


def put_matter(world: World, kind: str = "stuck", key: str = "a-matter") -> str:
    """Something that waits for a person, about the world's visit."""
    with world.database.work(world.clinic, world.as_system) as work:
        return put(work, Matter(key=key, kind=kind, subject=key, visit=world.visit))


def identify(world: World, mark: str) -> tuple[str, str]:
    """A passkey, a secret that waits for its first code, and an invitation with its mail."""
    with world.database.scope(world.clinic, world.as_patient) as scope:
        account = scope.accounts.of_person(world.patient)
        assert account is not None
        scope.factors.begin_totp(account.account)
        passkey = scope.passkeys.add(account.account, passkey_of(mark))
    with world.database.scope(world.clinic, world.as_system) as scope:
        invitation = scope.invitations.invite(invitation_of(mark), mail_of(mark))
    return passkey, invitation


def add_file(world: World) -> None:
    """The row of a photo that a patient sent; what lies in the folder is `test_blobs`' own matter."""
    stored = Stored(file=f"{'ab' * 32}.01234567", media_type="image/jpeg", size=10, digest="ab" * 32, key=bytes(32))
    with world.database.work(world.clinic, world.as_patient) as work:
        add(work, world.visit, stored)


def add_guest(world: World, mark: str) -> None:
    """Somebody who came into the call by a link and gave a name."""
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Visit, world.visit).encounter_at = work.at
    with world.database.scope(world.clinic, world.as_provider) as scope:
        link = scope.guests.invite(world.visit, "interpreter")
    entry = GuestEntry(token=link.token, secret="one", name=f"{mark}guest", origin="192.0.2.7")
    enter_as_guest(world.database, world.clinic, entry)


def add_recording(world: World) -> None:
    """The rows of a recording, its clinician's yes and one part; its files are `test_recordings`' own matter."""
    with world.database.work(world.clinic, world.as_system) as work:
        recording = begin_asking(work, world.visit, "room-1", "gat_1")
        answer(work, recording, "par_none", RoomRole.PROVIDER, (True, "en"))
        spec = PartSpec(
            recording=recording,
            clinic=world.clinic,
            visit=world.visit,
            participant="par_none",
            role="provider",
            label="own",
            offset_ms=0,
        )
        add_part(work, spec, f"{'cd' * 32}.01234567", bytes(32))


def converse(world: World, mark: str) -> str:
    """A conversation with one message of the patient's, and what the clinician has typed and not sent."""
    with world.database.scope(world.clinic, world.as_patient) as scope:
        conversation = scope.conversations.begin(world.visit)
        scope.conversations.send(message_of(conversation, mark))
    with world.database.scope(world.clinic, world.as_provider) as scope:
        scope.conversations.type(conversation, "", f"{mark}typed")
    return conversation


def message_of(conversation: str, mark: str = "", key: str = "first") -> MessageDraft:
    return MessageDraft(conversation=conversation, subject=f"{mark}subject", text=f"{mark}text", key=key)


def relationship_of(patient: str, mark: str) -> RelationshipDraft:
    return RelationshipDraft(
        patient=patient,
        email=f"{mark}helper@example.org",
        name=f"{mark}helper",
        relation="friend",
        kind="caregiver",
        scopes=("schedule",),
    )


def open_in_an_emergency(world: World, mark: str) -> str:
    """A colleague opened the chart and closed it; an officer looked at that."""
    clinic, database = world.clinic, world.database
    with database.scope(clinic, world.as_system) as scope:
        colleague = scope.people.create_provider(
            replace(PROVIDER, staff=StaffDraft(given="Ike", family="Ode", email=""))
        )
        officer = scope.people.create_staff(StaffDraft(given="Ola", family="Pru", email=""))
    with database.scope(clinic, Actor(person=colleague, role=Role.PROVIDER)) as scope:
        opened = scope.emergencies.open(emergency_of(mark)).id
        scope.emergencies.end(opened)
    with database.scope(clinic, Actor(person=officer, role=Role.COMPLIANCE)) as scope:
        scope.emergencies.review(opened, "justified", f"{mark}finding")
    return opened


def credentials_of(world: World, conversation: str) -> dict[str, str]:
    """A source was asked about the clinician, somebody was told what runs out, and a colleague supervises them."""
    book, expiries = RecordsCredentialBook(world.database), RecordsExpiryBook(world.database)
    claim = book.claims(world.clinic, (world.provider,))[0]
    book.unanswered(world.clinic, claim, "no_answer")
    (soon,) = expiries.due(world.clinic, PROVIDER.licenses[0].expires or START.date())[:1]
    expiries.tell(world.clinic, soon, soon.readers[0], ("subject", "body"))
    with world.database.scope(world.clinic, world.as_system) as scope:
        colleague = scope.people.create_provider(
            replace(PROVIDER, staff=StaffDraft(given="Uma", family="Ost", email=""))
        )
        agreement = scope.agreements.add(agreement_of(world.provider, colleague))
        exception = scope.hours.add_exception(world.provider, exception_of(9))
    return {"agreement": agreement, "colleague": colleague, "exception": exception, "conversation": conversation}


def exception_of(days: int) -> ExceptionDraft:
    day = START.date() + timedelta(days=days)
    return ExceptionDraft(kind="off", first_day=day, last_day=day)


def agreement_of(supervisee: str, supervisor: str) -> AgreementDraft:
    return AgreementDraft(
        supervisee=supervisee, supervisor=supervisor, state="FL", kind="supervision", since=START.date()
    )


def emergency_of(mark: str) -> EmergencyDraft:
    reason = f"{mark}reason: found without consciousness"
    return EmergencyDraft(given=f"{mark}given", family=f"{mark}family", birth_date=PATIENT.birth_date, reason=reason)


def passkey_of(mark: str) -> PasskeyDraft:
    return PasskeyDraft(credential=f"{mark}credential".encode(), public_key=b"key", sign_count=1, name=f"{mark}phone")


def invitation_of(mark: str) -> InvitationDraft:
    return InvitationDraft(email=f"{mark}new@example.org", role="support", given=f"{mark}given", family=f"{mark}family")


def mail_of(mark: str) -> Callable[[str, str], MailDraft]:
    def compose(token: str, address: str) -> MailDraft:
        return MailDraft(template="invitation", language="en", address=address, subject=f"{mark}subject", body=token)

    return compose


def _effects_before_the_call(world: World, mark: str) -> None:
    store = world.store
    receipt = PaymentReceipt(state="authorised", reference="auth_1", amount_cents=7500, currency="USD")
    store.record_gate(world.effect(), gate_record("book", mark=mark))
    store.hold_slot(world.effect(), START + timedelta(minutes=15))
    store.record_payment(world.effect(), receipt)
    for stage in ("booked", "waiting", "in_call"):
        store.change(world.effect(), VisitChange(event=f"to_{stage}", stage=stage))
    store.place_room(world.effect(), RoomPlace(room="room_1", node="node_1", endpoint="ws://127.0.0.1:1/rooms"))
    store.queue_message(world.effect(), "visit_booked", "patient")


def _effects_after_the_call(world: World, note: str, order: str, mark: str) -> str:
    store = world.store
    _look_at_the_program(world, mark)
    begin_sending(world, order)
    store.record_dispatch(world.effect(), order, DispatchReceipt(state="accepted", message_id="msg_1", simulated=True))
    gate = store.record_gate(world.effect(), gate_record("sign", mark=mark))
    store.sign_note(world.effect(actor=world.provider), note)
    store.write_summary(world.effect())
    return gate


def begin_sending(world: World, order: str, effect: Effect | None = None) -> None:
    """What comes before a network is asked: an open gate about the order as it is, and the order set aside."""
    version = world.store.order_version(world.ref, order)
    judged = replace(gate_record("prescribe"), subject=order, order=version)
    world.store.record_gate(world.effect(), judged)
    world.store.begin_dispatch(effect or world.effect(), order, version.version)


def gate_record(gate: str, *, is_open: bool = True, mark: str = "") -> GateRecord:
    decision = {"outcome": "permitted" if is_open else "forbidden", "forbids": [{"because": {"x": f"{mark}fact"}}]}
    reasons = () if is_open else ({"topic": "licensing", "cite": ["fla"]},)
    return GateRecord(gate=gate, open=is_open, asked_at=START, decisions={"licensing": decision}, reasons=reasons)
