"""Calls every method that any repository has, with arguments that fit a walked visit, and spells out the result."""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import select

from engine.clinic_recordings import USUAL_RULES
from engine.credentials import LICENSE
from engine.photo_judgements import Judgement
from engine.tech_checks import read_check
from records.access import Role
from records.attesting import CredentialDraft
from records.audit_trail import AuditQuery
from records.call_chat import ChatLine
from records.circles import EndDraft
from records.errors import AccessRefused, LinkRefused, NotFound, RecordsError
from records.forms import Submission
from records.handoffs import HandoffDraft
from records.hours import HoursDraft
from records.lists import ListDraft
from records.notes import NoteDraft
from records.replays import VisitQuery
from records.reviews import ReviewQuery
from records.scope import Scope
from records.service_requests import RequestDraft
from records.tables.identity import Invitation
from records.tables.people import LicenseRow
from records.tables.recordings import RecordingPartRow
from records.tables.visits import GuestRow
from records.work import Actor
from tests.records.helpers import PATIENT, PLACE, PROVIDER, START, draft_of
from tests.records.helpers_journey import (
    FORM,
    Walked,
    agreement_of,
    answer_of,
    consent_of,
    duty_of,
    emergency_of,
    exception_of,
    invitation_of,
    mail_of,
    message_of,
    order_of,
    passkey_of,
    relationship_of,
    vouching_of,
)

# Methods that take nothing of a clinic's rows: what they make belongs to the scope's own clinic.
# A search of the audit, and its export, find that their own clinic searched before: test_tenants.py looks at it apart.
# A chart is opened in an emergency by a clinician alone, and by a name, not an id: test_emergency.py is about that.
# Whoever acts for a patient, or accepts to, is asked for by who they are: test_relationships.py is about that.
MAKES_ITS_OWN = {
    "parts.part_in",
    "relationships.accept",
    "relationships.add_child",
    "relationships.peek",
    "relationships.ward",
    "audit.export",
    "audit.search",
    "emergencies.open",
    "invitations.invite",
    "takeovers.invite",
    "attesting.add",
    "law_attestations.attest",
    "people.create_patient",
    "people.create_staff",
    "people.create_provider",
}
NOT_FOUND = (NotFound, AccessRefused, LinkRefused)
REACHED = "reached, but"


def methods() -> Iterator[tuple[str, str]]:
    for name, member in inspect.getmembers(Scope):
        if isinstance(member, cached_property):
            made = inspect.signature(member.func, eval_str=True).return_annotation
            for method, _ in inspect.getmembers(made, inspect.isfunction):
                if not method.startswith("_"):
                    yield name, method


ALL = sorted(methods())


_PLAIN: Mapping[str, Any] = {
    "gate": "sign",
    "start": START,
    "end": START + timedelta(days=1),
    "version": 1,
    "email": "new@example.org",
    "password_hash": "x",
    "roles": [Role.PATIENT],
    "portal": "patient",
    "label": "l",
    "text": "t",
    "key": "another",
    "licenses": (),
    "dea": (),
    "seed_key": None,
    "limit": 50,
    "state": "FL",
    "before": None,
    "verdict": "justified",
    "finding": "f",
    "opening": None,
    "code": "000000",
    "digest": "sha256:none",
    "doubted": False,
    "wanted": True,
    "refused": "blb_none",
    "blob": "blb_none",
}
"""What a call is given that is the same everywhere."""


