"""Which failed tests may have failed only because the machine was busy, so that they deserve a run of their own?

Tests that drive Chromium or start whole installations wait for other programs. On two crowded cores one of them now
and then waits too long. A defect fails alone as well; what passes alone is named at the end and is to be mended.
"""

import json
from pathlib import Path

WAIT_FOR_OTHERS = ("tests/browser/", "tests/whole/", "tests/admin_ui/test_up.py::")
MOST = 3
TESTS_FAILED = 1
_KEPT = Path(".pytest_cache", "v", "cache", "lastfailed")


def worth_a_second_run(home: Path) -> tuple[str, ...]:
    """The tests that failed just now, when they are few and all wait for other programs; else none."""
    try:
        failed = tuple(json.loads((home / _KEPT).read_text()))
    except (OSError, ValueError):
        return ()
    few = 0 < len(failed) <= MOST
    return failed if few and all(one.startswith(WAIT_FOR_OTHERS) for one in failed) else ()
