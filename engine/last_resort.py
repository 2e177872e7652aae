"""What is told of a file whose reading this program itself did not survive?"""

import traceback
from collections.abc import Callable
from pathlib import PurePath
from typing import TypeVar, TypeVarTuple

from engine.diagnostics import BrokenInput, Location, Problems

FAILED = "READ009"
"""The diagnostic of a program that failed, not of its input."""

Found = TypeVar("Found")
Things = TypeVarTuple("Things")


def survived(
    file: str, problems: Problems, read: Callable[[*Things, Problems], Found], *things: *Things
) -> Found | None:
    """What a reader makes of a file; a failure nobody foresaw is an error of that file, and the others are read on.

    The error names the place in the program and the sort of failure, never what the file says.
    """
    try:
        return read(*things, problems)
    except BrokenInput:
        raise
    except Exception as error:  # whatever it was, an author sees which file it was and everything else that is wrong
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__} at {PurePath(last.filename).name}:{last.lineno}"
        problems.report(FAILED, Location(file, 1, 1), error=place)
        return None
