"""A person's browser without a picture: opens the pages of a running clinic, and fills in and sends their forms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urlsplit

import httpx

PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.5
HOPS = 6
REDIRECTS = frozenset({302, 303, 307})
JSON = {"accept": "application/json"}


class Unexpected(Exception):
    """A page that is not what the walk expected; carries its path and status, and nothing of what it says."""


@dataclass
class Form:
    """A form as its page shows it: the values a browser would send, and what may be chosen."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **given: str | list[str]) -> dict[str, list[str]]:
        """What is sent when somebody fills in ``given``."""
        return {**self.values, **{name: value if isinstance(value, list) else [value] for name, value in given.items()}}


class _Reader(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(action=seen.get("action", ""))
            self.forms.append(self._form)
        if self._form is not None:
            self._control(self._form, tag, seen)

    def _control(self, form: Form, tag: str, seen: Mapping[str, str]) -> None:
        name, value = seen.get("name", ""), seen.get("value", "")
        if tag == "input" and name and seen.get("type") in ("radio", "checkbox"):
            form.options.setdefault(name, []).append(value)
            if "checked" in seen:
                form.values.setdefault(name, []).append(value)
        elif tag == "input" and name:
            form.values.setdefault(name, []).append(value)
        elif tag == "button" and name:
            form.options.setdefault(name, []).append(value)
        elif tag == "select":
            self._select = name
        elif tag == "textarea":
            self._area = name
            form.values[name] = [""]
        elif tag == "option" and self._select:
            form.options.setdefault(self._select, []).append(value)
            if "selected" in seen or self._select not in form.values:
                form.values[self._select] = [value]

    def handle_data(self, data: str) -> None:
        if self._area and self._form is not None:
            self._form.values[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class Page:
    """What somebody sees: the address it came from, its status and its text."""

    path: str
    query: str
    status: int
    text: str

    @cached_property
    def forms(self) -> list[Form]:
        reader = _Reader()
        reader.feed(self.text)
        return reader.forms

    def form(self, ending: str) -> Form | None:
        """The first form whose address ends so (or that has none of its own and stands on such a page)."""
        return next((one for one in self.forms if (one.action or self.path).endswith(ending)), None)

    def the_form(self, ending: str) -> Form:
        """The same, or `Unexpected`."""
        found = self.form(ending)
        if found is None:
            raise Unexpected(f"no form {ending} at {self.path} ({self.status})")
        return found


class Browser:
    """One person's browser at one clinic of the installation that listens on ``port`` of this machine."""

    def __init__(self, port: int, host: str) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"host": f"{host}:{port}"}, timeout=30.0, trust_env=False
        )

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> Page:
        return await self._follow(await self._send("GET", path))

    async def post(self, path: str, form: Mapping[str, list[str]]) -> Page:
        """Sends a form and goes where the answer leads."""
        return await self._follow(await self._send("POST", path, form))

    async def json(self, path: str, form: Mapping[str, list[str]]) -> httpx.Response:
        """Sends what a page's script sends."""
        return await self._send("POST", path, form, JSON)

    async def state(self, path: str) -> Mapping[str, str]:
        """What a page's script is told when it asks how things stand."""
        answer = await self._send("GET", path, headers=JSON)
        if answer.status_code != 200:
            raise Unexpected(f"{path} ({answer.status_code})")
        found: Mapping[str, str] = answer.json()
        return found

    async def until_form(self, path: str, ending: str, seconds: float = PATIENCE_SECONDS) -> Page:
        """Loads a page again and again until it shows the form. Raises `Unexpected` when it does not come in time."""
        deadline = time.monotonic() + seconds
        while (page := await self.get(path)).form(ending) is None:
            if time.monotonic() > deadline:
                raise Unexpected(f"no form {ending} at {page.path} ({page.status})")
            await asyncio.sleep(PAUSE_SECONDS)
        return page

    async def _follow(self, answer: httpx.Response) -> Page:
        for _ in range(HOPS):
            if answer.status_code not in REDIRECTS:
                break
            answer = await self._send("GET", answer.headers["location"].partition("#")[0])
        parts = urlsplit(str(answer.url))
        return Page(path=parts.path, query=parts.query, status=answer.status_code, text=answer.text)

    async def _send(
        self,
        method: str,
        path: str,
        form: Mapping[str, list[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The same request again while the program is away or asks for patience."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = await self._client.request(method, path, data=form, headers=headers)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code < 500 and answer.status_code != 429:
                return answer
            if time.monotonic() > deadline:
                raise Unexpected(f"{method} {path}: no answer; is the installation running?")
            await asyncio.sleep(PAUSE_SECONDS)
