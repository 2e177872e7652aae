"""The collector rests while much is read, and is as it was afterwards."""

import gc

import pytest

from engine import collecting
from engine.collecting import collector_paused


def test_it_rests_meanwhile_and_goes_on_afterwards_also_within_one_another_and_after_an_error() -> None:
    assert gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused(stays=True):
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="wrong"), collector_paused():
        raise ValueError("wrong")
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        with collector_paused(stays=True):
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_stays_is_set_aside_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen: list[bool] = []
    monkeypatch.setattr(collecting, "_FROZEN", [])
    monkeypatch.setattr("engine.collecting.gc.freeze", lambda: frozen.append(True))
    for _ in range(3):
        with collector_paused(stays=True):
            pass
    assert frozen == [True]
