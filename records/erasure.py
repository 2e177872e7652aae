"""How one patient is erased for good: what the law has to be asked before, and what is left of them after.

Everything about a patient is sealed under keys of their own, half of which lies apart from the database
(`records.key_shares`). Destroying those halves makes it unreadable here and in every old copy. Rows stay, with ids,
codes and instants, so that visits, payments and the audit still add up; nothing in them says who it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import LargeBinary, delete, func, select, update

from engine.retention import Kept, Service
from records.acts import Act
from records.attempts import forget_name
from records.blob_rows import end_files
from records.codes import as_code, new_id
from records.conversations import end_conversations
from records.ending import close
from records.errors import NotFound, StillOpen, Unreadable
from records.mails import address_index
from records.recording_marks import held_of
from records.recording_rows import end_recordings
from records.sealing import sealed_by
from records.stages import DRAFT, FINAL
from records.tables.base import Base
from records.tables.identity import IdentityToken, Invitation, KnownDevice, MailRow, Passkey, RecoveryCode, SecondFactor
from records.tables.people import Account, Patient, Person, SessionRow
from records.tables.relationships import RelationshipRow
from records.tables.vault import DataKey
from records.tables.visits import AlertRow, Visit
from records.text_wishes import forget_wish
from records.work import Actor, Work
from records.worked import forget_counted

if TYPE_CHECKING:
    from records.database import Database

# Why a record may be destroyed; the audit keeps the code, never a sentence.
REASONS = ("patient_request", "retention_over", "court_order", "made_in_error")
BROUGHT_BACK = "erased_before_the_restore"
_OF_AN_ACCOUNT: tuple[type[Base], ...] = (IdentityToken, SecondFactor, RecoveryCode, Passkey, KnownDevice)


def kept_of(work: Work, person: str) -> Kept:
    """What the law has to be asked about before the patient is erased.

    Raises:
        NotFound: this clinic has no such patient.
        StillOpen: a visit or a task of theirs has not ended, or a recording of theirs is held.
    """
    work.note(Act.ERASURE_CONSIDERED, person)
    return what_the_law_asks(work, person)


def what_the_law_asks(work: Work, person: str) -> Kept:
    """The same for who has audited why they ask."""
    work.row(Patient, person)
    erased_at = work.session.scalar(
        select(DataKey.shredded_at).where(DataKey.clinic == work.clinic, DataKey.person == person).limit(1)
    )
    _refuse_open(work, person)
    visits = work.session.scalars(
        select(Visit).where(Visit.clinic == work.clinic, Visit.patient == person, Visit.stage != DRAFT)
    ).all()
    last: dict[tuple[str, str, str], datetime] = {}
    for visit in visits:
        place = _place(work, visit)
        ended = visit.encounter_at or visit.ends_at
        last[place] = max(last.get(place, ended), ended)
    return Kept(
        person=person,
        birth_date=None if erased_at else _birth_date(work, person),
        services=tuple(
            Service(country=country, state=state, time_zone=zone, last=at)
            for (country, state, zone), at in sorted(last.items())
        ),
        visits=len(visits),
        erased_at=erased_at,
    )


def erase(work: Work, person: str, grounds: Mapping[str, str]) -> int:
    """Erases the patient; their keys' halves are destroyed when the transaction has committed. Returns how many keys.

    ``grounds`` are codes for the audit: why, what the law answered, who agreed. Done again it finishes what a crash
    between the two left over.

    Raises:
        StillOpen: a visit or a task of theirs has not ended, or a recording of theirs is held.
    """
    work.note(Act.KEY_SHREDDED, person, "", **{name: as_code(value) for name, value in grounds.items() if value})
    work.lock(Person, person)  # a visit of theirs that begins, or a key that is renewed, comes before this or after
    work.row(Patient, person)
    own = select(Visit.id).where(Visit.clinic == work.clinic, Visit.patient == person).order_by(Visit.id)
    work.session.execute(own.with_for_update(key_share=True))
    _refuse_open(work, person)
    return _erase(work, person)


def erase_again(database: Database, actor: Actor) -> tuple[tuple[str, str], ...]:
    """Erases whom a restored backup has brought back: everybody whose key is known to be destroyed. May be repeated.

    A visit that is open in the backup had ended before they were erased, so it holds nothing up. A share that is only
    missing says nothing about its patient. Returns clinic and person of each.
    """
    with database.reading() as session:
        back = database.ring.destroyed(session)
    for clinic, person in back:
        with database.work(clinic, actor) as work:
            work.note(Act.KEY_SHREDDED, person, "", reason=BROUGHT_BACK)
            work.lock(Person, person)
            _erase(work, person)
    return back


def _erase(work: Work, person: str) -> int:
    _forget_mails(work, person)
    end_files(work, person)
    end_recordings(work, person)
    end_conversations(work, person)
    forget_wish(work, person)
    forget_counted(work, person)
    _end_relationships(work, person)
    _close_accounts(work, person)
    return work.ring.shred_person(work.session, work.clinic, person)


def _end_relationships(work: Work, person: str) -> None:
    """Nobody acts for them, and they for nobody; what others' records say of them by name and address is taken out."""
    addresses = select(Account.email_index).where(Account.clinic == work.clinic, Account.person == person)
    theirs = (RelationshipRow.person == person) | RelationshipRow.address_index.in_(addresses)
    query = select(RelationshipRow).where(
        RelationshipRow.clinic == work.clinic, theirs | (RelationshipRow.patient == person)
    )
    for row in work.session.scalars(query).all():
        if row.revoked_at is None:
            close(work, row)
        row.token_hash = row.address_index = None
        if row.patient != person:
            with suppress(Unreadable):
                place = ("relationships", "content", row.id)
                nameless = {**work.open(place, row.content), "name": "", "email": ""}
                row.content = work.seal(place, nameless, row.patient)
    work.session.flush()


