"""A sealed value opens only in its own place, with its own key, and never after its person was shredded."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from records.errors import Unreadable
from records.key_ring import Purpose
from records.keys import FileKeyProvider, KeysRefused
from records.sealing import Place, Secret, open_bytes, seal_bytes
from tests.records.helpers import World, build_world, shred

SECRET = Secret("key_a", bytes(32))
PLACE = Place("palmetto", "answers", "value", "ans_1")


def test_a_value_opens_where_it_was_sealed() -> None:
    assert open_bytes(SECRET, PLACE, seal_bytes(SECRET, PLACE, b"fever")) == b"fever"


@pytest.mark.parametrize(
    "place",
    [
        Place("cedar", "answers", "value", "ans_1"),
        Place("palmetto", "orders", "value", "ans_1"),
        Place("palmetto", "answers", "note", "ans_1"),
        Place("palmetto", "answers", "value", "ans_2"),
    ],
)
def test_a_value_moved_elsewhere_does_not_open(place: Place) -> None:
    with pytest.raises(Unreadable):
        open_bytes(SECRET, place, seal_bytes(SECRET, PLACE, b"fever"))


def test_every_changed_byte_is_noticed() -> None:
    sealed = seal_bytes(SECRET, PLACE, b"fever")
    for index in range(len(sealed)):
        broken = sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
        with pytest.raises(Unreadable):
            open_bytes(SECRET, PLACE, broken)


@pytest.mark.parametrize("junk", [b"", b"\x01", b"\x02abc", b"\x01\xff" + bytes(40)])
def test_what_was_never_sealed_is_unreadable(junk: bytes) -> None:
    with pytest.raises(Unreadable):
        open_bytes(SECRET, PLACE, junk)


def test_no_text_form_shows_a_key() -> None:
    assert repr(Secret("key_a", b"secret bytes")) == "Secret(key_a)"


def test_one_persons_data_is_gone_when_their_key_is_shredded_and_nobody_elses(world: World) -> None:
    other = build_world(world.database, clinic="cedar")
    shred(world)
    with world.database.scope(world.clinic, world.as_system) as scope:
        with pytest.raises(Unreadable):
            scope.people.patient(world.patient)
        left = scope.visits.get(world.visit)
        assert (left.reason, left.booked_place, left.stage) == ("", None, "draft")
        assert scope.people.provider(world.provider).display_name == "Dr. Lena Okafor"
    with world.database.scope(other.clinic, other.as_system) as scope:
        assert scope.people.patient(other.patient).name == "Ana Reyes"


def test_purposes_have_keys_of_their_own_and_none_serves_another(world: World) -> None:
    secrets = {purpose: world.database.secret(world.clinic, purpose) for purpose in Purpose}
    assert len({secret.value for secret in secrets.values()}) == len(Purpose)
    with pytest.raises(Unreadable):
        world.database.secret_by_id(world.clinic, secrets[Purpose.LINKS].id, Purpose.PAYLOADS)
    with pytest.raises(Unreadable):
        world.database.secret_by_id("cedar", secrets[Purpose.LINKS].id, Purpose.LINKS)


def test_another_key_folder_opens_nothing(world: World, tmp_path: Path) -> None:
    stranger = type(world.database)(world.database.url, FileKeyProvider(tmp_path / "stolen"))
    with pytest.raises(KeysRefused), stranger.scope(world.clinic, world.as_system) as scope:
        scope.people.patient(world.patient)
    stranger.close()


def test_a_wrapped_key_moved_to_another_clinic_does_not_unwrap(world: World) -> None:
    build_world(world.database, clinic="cedar")
    swap = (
        "UPDATE data_keys SET wrapped = "
        "(SELECT wrapped FROM data_keys WHERE clinic = 'palmetto' AND purpose = 'links') "
        "WHERE clinic = 'cedar' AND purpose = 'links'"
    )
    with world.database.engine.begin() as connection:
        connection.execute(text(swap))
    world.database.ring.forget()
    with pytest.raises(KeysRefused):
        world.database.secret("cedar", Purpose.LINKS)


def test_the_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = FileKeyProvider(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "master.json").stat().st_mode) == 0o600
    wrapped = first.wrap(b"k" * 32, "here")
    assert FileKeyProvider(folder).unwrap(wrapped, "here") == b"k" * 32
    with pytest.raises(KeysRefused):
        first.unwrap(wrapped, "elsewhere")


def test_a_key_file_others_can_read_is_refused(tmp_path: Path) -> None:
    FileKeyProvider(tmp_path / "keys")
    (tmp_path / "keys" / "master.json").chmod(0o644)
    with pytest.raises(KeysRefused):
        FileKeyProvider(tmp_path / "keys")


@pytest.mark.parametrize("junk", ["", "{}", '{"current": "a", "keys": {}}', '{"current": "a", "keys": {"a": "AAAA"}}'])
def test_a_damaged_key_file_is_refused_and_not_replaced(tmp_path: Path, junk: str) -> None:
    FileKeyProvider(tmp_path / "keys")
    (tmp_path / "keys" / "master.json").write_text(junk)
    with pytest.raises(KeysRefused):
        FileKeyProvider(tmp_path / "keys")
    assert (tmp_path / "keys" / "master.json").read_text() == junk
