"""What does an installation need to know of a place that keeps the last good version of its files?"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """The files that a library was read from; `clinics` are those of them that are clinics, wherever they lie."""

    root: Path
    files: tuple[Path, ...]
    clinics: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A version laid out to be read again, for as long as it is held; `name` holds its digest."""

    name: str
    root: Path
    clinics: tuple[Path, ...]


class UnreadableKept(Exception):
    """A version was kept and cannot be used; carries its name and a phrase that says why."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


class LastGood(Protocol):
    """Keeps the versions that were good last, beyond the process that read them."""

    def keep(self, authored: Authored, is_still: Callable[[], bool]) -> str:
        """Keep these files, whole or not at all; the version's name, or nothing where it was not kept.

        Nothing is kept unless `is_still` says, once the files were copied, that they are what was read.
        """
        ...

    def newest(self) -> AbstractContextManager[Kept | None]:
        """The version kept last, or None; raises `UnreadableKept`."""
        ...


class NothingKept:
    """The place of a program that serves nobody: it keeps nothing."""

    def keep(self, authored: Authored, is_still: Callable[[], bool]) -> str:
        """Nothing."""
        return ""

    def newest(self) -> AbstractContextManager[Kept | None]:
        """None."""
        return nullcontext()
