"""The house rules as functions from a tree to the list of its offences."""

import ast
import re
from collections.abc import Iterator

import yaml

from tests.architecture.helpers_tree import DATA_FOLDERS, ROOMS, Tree, statements

TOP_LEVEL = {*ROOMS, *DATA_FOLDERS, "tests", "docs", "pyproject.toml", "README.md", "clinic", "LICENSE"}
TOP_LEVEL_LOCKS = re.compile(r"requirements[a-z-]*\.txt|\.[a-z].*")
LONGEST_FUNCTION = 60
LONGEST_MODULE = 500
CODE = (".py", ".html", ".jinja", ".js", ".mjs", ".css", ".svg", ".txt")
# Tests that are programs of their own rather than files for pytest.
HELPERS = re.compile(r"(^|/)(conftest|helpers\w*)\.py$|^tests/bench/\w+\.py$")
CHECKS = re.compile(r"(^|/)(test_\w+|\w+_test|conftest)\.py$")
NEVER_SEARCHED = {"build", "dist", "node_modules", "venv", "_darcs", "CVS"}
# Written in pieces so that this file is no offence itself.
MACHINE = re.compile(
    "|".join(
        (
            r"/wo" r"rk/",
            r"/ro" r"ot/",
            r"/fa" r"rm/",
            r"(?<![\w.])/home/[a-z]\w+/",
            r"/tmp/(pl" r"an|venv)",
            r"\.lib" r"rary/",
            r"/bash_j" r"obs",
            r"--(extra-)?index-" r"url[ =]",
            r"--find-" r"links[ =]",
            r"py" r"pi\.org",
            r"files\.python" r"hosted",
            r"registry\.np" r"mjs",
            r'"resolved": "ht' r"tp",
        )
    )
)
# fmt: off
STATES = (
    "Alabama", "Alaska", "Arizona", "Arkansas", "California", "Colorado", "Connecticut", "Delaware", "Florida",
    "Georgia", "Hawaii", "Idaho", "Illinois", "Indiana", "Iowa", "Kansas", "Kentucky", "Louisiana", "Maine",
    "Maryland", "Massachusetts", "Michigan", "Minnesota", "Mississippi", "Missouri", "Montana", "Nebraska", "Nevada",
    "New Hampshire", "New Jersey", "New Mexico", "New York", "North Carolina", "North Dakota", "Ohio", "Oklahoma",
    "Oregon", "Pennsylvania", "Rhode Island", "South Carolina", "South Dakota", "Tennessee", "Texas", "Utah",
    "Vermont", "Virginia", "Washington", "West Virginia", "Wisconsin", "Wyoming", "District of Columbia",
    "Puerto Rico", "Guam", "American Samoa",
)
# fmt: on


def top_level_offences(tree: Tree) -> list[str]:
    """Entries of the top folder that the house plan does not know."""
    entries = {name.split("/")[0] for name in tree.files}
    return sorted(entry for entry in entries - TOP_LEVEL if not TOP_LEVEL_LOCKS.fullmatch(entry))


def data_folder_offences(tree: Tree) -> list[str]:
    """Programs in the folders that hold only what authors write."""
    return [
        name
        for name in tree.under(*DATA_FOLDERS)
        if name.endswith((".py", ".pyi", ".pyw", ".pyc", ".js")) or tree.text(name).startswith("#!")
    ]


def init_offences(tree: Tree) -> list[str]:
    """Package files that hold anything: the workflow sandbox imports each of them again for every workflow."""
    return [name for name in tree.under(*ROOMS, suffixes=("/__init__.py",)) if tree.text(name)]


def length_offences(tree: Tree) -> list[str]:
    """Functions and modules that are longer than a reader can hold."""
    found = []
    for name in tree.files:
        if name.endswith((".py", ".js", ".mjs")) or name == "clinic":
            lines = tree.text(name).count("\n")
            if lines > LONGEST_MODULE:
                found.append(f"{name}: {lines} lines in one module (limit {LONGEST_MODULE})")
            found += [
                f"{name}:{line} {function}: {length} lines (limit {LONGEST_FUNCTION})"
                for function, line, length in _functions(tree, name)
                if length > LONGEST_FUNCTION
            ]
    return found


