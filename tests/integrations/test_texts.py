"""A text network takes a message, refuses a number for good, or is away; which is which is told apart."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.ports import MailLetter, NoticeRefused, PortUnavailable
from integrations.notify.texts import ByChannel, SimulatedTextNetwork, TextNetwork


def network(transport: object = None) -> tuple[TextNetwork, SimulatedTextNetwork]:
    simulator = SimulatedTextNetwork()
    return TextNetwork(transport or simulator.post, "AC1", "+10000000000"), simulator  # type: ignore[arg-type]


def test_a_text_is_posted_as_the_api_wants_it() -> None:
    seen: list[tuple[str, Mapping[str, str]]] = []

    def post(path: str, form: Mapping[str, str]) -> tuple[int, str]:
        seen.append((path, form))
        return 201, "{}"

    network(post)[0].send("msg_1", "text", "+13055550100", "not sent", "x" * 400)
    path, form = seen[0]
    assert path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert (form["To"], form["From"], len(form["Body"])) == ("+13055550100", "+10000000000", 160)


@pytest.mark.parametrize("number", ["+13055550000", "+13055550001", "305555"])
def test_a_number_that_takes_no_texts_is_refused_for_good(number: str) -> None:
    with pytest.raises(NoticeRefused):
        network()[0].send("k", "text", number, "", "b")


@pytest.mark.parametrize("answer", [(503, ""), (429, ""), (400, '{"code": 1}')])
def test_anything_else_may_be_tried_again(answer: tuple[int, str]) -> None:
    with pytest.raises(PortUnavailable):
        network(lambda path, form: answer)[0].send("k", "text", "+13055550100", "", "b")


def test_a_network_that_cannot_be_reached_is_away() -> None:
    def dead(path: str, form: Mapping[str, str]) -> tuple[int, str]:
        raise ConnectionRefusedError

    with pytest.raises(PortUnavailable):
        network(dead)[0].send("k", "text", "+13055550100", "", "b")


def test_texts_and_mails_go_their_own_ways_and_a_calendar_with_mails_alone() -> None:
    sent: list[tuple[str, str]] = []

    class Mails:
        def send(self, key: str, channel: str, address: str, subject: str, body: str) -> None:
            sent.append((key, ""))

        def send_letter(self, key: str, address: str, letter: MailLetter) -> None:
            sent.append((key, letter.calendar))

    texts, simulator = network()
    both = ByChannel(Mails(), texts)
    both.send_letter("m", "a@example.org", MailLetter(subject="s", body="b", calendar="BEGIN"))
    both.send("t", "text", "+13055550100", "s", "b")
    assert (sent, len(simulator.taken)) == ([("m", "BEGIN")], 1)
