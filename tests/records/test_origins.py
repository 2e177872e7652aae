"""The audit keeps from which network somebody called and a mark of the address, never the address."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from records.codes import unb64
from records.key_ring import Purpose
from records.origins import kept_origin
from records.sealing import Place, open_bytes
from records.tables.vault import AuditEntry
from tests.records.helpers import World

KEY = b"k" * 32


@pytest.mark.parametrize(
    ("origin", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("ip:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("testclient", ""),
    ],
)
def test_an_address_is_cut_to_its_network_and_marked(origin: str, network: str) -> None:
    kept = kept_origin(origin, KEY)
    assert kept.rpartition(" ")[0] == network
    assert origin not in kept
    assert kept == kept_origin(origin, KEY) != kept_origin(origin, b"x" * 32)


def test_neighbours_have_marks_of_their_own_and_nothing_stays_nothing() -> None:
    assert kept_origin("203.0.113.77", KEY) != kept_origin("203.0.113.78", KEY)
    assert kept_origin("", KEY) == ""


def test_what_an_entry_holds_opens_to_the_network_only(world: World) -> None:
    with world.database.scope(world.clinic, world.as_patient) as scope:
        scope.people.patient(world.patient)
    with world.database.reading() as session:
        row = session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc()).limit(1)).one()
        secret = world.database.ring.current(session, world.clinic, Purpose.FIELDS)
    place = Place(world.clinic, "audit_entries", "origin", str(row.sequence))
    assert open_bytes(secret, place, unb64(row.origin)).startswith(b"127.0.0.0/24 ")
