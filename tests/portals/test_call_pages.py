"""Only who consumed their own link gets into a room, on either side, and only while the call is on."""

from __future__ import annotations

import html
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.room_places import NodeState
from engine.rooms import RoomClaims, RoomSpec
from portals.base.visitor import PATIENT, STAFF, csrf_token
from records.errors import LinkRefused
from records.guest_door import GuestEntry, enter_as_guest
from records.room_desk import RecordsRoomDesk
from records.tables.visits import Visit
from tests.portals.helpers_provider import SECRETS, Portal, build_portal
from tests.records.helpers import HandClock, build_world, open_database
from workflows.contracts import Ask


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def portal(tmp_path: Path, clock: HandClock) -> Iterator[Portal]:
    database = open_database(tmp_path, clock)
    made = build_portal(build_world(database), clock, tmp_path)
    made.sign_in(STAFF)
    made.sign_in(PATIENT)
    yield made
    database.close()


async def admit(portal: Portal) -> None:
    portal.move("waiting")
    await portal.visits.ask(portal.world.ref, Ask(request="a1", act="admit", actor=portal.world.provider))


async def link_of(portal: Portal, person: str) -> str:
    """A join link as the visit's workflow issues it to a person."""
    with portal.world.database.scope(portal.world.clinic, portal.world.as_system) as scope:
        participant = scope.visits.participant_of(portal.world.visit, person).id
    ask = Ask(request=f"j-{person}", act="join", actor=person, subject=participant)
    return (await portal.visits.ask(portal.world.ref, ask)).made


def consume(portal: Portal, link: str) -> None:
    with portal.world.database.scope(portal.world.clinic, portal.world.as_patient) as scope:
        scope.links.consume(scope.links.address(link))


def ask_access(portal: Portal, side: str = PATIENT) -> Any:
    secret = next(secret for name, secret in SECRETS if name == side)
    path = "" if side == PATIENT else "/staff"
    headers = {"x-csrf-token": csrf_token(secret)}
    return portal.client.post(f"{path}/visits/{portal.world.visit}/room-access", headers=headers)


def claims(portal: Portal, answer: Any) -> RoomClaims:
    found: RoomClaims | None = portal.app.state.deps.token_signer.verify(answer.json()["token"])
    assert found is not None
    return found


async def test_a_patient_without_a_consumed_link_gets_no_access_and_is_sent_to_the_visit(portal: Portal) -> None:
    await admit(portal)
    await link_of(portal, portal.world.patient)
    assert ask_access(portal).status_code == 403
    page = portal.client.get(f"/visits/{portal.world.visit}/call", follow_redirects=False)
    assert page.status_code == 303 and page.headers["location"] == f"/visits/{portal.world.visit}"


async def test_a_consumed_link_opens_the_call_page_and_the_room_again_and_again(portal: Portal) -> None:
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    page = portal.client.get(f"/visits/{portal.world.visit}/call")
    assert "Your video visit" in page.text and "Dr. Lena Okafor" in page.text
    first, second = ask_access(portal), ask_access(portal)
    assert claims(portal, first).participant_id == claims(portal, second).participant_id
    assert claims(portal, first).role == "patient"


async def test_the_two_sides_get_parts_of_their_own(portal: Portal) -> None:
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    portal.post(f"{portal.at}/join")
    patient, provider = claims(portal, ask_access(portal)), claims(portal, ask_access(portal, STAFF))
    assert patient.room_id == provider.room_id
    assert patient.participant_id != provider.participant_id and provider.role == "provider"


async def test_a_join_pressed_again_after_a_lost_answer_leads_into_the_same_call(portal: Portal) -> None:
    await admit(portal)
    first = portal.post(f"{portal.at}/join", request="a" * 24)
    again = portal.post(f"{portal.at}/join", request="a" * 24)
    assert first.url.path == again.url.path == portal.at
    assert "data-call" in again.text
    assert claims(portal, ask_access(portal, STAFF)).role == "provider"


async def test_a_link_of_one_side_is_nothing_in_the_hands_of_the_other(portal: Portal) -> None:
    await admit(portal)
    link = await link_of(portal, portal.world.provider)
    with pytest.raises(LinkRefused):
        consume(portal, link)
    assert ask_access(portal).status_code == 403


