"""Requests to the doors of sign-in that no page of ours would send: bodies, fields, cookies, headers of all kinds."""

from __future__ import annotations

import base64
import json
import string
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from portals.base.visitor import COOKIES, LANGUAGE_COOKIE

FIELDS = (
    *("email", "password", "next", "code", "said", "language", "person", "name", "trust", "request", "csrf"),
    *("given", "family", "birth_date", "sex", "phone", "postal_code", "state", "agree", "role", "secret"),
)
NASTY = (
    *("", "\x00", "\ud800", "\u202e", "a" * 5000, "%00", "%ed%a0%80", "../../etc", "{{7*7}}", "' OR 1=1 --"),
    *("//elsewhere.example", "/visits\r\nset-cookie: a=b", "9" * 400, "-1", "1e309", "2026-02-30", "0001-01-01"),
    *("june@example.org", "JUNE@EXAMPLE.ORG\x00", "@", "٣٣٣٣٣٣", "１２３４５６", "true", "null", "[]", "é" * 200),
)
# What stands in place of a token, a passkey's or a session's id.
IDS = st.one_of(st.text(string.printable, min_size=1, max_size=60), st.sampled_from([one for one in NASTY if one]))
VALUES = st.one_of(st.sampled_from(NASTY), st.text(max_size=40))
FORMS = st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=8)), VALUES, max_size=6)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), VALUES),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(("id", "rawId", "type", "response", "name", "next", "userHandle")), inner),
    ),
    max_leaves=8,
)
KINDS = (
    *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16", "application/json"),
    *("multipart/form-data", "multipart/form-data; boundary=x; charset=no-such", "text/plain", "", "\xff/\xfe; q=;"),
)
HEADERS = st.dictionaries(
    st.sampled_from(("accept-language", "user-agent", "accept", "referer", "x-idle", "x-forwarded-for", "cookie")),
    st.one_of(st.sampled_from(("", "*;q=x", "en;q=1e400,es", "a=b;;=;", "\xff\xfe", ",,,")), st.binary(max_size=30)),
    max_size=2,
)
COOKIE = st.dictionaries(st.sampled_from((*COOKIES.values(), LANGUAGE_COOKIE, "x")), st.text(string.hexdigits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request: the rest of its path, its query, its headers and cookies, and its body."""

    id: str
    query: str
    headers: dict[str, bytes]
    cookies: dict[str, str]
    body: bytes


def requests() -> st.SearchStrategy[Sent]:
    """Anything that a program without manners could send."""
    return st.builds(
        _sent,
        st.fixed_dictionaries({"id": IDS, "query": FORMS, "headers": HEADERS, "cookies": COOKIE}),
        st.one_of(_forms(), _json(), st.tuples(st.sampled_from(KINDS), st.binary(max_size=80))),
    )


def assertions() -> st.SearchStrategy[dict[str, Any]]:
    """What might be taken for a passkey's answer: its shape, with anything in its places."""
    piece = st.one_of(st.binary(max_size=60).map(b64), JSON.map(lambda one: b64(as_json(one))), VALUES, JSON)
    inside = ("clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject", "transports")
    response = st.one_of(st.fixed_dictionaries({}, optional=dict.fromkeys(inside, piece)), JSON)
    places: dict[str, Any] = {"id": piece, "rawId": piece, "type": st.just("public-key"), "response": response}
    return st.fixed_dictionaries(
        {}, optional={**places, "name": VALUES, "next": VALUES, "clientExtensionResults": JSON}
    )


def client_data(challenge: str, origin: str, kind: str) -> str:
    """What a browser signs, for a challenge that we did give."""
    return b64(json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode())


def as_json(value: object) -> bytes:
    """JSON as careless programs write it: lone surrogates, NaN and all."""
    return json.dumps(value).encode()


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def urlencoded(form: dict[str, str]) -> str:
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in form.items())


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _sent(rest: dict[str, Any], typed: tuple[str, bytes]) -> Sent:
    kind, body = typed
    headers = {name: _raw(value) for name, value in rest["headers"].items()}
    return Sent(
        id=_quoted(rest["id"]),
        query=urlencoded(rest["query"]),
        headers={**headers, "content-type": kind.encode("latin-1")},
        cookies=rest["cookies"],
        body=body,
    )


def _raw(value: str | bytes) -> bytes:
    """A header's bytes: no line ends in them, the client would refuse those itself."""
    raw = value if isinstance(value, bytes) else value.encode("latin-1")
    return raw.translate(None, b"\r\n\x00").strip()


def _forms() -> st.SearchStrategy[tuple[str, bytes]]:
    return st.tuples(st.sampled_from(KINDS[:2]), FORMS.map(lambda form: urlencoded(form).encode()))


def _json() -> st.SearchStrategy[tuple[str, bytes]]:
    return st.tuples(st.just("application/json"), st.one_of(JSON, assertions()).map(as_json))
