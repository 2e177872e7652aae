"""The key file and the simulated key service wrap the same way, rotate without losing anything, and fail plainly."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.ports import KeyProvider
from engine.settings import SettingsError, parse_settings
from records.database import Database
from records.key_providers import key_provider
from records.key_shares import FileShares, Shares, SqlShares
from records.keys import FileKeyProvider, KeysRefused
from records.kms import KmsKeyProvider, KmsRefused, SimulatedKms
from tests.records.helpers import build_world, open_database

KEY = b"k" * 32


def service(folder: Path) -> KmsKeyProvider:
    return KmsKeyProvider(SimulatedKms(folder, pause=lambda _: None), "clinic-master", folder)


def behave(folder: Path, **how: Any) -> None:
    """Changes how the simulated service behaves, or how its one key does."""
    path = folder / "kms-simulator.json"
    state = json.loads(path.read_text())
    for name, value in how.items():
        (state if name in state else state["keys"]["clinic-master"])[name] = value
    path.write_text(json.dumps(state))


BOTH = pytest.mark.parametrize("make", [FileKeyProvider, service])


@BOTH
def test_a_data_key_opens_in_its_place_and_after_a_restart(make: Callable[[Path], KeyProvider], tmp_path: Path) -> None:
    wrapped = make(tmp_path / "keys").wrap(KEY, "here")
    again = make(tmp_path / "keys")
    assert again.unwrap(wrapped, "here") == KEY
    assert KEY not in wrapped
    with pytest.raises(KeysRefused):
        again.unwrap(wrapped, "elsewhere")


@BOTH
def test_a_new_version_wraps_and_the_old_one_still_opens(make: Callable[[Path], KeyProvider], tmp_path: Path) -> None:
    first, other = make(tmp_path / "keys"), make(tmp_path / "keys")
    old = first.wrap(KEY, "here")
    assert first.wrapped_by(old) == first.key_id
    version = first.rotate()
    assert version == first.key_id != first.wrapped_by(old)
    new = other.wrap(KEY, "here")  # another program, started before the rotation
    assert other.wrapped_by(new) == version
    assert [one.unwrap(wrapped, "here") for one in (first, other) for wrapped in (old, new)] == [KEY] * 4


@BOTH
def test_another_installations_keys_open_nothing(make: Callable[[Path], KeyProvider], tmp_path: Path) -> None:
    wrapped = make(tmp_path / "mine").wrap(KEY, "here")
    with pytest.raises(KeysRefused):
        make(tmp_path / "theirs").unwrap(wrapped, "here")


@pytest.mark.parametrize("junk", [b"", b"x", b"clinic-master|9|" + bytes(40), b"other|1|" + bytes(40), bytes(60)])
def test_what_the_service_never_wrapped_is_refused(junk: bytes, tmp_path: Path) -> None:
    keys = service(tmp_path / "keys")
    keys.wrap(KEY, "here")
    with pytest.raises(KmsRefused):
        keys.unwrap(junk, "here")


def test_a_busy_service_is_asked_again_and_given_up_when_it_stays_busy(tmp_path: Path) -> None:
    keys = service(tmp_path / "keys")
    wrapped = keys.wrap(KEY, "here")
    behave(tmp_path / "keys", busy_every=2)
    assert [keys.unwrap(wrapped, "here") for _ in range(3)] == [KEY] * 3
    behave(tmp_path / "keys", busy_every=1)
    with pytest.raises(KeysRefused, match="does not answer"):
        keys.unwrap(wrapped, "here")


@pytest.mark.parametrize(("how", "code"), [({"enabled": False}, "disabled"), ({"denied": ["decrypt"]}, "denied")])
def test_a_refusal_is_a_refusal_at_once(how: dict[str, Any], code: str, tmp_path: Path) -> None:
    keys = service(tmp_path / "keys")
    wrapped = keys.wrap(KEY, "here")
    behave(tmp_path / "keys", **how)
    with pytest.raises(KmsRefused) as refused:
        keys.unwrap(wrapped, "here")
    assert refused.value.code == code


def test_the_service_takes_its_time(tmp_path: Path) -> None:
    waited: list[float] = []
    keys = KmsKeyProvider(SimulatedKms(tmp_path / "keys", pause=waited.append), "clinic-master", tmp_path / "keys")
    keys.wrap(KEY, "here")
    behave(tmp_path / "keys", latency_ms=70)
    keys.wrap(KEY, "here")
    assert waited == [0.002, 0.07]


def test_the_simulator_says_that_it_is_one_and_its_file_is_its_owners(tmp_path: Path) -> None:
    keys = service(tmp_path / "keys")
    file = tmp_path / "keys" / "kms-simulator.json"
    assert (keys.simulated, FileKeyProvider(tmp_path / "file").simulated) == (True, False)
    assert json.loads(file.read_text())["simulator"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(KeysRefused):
        service(tmp_path / "keys")


def test_records_work_on_the_simulated_service(tmp_path: Path) -> None:
    opened = open_database(tmp_path)
    opened.close()
    database = Database(opened.url, service(tmp_path / "kms"))
    world = build_world(database)
    database.ring.forget()
    with database.scope(world.clinic, world.as_system) as scope:
        assert scope.people.patient(world.patient).given == "Ana"
    database.close()


def test_the_provider_is_chosen_by_a_setting(tmp_path: Path) -> None:
    settings = {"CLINIC_KEYS_DIR": str(tmp_path / "keys"), "CLINIC_DATA_DIR": str(tmp_path)}
    assert isinstance(key_provider(parse_settings(settings)), FileKeyProvider)
    chosen = key_provider(parse_settings({**settings, "CLINIC_KEY_PROVIDER": "kms-simulator", "CLINIC_KMS_KEY": "k7"}))
    assert chosen.key_id == "k7|1"
    with pytest.raises(SettingsError, match="CLINIC_KEY_PROVIDER"):
        parse_settings({**settings, "CLINIC_KEY_PROVIDER": "vault"})


def test_shares_are_never_kept_with_the_records() -> None:
    url = "postgresql://db.example/records?sslmode=verify-full"
    with pytest.raises(SettingsError, match="CLINIC_PEOPLE_KEYS_URL: needs a database apart"):
        parse_settings({"CLINIC_DATABASE_URL": url, "CLINIC_PEOPLE_KEYS_URL": url})
    with pytest.raises(SettingsError, match="CLINIC_PEOPLE_KEYS_URL: reaches beyond"):
        parse_settings({"CLINIC_PEOPLE_KEYS_URL": "postgresql://db.example/shares"})


def shares(folder: Path, kind: str) -> Shares:
    return FileShares(folder / "people.shares") if kind == "file" else SqlShares(f"sqlite:///{folder / 'shares.db'}")


@pytest.mark.parametrize("kind", ["file", "sql"])
def test_a_share_is_kept_until_it_is_erased_and_only_that_one_is(kind: str, tmp_path: Path) -> None:
    mine, again = shares(tmp_path, kind), shares(tmp_path, kind)
    kept = {f"key_{number}": mine.add(f"key_{number}") for number in range(3)}
    assert len({share for _, share in kept.values()}) == 3
    again.erase(kept["key_1"][0], "key_1")
    assert [mine.read(kept[key][0], key) for key in ("key_0", "key_2")] == [kept["key_0"][1], kept["key_2"][1]]
    with pytest.raises(Exception, match="key_1 was erased"):
        mine.read(kept["key_1"][0], "key_1")
    assert not any(kept["key_1"][1] in file.read_bytes() for file in tmp_path.iterdir())
    for where, key in ((kept["key_0"][0], "key_2"), ("77", "key_0")):
        with pytest.raises(Exception, match="is not here"):
            mine.read(where, key)
    mine.close()
    again.close()


def test_a_torn_last_record_is_written_over(tmp_path: Path) -> None:
    kept = shares(tmp_path, "file")
    first = kept.add("key_0")
    with (tmp_path / "people.shares").open("ab") as file:
        file.write(b"key_torn")
    second = kept.add("key_1")
    assert (kept.read(first[0], "key_0"), kept.read(second[0], "key_1")) == (first[1], second[1])
    assert stat.S_IMODE((tmp_path / "people.shares").stat().st_mode) == 0o600
