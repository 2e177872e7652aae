"""Which state does a network address suggest, by files in the MaxMind DB format that lie on this machine?

Both shapes in use are read: the nested one of MaxMind's city databases (``country.iso_code``, ``subdivisions[0]``) and
the flat one of DB-IP's city-lite edition (``country_code``, ``state1`` as a name; CC BY 4.0: whoever installs it owes
its attribution). What is found is evidence, never proof: a telephone network or a VPN appears elsewhere.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import maxminddb

from engine.ports import NetworkPlace


class MmdbLocator:
    """Looks an address up in each file in turn; ``states`` gives the code of each state's name, in lower case.

    The files are mapped, not read: opening a large one costs nothing. Raises at the start:
        FileNotFoundError: a file is not there.
        maxminddb.InvalidDatabaseError: a file is something else.
    """

    def __init__(self, files: Sequence[Path], states: Mapping[str, str]) -> None:
        self._readers = [maxminddb.open_database(file) for file in files]
        self._states = states

    def locate(self, address: str) -> NetworkPlace | None:
        """None for private, unknown and malformed addresses; nothing of the address is kept."""
        try:
            asked = ipaddress.ip_address(address)
        except ValueError:
            return None
        if not asked.is_global:
            return None
        found = (reader.get(asked) for reader in self._readers if _covers(reader, asked))
        return next((place for entry in found if (place := self._place(entry)) is not None), None)

    def _place(self, entry: object) -> NetworkPlace | None:
        if not isinstance(entry, dict):
            return None
        country = _country(entry)
        return NetworkPlace(country=country.lower(), state=self._state(entry)) if country else None

    def _state(self, entry: Mapping[str, Any]) -> str | None:
        parts = entry.get("subdivisions") or ()
        code = str(parts[0].get("iso_code", "")) if parts else ""
        codes = self._states.values()
        return code if code in codes else self._states.get(str(entry.get("state1", "")).lower())


def _country(entry: Mapping[str, Any]) -> str:
    return str(entry.get("country_code") or (entry.get("country") or {}).get("iso_code") or "")


def _covers(reader: maxminddb.Reader, asked: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """A file of IPv4 addresses refuses to be asked about others."""
    return asked.version == 4 or reader.metadata().ip_version == 6
