"""A person's browser without a picture: pages and forms over HTTP, and the patience of somebody whose page hangs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urlsplit

import httpx

PATIENCE_SECONDS = 180.0
PAUSE_SECONDS = 0.5
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
JSON = {"accept": "application/json"}
REDIRECTS = frozenset({302, 303, 307})


@dataclass
class Form:
    """A form as its page shows it: the values a browser would send, and what may be chosen."""

    action: str
    values: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, list[str]] = field(default_factory=dict)

    def filled(self, **given: str | list[str]) -> dict[str, list[str]]:
        """What is sent when a person fills in ``given``."""
        return {**self.values, **{name: value if isinstance(value, list) else [value] for name, value in given.items()}}

    def one(self, name: str) -> str:
        return self.values[name][0]


class _Reader(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._select = ""
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(action=seen.get("action", ""))
            self.forms.append(self._form)
        if self._form is None:
            return
        if tag == "input" and "name" in seen:
            self._input(self._form, seen)
        elif tag == "select":
            self._select = seen.get("name", "")
        elif tag == "option" and self._select:
            self._form.options.setdefault(self._select, []).append(seen.get("value", ""))
            if "selected" in seen or self._select not in self._form.values:
                self._form.values[self._select] = [seen.get("value", "")]
        elif tag == "textarea":
            self._area = seen.get("name", "")
            self._form.values[self._area] = [""]
        elif tag == "button" and seen.get("name"):
            self._form.options.setdefault(seen["name"], []).append(seen.get("value", ""))

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

    def _input(self, form: Form, seen: Mapping[str, str]) -> None:
        name, value = seen["name"], seen.get("value", "")
        if seen.get("type") in ("radio", "checkbox"):
            form.options.setdefault(name, []).append(value)
            if "checked" in seen:
                form.values.setdefault(name, []).append(value)
            return
        form.values.setdefault(name, []).append(value)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the person sees: the address it came from, its status and its text."""

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
        found = self.form(ending)
        assert found is not None, f"no form {ending} at {self.path} ({self.status})"
        return found


class OutOfPatience(AssertionError):
    """A page that did not come in time; carries the act and what went wrong last."""


@dataclass
class Site:
    """The web of one clinic as many people use it: how many may ask at once, and what went wrong on the way.

    ``steps`` counts what people have got done so far; it tells the killer when to strike next.
    """

    port: int
    host: str
    at_once: asyncio.Semaphore
    trouble: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    requests: int = 0
    slowest: float = 0.0


class Browser:
    """One person's browser, at an address of its own: sign-in is slowed down by address."""

    def __init__(self, site: Site, number: int) -> None:
        self.site = site
        self._client = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{site.port}",
            headers={"host": f"{site.host}:{site.port}"},
            transport=httpx.AsyncHTTPTransport(local_address=f"127.0.{1 + number // 200}.{1 + number % 200}"),
            timeout=TIMEOUT,
        )

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> Page:
        return await self._follow(await self._patiently("GET", path, None, {}))

    async def post(self, path: str, form: Mapping[str, list[str]]) -> Page:
        """Sends a form, again and again the same until it is answered, and goes where the answer leads."""
        return await self._follow(await self._patiently("POST", path, form, {}))

    async def json(self, path: str, form: Mapping[str, list[str]]) -> httpx.Response:
        """Sends what a page's script sends."""
        return await self._patiently("POST", path, form, JSON)

    async def state(self, path: str) -> Mapping[str, str]:
        answer = await self._patiently("GET", path, None, JSON)
        assert answer.status_code == 200, (path, answer.status_code)
        found: Mapping[str, str] = answer.json()
        return found

    async def _follow(self, answer: httpx.Response) -> Page:
        for _ in range(6):
            if answer.status_code not in REDIRECTS:
                break
            answer = await self._patiently("GET", answer.headers["location"].partition("#")[0], None, {})
        parts = urlsplit(str(answer.url))
        return Page(path=parts.path, query=parts.query, status=answer.status_code, text=answer.text)

    async def _patiently(
        self, method: str, path: str, form: Mapping[str, list[str]] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        deadline, last = time.monotonic() + PATIENCE_SECONDS, ""
        while time.monotonic() < deadline:
            try:
                answer = await self._once(method, path, form, headers)
            except httpx.TransportError as error:
                last = type(error).__name__
            else:
                if answer.status_code < 500:
                    return answer
                last = str(answer.status_code)
                if last == "500":
                    self.site.trouble[f"500 at {method} .../{path.rpartition('/')[2].partition('?')[0]}"] += 1
            self.site.trouble[last] += 1
            await asyncio.sleep(PAUSE_SECONDS)
        raise OutOfPatience(f"{method} {path}: {last}")

    async def _once(
        self, method: str, path: str, form: Mapping[str, list[str]] | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        async with self.site.at_once:
            self.site.requests += 1
            began = time.monotonic()
            answer = await self._client.request(method, path, data=form, headers=headers)
            self.site.slowest = max(self.site.slowest, time.monotonic() - began)
            return answer
