"""Which settings the programs know, what they mean, and whether the ones given are safe to start with.

Every program of a clinic (web, worker, media node) reads the same `CLINIC_*` names once, at its start. The tuple
`SETTINGS` is the whole list; a name that is not in it refuses to start, because a misspelt safety setting is worse
than none. Messages name settings, never their values: an address of a database may hold a password.
"""

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from engine.relays import is_relay_url

PREFIX = "CLINIC_"
KEY_PROVIDERS = ("file", "kms-simulator")
LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
_MAIL_ADDRESS = re.compile(r"[!-;=?A-~]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
HOME = Path(__file__).resolve().parents[1]


class SettingsError(ValueError):
    """The settings given cannot be used; `problems` holds one sentence for each reason."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name in `Settings`, how its text is read, its default as text, and what it means."""

    name: str
    type: str
    default: str
    sentence: str

    @property
    def variable(self) -> str:
        """The name of the environment variable that carries it."""
        return PREFIX + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting("root", "path", "", "Folder with rules, specialties, forms and clinics; empty: the program's own."),
    Setting("clinics", "paths", "", "Clinic files served, joined by ':'; empty: every file of the clinics folder."),
    Setting("data_dir", "path", ".clinic-data", "Folder for the database, files and logs; relative to the root."),
    Setting("keys_dir", "path", "", "Folder of the key file, apart from the data; empty: DATA_DIR.keys."),
    Setting(
        "key_provider",
        "provider",
        "file",
        "Who keeps the master key: file, or kms-simulator (a stand-in, protects nothing).",
    ),
    Setting("kms_key", "text", "clinicwright", "Name of the master key in the key service."),
    Setting(
        "people_keys_url", "text", "", "Database address of patients' key shares, never the records'; empty: KEYS_DIR."
    ),
    Setting("database_url", "text", "", "sqlite:///FILE or postgresql://...; empty: a SQLite file in the data folder."),
    Setting("database_connections", "count", "16", "Connections that each program keeps to PostgreSQL at most."),
    Setting("temporal_address", "text", "127.0.0.1:7233", "Host and port of the Temporal server."),
    Setting("temporal_namespace", "text", "clinic", "Temporal namespace of the visits."),
    Setting("temporal_tls", "flag", "0", "Speak TLS to Temporal; needed beyond loopback."),
    Setting("temporal_ca", "path", "", "PEM certificates that Temporal's is checked by; empty: the machine's own."),
    Setting("temporal_certificate", "path", "", "PEM certificate shown to Temporal, where it asks for one."),
    Setting("temporal_key", "path", "", "PEM key of that certificate."),
    Setting("web_host", "text", "127.0.0.1", "Address the web program listens on."),
    Setting("web_port", "port", "8080", "TCP port of the web program."),
    Setting("web_keep_alive", "count", "5", "Seconds an idle connection stays open; more than its own behind a proxy."),
    Setting("public_base", "text", "", "Scheme, host and port people type; a clinic's slug is put before the host."),
    Setting("media_host", "text", "127.0.0.1", "Address the media node listens on."),
    Setting("media_http_port", "port", "8090", "TCP port of the media node's signalling."),
    Setting("media_udp_port", "port", "8091", "UDP port of the media node's STUN and DTLS-SRTP."),
    Setting("media_advertise", "text", "127.0.0.1", "Address that browsers send their media to."),
    Setting("media_nodes", "count", "1", "Media nodes of this machine; each next one takes both ports two higher."),
    Setting("media_ladder", "path", "", "YAML file of when pictures step down and back; empty: media/ladder.yaml."),
    Setting(
        "turn_urls", "words", "", "Relays' addresses, joined by spaces: turn:HOST:PORT?transport=udp, turns:HOST:PORT."
    ),
    Setting("turn_secret_file", "path", "", "File with the secret shared with the relays (coturn's use-auth-secret)."),
    Setting("turn_relay_only", "flag", "0", "Every call travels by a relay; none is tried directly."),
    Setting("tls_certificate", "path", "", "PEM certificate of the listeners; needed beyond loopback."),
    Setting("tls_key", "path", "", "PEM key of that certificate."),
    Setting("geo_databases", "paths", "", "MaxMind DB files that say where addresses are; empty: none is asked."),
    Setting("clamav", "text", "", "ClamAV that is shown files: a socket's path or loopback HOST:PORT; empty: none."),
    Setting("mail_server", "text", "", "smtps://USER@HOST:PORT, or smtp:// for STARTTLS; empty: mail waits."),
    Setting("mail_from", "text", "", "Address that mail comes from and is answered to; goes with the server."),
    Setting("mail_password_file", "path", "", "File with the password of the mail server's user."),
    Setting("mail_ca", "path", "", "PEM certificates that the mail server's is checked by; empty: the machine's own."),
    Setting("identity_secrets", "path", "", "Folder of files named as clinics, each with its OpenID client's secret."),
    Setting("demo", "flag", "0", "Seed demo people and show how to sign in; never with real patients."),
    Setting("studio", "flag", "0", "Open the authoring studio to ops and compliance; in a demo it always is."),
    Setting("evaluator_processes", "count", "1", "Processes that run the rules engine beside each program."),
    Setting("log_format", "form", "text", "How log lines are written: text for people, json for a collector."),
    Setting("traces_file", "path", "", "File that OpenTelemetry spans are appended to; empty: none."),
    Setting("traces_endpoint", "text", "", "OTLP/HTTP address that spans are sent to; https beyond loopback."),
    Setting("worker_metrics", "text", "", "Loopback host and port of the worker's Prometheus page; empty: none."),
    Setting("log_level", "level", "info", "Least serious log line written: debug, info, warning or error."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings as parsed; every path is absolute and every empty default is filled in."""

    root: Path
    clinics: tuple[Path, ...]
    data_dir: Path
    keys_dir: Path
    key_provider: str
    kms_key: str
    people_keys_url: str
    database_url: str
    database_connections: int
    temporal_address: str
    temporal_namespace: str
    temporal_tls: bool
    temporal_ca: Path | None
    temporal_certificate: Path | None
    temporal_key: Path | None
    web_host: str
    web_port: int
    web_keep_alive: int
    public_base: str
    media_host: str
    media_http_port: int
    media_udp_port: int
    media_advertise: str
    media_nodes: int
    media_ladder: Path | None
    turn_urls: tuple[str, ...]
    turn_secret_file: Path | None
    turn_relay_only: bool
    tls_certificate: Path | None
    tls_key: Path | None
    geo_databases: tuple[Path, ...]
    clamav: str
    mail_server: str
    mail_from: str
    mail_password_file: Path | None
    mail_ca: Path | None
    identity_secrets: Path | None
    demo: bool
    studio: bool
    evaluator_processes: int
    log_format: str
    traces_file: Path | None
    traces_endpoint: str
    worker_metrics: str
    log_level: str

    @property
    def files_dir(self) -> Path:
        """The folder of sealed files (photos, documents, recordings), each named by a digest."""
        return self.data_dir / "files"

    @property
    def has_studio(self) -> bool:
        """Whether what people write may be read and tried in the browser."""
        return self.studio or self.demo

    @property
    def has_texts(self) -> bool:
        """Whether there is a network that carries text messages; so far the demo's own is the only one."""
        return self.demo and not self.mail_server

    @property
    def media_ports(self) -> tuple[tuple[int, int], ...]:
        """The TCP and the UDP port of each media node of this machine."""
        return tuple((self.media_http_port + 2 * at, self.media_udp_port + 2 * at) for at in range(self.media_nodes))

    @property
    def has_tls(self) -> bool:
        """Whether the listeners have a certificate and its key."""
        return self.tls_certificate is not None and self.tls_key is not None


def parse_settings(environ: Mapping[str, str]) -> Settings:
    """Read `CLINIC_*` names out of `environ`.

    Raises `SettingsError` naming every unknown name, unreadable value and unsafe listener at once.
    """
    problems = list(_unknown_names(environ))
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        try:
            values[setting.name] = _READERS[setting.type](environ.get(setting.variable, setting.default))
        except ValueError as error:
            problems.append(f"{setting.variable}: {error}")
    if problems:
        raise SettingsError(problems)
    settings = Settings(**_with_defaults(values))
    check_transport(settings)
    return settings


def to_environment(settings: Settings) -> dict[str, str]:
    """The `CLINIC_*` names that make `parse_settings` give `settings` again; for handing them to a child process."""
    return {setting.variable: _as_text(getattr(settings, setting.name)) for setting in SETTINGS}


def clinic_files(settings: Settings) -> tuple[Path, ...]:
    """The clinic files served, in order of their names."""
    return settings.clinics or tuple(sorted((settings.root / "clinics").glob("*.yaml")))


def is_loopback(host: str) -> bool:
    """Whether `host` can only be reached from this machine; a name other than localhost counts as reachable."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_listener(variable: str, host: str, *, tls: bool) -> None:
    """Refuse a listener that others can reach without TLS. Call it once more where the socket is opened."""
    if not tls and not is_loopback(host):
        raise SettingsError([_beyond_loopback(variable, f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY")])


def check_transport(settings: Settings) -> None:
    """Refuse any listener or server connection beyond loopback that would not be encrypted."""
    problems = [
        *_open_listeners(settings),
        *_open_connections(settings),
        *_wrong_databases(settings),
        *_wrong_mail(settings),
        *_wrong_relays(settings),
    ]
    if problems:
        raise SettingsError(problems)


def _open_listeners(settings: Settings) -> Iterable[str]:
    for name in ("web_host", "media_host"):
        if not settings.has_tls and not is_loopback(getattr(settings, name)):
            yield _beyond_loopback(PREFIX + name.upper(), f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY")
    if not _is_near(settings.clamav):
        yield f"{PREFIX}CLAMAV: speaks no TLS; give its socket's path or a loopback address, as 127.0.0.1:3310"
    if settings.worker_metrics and not is_loopback(settings.worker_metrics.rpartition(":")[0]):
        yield f"{PREFIX}WORKER_METRICS: is for this machine only; give a loopback address, as 127.0.0.1:9464"


def _open_connections(settings: Settings) -> Iterable[str]:
    if not settings.temporal_tls and not is_loopback(settings.temporal_address.rpartition(":")[0]):
        yield _beyond_loopback(f"{PREFIX}TEMPORAL_ADDRESS", f"{PREFIX}TEMPORAL_TLS=1")
    if (settings.temporal_certificate is None) != (settings.temporal_key is None):
        yield f"{PREFIX}TEMPORAL_CERTIFICATE: goes with {PREFIX}TEMPORAL_KEY; give both or neither"
    if not _is_safe_web(settings.traces_endpoint):
        yield _beyond_loopback(f"{PREFIX}TRACES_ENDPOINT", "an https address")


def _wrong_databases(settings: Settings) -> Iterable[str]:
    if not _database_is_known(settings.database_url):
        yield f"{PREFIX}DATABASE_URL: takes sqlite:///FILE or postgresql://USER@HOST/NAME"
    elif not _database_is_safe(settings.database_url):
        yield _beyond_loopback(f"{PREFIX}DATABASE_URL", "sslmode=verify-full in the address")
    if not _database_is_safe(settings.people_keys_url):
        yield _beyond_loopback(f"{PREFIX}PEOPLE_KEYS_URL", "sslmode=verify-full in the address")
    if settings.people_keys_url and settings.people_keys_url == settings.database_url:
        yield f"{PREFIX}PEOPLE_KEYS_URL: needs a database apart from {PREFIX}DATABASE_URL, backed up apart"


def _wrong_mail(settings: Settings) -> Iterable[str]:
    """Mail always travels encrypted beyond loopback: `smtp` insists on STARTTLS there, so no setting can weaken it."""
    parts = urlsplit(settings.mail_server)
    if settings.mail_server and not (parts.scheme in ("smtp", "smtps") and parts.hostname and _has_port(parts)):
        yield f"{PREFIX}MAIL_SERVER: takes smtps://USER@HOST:PORT, or smtp:// where the server speaks STARTTLS"
    if parts.password is not None:
        yield f"{PREFIX}MAIL_SERVER: holds a password; put it into a file and name that in {PREFIX}MAIL_PASSWORD_FILE"
    if bool(settings.mail_server) != bool(settings.mail_from):
        yield f"{PREFIX}MAIL_FROM: goes with {PREFIX}MAIL_SERVER; give both or neither"
    elif settings.mail_from and not _MAIL_ADDRESS.fullmatch(settings.mail_from):
        yield f"{PREFIX}MAIL_FROM: takes one address, as clinic@example.org"


def _wrong_relays(settings: Settings) -> Iterable[str]:
    """A relay without its secret would refuse everybody; calls that may only be relayed need one."""
    if not all(map(is_relay_url, settings.turn_urls)):
        yield f"{PREFIX}TURN_URLS: takes turn:HOST:PORT?transport=udp, the same with tcp, or turns:HOST:PORT"
    if bool(settings.turn_urls) != bool(settings.turn_secret_file):
        yield f"{PREFIX}TURN_SECRET_FILE: goes with {PREFIX}TURN_URLS; give both or neither"
    if settings.turn_relay_only and not settings.turn_urls:
        yield f"{PREFIX}TURN_RELAY_ONLY: needs {PREFIX}TURN_URLS"


def _has_port(parts: SplitResult) -> bool:
    """Whether the port is left out, or one there can be."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _beyond_loopback(variable: str, remedy: str) -> str:
    return f"{variable}: reaches beyond this machine without TLS; give {remedy}, or use a loopback address"


def _database_is_known(url: str) -> bool:
    return urlsplit(url).scheme in ("sqlite", "postgresql", "postgresql+pg8000")


def _database_is_safe(url: str) -> bool:
    """A file, a socket's folder, an address of this machine, or one whose certificate and name are checked."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    hosts = [parts.hostname or "", *query.get("host", []), *query.get("hostaddr", [])]
    if parts.scheme == "sqlite" or all(not host or host.startswith("/") or is_loopback(host) for host in hosts):
        return True
    return query.get("sslmode") == ["verify-full"]


def _is_near(address: str) -> bool:
    """Whether an address is empty, a socket's path, or a port of this machine."""
    host, _, port = address.rpartition(":")
    return not address or address.startswith("/") or (is_loopback(host) and port.isascii() and port.isdigit())


def _is_safe_web(url: str) -> bool:
    """Whether an address of the web is empty, encrypted or our own machine's; anything unreadable is not."""
    parts = urlsplit(url)
    return not url or parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def _unknown_names(environ: Mapping[str, str]) -> Iterable[str]:
    known = [setting.variable for setting in SETTINGS]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            yield f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else "")


def _with_defaults(values: Mapping[str, Any]) -> dict[str, Any]:
    root = (values["root"] or HOME).absolute()
    data_dir = root / values["data_dir"]
    return {
        **values,
        "root": root,
        "clinics": tuple(root / path for path in values["clinics"]),
        "geo_databases": tuple(root / path for path in values["geo_databases"]),
        "traces_file": root / values["traces_file"] if values["traces_file"] else None,
        "data_dir": data_dir,
        "keys_dir": root / (values["keys_dir"] or data_dir.with_name(data_dir.name + ".keys")),
        "database_url": values["database_url"] or f"sqlite:///{data_dir / 'records.sqlite3'}",
        "public_base": (values["public_base"] or f"http://localhost:{values['web_port']}").rstrip("/"),
    }


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part) for part in text.split(os.pathsep) if part)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError("takes 1 for yes or 0 for no")
    return text == "1"


def read_port(text: str) -> int:
    """The port a person wrote; `ValueError` with what a port is."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError("takes a port from 1 to 65535")
    return int(text)


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 64:
        raise ValueError("takes a whole number from 1 to 64")
    return int(text)


def _level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(f"takes one of {', '.join(LOG_LEVELS)}")
    return text


def _key_provider(text: str) -> str:
    if text not in KEY_PROVIDERS:
        raise ValueError(f"takes one of {', '.join(KEY_PROVIDERS)}")
    return text


def _form(text: str) -> str:
    if text not in LOG_FORMATS:
        raise ValueError(f"takes one of {', '.join(LOG_FORMATS)}")
    return text


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return (os.pathsep if value and isinstance(value[0], Path) else " ").join(str(part) for part in value)
    return str(value)


_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "text": str,
        "provider": _key_provider,
        "path": _path,
        "paths": _paths,
        "words": _words,
        "flag": _flag,
        "port": read_port,
        "count": _count,
        "level": _level,
        "form": _form,
    }
)
