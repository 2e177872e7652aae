"""What do the officers of clinics attest in the records of an installation, for commands that need no records else?"""

from collections.abc import Callable, Iterable

from admin_ui.cli.keys import opened
from engine.library import Vouched
from engine.settings import Settings
from records.vouched_law import RecordsVouchedLaw


def records_of(settings: Settings, *, named: bool) -> Callable[[Iterable[str]], Vouched]:
    """Reads them when it is asked about clinics.

    Where there are no records it is `SettingsError` if a person named them, else nothing was attested.
    """

    def vouched(clinics: Iterable[str]) -> Vouched:
        if not named and not (settings.data_dir.is_dir() and settings.keys_dir.is_dir()):
            return {}
        with opened(settings) as database:
            return RecordsVouchedLaw(database)(clinics)

    return vouched
