"""The tree the guards look at: a folder and the files that belong to it, real or planted."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("engine", "media", "records", "integrations", "workflows", "admin_ui", "portals")
DATA_FOLDERS = ("rules", "specialties", "forms", "clinics")


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder with the relative paths of its files; ignored files and those of the environment are not among them."""

    root: Path
    files: tuple[str, ...]

    def under(self, *folders: str, suffixes: tuple[str, ...] = ("",)) -> list[str]:
        """The files below any of `folders` whose name ends with one of `suffixes`."""
        return [name for name in self.files if name.split("/")[0] in folders and name.endswith(suffixes)]

    def text(self, name: str) -> str:
        """A file's text; empty for one that is not text."""
        try:
            return (self.root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return ""

    def syntax(self, name: str) -> ast.Module:
        """A Python file's syntax tree; several guards look at the same one."""
        return _parsed(self.text(name))


@lru_cache(maxsize=2000)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below a node; functions and imports stand in no expression, which hold most of a tree's nodes."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.stmt):
            yield part
        if not isinstance(part, ast.expr):
            yield from statements(part)


def names() -> tuple[str, ...]:
    """What git lists in the project's folder, with what is not committed yet; links are among them."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return tuple(sorted(name for name in told if name))


def project() -> Tree:
    """The project as git sees it, with files not committed yet."""
    return Tree(ROOT, tuple(name for name in names() if (ROOT / name).is_file()))


def planted(root: Path, files: dict[str, str]) -> Tree:
    """A tree of just these files, to see a guard fail."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Tree(root, tuple(sorted(files)))
