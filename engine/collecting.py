"""When does Python look for garbage, where a great many things are made that all stay?"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_FROZEN: list[bool] = []  # whether this process has done so; to count what is frozen takes as long as walking it


@contextmanager
def collector_paused(*, stays: bool = False) -> Iterator[None]:
    """No search for cycles meanwhile: what is read stays, and walking it again and again doubled the time.

    With `stays` what a process has made by the end of its first such time is never walked again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if stays and not _FROZEN:
                _FROZEN.append(True)
                gc.freeze()
            gc.enable()
