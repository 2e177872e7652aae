"""The language server: what editors ask over the Language Server Protocol 3.17, answered from the files.

Diagnostics while typing, completion, what a word means, where it is declared, and quick fixes for misspelt names.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument
from pygls.workspace.position_codec import ServerTextPosition, ServerTextRange

from admin_ui.lsp.looking import Installation, Look, look
from admin_ui.lsp.offers import Offer, offers
from admin_ui.lsp.places import Span, place_at, word_at
from admin_ui.lsp.words import Word, Words, span, stands_on, words_of
from engine.diagnostics import Diagnostic, Severity

_PAUSE_SECONDS = 0.15  # a stroke of the keys may follow at once
_MEANT = re.compile(r"`(?P<wrong>[^`]+)`.*did you mean `(?P<right>[^`]+)`\?", re.DOTALL)
_SEVERITIES = {Severity.ERROR: types.DiagnosticSeverity.Error, Severity.WARNING: types.DiagnosticSeverity.Warning}
_KINDS = {
    "fact": types.CompletionItemKind.Field,
    "field": types.CompletionItemKind.Field,
    "value": types.CompletionItemKind.Constant,
    "source": types.CompletionItemKind.Reference,
    "rule": types.CompletionItemKind.Function,
    "key": types.CompletionItemKind.Keyword,
    "joint": types.CompletionItemKind.Keyword,
    "choice": types.CompletionItemKind.EnumMember,
}


@dataclass(slots=True)
class _State:
    """What was found last: the words, and the files that problems were told of."""

    words: Words | None = None
    told: set[str] = field(default_factory=set)
    asked: int = 0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


def language_server(installation: Installation) -> LanguageServer:
    """A server for the files of one installation; it listens where it is started."""
    server = LanguageServer("clinic", version("pygls"))
    answers = _Answers(installation, server)
    offered = types.CompletionOptions(trigger_characters=[".", " ", "{", "[", ","])
    fixes = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    _register(server, types.TEXT_DOCUMENT_DID_OPEN, answers.opened)
    _register(server, types.TEXT_DOCUMENT_DID_CHANGE, answers.changed)
    _register(server, types.TEXT_DOCUMENT_DID_SAVE, answers.saved)
    _register(server, types.TEXT_DOCUMENT_DID_CLOSE, answers.closed)
    _register(server, types.TEXT_DOCUMENT_HOVER, answers.hover)
    _register(server, types.TEXT_DOCUMENT_DEFINITION, answers.definition)
    _register(server, types.TEXT_DOCUMENT_COMPLETION, answers.completion, offered)
    _register(server, types.TEXT_DOCUMENT_CODE_ACTION, answers.fixes, fixes)
    return server


def _register(
    server: LanguageServer, name: str, answer: Callable[[Any], Awaitable[Any]], options: object = None
) -> None:
    """pygls marks the function that it registers, which a bound method does not take."""

    @server.feature(name, options)
    async def asked(params: Any) -> Any:
        return await answer(params)


class _Answers:
    """What each request of an editor is answered."""

    def __init__(self, installation: Installation, server: LanguageServer) -> None:
        self._installation = installation
        self._server = server
        self._state = _State()

    async def opened(self, _: types.DidOpenTextDocumentParams) -> None:
        await self._look_again()

    async def changed(self, _: types.DidChangeTextDocumentParams) -> None:
        await self._look_again()

    async def closed(self, _: types.DidCloseTextDocumentParams) -> None:
        await self._look_again()

    async def saved(self, params: types.DidSaveTextDocumentParams) -> None:
        await self._look_again(self._name(params.text_document.uri))

    async def hover(self, params: types.HoverParams) -> types.Hover | None:
        document, found = self._word(params.text_document.uri, params.position)
        words = await self._known()
        if found is None or words is None:
            return None
        said = list(_said(found.text, self._name(document.uri), words))
        if not said:
            return None
        text = types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(said))
        return types.Hover(text, _range(document, found))

    async def definition(self, params: types.DefinitionParams) -> list[types.Location]:
        document, found = self._word(params.text_document.uri, params.position)
        words = await self._known()
        if found is None or words is None:
            return []
        return [self._location(word) for word in words.of(found.text, self._name(document.uri)) if word.at.file]

    async def completion(self, params: types.CompletionParams) -> types.CompletionList:
        document = self._server.workspace.get_text_document(params.text_document.uri)
        at = document.position_from_client_units(params.position)
        words, file = await self._known(), self._name(document.uri)
        if words is None:
            return types.CompletionList(is_incomplete=True, items=[])
        place = place_at(document.lines, at.line, at.character)
        found = offers(place, words, file, _topic(document))
        return types.CompletionList(
            is_incomplete=False, items=[_item(offer, _range(document, place.typed)) for offer in found]
        )

    async def fixes(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        document = self._server.workspace.get_text_document(params.text_document.uri)
        return [fix for one in params.context.diagnostics for fix in _fixes(document, one)]

    async def _known(self) -> Words | None:
        """The words, as soon as there are any: the first question may come before the first look is done."""
        async with self._state.looking:
            return self._state.words

    async def _look_again(self, saved: str = "") -> None:
        """A look at everything, once no other stroke follows; only the newest one's findings are told."""
        self._state.asked += 1
        asked = self._state.asked
        if self._state.words is not None and not saved:
            await asyncio.sleep(_PAUSE_SECONDS)
        if asked != self._state.asked:
            return
        async with self._state.looking:
            today = datetime.now(UTC).date()
            seen = await asyncio.to_thread(look, self._installation, self._held(), saved, today)
            if seen.law is not None:
                self._state.words = await asyncio.to_thread(words_of, self._installation.root, seen.law)
        if asked == self._state.asked:
            self._tell(seen)

    def _held(self) -> Mapping[Path, str]:
        documents = self._server.workspace.text_documents.values()
        return {Path(document.path).resolve(): document.source for document in documents}

    def _tell(self, seen: Look) -> None:
        by_file: dict[str, list[Diagnostic]] = {name: [] for name in self._state.told}
        for problem in seen.problems:
            by_file.setdefault(problem.location.file, []).append(problem)
        for name, problems in by_file.items():
            path = self._installation.root / name
            if path.is_file():
                document = self._server.workspace.get_text_document(path.as_uri())
                told = types.PublishDiagnosticsParams(document.uri, [_diagnostic(document, one) for one in problems])
                self._server.text_document_publish_diagnostics(told)
        self._state.told = {name for name, problems in by_file.items() if problems}

    def _name(self, uri: str) -> str:
        """A file's name as diagnostics call it."""
        path = Path(uris.to_fs_path(uri) or "").resolve()
        root = self._installation.root
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

    def _word(self, uri: str, position: types.Position) -> tuple[TextDocument, Span | None]:
        document = self._server.workspace.get_text_document(uri)
        at = document.position_from_client_units(position)
        return document, word_at(document.lines, at.line, at.character)

    def _location(self, word: Word) -> types.Location:
        path = self._installation.root / word.at.file
        document = self._server.workspace.get_text_document(path.as_uri())
        start = Span(word.at.line - 1, word.at.column - 1, word.at.column - 1, "")
        return types.Location(path.as_uri(), _range(document, start))


