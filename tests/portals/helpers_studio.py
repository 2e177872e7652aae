"""A clinic over a copy of the project's files, which somebody edits while the studio looks at them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from engine.library import LibraryKeeper
from portals.deps import WrittenFiles
from tests.portals.helpers_clinic import ROOT, Clinic

FOLDERS = ("rules", "specialties", "forms", "clinics")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The clinic, and the folder that is edited."""

    clinic: Clinic
    root: Path

    def edit(self, file: str, old: str, new: str) -> None:
        """Saves a file in which the first place of `old` says `new`."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, (file, old)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def line_of(self, file: str, words: str) -> int:
        """The number of the first line that holds these words."""
        lines = (self.root / file).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if words in line)


def copied(folder: Path) -> Path:
    """The folder, with the project's content in it."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    return folder


def desk_of(clinic: Clinic, root: Path) -> Desk:
    """Lets a clinic's pages serve the files of a folder and keep an eye on them, as the program itself does."""
    keeper = LibraryKeeper(root)
    deps = clinic.app.state.deps
    clinic.app.state.deps = replace(
        deps,
        settings=replace(deps.settings, root=root),
        content=lambda: keeper.current.content,
        library=lambda: keeper.current,
        written=WrittenFiles(look=keeper.refresh, changes=lambda: keeper.changes, problems=lambda: keeper.problems),
    )
    return Desk(clinic=clinic, root=root)
