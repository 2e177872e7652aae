"""How does an installation on one machine get a relay of its own, and what may that relay reach?

Only where nobody named one, coturn is installed and everything stays on loopback. Its secret and its settings lie in
the key folder, so that no list of processes and no copy of the data shows them. It writes no log: that would hold the
addresses of people.
"""

import asyncio
import os
import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from admin_ui.cli.free_ports import pick
from admin_ui.cli.supervisor import Program, Running
from engine.settings import Settings, is_loopback
from records.keys import private_folder, write_private

SERVER = "turnserver"
HOST = "127.0.0.1"
SECRET, CONFIGURATION = "relay.secret", "relay.conf"
RELAY_PORTS = (30_000, 30_999)


def with_own_relay(settings: Settings) -> Settings:
    """The settings with a relay on a free port, where nobody named one and there can be one."""
    stays_here = is_loopback(settings.media_host) and is_loopback(settings.media_advertise)
    if settings.turn_urls or not stays_here or shutil.which(SERVER) is None:
        return settings
    taken = {settings.web_port, *(port for pair in settings.media_ports for port in pair)}
    taken.add(int(settings.temporal_address.rpartition(":")[2] or 0))
    urls = _urls(next(port for port in pick(len(taken) + 1) if port not in taken))
    return replace(settings, turn_urls=urls, turn_secret_file=settings.keys_dir / SECRET)


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
    lines = configuration.read_text(encoding="ascii").splitlines()
    port = next(line.partition("=")[2] for line in lines if line.startswith("listening-port="))
    return _urls(int(port)), settings.keys_dir / SECRET


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
    return int(settings.turn_urls[0].split("?")[0].rpartition(":")[2])


def _configuration(settings: Settings, secret: str) -> str:
    """It relays to the media node's address and to no other; loopback is that address here."""
    low, high = RELAY_PORTS
    lines = [
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
        "no-tls",
        "no-dtls",
        "no-software-attribute",
        "stale-nonce=600",
        "no-stdout-log",
        "log-file=/dev/null",
        "simple-log",
        f"pidfile={settings.keys_dir / 'relay.pid'}",
        f"userdb={settings.keys_dir / 'relay.db'}",
    ]
    return "\n".join([*lines, ""])
