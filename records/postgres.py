"""How the program reaches PostgreSQL: what an address means, how a connection is set up, what an error code says.

The driver is pg8000 (BSD; libpq is not needed). Addresses are written as libpq writes them, as far as they are needed:
``postgresql://user:password@host:port/name?sslmode=verify-full&sslrootcert=/path`` or, for a socket of this machine,
``postgresql://user@/name?host=/var/run/postgresql``. Whatever else is asked for is refused, not ignored.
"""

from __future__ import annotations

import ssl
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError

from engine.settings import is_loopback
from records.errors import RecordsError

DRIVER = "postgresql+pg8000"
APPLICATION = "clinicwright"
_PARAMETERS = frozenset({"host", "sslmode", "sslrootcert"})
_PORT = 5432
# A lock or a transaction that somebody forgot ends by itself; times are read and written in UTC.
_SESSION = {
    "TimeZone": "UTC",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "statement_timeout": "0",
}
UNIQUE = "23505"
# Somebody else's transaction was in the way: a failed serialisation, a deadlock, a lock waited for too long.
_IN_THE_WAY = frozenset({"40001", "40P01", "55P03"})


class AddressRefused(RecordsError):
    """The address of the database asks for something this program does not do; never repeats the address."""

    code = "database_address"


def driver_url(url: str) -> URL:
    """The address for SQLAlchemy: our driver, and nothing in it that the driver would take otherwise than meant."""
    return make_url(url).set(drivername=DRIVER, query={})


def connect_arguments(url: str) -> dict[str, Any]:
    """What the driver is told besides the address: TLS, a socket's path, and the limits of a session.

    Raises:
        AddressRefused: an unknown parameter or ``sslmode``, or one given twice.
    """
    parsed = make_url(url)
    unknown = sorted(set(parsed.query) - _PARAMETERS)
    if unknown or not all(isinstance(value, str) for value in parsed.query.values()):
        raise AddressRefused(f"unknown or doubled parameter in the database's address: {', '.join(unknown)}")
    query = {name: str(value) for name, value in parsed.query.items()}
    arguments: dict[str, Any] = {"application_name": APPLICATION, "startup_params": dict(_SESSION)}
    folder = query.get("host", "")
    if folder:
        if not folder.startswith("/") or parsed.host:
            raise AddressRefused("`host` in the database's address takes the folder of a socket, and then stands alone")
        arguments["unix_sock"] = f"{folder}/.s.PGSQL.{parsed.port or _PORT}"
    here = bool(folder) or is_loopback(parsed.host or "localhost")
    arguments["ssl_context"] = _tls(query.get("sslmode", ""), query.get("sslrootcert"), here=here)
    return arguments


def state_of(error: BaseException) -> str:
    """The five signs of SQLSTATE that PostgreSQL gave an error; empty when it gave none, and on SQLite."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return ""
    told = error.orig.args[0] if error.orig.args else None
    return str(told.get("C", "")) if isinstance(told, dict) else ""


def lost_a_race(error: BaseException) -> bool:
    """Whether another transaction was quicker, or in the way: asked again, the same may well succeed."""
    return state_of(error) in _IN_THE_WAY or state_of(error) == UNIQUE


def _tls(mode: str, authorities: str | None, *, here: bool) -> ssl.SSLContext | bool:
    """TLS 1.2 or newer with the certificate and the host's name checked, or False: none, on this machine only.

    The driver takes None as TLS with any certificate, which proves nothing; so it never gets None.
    """
    if mode == "verify-full":
        context = ssl.create_default_context(cafile=authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context
    if mode not in ("", "disable") or not here:
        raise AddressRefused("the database's address needs sslmode=verify-full; `disable` is for this machine only")
    return False