def arguments(walked: Walked, name: str, method: str) -> dict[str, Any]:
    """Arguments of a call that would work in the rows' own clinic."""
    visit, ids = walked.world.visit, walked.ids()
    drafts: dict[str, Any] = {
        "visits": draft_of(walked.world.patient, walked.world.provider),
        "forms": answer_of(visit, version=1, key="another"),
        "consents": consent_of(visit, "other"),
        "notes": NoteDraft(visit=visit, template="t", fields={}, version=1, key="another"),
        "orders": order_of(visit),
        "lists": ListDraft(visit=visit, kind="allergy", act="added", name="n", key="another"),
        "duties": duty_of(visit, "another"),
        "law_attestations": vouching_of("another"),
        "emergencies": emergency_of("nobody's"),
        "passkeys": passkey_of("another"),
        "relationships": relationship_of(walked.world.patient, "another"),
        "invitations": invitation_of("another"),
        "agreements": agreement_of(walked.world.provider, walked.colleague),
        "hours": exception_of(5) if method == "add_exception" else HoursDraft(time_zone="America/New_York", week=()),
        "people": PATIENT if "patient" in method else PROVIDER if "provider" in method else PROVIDER.staff,
    }
    values: dict[str, Any] = {
        **ids,
        **_PLAIN,
        "draft": drafts.get(name),
        "submission": Submission(visit=visit, form="other/form", form_digest="d", shown=(), fills={}),
        "place": PLACE,
        "form": FORM,
        "item": "symptom",
        "flag": "f",
        "stops": True,
        "unasked": True,
        "query": AuditQuery(visit=visit),
        "rulebook": None,  # nothing there was kept to be asked again
        "since": None,
        "after": "",
        "check": read_check({"browser": "ok"}),
        "judged": Judgement(quality="good", scale="coin"),
        "together": False,
        "reason": "other",
        "whole": True,
        "with_cancelled": False,
        "name": "n",
        "what": "place" if method == "leads_to" else "arrive",
        "compose": mail_of("another"),
    }
    values |= _of_the_clinics_people(walked, name) | _of_guests(walked, name) | _of_recordings(walked, name)
    return values | _of_steps(walked, name) | _of_one_method(walked, name, method) | _of_guardians(walked, name, method)


def _of_steps(walked: Walked, name: str) -> dict[str, Any]:
    """What hand-offs, referrals and tests take."""
    visit, paper = walked.world.visit, walked.document
    drafts = {
        "service_requests": RequestDraft(visit=visit, kind="referral", fields={"to": "t"}, key="another"),
        "handoffs": HandoffDraft(visit=visit, to="", text="t", key="another"),
    }
    return {"draft": drafts[name], "handoff": paper, "request": paper} if name in drafts else {}


def _of_one_method(walked: Walked, name: str, method: str) -> dict[str, Any]:
    """What one method takes otherwise than the rest."""
    values: dict[str, Any] = {}
    if (name, method) == ("hours", "change"):
        values["version"] = 0
    if name in ("agreements", "credentials", "hours") or (
        name == "people" and method in ("called", "provider", "set_credentials")
    ):
        values["person"] = walked.world.provider
    if (name, method) == ("relationships", "add_child"):
        child = replace(PATIENT, birth_date=date(2015, 6, 1), email="", phone="")
        values |= {"draft": child, "relation": "parent"}
    if name in ("factor_mails", "takeovers"):
        values["compose"] = lambda token, address, _: mail_of("another")(token, address)
    if name == "attesting":
        values |= _license_of(walked)
    if (name, method) == ("notes", "addendum"):
        values["note"] = walked.note
    if (name, method) == ("links", "admits"):
        values["participant"] = walked.room_pass.participant
    if (name, method) == ("alerts", "close"):
        values |= {"alert": walked.alert, "note": "text"}
    return values


def _of_the_clinics_people(walked: Walked, name: str) -> dict[str, Any]:
    """What is taken to look at visits, to have a matter, to shut somebody's log-in, and to ask a state's program."""
    if name not in ("reviews", "replays", "roster"):
        return {"state": "FL"} if name == "monitoring" else {}
    wanted = ReviewQuery() if name == "reviews" else VisitQuery()
    values: dict[str, Any] = {
        "wanted": wanted,
        "version": 99,
        "decision": "handled",
        "reason": "r",
        "agrees": True,
        "to": "nobody",
    }
    return values | ({"person": walked.world.provider} if name == "roster" else {})


def _of_guardians(walked: Walked, name: str, method: str) -> dict[str, Any]:
    """What is taken to end who acts for whom, to take a record over, and to write."""
    values: dict[str, Any] = {}
    if name == "conversations":
        draft = message_of(walked.conversation, key="another")
        values |= {"draft": draft, "subject": "s", "about_visit": True, "clinician": walked.world.provider}
    if name == "takeovers":
        values["tell"] = lambda address, _: mail_of("another")("t", address)
    if (name, method) == ("takeovers", "release"):
        values["invitation"] = _takeover_of(walked)
    if name == "circles":
        told = EndDraft(relationship=walked.relationship, reason="dispute", words="w")
        values |= {"who": walked.world.patient, "draft": told, "compose": lambda to, *_: mail_of("another")("t", to)}
    return values


