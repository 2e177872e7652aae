"""One clinic, one actor, one transaction: the only way to reach rows, and what every repository stands on."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from engine.access import Relation, Standing
from records.access import Role, may, only_by, permitted
from records.acting import Held, held_for
from records.acts import Act, changes, needs_begun
from records.codes import is_code
from records.errors import AccessRefused, NotFound, NotYetBegun, ScopeMissing
from records.journal import Entry, Journal, Who
from records.key_ring import KeyRing, Purpose
from records.sealing import Place, from_bytes, key_id_of, open_bytes, opener, seal_bytes, to_bytes
from records.stages import DRAFT
from records.standing import open_emergencies, standing_at, standing_everywhere, standing_to
from records.tables.base import Base
from records.tables.people import Person
from records.tables.visits import Visit
from records.turns import take_turn

Row = TypeVar("Row", bound=Base)
_ID, _SUBJECT = 40, 80  # signs of an id, and of what an audit entry is about
_NO_CODE = "not-a-code"  # what the audit shows of an id that cannot be one: it may be anything that somebody typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who calls: a person's id in a role, the session they signed in with, and where they call from."""

    person: str
    role: str
    session: str = ""
    origin: str = field(default="", repr=False)

    @staticmethod
    def system(name: str = "system") -> Actor:
        """The workflow and its timers, or a command; ``name`` is what the audit shows."""
        return Actor(person=name, role=Role.SYSTEM)

    @staticmethod
    def visitor(origin: str = "") -> Actor:
        """Somebody who has not signed in."""
        return Actor(person="visitor", role=Role.VISITOR, origin=origin)


