import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from admin_ui.cli.schema import schemas
from engine.file_kinds import KINDS
from tests.admin_ui.helpers_cli import Cli


def test_the_schema_of_every_kind_is_a_schema(cli: Cli, tmp_path: Path) -> None:
    assert cli("schema", "--write", str(tmp_path)).status == 0
    said = cli("schema", "law")
    assert (said.status, said.out) == (0, (tmp_path / "law.schema.json").read_text(encoding="utf-8"))
    parts: dict[str, Any] = {}
    for kind in schemas():
        written = json.loads((tmp_path / f"{kind}.schema.json").read_text(encoding="utf-8"))
        defined = written.pop("$defs", {})
        parts |= {json.dumps(part): part for part in (written, *defined.values())}
    assert len(parts) >= len(schemas())
    for part in parts.values():  # what several kinds define alike, such as a condition's thousand paths, is judged once
        jsonschema.Draft202012Validator.check_schema(part)


def test_without_a_kind_the_kinds_are_listed(cli: Cli) -> None:
    assert cli("schema").out.split() == sorted(schemas())


def test_a_misspelt_kind_gets_the_nearest_one(cli: Cli) -> None:
    said = cli("schema", "clinc")
    assert (said.status, said.err) == (2, "clinic: there is no kind of file `clinc`; did you mean `clinic`?\n")


def test_all_schemas_can_be_written_for_an_editor(cli: Cli, tmp_path: Path) -> None:
    assert cli("schema", "--write", str(tmp_path / "schemas")).status == 0
    assert sorted(path.name for path in (tmp_path / "schemas").iterdir()) == [
        f"{kind}.schema.json" for kind in sorted(schemas())
    ]


def test_an_editor_is_told_which_schema_is_for_which_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_ROOT", str(tmp_path))
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"editor.tabSize": 2, "yaml.schemas": {"./mine.json": "mine.yaml"}}', encoding="utf-8")
    assert cli("schema", "--editor").status == 0
    assert cli("schema", "--editor").status == 0
    written = json.loads(settings.read_text(encoding="utf-8"))
    assert written["editor.tabSize"] == 2
    mapping = written["yaml.schemas"]
    assert mapping.pop("./mine.json") == "mine.yaml"
    assert sorted(mapping) == sorted(f"./.vscode/schemas/{kind.name}.schema.json" for kind in KINDS)
    assert all((tmp_path / place).is_file() for place in mapping)
    assert mapping["./.vscode/schemas/form.schema.json"] == ["forms/*/*.yaml", "!forms/consent/clauses.yaml"]


def test_settings_of_an_editor_that_cannot_be_read_are_left_alone(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_ROOT", str(tmp_path))
    settings = tmp_path / ".vscode" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("{} // mine", encoding="utf-8")
    said = cli("schema", "--editor")
    assert said.status == 2 and "is not plain JSON" in said.err
    assert settings.read_text(encoding="utf-8") == "{} // mine"