def _takeover_of(walked: Walked) -> str:
    """A take-over that waits for its release; making it leaves no audit entry."""
    world, invitation = walked.world, f"inv_{secrets.token_hex(10)}"
    with world.database.work(world.clinic, world.as_system) as work:
        contact = {"email": "grown@example.org", "way": "document_in_person", "wrong": 0}
        work.session.add(
            Invitation(
                id=invitation,
                clinic=world.clinic,
                token_hash=invitation,
                email_index=invitation,
                contact=work.seal(("invitations", "contact", invitation), contact, world.patient),
                role=Role.PATIENT,
                person=world.patient,
                invited_by="somebody",
                created_at=work.now,
                expires_at=work.now + timedelta(days=1),
            )
        )
    return invitation


def _of_guests(walked: Walked, name: str) -> dict[str, Any]:
    """What is taken to invite somebody without an account, and to write in a call."""
    if name == "chats":
        return {"subject": "s", "line": ChatLine(conversation=walked.conversation, text="t", key="another")}
    if name not in ("guests", "links"):
        return {}
    values = {"holder": "sha256:nobody"}
    return values if name == "links" else {"role": "interpreter", "guest": _guest_of(walked)}


def _of_recordings(walked: Walked, name: str) -> dict[str, Any]:
    """What is taken to decide about a recording after the call."""
    if name != "recordings":
        return {}
    with walked.world.database.reading() as session:
        query = select(RecordingPartRow).where(RecordingPartRow.visit == walked.world.visit)
        row = session.scalars(query).one()
    told = {"until": START + timedelta(days=30), "rules": USUAL_RULES, "on": True}
    return {**told, "recording": row.recording, "part": row.id}


def _guest_of(walked: Walked) -> str:
    """A guest's invitation; making it so leaves no audit entry."""
    world, guest = walked.world, f"gst_{secrets.token_hex(10)}"
    with world.database.work(world.clinic, world.as_system) as work:
        work.session.add(
            GuestRow(
                id=guest,
                clinic=world.clinic,
                visit=world.visit,
                role="interpreter",
                token_hash=guest,
                invited_by="somebody",
                created_at=work.now,
                opens_at=work.now,
                expires_at=work.now + timedelta(days=1),
            )
        )
    return guest


def _license_of(walked: Walked) -> dict[str, Any]:
    """A licence as it is held now, and a draft that changes its number; reading it leaves no audit entry."""
    provider = walked.world.provider
    with walked.world.database.reading() as session:
        held = select(LicenseRow).where(LicenseRow.person == provider, LicenseRow.replaced_at.is_(None))
        row = session.scalars(held).first()
    assert row is not None
    draft = CredentialDraft(
        person=provider, kind=LICENSE, state=row.state, number="N-1", profession=row.profession, type=row.kind
    )
    return {"credential": row.credential, "version": row.version, "draft": draft}


def account_of(walked: Walked) -> str:
    with walked.world.database.scope(walked.world.clinic, walked.world.as_system) as scope:
        account = scope.accounts.of_person(walked.world.patient)
    assert account is not None
    return account.account


def call(mine: Walked, theirs: Walked, actor: Actor, what: tuple[str, str, str]) -> str:
    """What a call in my clinic with their ids returns, spelled out."""
    name, method, account = what
    values = {**arguments(theirs, name, method), "account": account, "day": START.date() + timedelta(days=9)}
    try:
        with mine.world.database.scope(mine.world.clinic, actor) as scope:
            function = getattr(getattr(scope, name), method)
            wanted = inspect.signature(function).parameters
            return spelled(function(**{key: values[key] for key in wanted}))
    except NOT_FOUND:
        return "refused"
    except RecordsError as reached:
        return f"{REACHED} {reached.code}"


def spelled(value: object) -> str:
    if hasattr(value, "__dataclass_fields__"):
        return " ".join(spelled(getattr(value, name)) for name in value.__dataclass_fields__)
    if isinstance(value, tuple | list | set):
        return " ".join(spelled(item) for item in value)
    if isinstance(value, dict):
        return " ".join(f"{key} {spelled(item)}" for key, item in value.items())
    return str(value)
