"""The house rules hold in the project, and each guard is seen to fail on a planted offence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import helpers_guards as guards
from tests.architecture.helpers_tree import ROOT, Tree, names, planted, project

Guard = Callable[[Tree], list[str]]
GUARDS: tuple[Guard, ...] = (
    guards.top_level_offences,
    guards.data_folder_offences,
    guards.init_offences,
    guards.length_offences,
    guards.uncollected_offences,
    guards.machine_offences,
    guards.name_offences,
    guards.media_library_offences,
)
LONG_FUNCTION = "def long():\n" + "    x = 1\n" * 60
PLANTED: tuple[tuple[Guard, str, str], ...] = (
    (guards.top_level_offences, "scratch/x.py", ""),
    (guards.top_level_offences, "notes.md", ""),
    (guards.data_folder_offences, "rules/us/helper.py", ""),
    (guards.data_folder_offences, "forms/build", "#!/usr/bin/env python3\n"),
    (guards.init_offences, "workflows/activities/__init__.py", "import httpx\n"),
    (guards.length_offences, "engine/long.py", LONG_FUNCTION),
    (guards.length_offences, "engine/long.py", "x = 1\n" * 501),
    (guards.length_offences, "portals/static/js/long.js", "x;\n" * 501),
    (guards.length_offences, "clinic", LONG_FUNCTION),
    (guards.uncollected_offences, "tests/engine/check_rules.py", "def test_a(): ...\n"),
    (guards.uncollected_offences, "tests/engine/test_empty.py", "def check_a(): ...\n"),
    (guards.uncollected_offences, "tests/engine/helpers.py", "def test_a(): ...\n"),
    (guards.uncollected_offences, "tests/engine/build/test_a.py", "def test_a(): ...\n"),
    (guards.uncollected_offences, "engine/test_hidden.py", "def test_a(): ...\n"),
    (guards.uncollected_offences, "engine/hidden.py", "def test_a(): ...\n"),
    (guards.machine_offences, "docs/guide.md", "open /ro" + "ot/notes\n"),
    (guards.machine_offences, "requirements.txt", "--index-" + "url https://example.org\n"),
    (guards.name_offences, "engine/x.py", "if state == 'Florida': ...\n"),
    (guards.name_offences, "engine/x.py", "class NewYorkRules: ...\n"),
    (guards.name_offences, "engine/x.py", "isGeorgia = True\n"),
    (guards.name_offences, "engine/x.py", "west_virginia_rules = 1\n"),
    (guards.name_offences, "portals/patient/templates/home.html", "<p>Welcome to North Carolina</p>\n"),
    (guards.name_offences, "portals/static/js/a.js", "const florida = 1;\n"),
    (guards.name_offences, "portals/static/css/a.css", ".texas {}\n"),
    (guards.media_library_offences, "media/rooms.py", "from aiortc.rtcdtlstransport import RTCDtlsTransport\n"),
    (guards.media_library_offences, "media/rooms.py", "import aiortc.rtp\n"),
)


@pytest.fixture(scope="module")
def tree() -> Tree:
    return project()


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_project_keeps_the_rule(guard: Guard, tree: Tree) -> None:
    assert guard(tree) == []


def test_nothing_of_the_project_is_a_link() -> None:
    """A link leads to a place of the machine that it was made on, and git takes one where it ignores a folder."""
    assert [name for name in names() if (ROOT / name).is_symlink()] == []


@pytest.mark.parametrize(("guard", "name", "text"), PLANTED)
def test_a_planted_offence_is_found(guard: Guard, name: str, text: str, tmp_path: Path) -> None:
    assert guard(planted(tmp_path, {name: text})) != []


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_every_guard_has_a_planted_offence(guard: Guard) -> None:
    assert guard in {planted_guard for planted_guard, _, _ in PLANTED}


@pytest.mark.parametrize(
    "code", ["x = 'lumen_health'", "x = 'Lumen Health'", "class SkinCare: ...", "skin_care = 1", "t = 'La piel'"]
)
def test_names_of_the_clinics_and_specialties_there_are_count_too(code: str, tmp_path: Path) -> None:
    files = {
        "specialties/skin_care/specialty.yaml": "title: {en: Skin care, es: La piel}\n",
        "clinics/lumen.yaml": "name: Lumen Health\n",
        "portals/x.py": code + "\n",
    }
    assert len(guards.name_offences(planted(tmp_path, files))) == 1


def test_codes_of_states_and_words_that_only_contain_a_name_are_no_offence(tmp_path: Path) -> None:
    text = "x = {'FL', 'us/fl', 'remainer', 'idahoan', 'texasholdem', 'America/New_York'}\n"
    assert (
        guards.name_offences(planted(tmp_path, {"engine/x.py": text, "tests/x.py": "Florida", "docs/x.md": "Ohio"}))
        == []
    )


def test_files_that_keep_the_rules_are_no_offence(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "",
        ".gitignore": "",
        "requirements-test.txt": "",
        "engine/__init__.py": "",
        "engine/x.py": "x = 1\n" * 500,
        "tests/engine/test_x.py": "async def test_x(): ...\n",
        "tests/engine/helpers_x.py": "",
        "media/aio_adapter.py": "from aiortc.rtcdtlstransport import RTCDtlsTransport\n",
    }
    tree = planted(tmp_path, files)
    assert {guard.__name__: guard(tree) for guard in GUARDS if guard(tree)} == {}
