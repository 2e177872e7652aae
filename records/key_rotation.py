"""How keys are changed while people work: what is new seals from now on, what is old goes on opening what it sealed.

A rotation is a few writing transactions, each small, so that nobody waits long for their turn. What is left to do can
be seen from the rows themselves: whoever is interrupted starts again and goes on where it ended. Nothing here makes a
value unreadable at any moment: a key is added or wrapped anew, a value is sealed anew, in one transaction each.

Other programs remember keys for five minutes (`records.key_ring`) and seal with the earlier one until then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, LargeBinary, Table, func, select, update
from sqlalchemy.orm import Session, aliased

from records.acts import Act
from records.database import Database
from records.errors import Unreadable
from records.key_ring import Purpose, has_share
from records.sealing import Place, key_id_of, open_bytes, seal_bytes
from records.tables.all import APPEND_ONLY, METADATA
from records.tables.people import Person
from records.tables.vault import DataKey
from records.work import Actor

BATCH = 100
# A new key of this purpose would leave every look-up on an encrypted field without an answer.
NEVER_ROTATED = frozenset({Purpose.BLIND})
_NO_FIELDS = ("data_keys", "audit_heads")
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeStatus:
    """A clinic's keys of one purpose: the newest one's id and age, how many there are, and who wraps them."""

    clinic: str
    purpose: str
    key: str
    generation: int
    created_at: datetime
    kept: int
    master_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleStatus:
    """The keys of a clinic's patients: how many patients, how many erased, how many keys wait to be wrapped anew."""

    clinic: str
    patients: int
    erased: int
    behind: int


def purposes(database: Database, clinic: str) -> tuple[PurposeStatus, ...]:
    """The clinic's own keys, by purpose."""
    with database.reading() as session:
        query = select(DataKey).where(DataKey.clinic == clinic, DataKey.person == "")
        rows = session.scalars(query.order_by(DataKey.purpose, DataKey.generation)).all()
    by_purpose: dict[str, list[DataKey]] = {}
    for row in rows:
        by_purpose.setdefault(row.purpose, []).append(row)
    return tuple(_purpose_status(database, found) for found in by_purpose.values())


def people(database: Database, clinic: str) -> PeopleStatus:
    """The keys of the clinic's patients."""
    # A recording has a key of its own, as a person has.
    keyed = (DataKey.clinic == clinic, DataKey.person != "", DataKey.person.not_like("rec_%"))
    with database.reading() as session:
        patients = session.scalar(select(func.count(DataKey.person.distinct())).where(*keyed)) or 0
        erased = session.scalar(
            select(func.count(DataKey.person.distinct())).where(*keyed, DataKey.shredded_at.is_not(None))
        )
        behind = sum(1 for _ in _people_behind(session, database, clinic, "")) if patients else 0
    return PeopleStatus(clinic=clinic, patients=patients, erased=erased or 0, behind=behind)


def rewrap_by_master(database: Database, clinic: str) -> int:
    """Wraps each of the clinic's own keys by the newest master key; returns how many were behind."""
    provider, done = database.ring.provider, 0
    current = provider.key_id
    for key_id in _own_keys(database, clinic):
        with database.writing() as session:
            row = session.get(DataKey, key_id, with_for_update=True)
            if row is not None and provider.wrapped_by(row.wrapped) != current:
                database.ring.rewrap(session, row)
                done += 1
            session.commit()
    return done


def add_key(database: Database, clinic: str, purpose: Purpose, actor: Actor) -> str:
    """Makes the clinic's next key of a purpose, audited; from now on it seals what is new. Returns its id.

    Raises:
        ValueError: keys of this purpose are not rotated.
    """
    if purpose in NEVER_ROTATED:
        raise ValueError(f"keys for {purpose} are not rotated: what they index could not be found again")
    with database.work(clinic, actor) as work:
        key_id = database.ring.add_clinic_key(work.session, clinic, purpose)
        work.note(Act.KEYS_ROTATED, key_id, purpose=str(purpose))
    database.ring.forget()
    return key_id


def renew_people(database: Database, clinic: str, progress: Progress = lambda _: None) -> int:
    """Wraps patients' keys by the clinic's newest key, and gives each patient a new one for what is written from now.

    Returns how many keys were wrapped anew. A patient whose newest key is younger than the clinic's has one already.
    """
    done, after = 0, ""
    while batch := _next_people(database, clinic, after):
        after = batch[-1]
        with database.writing() as session:
            for person in batch:
                session.execute(select(Person.id).where(Person.id == person).with_for_update(key_share=True))
                done += _renew(session, database, clinic, person)
            session.commit()
        database.ring.forget()
        progress(done)
    return done


def reseal(database: Database, clinic: str, progress: Progress = lambda _: None) -> Counter[str]:
    """Seals every older value of the clinic by the newest key of whose it is; returns how many, by table.

    What is history (`APPEND_ONLY`) is never rewritten and stays under the key it was sealed by, which is kept.
    """
    done: Counter[str] = Counter()
    for table in METADATA.sorted_tables:
        if table.name in (*APPEND_ONLY, *_NO_FIELDS) or not _sealed_columns(table):
            continue
        for batch in _batches(database, table, clinic):
            with database.writing() as session:
                done[table.name] += sum(_reseal_row(session, database, table, clinic, key) for key in batch)
                session.commit()
            progress(done.total())
    return +done


