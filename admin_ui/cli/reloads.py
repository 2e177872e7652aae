"""What does the terminal say when somebody changes the files of a running installation?

The programs take changes up by themselves; this looks at the same files in the same way, only to tell.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from engine.library import LibraryKeeper

LOOK_SECONDS = 1.0


async def tell_changes(keeper: LibraryKeeper, say: Callable[[str], None], every: float = LOOK_SECONDS) -> None:
    """Say one line for each change, until cancelled."""
    while True:
        await asyncio.sleep(every)
        sentence = await asyncio.to_thread(change_told, keeper)
        if sentence:
            say(sentence)


def change_told(keeper: LibraryKeeper) -> str:
    """Look once; what became of a change, or nothing where there was none."""
    keeper.refresh()
    if not keeper.changed:
        return ""
    errors = keeper.refused
    if not errors:
        return f"a change of {_named(keeper.changed)} was taken and is in force"
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return (
        f"a change of {_named(keeper.changed)} was refused: {errors[0].location} {errors[0].code}: {errors[0].what}"
        f"{more}; the old rules keep running; run ./clinic check"
    )


def _named(files: tuple[Path, ...]) -> str:
    """The first file by its last two parts, which tell it from every other to its author."""
    first = "/".join(files[0].parts[-2:])
    return first if len(files) == 1 else f"{first} and {len(files) - 1} more"
