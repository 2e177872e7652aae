"""An editor without a screen opens law files, types in them and asks."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("rules", "forms", "specialties", "clinics")
pytestmark = pytest.mark.slow


class Editor:
    """A client that keeps what it is told of each file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.client = LanguageClient("editor", "1")
        self.told: dict[str, list[types.Diagnostic]] = {}
        self.news = asyncio.Event()
        self._versions: dict[str, int] = {}

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def hear(params: types.PublishDiagnosticsParams) -> None:
            self.told[params.uri] = list(params.diagnostics)
            self.news.set()

    async def start(self) -> None:
        await self.client.start_io(sys.executable, "-m", "admin_ui.cli", "lsp", str(self.root))
        capabilities = types.ClientCapabilities()
        asked = types.InitializeParams(capabilities=capabilities, root_uri=self.root.as_uri())
        self.offered = (await self.client.initialize_async(asked)).capabilities
        self.client.initialized(types.InitializedParams())

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def open(self, name: str, text: str | None = None) -> None:
        item = types.TextDocumentItem(self._uri(name), "yaml", 1, self.text(name) if text is None else text)
        self._versions[name] = 1
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, name: str, text: str) -> None:
        self._versions[name] += 1
        document = types.VersionedTextDocumentIdentifier(self._versions[name], self._uri(name))
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))

    def save(self, name: str) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(self._document(name)))

    async def problems(self, name: str, code: str, *, there: bool = True) -> list[types.Diagnostic]:
        """Those of a code, as soon as there are any (or none any more)."""
        while True:
            found = [one for one in self.told.get(self._uri(name), ()) if one.code == code]
            if bool(found) is there and self._uri(name) in self.told:
                return found
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 60)

    def at(self, name: str, text: str, mark: str) -> types.TextDocumentPositionParams:
        """The place right behind a piece of a text."""
        before = text[: text.index(mark) + len(mark)].split("\n")
        return types.TextDocumentPositionParams(
            self._document(name), types.Position(len(before) - 1, len(before[-1].encode("utf-16-le")) // 2)
        )

    async def offers(self, name: str, text: str, mark: str) -> list[str]:
        place = self.at(name, text, mark)
        found = await self.client.text_document_completion_async(
            types.CompletionParams(place.text_document, place.position)
        )
        assert isinstance(found, types.CompletionList)
        return [item.label for item in found.items]

    def _uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def _document(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self._uri(name))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("installation")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder)
    return root


@pytest.fixture
async def editor(root: Path) -> AsyncIterator[Editor]:
    editor = Editor(root)
    await editor.start()
    yield editor
    await editor.client.shutdown_async(None)
    editor.client.exit(None)
    await editor.client.stop()  # type: ignore[no-untyped-call]


UTAH = "rules/us/ut/licensing.yaml"


async def test_what_is_typed_is_checked_before_it_is_saved_and_a_misspelt_name_is_mended(editor: Editor) -> None:
    right = editor.text(UTAH)
    wrong = right.replace("patient.relocated_on: {exists", "patient.relocatd_on: {exists", 1)
    editor.open(UTAH)
    editor.type(UTAH, wrong)
    (problem,) = await editor.problems(UTAH, "COND001")
    line = problem.range.start.line
    assert "patient.relocatd_on" in wrong.split("\n")[line]
    assert problem.severity is types.DiagnosticSeverity.Error
    context = types.CodeActionContext([problem])
    document = types.TextDocumentIdentifier((editor.root / UTAH).as_uri())
    actions = await editor.client.text_document_code_action_async(
        types.CodeActionParams(document, problem.range, context)
    )
    (fix,) = actions or ()
    assert isinstance(fix, types.CodeAction)
    assert fix.edit
    assert fix.edit.changes
    (edit,) = fix.edit.changes[document.uri]
    assert edit.new_text == "patient.relocated_on"
    lines = wrong.split("\n")
    start, end = edit.range.start.character, edit.range.end.character
    lines[line] = lines[line][:start] + edit.new_text + lines[line][end:]
    assert "\n".join(lines) == right
    editor.type(UTAH, right)
    assert await editor.problems(UTAH, "COND001", there=False) == []
    assert editor.text(UTAH) == right


