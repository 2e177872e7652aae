"""Which key provider an installation uses, by its settings."""

from __future__ import annotations

import logging

from engine.ports import KeyProvider
from engine.settings import Settings
from records.keys import FileKeyProvider
from records.kms import KmsKeyProvider, SimulatedKms

_LOG = logging.getLogger(__name__)


def key_provider(settings: Settings) -> KeyProvider:
    """The provider; the key folder is made at first use. Raises `KeysRefused`."""
    if settings.key_provider == "file":
        return FileKeyProvider(settings.keys_dir, settings.people_keys_url)
    _LOG.warning("keys are wrapped by a simulated key service, which protects nothing: never with real patients")
    return KmsKeyProvider(
        SimulatedKms(settings.keys_dir), settings.kms_key, settings.keys_dir, settings.people_keys_url
    )
