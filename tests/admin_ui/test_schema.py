import json
from pathlib import Path

import jsonschema
import pytest

from admin_ui.cli.schema import kinds
from tests.admin_ui.helpers_cli import Cli


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_the_schema_of_every_kind_is_a_schema(cli: Cli, kind: str) -> None:
    said = cli("schema", kind)
    assert said.status == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(said.out))


def test_without_a_kind_the_kinds_are_listed(cli: Cli) -> None:
    assert cli("schema").out.split() == sorted(kinds())


def test_a_misspelt_kind_gets_the_nearest_one(cli: Cli) -> None:
    said = cli("schema", "clinc")
    assert (said.status, said.err) == (2, "clinic: there is no kind of file `clinc`; did you mean `clinic`?\n")


def test_all_schemas_can_be_written_for_an_editor(cli: Cli, tmp_path: Path) -> None:
    assert cli("schema", "--write", str(tmp_path / "schemas")).status == 0
    assert sorted(path.name for path in (tmp_path / "schemas").iterdir()) == [
        f"{kind}.schema.json" for kind in sorted(kinds())
    ]
