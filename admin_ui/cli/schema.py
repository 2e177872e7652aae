"""What may a file, a question or a decision hold? Prints its JSON Schema, for people, editors and programs."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from admin_ui.cli.typed_settings import settings_with
from engine.decision_schema import interface_shapes
from engine.diagnostics import nearest
from engine.file_kinds import KINDS, editor_mapping
from engine.schema_paths import offered_paths
from engine.settings import SettingsError
from engine.shapes import JsonSchema, schema_document

WRONG_INPUT = 2
EDITOR = Path(".vscode")
SCHEMAS = "schemas"
MAPPING = "yaml.schemas"


def schemas(root: Path | None = None) -> Mapping[str, JsonSchema]:
    """What each kind of file may hold, and what is asked and answered, by the name people give it.

    With a root, conditions offer the paths of its vocabulary.
    """
    paths = offered_paths(root) if root is not None else {}
    files = {kind.name: kind.schema(paths) for kind in KINDS}
    return {**files, **{name: schema_document(shape, name) for name, shape in interface_shapes().items()}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One kind on standard output, or all of them as files."""
    parser.add_argument("kind", nargs="?", metavar="KIND", help=f"one of {', '.join(sorted(schemas()))}")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write KIND.schema.json for every kind into DIR")
    parser.add_argument(
        "--editor",
        action="store_true",
        help=f"write them into {EDITOR}/{SCHEMAS} of the root, with the settings that tell editors which file is which",
    )


def run(arguments: argparse.Namespace) -> int:
    """0, or 2 for a kind that does not exist."""
    root = settings_with().root
    known = schemas(root)
    if arguments.editor:
        _wire_editor(root, known)
    if arguments.write is not None:
        _write(arguments.write, known)
    if arguments.editor or arguments.write is not None:
        return 0
    if arguments.kind is None:
        sys.stdout.write("".join(f"{kind}\n" for kind in sorted(known)))
        return 0
    if arguments.kind not in known:
        sys.stderr.write(f"clinic: there is no kind of file `{arguments.kind}`{nearest(arguments.kind, known)}\n")
        return WRONG_INPUT
    sys.stdout.write(_text(known[arguments.kind]))
    return 0


def _write(folder: Path, known: Mapping[str, JsonSchema]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in known.items():
        (folder / f"{name}.schema.json").write_text(_text(schema), encoding="utf-8")


def _wire_editor(root: Path, known: Mapping[str, JsonSchema]) -> None:
    """Write the schemas and point the YAML language server at them; other settings of the file stay."""
    file = root / EDITOR / "settings.json"
    kept = _settings(file)
    _write(root / EDITOR / SCHEMAS, known)
    mapping = editor_mapping(KINDS, f"./{EDITOR}/{SCHEMAS}")
    file.write_text(_text({**kept, MAPPING: {**kept.get(MAPPING, {}), **mapping}}), encoding="utf-8")
    sys.stderr.write(f"clinic: {file} tells editors with the YAML language server which schema is for which file\n")


def _settings(file: Path) -> dict[str, Any]:
    """What the editor's settings say already; raises `SettingsError` where they are not plain JSON."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not isinstance(kept.get(MAPPING, {}), dict):
        raise SettingsError([f"{file} is not plain JSON: take its comments out, or move it away"])
    return kept


def _text(schema: Mapping[str, object]) -> str:
    """Canonical JSON text."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
