"""One table of every listener and every server connection: beyond this machine it is TLS 1.2 or newer, or no start."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
from temporalio.service import TLSConfig

from engine.settings import SettingsError, parse_settings
from media.node import MediaConfig, MediaNode, NodePorts
from portals.serving import _config
from records.postgres import AddressRefused, connect_arguments
from tests.helpers_tls import certificate_for
from workflows.client import tls_to_temporal

PAIR = {"CLINIC_TLS_CERTIFICATE": "c.pem", "CLINIC_TLS_KEY": "k.pem"}
ELSEWHERE: Mapping[str, tuple[dict[str, str], dict[str, str]]] = {
    "web, any address": ({"CLINIC_WEB_HOST": "0.0.0.0"}, PAIR),
    "web, IPv6": ({"CLINIC_WEB_HOST": "::"}, PAIR),
    "web, by name": ({"CLINIC_WEB_HOST": "clinic.example"}, PAIR),
    "media signalling": ({"CLINIC_MEDIA_HOST": "0.0.0.0"}, PAIR),
    "web and worker to Temporal": ({"CLINIC_TEMPORAL_ADDRESS": "10.1.2.3:7233"}, {"CLINIC_TEMPORAL_TLS": "1"}),
    "records": (
        {"CLINIC_DATABASE_URL": "postgresql://clinic@db.example/clinic"},
        {"CLINIC_DATABASE_URL": "postgresql://clinic@db.example/clinic?sslmode=verify-full"},
    ),
    "patients' key shares": (
        {"CLINIC_PEOPLE_KEYS_URL": "postgresql://clinic@keys.example/shares?sslmode=require"},
        {"CLINIC_PEOPLE_KEYS_URL": "postgresql://clinic@keys.example/shares?sslmode=verify-full"},
    ),
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_beyond_this_machine_nothing_starts_without_tls(where: str) -> None:
    plain, cure = ELSEWHERE[where]
    with pytest.raises(SettingsError, match="without TLS"):
        parse_settings(plain)
    parse_settings({**plain, **cure})


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key, as files."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    for path, content in zip((certificate, private), certificate_for("localhost"), strict=True):
        path.write_bytes(content)
    return certificate, private


async def nothing(*_: object) -> None:
    return None


def listener_of(name: str, pair: tuple[Path, Path]) -> ssl.SSLContext:
    """The context that a program's own listener would use."""
    if name == "web":
        files = {"CLINIC_TLS_CERTIFICATE": str(pair[0]), "CLINIC_TLS_KEY": str(pair[1])}
        config = _config(parse_settings(files), nothing)
    else:
        node = MediaNode(
            MediaConfig(allowed_origins=(), tls_certificate=pair[0], tls_key=pair[1]),
            NodePorts(verify=lambda _: None, sink=nothing),
        )
        config = node._server_config(nothing)
    config.load()
    assert config.ssl is not None
    return config.ssl


@pytest.mark.parametrize("name", ["web", "media signalling"])
def test_a_listener_speaks_no_older_tls(name: str, pair: tuple[Path, Path]) -> None:
    context = listener_of(name, pair)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert spoken(context, pair[0]) in ("TLSv1.2", "TLSv1.3")


def spoken(server: ssl.SSLContext, trusted: Path) -> str | None:
    """The version that a client who trusts the certificate ends up with; both ends in memory."""
    client = ssl.create_default_context(cafile=str(trusted))
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for end in (here, there, here, there, here):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return here.version()


def test_the_database_is_checked_by_name_and_by_no_older_tls() -> None:
    context = connect_arguments("postgresql://clinic@db.example/clinic?sslmode=verify-full")["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    with pytest.raises(AddressRefused):
        connect_arguments("postgresql://clinic@db.example/clinic?sslmode=disable")


def test_temporal_is_shown_our_certificate_and_checked_against_its_own(pair: tuple[Path, Path]) -> None:
    files = {"CLINIC_TEMPORAL_CA": pair[0], "CLINIC_TEMPORAL_CERTIFICATE": pair[0], "CLINIC_TEMPORAL_KEY": pair[1]}
    told = {"CLINIC_TEMPORAL_TLS": "1", **{name: str(path) for name, path in files.items()}}
    tls = tls_to_temporal(parse_settings(told))
    assert isinstance(tls, TLSConfig)
    assert (tls.server_root_ca_cert, tls.client_cert) == (pair[0].read_bytes(), pair[0].read_bytes())
    assert tls.client_private_key == pair[1].read_bytes()
    assert tls_to_temporal(parse_settings({})) is False
    with pytest.raises(SettingsError, match="give both or neither"):
        parse_settings({"CLINIC_TEMPORAL_CERTIFICATE": "c.pem"})
