"""Which clinic a host name belongs to: ``<slug>.<public host>`` is a clinic, the bare address none."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from engine.settings import is_loopback
from portals.base.clinic import ClinicView


class UnknownHost(LookupError):
    """The request names a host that no clinic has; answered with 404 and nothing else."""


def clinic_of(host_header: str, public_base: str, clinics: Mapping[str, ClinicView]) -> ClinicView | None:
    """The clinic at a ``Host`` header; None at the address without a clinic's name.

    Raises:
        UnknownHost: neither a clinic's name nor the bare address.
    """
    host = _host_only(host_header)
    public = urlsplit(public_base).hostname or "localhost"
    if host == public or (is_loopback(host) and not host.endswith(".localhost")):
        return None
    slug, _, rest = host.partition(".")
    if rest == public and slug in clinics:
        return clinics[slug]
    raise UnknownHost


def clinic_base(public_base: str, slug: str) -> str:
    """A clinic's own address, such as ``http://slug.localhost:8080``."""
    scheme, _, rest = public_base.partition("://")
    return f"{scheme}://{slug}.{rest}"


def _host_only(header: str) -> str:
    parts = urlsplit("//" + header.strip().lower())
    return parts.hostname or ""