def _purpose_status(database: Database, rows: list[DataKey]) -> PurposeStatus:
    newest = rows[-1]
    return PurposeStatus(
        clinic=newest.clinic,
        purpose=newest.purpose,
        key=newest.id,
        generation=newest.generation,
        created_at=newest.created_at,
        kept=len(rows),
        master_keys=tuple(sorted({database.ring.provider.wrapped_by(row.wrapped) for row in rows})),
    )


def _own_keys(database: Database, clinic: str) -> list[str]:
    with database.reading() as session:
        query = select(DataKey.id).where(DataKey.clinic == clinic, DataKey.person == "")
        return list(session.scalars(query.order_by(DataKey.id)))


def _people_behind(session: Session, database: Database, clinic: str, after: str) -> Iterator[str]:
    """Patients with a key that an older key of the clinic wraps, or that has no share, or who have none as young."""
    newest = database.ring.current(session, clinic, Purpose.FIELDS).id
    later = aliased(DataKey)
    made = select(DataKey.created_at).where(DataKey.id == newest).scalar_subquery()
    younger = select(later.id).where(later.clinic == clinic, later.person == DataKey.person, later.created_at >= made)
    query = select(DataKey.person, DataKey.wrapped, DataKey.parent, younger.exists()).where(
        DataKey.clinic == clinic, DataKey.person > after, DataKey.shredded_at.is_(None)
    )
    gone = {person for _, person in database.ring.destroyed(session, clinic)}
    for person, wrapped, parent, renewed in session.execute(query.order_by(DataKey.person)):
        if person in gone:  # erased, and back with a restored backup: never a live key again
            continue
        if parent != newest or not has_share(wrapped) or not renewed:
            yield person


def _next_people(database: Database, clinic: str, after: str) -> list[str]:
    with database.reading() as session:
        found: dict[str, None] = {}
        for person in _people_behind(session, database, clinic, after):
            found[person] = None
            if len(found) >= BATCH:
                break
    return list(found)


def _renew(session: Session, database: Database, clinic: str, person: str) -> int:
    ring = database.ring
    newest = ring.current(session, clinic, Purpose.FIELDS).id
    made = session.scalar(select(DataKey.created_at).where(DataKey.id == newest))
    query = select(DataKey).where(DataKey.clinic == clinic, DataKey.person == person, DataKey.shredded_at.is_(None))
    rows = session.scalars(query.with_for_update()).all()
    behind = [row for row in rows if row.parent != newest or not has_share(row.wrapped)]
    for row in behind:
        ring.rewrap(session, row)
    if rows and made is not None and all(row.created_at < made for row in rows):
        ring.make_person(session, clinic, person)
    return len(behind)


def _sealed_columns(table: Table) -> list[str]:
    if "clinic" not in table.columns:
        return []
    return [column.name for column in table.columns if isinstance(column.type, LargeBinary)]


def _row_id(table: Table) -> Column[str]:
    """The column that names a row in the place its values are sealed for."""
    if "id" in table.columns:
        return table.c.id
    (key,) = table.primary_key.columns
    return key


def _batches(database: Database, table: Table, clinic: str) -> Iterator[list[str]]:
    """The keys of the clinic's rows in order, a batch at a time, as they are when each batch is asked for."""
    key = _row_id(table)
    after = ""
    while True:
        with database.reading() as session:
            query = select(key).where(table.c.clinic == clinic, key > after).order_by(key).limit(BATCH)
            found = list(session.scalars(query))
        if not found:
            return
        yield found
        after = found[-1]


def _reseal_row(session: Session, database: Database, table: Table, clinic: str, key_value: str) -> int:
    """Seals what is behind in one row, which is locked; returns how many values that were."""
    key = _row_id(table)
    columns = _sealed_columns(table)
    query = select(*(table.c[name] for name in columns)).where(key == key_value)
    row = session.execute(query.with_for_update()).mappings().first()
    anew: dict[str, bytes] = {}
    for name in columns if row is not None else ():
        sealed = row[name] if row is not None else None
        fresh = _resealed(session, database, Place(clinic, table.name, name, key_value), sealed) if sealed else None
        if fresh is not None:
            anew[name] = fresh
    if anew:
        session.execute(update(table).where(key == key_value).values(**anew))
    return len(anew)


def _resealed(session: Session, database: Database, place: Place, sealed: bytes) -> bytes | None:
    """The value under the newest key of whose it is; None when it is under that, or is none of ours, or is erased."""
    try:
        key_id = key_id_of(sealed)
        owner = session.scalar(select(DataKey.person).where(DataKey.id == key_id, DataKey.clinic == place.clinic))
        if owner is None:
            return None
        newest = database.ring.current(session, place.clinic, Purpose.FIELDS, owner)
        if newest.id == key_id:
            return None
        secret = database.ring.by_id(session, place.clinic, key_id, Purpose.FIELDS)
        return seal_bytes(newest, place, open_bytes(secret, place, sealed))
    except Unreadable:
        return None