def _refuse_open(work: Work, person: str) -> None:
    """Raises `StillOpen`; a visit that somebody is changing is looked at when they have done so."""
    visits = select(Visit.id).where(Visit.clinic == work.clinic, Visit.patient == person)
    begun = work.session.scalar(visits.where(Visit.stage.not_in({*FINAL, DRAFT})).limit(1))
    if begun is not None:
        raise StillOpen(f"visits {begun}")
    task = work.session.scalar(select(AlertRow.id).where(AlertRow.visit.in_(visits), AlertRow.state == "open").limit(1))
    if task is not None:
        raise StillOpen(f"alerts {task}")
    held = held_of(work, person)
    if held:
        raise StillOpen(f"recordings {held}")


def _place(work: Work, visit: Visit) -> tuple[str, str, str]:
    """Country, state and time zone of a visit; empty when it was erased or never said."""
    for column in ("attested_place", "booked_place"):
        sealed = getattr(visit, column)
        if sealed:
            try:
                place = work.open(("visits", column, visit.id), sealed)
            except Unreadable:
                continue
            return str(place["country"]), str(place["state"] or ""), str(place["time_zone"] or "")
    return "", "", ""


def _birth_date(work: Work, person: str) -> date | None:
    try:
        profile = work.open(("patients", "profile", person), work.row(Patient, person).profile)
    except Unreadable:
        return None
    return date.fromisoformat(profile["birth_date"])


def _forget_mails(work: Work, person: str) -> None:
    """Deletes their mails: those sealed for them, whatever the address, and the clinic's to the address they have."""
    own = select(DataKey.id).where(DataKey.clinic == work.clinic, DataKey.person == person)
    for key_id in work.session.scalars(own).all():
        head = sealed_by(key_id)
        first = func.substr(MailRow.content, 1, len(head), type_=LargeBinary)
        work.session.execute(delete(MailRow).where(MailRow.clinic == work.clinic, first == head))
    try:
        contact = work.open(("persons", "contact", person), work.row(Person, person).contact)
    except (Unreadable, NotFound):
        return
    index = address_index(work, str(contact["email"]))
    work.session.execute(delete(MailRow).where(MailRow.clinic == work.clinic, MailRow.address_index == index))


def _close_accounts(work: Work, person: str) -> None:
    """Nobody signs in as them again; their address finds nothing, and may be used anew."""
    _end_invitations(work, person)
    query = select(Account).where(Account.clinic == work.clinic, Account.person == person)
    accounts = work.session.scalars(query.with_for_update(key_share=True)).all()
    for account in accounts:
        forget_name(work, account.email_index)
        forget_name(work, work.blind("second", account.id))
        account.disabled, account.email_index, account.password = True, new_id("erased"), ""
        for table in _OF_AN_ACCOUNT:
            work.session.execute(delete(table).where(table.__table__.c.account == account.id))
        still_open = (SessionRow.account == account.id, SessionRow.closed_at.is_(None))
        work.session.execute(update(SessionRow).where(*still_open).values(closed_at=work.now))
    work.session.flush()


def _end_invitations(work: Work, person: str) -> None:
    """Nobody takes the record over any more, and the address that was to do so finds nothing."""
    query = select(Invitation).where(Invitation.clinic == work.clinic, Invitation.person == person)
    for row in work.session.scalars(query).all():
        row.email_index, row.revoked_at = new_id("erased"), row.revoked_at or work.now
    work.session.flush()