class Work:
    """A transaction in progress: its session, keys, actor and the audit entries that will be committed with it.

    ``now`` is the machine's time; ``at`` is the time visits and the law go by.
    """

    def __init__(self, session: Session, ring: KeyRing, clinic: str, actor: Actor, times: tuple[datetime, datetime]):
        if not clinic or not isinstance(actor, Actor) or not actor.person or not actor.role:
            raise ScopeMissing("records are reached with a clinic and an actor")
        self._session: Session | None = session
        self.ring = ring
        self.clinic = clinic
        self.actor = actor
        self.now, self.at = times
        self.entries: list[Entry] = []
        self.only_glances = False
        self.made: set[str] = set()  # the people this very transaction made
        self.emergencies: dict[str, str] | None = None  # what `records.standing` found; None before it looked
        self.acting: dict[str, Held | None] = {}  # what `records.acting` found for each patient it was asked about
        # what the audit adds where only an emergency, or acting for somebody, lets the actor reach a subject
        self._marks: dict[str, Mapping[str, str]] = {}
        self._locked: set[tuple[str, str]] = set()
        # The session forgets rows that nobody holds, and would ask for them again with every call.
        self._held: dict[tuple[str, str], Base] = {}

    @property
    def session(self) -> Session:
        """The session. Raises `ScopeMissing` once the scope has ended."""
        if self._session is None:
            raise ScopeMissing("the scope has ended")
        return self._session

    def end(self) -> None:
        self._session = None

    # --- access and audit ---

    def allow(self, act: Act, subject: str = "", visit: str = "") -> None:
        """Raises `AccessRefused`, and has it audited, when the actor's role may not do the act."""
        if self._session is None:
            raise ScopeMissing("the scope has ended")
        if not may(self.actor.role, act):
            self.refuse(act, subject, visit)

    def refuse(self, act: Act, subject: str = "", visit: str = "") -> None:
        self._add(Act.ACCESS_REFUSED, subject, visit, {"act": str(act)})
        raise AccessRefused(f"{self.actor.role} may not {act}")

    def note(self, act: Act, subject: str, visit: str = "", **detail: str | int | bool) -> None:
        """Allows and audits one act; the entry is committed with the transaction, or alone should that fail."""
        self.allow(act, subject, visit)
        if self.only_glances:
            raise RuntimeError(f"a glance is not audited, so it cannot do {act}; open a scope")
        self.record(act, subject, visit, **detail)

    def record(self, act: Act, subject: str, visit: str = "", /, **detail: str | int | bool) -> None:
        """Audits without asking: for what records themselves refuse or find out.

        What only an emergency lets the actor reach is marked with the id of that access, and what they do for
        somebody else with whom and under which relationship.
        """
        self._add(act, subject, visit, {**detail, **(self._marks.get(visit) or self._marks.get(subject) or {})})

    def _add(self, act: Act, subject: str, visit: str, detail: Mapping[str, str | int | bool]) -> None:
        entry = Entry(act=act, subject=_as_told(subject, _SUBJECT), visit=_as_told(visit, _ID), detail=detail)
        self.entries.append(entry)

    def write_audit(self) -> None:
        self.journal().append(self.session, self.who(), self.entries)

    def journal(self) -> Journal:
        return Journal(ring=self.ring, clinic=self.clinic, now=self.now)

    def who(self) -> Who:
        actor = self.actor
        return Who(person=actor.person[:_ID], role=actor.role, session=actor.session, origin=actor.origin)

    # --- rows ---

    def row(self, table: type[Row], row_id: str) -> Row:
        """This clinic's row of that id. Raises `NotFound`, also for another clinic's."""
        found = self.session.get(table, row_id) if is_code(row_id, _ID) else None
        if found is None or getattr(found, "clinic", None) != self.clinic:
            raise NotFound(f"{table.__tablename__} {row_id[:40]}")
        self._held[table.__tablename__, row_id] = found
        return found

    def lock(self, table: type[Base], row_id: str) -> None:
        """Waits for whoever is changing the row, and keeps others from it until this transaction ends.

        What was read before may be older than what the other one committed, so it is read again when it is looked at.
        """
        name = (table.__tablename__, row_id)
        if name in self._locked or not self._many_write or not is_code(row_id, _ID):
            return
        self.session.flush()
        self.session.expire_all()
        self.session.get(table, row_id, with_for_update={"key_share": True}, populate_existing=True)
        self._locked.add(name)

    def alone(self, *name: str) -> None:
        """The same for what has no row of its own yet: waits until no other transaction of the clinic has the name."""
        if self._many_write:
            take_turn(self.session.connection(), "|".join((self.clinic, *name)))
            self.session.expire_all()

    @property
    def _many_write(self) -> bool:
        """Whether other transactions write at the same time; SQLite has one writer, and it is this one."""
        return self.session.get_bind().dialect.name != "sqlite"

    def visit(self, visit: str, act: Act, *, audited: bool = True) -> Visit:
        """The visit's row, when the actor may do the act to it; audited unless it discloses nothing.

        An act that changes something about the visit has it to itself until the transaction ends.

        Raises:
            NotYetBegun: the act adds to a visit that has begun, and this one is a draft.
        """
        self.allow(act, visit, visit)
        if changes(act):
            self.lock(Visit, visit)
        row = self.row(Visit, visit)
        standing = standing_at(self, row)
        if not permitted(standing, act):
            self.refuse(act, visit, visit)
        self._mark(visit, row.patient, standing, act)
        if row.stage == DRAFT and needs_begun(act):
            raise NotYetBegun(visit)
        if audited:
            self.note(act, visit, visit)
        return row

    def patient(self, patient: str, act: Act) -> None:
        """Refuses an actor who does not reach rows of that patient; a provider does through a visit of theirs.

        An act that changes something about the patient has them to itself until the transaction ends.
        """
        self.allow(act, patient)
        if changes(act):
            self.lock(Person, patient)
        standing = standing_to(self, patient)
        if not permitted(standing, act):
            self.refuse(act, patient)
        self._mark(patient, patient, standing, act)

    def _mark(self, subject: str, patient: str, standing: Standing, act: Act) -> None:
        held = held_for(self, patient) if only_by(standing, act, Relation.PROXY) else None
        if only_by(standing, act, Relation.EMERGENCY):
            self._marks[subject] = {"emergency": open_emergencies(self)[patient]}
        elif held is not None:
            self._marks[subject] = {"for": patient, "relationship": held.relationship}

    def acts_for(self, subject: str, patient: str) -> None:
        """What the actor does to the subject from here on is audited with whom they act for, and under what."""
        held = held_for(self, patient)
        if held is not None:
            self._marks[subject] = {"for": patient, "relationship": held.relationship}

    def whole_clinic(self, act: Act) -> None:
        """Refuses an actor who may do the act to rows of their own only: it is about every row of the clinic."""
        self.allow(act, self.clinic)
        if not permitted(standing_everywhere(self.actor), act):
            self.refuse(act, self.clinic)

    def forget_standings(self) -> None:
        """Looks again at what the actor has open: this very transaction changed it."""
        self.emergencies = None
        self.acting.clear()

    # --- sealed fields ---

    def seal(self, field: tuple[str, str, str], value: Any, person: str = "") -> bytes:
        """Seals a JSON value for ``(table, column, row)`` under the person's key, or the clinic's own."""
        secret = self.ring.current(self.session, self.clinic, Purpose.FIELDS, person)
        return seal_bytes(secret, Place(self.clinic, *field), to_bytes(value))

    def keyed(self, person: str) -> str:
        """The person, where they have keys of their own, as every patient has; else empty: the clinic's key seals."""
        return person if self.ring.has_person(self.session, self.clinic, person) else ""

    def open(self, field: tuple[str, str, str], sealed: bytes) -> Any:
        """The JSON value sealed there. Raises `Unreadable`."""
        secret = self.ring.by_id(self.session, self.clinic, key_id_of(sealed), Purpose.FIELDS)
        return from_bytes(open_bytes(secret, Place(self.clinic, *field), sealed))

    def opening(self, table: str, column: str) -> Callable[[str, bytes], Any]:
        """Opens that column of many rows, by their ids: for what the clinic's own key has sealed."""
        open_one = opener(lambda key_id: self.ring.by_id(self.session, self.clinic, key_id, Purpose.FIELDS))
        return lambda row, sealed: from_bytes(open_one(Place(self.clinic, table, column, row), sealed))

    def blind(self, kind: str, text: str) -> str:
        """A blind index: HMAC-SHA256 under the clinic's own key, so that equal texts are found and none is read."""
        secret = self.ring.current(self.session, self.clinic, Purpose.BLIND)
        return hmac.new(secret.value, f"{kind}|{text}".encode(), hashlib.sha256).hexdigest()


def _as_told(subject: str, longest: int) -> str:
    """What an audit entry is about, by its id; what cannot be one of ours is not repeated."""
    return subject if not subject or is_code(subject, longest) else _NO_CODE


class Repository:
    """A family of rows reached within one scope; it exists only there."""

    def __init__(self, work: Work) -> None:
        if not isinstance(work, Work):
            raise ScopeMissing("a repository is reached through Database.scope(clinic, actor)")
        self._work = work

    @property
    def _session(self) -> Session:
        return self._work.session
