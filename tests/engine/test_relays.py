"""Relays: addresses a browser takes, credentials that end, and nothing of them in what is printed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.relays import LIFE, Relay, password, relay_of
from engine.settings import SettingsError, parse_settings, to_environment

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
URL = "turn:127.0.0.1:3478?transport=udp"


def test_credentials_end_and_are_what_coturn_computes() -> None:
    # openssl: printf '%s' '1795385400:ab12' | openssl dgst -sha1 -hmac north -binary | base64
    assert password("north", "1795385400:ab12") == "ESEAPVUf8aUoPjDN5lRBKfFU6sI="
    (server,) = Relay(urls=(URL,), secret="north").ice_servers(NOW, "ab12")
    ends, _, nonce = str(server["username"]).partition(":")
    assert (int(ends), nonce) == (int((NOW + LIFE).timestamp()), "ab12")
    assert server["credential"] == password("north", str(server["username"]))
    assert server["urls"] == [URL]


@pytest.mark.parametrize(
    "url",
    ["", "stun:a.example", "turn:", "turn:a b", "turn:a.example?transport=sctp", "http://a.example", "turn:a:1;x"],
)
def test_what_is_no_relays_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="relay"):
        Relay(urls=(url,), secret="north")


def test_without_addresses_there_is_no_relay_and_without_a_secret_none_can_be() -> None:
    assert relay_of((), "", is_only=False) is None
    with pytest.raises(ValueError, match="relay"):
        relay_of((URL,), " \n", is_only=False)
    assert "north" not in repr(Relay(urls=(URL,), secret="north"))


def test_settings_want_addresses_and_secret_together_and_hand_them_on() -> None:
    for wrong, told in (
        ({"CLINIC_TURN_URLS": URL}, "CLINIC_TURN_SECRET_FILE: goes with"),
        ({"CLINIC_TURN_SECRET_FILE": "s"}, "CLINIC_TURN_SECRET_FILE: goes with"),
        ({"CLINIC_TURN_RELAY_ONLY": "1"}, "CLINIC_TURN_RELAY_ONLY: needs"),
        ({"CLINIC_TURN_URLS": "stun:x", "CLINIC_TURN_SECRET_FILE": "s"}, "CLINIC_TURN_URLS: takes"),
    ):
        with pytest.raises(SettingsError) as caught:
            parse_settings(wrong)
        assert told in str(caught.value)
    given = {"CLINIC_TURN_URLS": f"{URL} turns:relay.example:443", "CLINIC_TURN_SECRET_FILE": "/run/relay"}
    settings = parse_settings(given)
    assert settings.turn_urls == (URL, "turns:relay.example:443")
    assert parse_settings(to_environment(settings)) == settings
