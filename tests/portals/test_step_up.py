"""Signing and sending want a fresh proof: without one nothing is asked of the visit, and what was sent waits."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from portals.base.visitor import SessionView
from tests.portals.helpers_provider import Doors, Portal, build_portal
from tests.records.helpers import HandClock, build_world, open_database

ORDER = "ord_0123456789abcdef01234567"


@pytest.fixture
def aged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    """A clinician whose last proof is older than the clinic's table allows, by a minute."""
    clock = HandClock()
    database = open_database(tmp_path, clock)
    world = build_world(database)
    with database.scope(world.clinic, world.as_system) as scope:
        account = scope.accounts.of_person(world.provider)
    assert account is not None
    whole = Doors.find

    def find(self: Doors, clinic: str, portal: str, secret: str, touch: bool = True) -> SessionView | None:
        view = whole(self, clinic, portal, secret, touch)
        then = database.now() - timedelta(minutes=16)
        return replace(view, account=account.account, proved_at=then) if view is not None else None

    monkeypatch.setattr(Doors, "find", find)
    made = build_portal(world, clock, tmp_path)
    made.sign_in()
    yield made
    database.close()


@pytest.mark.parametrize("act", ["sign", f"orders/{ORDER}/send"])
def test_a_sensitive_act_with_an_old_proof_asks_first(aged: Portal, act: str) -> None:
    aged.move("documenting")
    page = aged.post(f"{aged.at}/{act}", request="0" * 24)
    assert (page.status_code, page.headers["x-prove"]) == (403, "/staff/confirm")
    assert "Confirm that it is you" in page.text
    assert aged.visits.asked == []
    kept = re.findall(r'name="on_fields" value="([^"]*)"', page.text)[0]
    assert json.loads(html.unescape(kept)) == [["request", "0" * 24]]


def test_a_code_makes_the_proof_fresh_and_sends_the_same_on(aged: Portal) -> None:
    world = aged.world
    with world.database.scope(world.clinic, world.as_provider) as scope:
        account = scope.accounts.of_person(world.provider)
        assert account is not None
        totp = pyotp.TOTP(scope.factors.begin_totp(account.account))
        assert scope.factors.confirm_totp(account.account, totp.at(world.database.now() - timedelta(seconds=30)))
    sent = {"on_path": f"{aged.at}/sign", "on_fields": '[["request", "r"]]', "on_posted": "yes"}
    assert aged.post("/staff/confirm", **sent, password="not a hash").status_code == 401
    page = aged.post("/staff/confirm", **sent, code=totp.at(world.database.now()))
    assert page.status_code == 200
    assert f'action="{aged.at}/sign"' in page.text
    assert 'name="request" value="r"' in page.text


@pytest.mark.slow
def test_saving_a_note_asks_for_nothing(aged: Portal) -> None:
    aged.move("documenting")
    form = {"version": "0", "key": "k1", "subjective.history": "Sore throat", "subjective.reviewed": "yes"}
    assert "Confirm that it is you" not in aged.post(f"{aged.at}/note", **form).text