async def test_a_misspelt_name_of_a_law_value_is_marked_on_its_own_line_and_mended(editor: Editor) -> None:
    file = "rules/us/ks/licensing.yaml"
    right = editor.text(file)
    wrong = right.replace("compact.nurse.privilege:", "compact.nurse.privelege:", 1)
    assert wrong != right
    editor.open(file)
    editor.type(file, wrong)
    (problem,) = await editor.problems(file, "LAW007")
    line = problem.range.start.line
    assert wrong.split("\n")[line].strip() == "compact.nurse.privelege:"
    document = types.TextDocumentIdentifier((editor.root / file).as_uri())
    asked = types.CodeActionParams(document, problem.range, types.CodeActionContext([problem]))
    (fix,) = await editor.client.text_document_code_action_async(asked) or ()
    assert isinstance(fix, types.CodeAction)
    assert fix.edit
    assert fix.edit.changes
    (edit,) = fix.edit.changes[document.uri]
    assert (edit.new_text, edit.range.start.line) == ("compact.nurse.privilege", line)
    editor.type(file, right)
    assert await editor.problems(file, "LAW007", there=False) == []


async def test_a_case_that_no_longer_holds_is_shown_where_it_expects_something_when_the_file_is_saved(
    editor: Editor,
) -> None:
    right = editor.text(UTAH)
    wrong = right.replace("within: 45 days", "within: 44 days", 1)
    editor.open(UTAH)
    (editor.root / UTAH).write_text(wrong, encoding="utf-8")
    try:
        editor.type(UTAH, wrong)
        editor.save(UTAH)
        failing = await editor.problems(UTAH, "LAW032")
    finally:
        (editor.root / UTAH).write_text(right, encoding="utf-8")
    assert all("expect" in wrong.split("\n")[one.range.start.line] for one in failing)


async def test_words_are_offered_where_they_fit(editor: Editor) -> None:
    more = "- name: More\n  start: ordin\n  on: 2026-12-01\n  given: {provider.prof: NP}\n  expect: {}\n"
    text = editor.text(UTAH).replace("\nsources:", f"\n{more}\nsources:", 1)
    editor.open(UTAH, text)
    await editor.problems(UTAH, "SHAPE002")
    paths = await editor.offers(UTAH, text, "  when:\n    provider.prof")
    assert {"provider.profession", "patient.location.state", "law.license.required"} <= set(paths)
    assert await editor.offers(UTAH, text, "{require: board") == ["registered_agent", "registered_pharmacy", *OTHERS]
    sources = await editor.offers(UTAH, text, "  cite: cchp")
    assert {"cchp_ut", "ut_hb159"} <= set(sources)
    assert "cchp_ga" not in sources
    assert {"full", "special", "waiver"} <= set(await editor.offers(UTAH, text, "        kind: f"))
    assert "MD" in await editor.offers(UTAH, text, "    provider.profession: [PSY, ")
    assert "ordinary_visit" in await editor.offers(UTAH, text, "More\n  start: ordin")
    assert "patient.pregnant" in await editor.offers(UTAH, text, "  given: {provider.prof")
    assert {"issued", "expires", "status"} <= set(await editor.offers(UTAH, text, "      any:\n        st"))
    assert {"id", "title", "when", "then", "cite"} <= set(
        await editor.offers(UTAH, text, "- id: us/ut/licensing/transitional-therapy\n  ti")
    )


OTHERS = ("board_notice", "liability_coverage")


async def test_a_word_says_what_it_means_and_leads_to_where_it_is_declared(editor: Editor) -> None:
    text = editor.text(UTAH)
    editor.open(UTAH)

    async def said(mark: str) -> str:
        place = editor.at(UTAH, text, mark)
        found = await editor.client.text_document_hover_async(types.HoverParams(place.text_document, place.position))
        assert found is not None
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def declared(mark: str) -> list[str]:
        place = editor.at(UTAH, text, mark)
        asked = types.DefinitionParams(place.text_document, place.position)
        found = await editor.client.text_document_definition_async(asked)
        assert isinstance(found, list)
        names = []
        for one in found:
            assert isinstance(one, types.Location)
            name = one.uri.removeprefix(f"{editor.root.as_uri()}/")
            names.append(f"{name}: {editor.text(name).splitlines()[one.range.start.line].strip()}")
        return names

    assert "Day on which the patient moved" in await said("    patient.relocated_on")
    assert "Whether the state's own license" in await said("  license.required")
    assert "58-1-302.1" in await said("  license.required")
    assert "Sources: cchp_ut, ut_hb159" in await said("  license.required")
    assert "https://" in await said("cite: [cchp_ut")
    assert (await declared("    patient.relocated_on"))[0].startswith("rules/vocabulary.yaml: patient.relocated_on:")
    assert (await declared("cite: [cchp_ut"))[0].startswith("rules/us/ut/licensing.yaml: cchp_ut:")
    assert (await declared("{require: board_notice"))[0].startswith("rules/topics.yaml: board_notice:")
    assert (await declared("start: ordinary_visit"))[0].startswith("rules/us/examples.yaml:")
