"""No repr spills what a person said or what opens a door, and the guard that says so is seen to fail."""

from pathlib import Path

import pytest

from tests.architecture.helpers_reprs import CARRIERS, repr_offences
from tests.architecture.helpers_tree import planted, project

HEAD = "from dataclasses import dataclass, field\n"
PLAIN = HEAD + "@dataclass(frozen=True)\nclass A:\n    {field}\n"


def test_the_projects_dataclasses_keep_it_to_themselves() -> None:
    assert repr_offences(project()) == []


@pytest.mark.parametrize("room", ["engine", "records", "portals", "workflows", "media"])
def test_every_room_with_people_in_it_is_looked_at(room: str) -> None:
    assert any(CARRIERS.fullmatch(name) for name in project().under(room))


@pytest.mark.parametrize(
    "field",
    [
        "name: str",
        "birth_date: str",
        "email: str = ''",
        "phone: str",
        "password: str",
        "method_token: str",
        "secret: str",
        "street: str",
        "answers: dict = field(default_factory=dict)",
        "sig: str",
        "allergies: tuple = ()",
        "origin: str = ''",
    ],
)
@pytest.mark.parametrize("module", ["engine/dossier.py", "records/people.py", "portals/patient/cards.py"])
def test_a_planted_field_is_found(field: str, module: str, tmp_path: Path) -> None:
    assert len(repr_offences(planted(tmp_path, {module: PLAIN.format(field=field)}))) == 1


@pytest.mark.parametrize("mark", ["@dataclass", "@dataclass()", "@dataclasses.dataclass(slots=True)"])
def test_every_way_to_write_a_dataclass_is_known(mark: str, tmp_path: Path) -> None:
    text = f"{mark}\nclass A:\n    email: str\n"
    assert len(repr_offences(planted(tmp_path, {"records/x.py": text}))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "@dataclass(frozen=True, repr=False)\nclass A:\n    email: str\n",
        "@dataclass\nclass A:\n    email: str = field(repr=False)\n",
        "@dataclass\nclass A:\n    email: str\n    def __repr__(self) -> str:\n        return 'A'\n",
        "@dataclass\nclass A:\n    visit: str\n    stage: str\n",
        "class A:\n    email: str\n",
    ],
)
def test_what_shows_nothing_is_no_offence(text: str, tmp_path: Path) -> None:
    assert repr_offences(planted(tmp_path, {"records/x.py": HEAD + text})) == []
