"""Everything that a workflow may ask a worker to do is on a worker's list."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

ROOT = Path(__file__).resolve().parents[2]
MADE_FOR_OTHERS = frozenset({"walking_ports.py", "walking.py"})
"""Files whose activities run in a worker of their own: the cases of specialties."""


def activities() -> Iterator[tuple[str, str]]:
    """Every activity by its file and name."""
    for room in ("workflows", "media"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if path.name not in MADE_FOR_OTHERS and is_activity(node):
                    yield path.relative_to(ROOT).as_posix(), node.name


def is_activity(node: ast.AST) -> TypeGuard[ast.FunctionDef | ast.AsyncFunctionDef]:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        "activity.defn" in ast.unparse(mark) for mark in node.decorator_list
    )


def test_every_activity_is_on_the_workers_list() -> None:
    worker = ast.parse((ROOT / "workflows" / "worker.py").read_text(encoding="utf-8"))
    named = {node.attr for node in ast.walk(worker) if isinstance(node, ast.Attribute)}
    found = list(activities())
    assert len(found) > 20
    assert [(file, name) for file, name in found if name not in named] == []
