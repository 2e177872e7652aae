"""A ticket for a technical check is signed by the clinic, ends soon, and is no room's token."""

from __future__ import annotations

import json

from engine.echoes import TICKET
from records.codes import unb64
from records.echo_tickets import EchoTickets
from records.room_tokens import RoomTokens
from tests.records.helpers import HandClock, World

NODE = "ws://127.0.0.1:8090/room"


def test_a_ticket_says_who_tries_which_node_and_is_new_each_time(world: World) -> None:
    tickets = EchoTickets(world.database)
    first, second = (tickets.issue(world.clinic, world.visit, NODE) for _ in range(2))
    claims = tickets.verify(first)
    assert claims is not None
    assert (claims.clinic, claims.who, claims.endpoint) == (world.clinic, world.visit, NODE)
    assert claims.id != getattr(tickets.verify(second), "id", "")


def test_a_ticket_ends_after_a_minute(world: World, clock: HandClock) -> None:
    tickets = EchoTickets(world.database)
    ticket = tickets.issue(world.clinic, world.visit, NODE)
    clock.move(seconds=59)
    assert tickets.verify(ticket) is not None
    clock.move(seconds=1)
    assert tickets.verify(ticket) is None


def test_a_ticket_changed_anywhere_is_refused(world: World) -> None:
    tickets = EchoTickets(world.database)
    ticket = tickets.issue(world.clinic, world.visit, NODE)
    for index in range(0, len(ticket), 3):
        other = "A" if ticket[index] != "A" else "B"
        assert tickets.verify(ticket[:index] + other + ticket[index + 1 :]) is None
    for junk in ("", TICKET, "check...", "check.a.b.c", "check." + "x" * 5000, "check.e30.k.c"):
        assert tickets.verify(junk) is None


def test_a_ticket_is_no_rooms_token_though_the_key_is_the_same(world: World) -> None:
    tickets, tokens = EchoTickets(world.database), RoomTokens(world.database)
    ticket = tickets.issue(world.clinic, world.visit, NODE)
    assert tokens.verify(ticket) is None
    assert tokens.verify(ticket.removeprefix(TICKET)) is None


def test_a_ticket_holds_ids_alone(world: World) -> None:
    body = EchoTickets(world.database).issue(world.clinic, world.visit, NODE).removeprefix(TICKET).partition(".")[0]
    assert set(json.loads(unb64(body))) == {"id", "clinic", "who", "endpoint", "expires"}
