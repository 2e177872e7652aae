"""What the records of an installation hold of what officers attest."""

from collections.abc import Iterable

from admin_ui.cli.keys import opened
from engine.library import Vouched
from engine.settings import Settings
from records.vouched_law import RecordsVouchedLaw


def read(settings: Settings, clinics: Iterable[str]) -> Vouched:
    """The attestations of these clinics. Raises `SettingsError` where the records cannot be opened."""
    with opened(settings) as database:
        return RecordsVouchedLaw(database)(clinics)
