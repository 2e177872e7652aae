"""What do the officers of clinics attest in the records of an installation, for commands that need no records else?"""

import importlib
from collections.abc import Callable, Iterable
from typing import cast

from engine.library import Vouched
from engine.settings import Settings


def records_of(settings: Settings, *, named: bool) -> Callable[[Iterable[str]], Vouched]:
    """Reads them when it is asked about clinics.

    Where there are no records it is `SettingsError` if a person named them, else nothing was attested.
    """

    def vouched(clinics: Iterable[str]) -> Vouched:
        if not named and not (settings.data_dir.is_dir() and settings.keys_dir.is_dir()):
            return {}
        # Only now: a decision without records does not wait for the database library.
        reader = importlib.import_module("admin_ui.cli.vouched_records")
        return cast(Vouched, reader.read(settings, clinics))

    return vouched
