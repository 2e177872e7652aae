"""How a page is made: one Jinja environment for all portals, and ``render`` with what every page needs.

Templates live in ``portals/<part>/templates`` and are named ``<part>/<file>``. Undefined names raise, everything is
escaped, and macros come from ``base/components.html``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portals.base.demo_clock import shown_when_moved
from portals.base.formats import Formats
from portals.base.i18n import has_message, languages, translator
from portals.base.visitor import Visitor, visitor

PORTALS = Path(__file__).resolve().parents[1]
STATIC = PORTALS / "static"


@cache
def environment() -> Environment:
    """The one template environment of the web program."""
    folders = {file.parent.name: FileSystemLoader(file) for file in sorted(PORTALS.glob("*/templates"))}
    return Environment(
        loader=PrefixLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@cache
def static_url(path: str) -> str:
    """A file's address with its digest, so that browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]
    return f"/static/{quote(path)}?v={digest}"


def render(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    """The page ``template`` for this request; ``values`` join the common ones (``t``, ``fmt``, ``who``, ``clinic``)."""
    who = visitor(request)
    html = environment().get_template(template).render(**_common(request, who), **values)
    return HTMLResponse(html, status_code=status, headers={"content-language": who.language})


def written(request: Request, template: str, language: str, **values: Any) -> str:
    """The text of a page in another language than its reader's, as somebody else would see it."""
    in_language = {"t": translator(language), "fmt": Formats(language), "lang": language}
    in_language["has_text"] = lambda key: has_message(language, key)
    return (
        environment().get_template(template).render(**{**_common(request, visitor(request)), **in_language, **values})
    )


def go(path: str) -> Response:
    """After a change: look at ``path`` (303, so that reloading repeats nothing)."""
    return RedirectResponse(path, status_code=303)


def safe_path(text: str, otherwise: str = "/") -> str:
    """A path of this same host out of a form; anything that could lead elsewhere gives ``otherwise``."""
    if text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text and text.isprintable():
        return text
    return otherwise


def _common(request: Request, who: Visitor) -> Mapping[str, Any]:
    state = request.app.state
    return {
        "t": translator(who.language),
        "has_text": lambda key: has_message(who.language, key),
        "fmt": Formats(who.language),
        "lang": who.language,
        "who": who,
        "clinic": who.clinic,
        "csrf": who.csrf,
        "path": request.url.path,
        "static": static_url,
        "unread": request.scope.get("unread", 0),
        "emergencies": request.scope.get("emergencies", ()),
        "inbox": request.scope.get("inbox"),
        "demo": bool(getattr(state, "demo", False)),
        "has_studio": bool(getattr(state, "has_studio", False)),
        "moved_clock": shown_when_moved(request),
        "page_languages": [
            code for code in (who.clinic.languages if who.clinic else languages()) if code in languages()
        ],
    }