def _functions(tree: Tree, name: str) -> Iterator[tuple[str, int, int]]:
    if name.endswith(".py") or name == "clinic":
        for node in statements(tree.syntax(name)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1


def uncollected_offences(tree: Tree) -> list[str]:
    """Files that pytest would pass over: a wrong name, no test inside, or a folder it never enters."""
    found = [
        f"{name}: pytest searches tests/ only"
        for name in tree.under(*ROOMS, *DATA_FOLDERS, "docs", suffixes=(".py",))
        if CHECKS.search(name) or any(test.startswith("test_") for test in _tests(tree, name))
    ]
    for name in tree.under("tests", suffixes=(".py",)):
        folders, _, file = name.rpartition("/")
        if NEVER_SEARCHED & set(folders.split("/")) or any(part.startswith(".") for part in folders.split("/")):
            found.append(f"{name}: pytest never enters this folder")
        elif HELPERS.search(name):
            found += [f"{name}: a helper holds `{test}`, which never runs" for test in _tests(tree, name)]
        elif not re.fullmatch(r"test_\w+\.py", file):
            found.append(f"{name}: matches neither test_*.py nor a helper's name")
        elif not _tests(tree, name):
            found.append(f"{name}: holds no test")
    return found


def _tests(tree: Tree, name: str) -> list[str]:
    """Test functions at module level or in a Test class, as pytest would find them."""
    return [found for node in tree.syntax(name).body if (found := _test_name(node))]


def _test_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name if node.name.startswith("test_") else None
    if isinstance(node, ast.ClassDef):
        return node.name if node.name.startswith("Test") else None
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id if node.targets[0].id.startswith("Test") else None
    return None


def machine_offences(tree: Tree) -> list[str]:
    """Lines that name a path of one machine or a registry's host."""
    return [
        f"{name}:{number}: {match.group()}"
        for name in tree.files
        for number, line in enumerate(tree.text(name).splitlines(), start=1)
        if (match := MACHINE.search(line))
    ]


def content_names(tree: Tree) -> list[str]:
    """The names that belong to data: states, specialties (folder and title), clinics (file and name)."""
    names = list(STATES)
    for file in tree.under("specialties", suffixes=("specialty.yaml",)):
        names += [file.split("/")[1], *_titles(tree, file, "title")]
    for file in tree.under("clinics", suffixes=(".yaml",)):
        names += [file.rpartition("/")[2].removesuffix(".yaml"), *_titles(tree, file, "name")]
    return names


def _titles(tree: Tree, file: str, key: str) -> list[str]:
    document = yaml.safe_load(tree.text(file))
    value = document.get(key) if isinstance(document, dict) else None
    return [text for text in (value.values() if isinstance(value, dict) else [value]) if isinstance(text, str)]


def name_offences(tree: Tree) -> list[str]:
    """Places in Python, templates and browser code that name one specialty, state or clinic."""
    words = [re.split(r"[\s_-]+", name) for name in content_names(tree)]
    alternatives = sorted({r"[\s_-]?".join(map(re.escape, parts)) for parts in words}, key=len, reverse=True)
    # Also inside names of code (`georgia_rules`, `isGeorgia`), but not in a time zone's name (`America/New_York`).
    start = r"(?<!America/)(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
    pattern = re.compile(rf"{start}(?i:{'|'.join(alternatives)})(?![a-z])")
    searched = [name for name in tree.under(*ROOMS) if name.endswith(CODE)]
    searched += [name for name in tree.files if name == "clinic"]
    return [
        f"{name}:{number}: {match.group()}"
        for name in searched
        for number, line in enumerate(tree.text(name).splitlines(), start=1)
        if (match := pattern.search(line))
    ]


def media_library_offences(tree: Tree) -> list[str]:
    """Modules other than the adapter that reach into aiortc's inside."""
    return [
        f"{name}:{node.lineno}"
        for name in tree.under(*ROOMS, suffixes=(".py",))
        if name != "media/aio_adapter.py"
        for node in statements(tree.syntax(name))
        if isinstance(node, ast.Import | ast.ImportFrom) and _reaches_inside(node)
    ]


def _reaches_inside(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.startswith("aiortc.") for alias in node.names)
    package, _, inside = (node.module or "").partition(".")
    return package == "aiortc" and (bool(inside) or any(alias.name.startswith("_") for alias in node.names))