def _said(name: str, file: str, words: Words) -> Iterable[str]:
    """What a word means, and for a law value what the place of the file gives for it."""
    for word in words.of(name, file):
        yield word.says
    here = words.file(file)
    for other, value in words.values.get(name.removeprefix("law."), ()):
        if here is not None and other.jurisdiction == here.jurisdiction:
            law = f"\n\n{value.cited.law}" if value.cited.law else ""
            yield f"{other.jurisdiction}: `{value.value}`. {span(value.period)}{law}\n\n{stands_on(value.cited)}"


def _topic(document: TextDocument) -> str:
    found = re.search(r"^topic:\s*([a-z_]+)", document.source, re.MULTILINE)
    return found[1] if found else ""


def _range(document: TextDocument, span: Span) -> types.Range:
    start, end = ServerTextPosition(span.line, span.start), ServerTextPosition(span.line, span.end)
    return document.range_to_client_units(ServerTextRange(start, end))


def _diagnostic(document: TextDocument, problem: Diagnostic) -> types.Diagnostic:
    line, column = max(problem.location.line - 1, 0), max(problem.location.column - 1, 0)
    text = document.lines[line].rstrip("\n") if line < len(document.lines) else ""
    found = word_at(document.lines, line, column)
    end = found.end if found and found.start <= column else min(column + 1, len(text))
    return types.Diagnostic(
        range=_range(document, Span(line, column, max(end, column), "")),
        message=f"{problem.what}\n{problem.why}\n{problem.fix}",
        severity=_SEVERITIES[problem.severity],
        code=problem.code,
        source="clinic",
    )


def _item(offer: Offer, typed: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        label=offer.text,
        kind=_KINDS.get(offer.kind, types.CompletionItemKind.Value),
        detail=offer.kind,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, offer.says) if offer.says else None,
        text_edit=types.TextEdit(typed, offer.text),
    )


def _fixes(document: TextDocument, problem: types.Diagnostic) -> Iterable[types.CodeAction]:
    """For a name that was misspelt: the one that was meant."""
    meant = _MEANT.search(problem.message)
    at = document.position_from_client_units(problem.range.start)
    if meant is None or at.line >= len(document.lines):
        return
    column = document.lines[at.line].find(meant["wrong"], at.character)
    if column < 0:
        return
    place = _range(document, Span(at.line, column, column + len(meant["wrong"]), ""))
    yield types.CodeAction(
        title=f"Write {meant['right']}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[problem],
        is_preferred=True,
        edit=types.WorkspaceEdit(changes={document.uri: [types.TextEdit(place, meant["right"])]}),
    )
