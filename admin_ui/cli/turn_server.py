"""How does an installation on one machine get a relay of its own, and what may that relay reach?

Only where nobody named one, coturn is installed and everything stays on loopback. It listens for UDP and TCP, and for
TLS where the installation has a certificate for an address of this machine. Its secret and its settings lie in the key
folder, so that no list of processes and no copy of the data shows them. It writes no log: that would hold the addresses
of people.
"""

import asyncio
import os
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cryptography import x509

from admin_ui.cli.free_ports import pick
from admin_ui.cli.supervisor import Program, Running
from engine.settings import Settings, is_loopback
from records.keys import private_folder, write_private

SERVER = "turnserver"
HOST = "127.0.0.1"
LOCAL_NAMES = ("localhost", "relay.localhost")
SECRET, CONFIGURATION = "relay.secret", "relay.conf"
# A comment of ours in coturn's file, for whoever asks what the running relay is.
OFFERED = "# offered: "
RELAY_PORTS = (30_000, 30_999)


def with_own_relay(settings: Settings) -> Settings:
    """The settings with a relay on a free port, where nobody named one and there can be one."""
    stays_here = is_loopback(settings.media_host) and is_loopback(settings.media_advertise)
    if settings.turn_urls or not stays_here or shutil.which(SERVER) is None:
        return settings
    taken = {settings.web_port, *(port for pair in settings.media_ports for port in pair)}
    taken.add(int(settings.temporal_address.rpartition(":")[2] or 0))
    free = [port for port in pick(len(taken) + 2) if port not in taken]
    host = _certified(settings.tls_certificate) if settings.has_tls else None
    secure = (f"turns:{host}:{free[1]}?transport=tcp",) if host else ()
    return replace(settings, turn_urls=(*_urls(free[0]), *secure), turn_secret_file=settings.keys_dir / SECRET)


def _certified(certificate: Path | None) -> str | None:
    """The name of this machine's loopback that a certificate is for; browsers refuse a relay by any other."""
    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes()) if certificate else None
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value if read else None
    except (OSError, ValueError, x509.ExtensionNotFound):
        return None  # what is wrong with it, the listeners say
    if names is None:
        return None
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    words = names.get_values_for_type(x509.DNSName)
    return HOST if HOST in addresses else next((name for name in words if name in LOCAL_NAMES), None)


def is_own(settings: Settings) -> bool:
    """Whether the relay of the settings is the one that this installation runs itself."""
    return bool(settings.turn_urls) and settings.turn_secret_file == settings.keys_dir / SECRET


def prepare_relay(settings: Settings) -> bool:
    """Writes what the own relay needs, the secret once and its settings anew; False when the relay is another's."""
    if not is_own(settings):
        return False
    private_folder(settings.keys_dir)
    secret = settings.keys_dir / SECRET
    if not secret.exists():
        write_private(secret, secrets.token_hex(32))
    configuration = settings.keys_dir / CONFIGURATION
    configuration.unlink(missing_ok=True)
    write_private(configuration, _configuration(settings, secret.read_text(encoding="ascii").strip()))
    return True


def own_relay_urls(settings: Settings) -> tuple[tuple[str, ...], Path | None]:
    """The relay that is in use, and the file of its secret: the one that was named, or our own that runs here."""
    configuration = settings.keys_dir / CONFIGURATION
    if settings.turn_urls or not configuration.exists():
        return settings.turn_urls, settings.turn_secret_file
    lines = configuration.read_text(encoding="utf-8").splitlines()
    told = next(line for line in lines if line.startswith(OFFERED))
    return tuple(told.removeprefix(OFFERED).split()), settings.keys_dir / SECRET


def _urls(port: int) -> tuple[str, ...]:
    return (f"turn:{HOST}:{port}?transport=udp", f"turn:{HOST}:{port}?transport=tcp")


def relay_program(settings: Settings, log: Path) -> Program:
    """coturn with the settings that `prepare_relay` wrote."""
    port = _port(settings)

    async def healthy(_running: Running) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            return False
        writer.close()
        return True

    command = [shutil.which(SERVER) or SERVER, "-c", str(settings.keys_dir / CONFIGURATION)]
    environ = {"PATH": os.environ.get("PATH", os.defpath)}
    return Program(name="relay", command=command, environ=environ, log=log, healthy=healthy, port=port)


def _port(settings: Settings) -> int:
    return _port_of(settings.turn_urls[0])


def _port_of(url: str) -> int:
    return int(url.split("?")[0].rpartition(":")[2])


def _security(settings: Settings) -> Sequence[str]:
    """The lines for TLS; DTLS would help nobody, for a network that lets no UDP out lets no DTLS out."""
    secure = next((url for url in settings.turn_urls if url.startswith("turns:")), None)
    if secure is None:
        return ("no-tls", "no-dtls")
    return (
        f"tls-listening-port={_port_of(secure)}",
        f"cert={settings.tls_certificate}",
        f"pkey={settings.tls_key}",
        "no-tlsv1",
        "no-tlsv1_1",
        "no-dtls",
    )


def _configuration(settings: Settings, secret: str) -> str:
    """It relays to the media node's address and to no other; loopback is that address here."""
    low, high = RELAY_PORTS
    lines = [
        OFFERED + " ".join(settings.turn_urls),
        "use-auth-secret",
        f"static-auth-secret={secret}",
        "realm=clinic",
        f"listening-ip={HOST}",
        f"relay-ip={HOST}",
        f"listening-port={_port(settings)}",
        f"min-port={low}",
        f"max-port={high}",
        "relay-threads=1",
        "allow-loopback-peers",
        f"allowed-peer-ip={settings.media_advertise}",
        "denied-peer-ip=0.0.0.0-255.255.255.255",
        "denied-peer-ip=::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "no-multicast-peers",
        "no-cli",
        *_security(settings),
        "no-software-attribute",
        "stale-nonce=600",
        "no-stdout-log",
        "log-file=/dev/null",
        "simple-log",
        f"pidfile={settings.keys_dir / 'relay.pid'}",
        f"userdb={settings.keys_dir / 'relay.db'}",
    ]
    return "\n".join([*lines, ""])
