"""What may a file, a question or a decision hold? Prints its JSON Schema, for people, editors and programs."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from engine.content import content_schemas
from engine.decision_schema import interface_shapes
from engine.diagnostics import nearest
from engine.law_cases import BULK_SHAPE
from engine.rulebook import SHAPES as LAW_SHAPES
from engine.shapes import Shape, schema_document

WRONG_INPUT = 2


def kinds() -> Mapping[str, Shape]:
    """The kinds of file, and what is asked and answered, by the name people give them."""
    return {**LAW_SHAPES, "cases": BULK_SHAPE, **content_schemas(), **interface_shapes()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One kind on standard output, or all of them as files."""
    parser.add_argument("kind", nargs="?", metavar="KIND", help=f"one of {', '.join(sorted(kinds()))}")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write KIND.schema.json for every kind into DIR")


def run(arguments: argparse.Namespace) -> int:
    """0, or 2 for a kind that does not exist."""
    if arguments.write is not None:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for kind in kinds():
            (arguments.write / f"{kind}.schema.json").write_text(text_of(kind), encoding="utf-8")
        return 0
    if arguments.kind is None:
        sys.stdout.write("".join(f"{kind}\n" for kind in sorted(kinds())))
        return 0
    if arguments.kind not in kinds():
        sys.stderr.write(f"clinic: there is no kind of file `{arguments.kind}`{nearest(arguments.kind, kinds())}\n")
        return WRONG_INPUT
    sys.stdout.write(text_of(arguments.kind))
    return 0


def text_of(kind: str) -> str:
    """The schema of one kind as canonical JSON text."""
    return json.dumps(schema_document(kinds()[kind], kind), indent=2, ensure_ascii=False) + "\n"