async def test_access_ends_with_the_pass(portal: Portal, clock: HandClock) -> None:
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    clock.at += timedelta(hours=5)
    assert ask_access(portal).status_code == 403


def as_guest(portal: Portal) -> None:
    """The patient's browser holds, beside its session, the pass of an interpreter's link."""
    world = portal.world
    with world.database.scope(world.clinic, world.as_provider) as scope:
        link = scope.guests.invite(world.visit, "interpreter")
    with world.database.work(world.clinic, world.as_system) as work:
        work.row(Visit, world.visit).encounter_at = work.at
    secret = next(secret for name, secret in SECRETS if name == PATIENT)
    entry = GuestEntry(token=link.token, secret=secret, name="Ana", origin="192.0.2.7")
    enter_as_guest(world.database, world.clinic, entry)


def ask_as_guest(portal: Portal) -> Any:
    secret = next(secret for name, secret in SECRETS if name == PATIENT)
    return portal.client.post("/guest/room-access", headers={"x-csrf-token": csrf_token(secret)})


async def test_everybody_finds_the_room_where_it_is_now_a_guest_too(portal: Portal) -> None:
    """A node has died; whoever asks first moves the room, and all three ways in lead to the same place."""
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    portal.post(f"{portal.at}/join")
    as_guest(portal)
    desk = RecordsRoomDesk(portal.world.database)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = NodeState(node="a", queue="media-a", endpoint="ws://127.0.0.1:9/room")
        desk.announce(dead)
        number = portal.world.visit + ".1"
        desk.place(RoomSpec(room_id=number, clinic=portal.world.clinic, visit_id=portal.world.visit))
        nowhere = ask_as_guest(portal)
        assert (nowhere.status_code, nowhere.json()["error"]["code"]) == (503, "no_node")

        address = f"ws://127.0.0.1:{listener.getsockname()[1]}/room"
        desk.announce(replace(dead, node="b", queue="media-b", endpoint=address))
        answers = [ask_as_guest(portal), ask_access(portal), ask_access(portal, STAFF)]
        assert [answer.json()["endpoint"] for answer in answers] == [address] * 3
        assert {claims(portal, answer).room_id for answer in answers} == {portal.world.visit + ".2"}
        guest = claims(portal, answers[0])
        assert guest.guest and guest.waits and guest.role == "interpreter"


async def test_access_without_our_own_page_is_refused(portal: Portal) -> None:
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    assert portal.client.post(f"/visits/{portal.world.visit}/room-access").status_code == 403


async def test_nobody_signed_in_gets_no_access(portal: Portal) -> None:
    await admit(portal)
    portal.client.cookies.clear()
    answer = portal.client.post(f"/visits/{portal.world.visit}/room-access", follow_redirects=False)
    assert answer.status_code in (303, 403)


async def test_the_call_page_speaks_the_patients_language_and_has_every_sentence_of_the_script(portal: Portal) -> None:
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    portal.client.cookies.set("cw_language", "es")
    page = portal.client.get(f"/visits/{portal.world.visit}/call").text
    assert "Su consulta por video" in page and "Entrar en la llamada" in page
    assert "Volver a entrar" in page and "¿No oye o no ve a la otra persona?" in page


def test_the_script_asks_only_for_sentences_that_the_catalogue_has() -> None:
    root = Path(__file__).parents[2] / "portals"
    script = "".join(one.read_text() for one in (root / "static/js").glob("call*.js"))
    catalogue = (root / "locale/en.call.yaml").read_text()
    for name in re.findall(r"\btexts\.(\w+)", script):
        assert f"    {name}:" in catalogue, name


async def test_a_tile_gets_the_persons_name_from_the_page_and_shows_the_whole_picture(portal: Portal) -> None:
    await admit(portal)
    consume(portal, await link_of(portal, portal.world.patient))
    page = portal.client.get(f"/visits/{portal.world.visit}/call").text
    found = re.search(r'data-names="([^"]*)"', page)
    assert found and json.loads(html.unescape(found[1])) == {"provider": "Dr. Lena Okafor"}
    root = Path(__file__).parents[2] / "portals" / "static"
    assert "this.people.nameOf(participant) || this.names[role]" in (root / "js/call.js").read_text()
    assert re.search(r"\.call__tile video \{[^}]*object-fit: contain", (root / "css/call.css").read_text())
