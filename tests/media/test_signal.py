"""Which pages may come, what a message may be, and how much of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import protocol
from media.allowance import BURST, RATE, Allowance
from media.origins import origin_allowed
from media.protocol import BadMessage, parse
from media.publication import LABELS

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
KINDS = ["join", "offer", "applied", "state", "stats", "leave", "end", "ping", "dance"]
KINDS += ["admit", "turn_away", "remove", "lock", "mute", "signal", "written"]
TWICE = [{"mid": "1", "publication": "a"}, {"mid": "2", "publication": "a"}]
KEYS = ["version", "token", "id", "sdp", "publish", "subscribe", "audio", "video", "measures", "mid", "label"]
KEYS += ["participant", "locked", "code"]


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://lakeside.localhost:8080", True),
        ("http://LAKESIDE.localhost:8080", True),
        ("https://clinic.example", True),
        ("http://clinic.example", False),
        ("https://clinic.example.evil.test", False),
        ("https://evil.test/https://clinic.example", False),
        ("http://a.b.localhost:8080", False),
        ("http://localhost:8080", False),
        ("http://.localhost:8080", False),
        ("http://lakeside.localhost", False),
        ("http://*.localhost:8080", False),
        ("null", False),
        ("", False),
    ],
)
def test_an_origin_is_allowed_exactly_or_by_one_label(origin: str, allowed: bool) -> None:
    assert origin_allowed(origin, ["http://*.localhost:8080", "https://clinic.example/"]) is allowed


def test_messages_are_read_into_their_types() -> None:
    offer = {
        "type": "offer",
        "id": 3,
        "sdp": "v=0",
        "publish": [{"mid": "0", "label": "camera"}],
        "subscribe": [{"mid": "1", "publication": "abc"}],
    }
    assert parse(json.dumps(offer)) == protocol.Offer(3, "v=0", {"0": "camera"}, {"1": "abc"})
    assert parse('{"type":"join","version":1,"token":"t"}') == protocol.Join("t")
    assert parse('{"type":"stats","measures":{"loss_in":0.5}}') == protocol.Stats({"loss_in": 0.5})
    assert parse('{"type":"state","audio":true,"video":false}') == protocol.MuteState(True, False)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "join", "version": 2, "token": "t"}, "message_version"),
        ({"type": "join", "version": 1, "token": ""}, "message_token"),
        ({"type": "join", "version": 1, "token": "x" * 5000}, "message_token"),
        ({"type": "offer", "id": True, "sdp": "v=0"}, "message_id"),
        ({"type": "offer", "id": 1, "sdp": 5}, "message_sdp"),
        ({"type": "offer", "id": 1, "sdp": "v", "publish": [{"mid": "0", "label": "spy"}]}, "message_label"),
        ({"type": "offer", "id": 1, "sdp": "v", "subscribe": TWICE}, "message_mid"),
        ({"type": "offer", "id": 1, "sdp": "v", "publish": "0"}, "message_list"),
        ({"type": "offer", "id": 1, "sdp": "v", "subscribe": [{}] * 100}, "message_list"),
        ({"type": "state", "audio": 1, "video": True}, "message_state"),
        ({"type": "stats", "measures": [1]}, "message_measures"),
        ({"type": "stats", "measures": {"loss_in": "high"}}, "message_measures"),
        ({"type": "stats", "measures": {"loss_in": float("nan")}}, "message_measures"),
        ({"type": "admit"}, "message_participant"),
        ({"type": "remove", "participant": 7}, "message_participant"),
        ({"type": "remove", "participant": "p" * 65}, "message_participant"),
        ({"type": "lock", "locked": "yes"}, "message_locked"),
        ({"type": "mute", "participant": None}, "message_participant"),
        ({"type": "signal", "code": "shout"}, "message_code"),
        ({"type": "signal", "code": ["hand"]}, "message_code"),
        ({"type": "dance"}, "message_type"),
        ({"type": []}, "message_type"),
        ([], "message_shape"),
    ],
)
def test_everything_else_is_refused_with_a_code(message: Any, code: str) -> None:
    with pytest.raises(BadMessage, match=f"^{code}$"):
        parse(json.dumps(message))


def test_numbers_under_names_of_the_clients_own_making_go_nowhere() -> None:
    text = json.dumps({"type": "stats", "measures": {"John_Smith": 1, "loss_in": 0.1}})
    assert parse(text) == protocol.Stats({"loss_in": 0.1})


def test_messages_that_are_no_json_or_nest_without_end_are_refused() -> None:
    for text in ("", "{", "[" * 50_000, "x" * (protocol.MAX_MESSAGE + 1)):
        with pytest.raises(BadMessage):
            parse(text)


@pytest.mark.slow
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6))
def test_no_message_does_more_than_be_refused(kind: str, body: dict[str, Any]) -> None:
    try:
        message = parse(json.dumps({**body, "type": kind}))
    except BadMessage:
        return
    assert kind != "dance" and message is not None


@given(st.text(max_size=100))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(BadMessage):
        parse(text)


def test_messages_are_allowed_in_bursts_and_then_at_a_rate() -> None:
    allowance = Allowance(at=0.0)
    assert all(allowance.take(0.0) for _ in range(int(BURST)))
    assert not allowance.take(0.0)
    assert sum(allowance.take(10.0) for _ in range(200)) <= BURST
    assert allowance.take(10.0 + 5 / RATE) or allowance.left < 0


def test_the_documented_protocol_is_the_one_spoken() -> None:
    text = (Path(__file__).parents[2] / "docs" / "media.md").read_text()
    for kind in protocol._READERS:
        assert f"| `{kind}` |" in text
    codes = [value for name, value in vars(protocol).items() if name.isupper() and isinstance(value, int)]
    for code in (code for code in codes if 1000 <= code <= 4999 and code != protocol.MAX_TOKEN):
        assert f"| {code} |" in text
    for name in protocol.MEASURES | set(LABELS):
        assert f"`{name}`" in text
