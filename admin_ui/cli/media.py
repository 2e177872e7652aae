"""Can calls come about on this installation, which media nodes are there, and how is one emptied before a deploy?"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from admin_ui.cli.programs import child_environment
from admin_ui.cli.turn_server import own_relay_urls
from admin_ui.cli.typed_settings import settings_with
from engine.settings import Settings, SettingsError
from records.database import Database
from records.key_providers import key_provider
from records.room_desk import RecordsRoomDesk

WELL, TROUBLE = 0, 1
EXAMINED_WITHIN = 120
MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}
# What each finding says, and what to do where something is to be done.
SAYS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("node", "no_node"): (
        "no media node has been heard of in the last ten seconds, so no call can begin",
        "start one (clinic up, or python -m workflows.worker --role media) and look into its log",
    ),
    ("signalling", "answers"): ("the node's signalling answers at {about}", ""),
    ("signalling", "unreachable"): (
        "nobody answers at {about}, so browsers there find no room",
        "look whether the node runs and whether a firewall or proxy lets this TCP port through",
    ),
    ("tls", "certificate"): (
        "the certificate at {about} is not believed, so browsers refuse to connect",
        "give CLINIC_TLS_CERTIFICATE its whole chain, for the name that browsers are told, and look at its end",
    ),
    ("clock", "agrees"): ("the node's clock agrees with this one ({about})", ""),
    ("clock", "differs"): (
        "the node's clock is {about} from this one; tokens and relay credentials end at the wrong time",
        "let both machines take their time from the same source (NTP)",
    ),
    ("clock", "untold"): ("the node at {about} does not tell its time", "look at both clocks yourself"),
    ("media", "answers"): ("the media port {about} answers over UDP", ""),
    ("media", "no_udp"): (
        "the media port {about} does not answer over UDP; only calls by a relay's TCP can come about from here",
        "open this UDP port to the node, and check CLINIC_MEDIA_ADVERTISE: it is where browsers send their media",
    ),
    ("relay", "no_relay"): (
        "no relay is named; a call from a network that lets no UDP out will not connect",
        "install coturn (clinic up then runs its own), or name one in CLINIC_TURN_URLS",
    ),
    ("relay", "takes"): ("the relay {about} takes our credentials", ""),
    ("relay", "refused"): (
        "the relay {about} refuses credentials made just now",
        "give it the secret of CLINIC_TURN_SECRET_FILE (use-auth-secret, static-auth-secret), and look at its clock",
    ),
    ("relay", "unreachable"): (
        "the relay {about} does not answer",
        "look whether coturn runs and whether this port is open to where browsers are",
    ),
    ("relay", "certificate"): (
        "the certificate of the relay {about} is not believed",
        "give coturn (cert, pkey) one for this name, with its whole chain",
    ),
    ("relay", "through"): ("the media port {about} answers through the relay", ""),
    ("relay", "not_through"): (
        "the media port {about} does not answer through the relay",
        "add the node's address to coturn's allowed-peer-ip, and on one machine allow-loopback-peers",
    ),
    ("relay", "nodes_only"): ("the relay {about} sends to no foreign address", ""),
    ("relay", "open_proxy"): (
        "the relay {about} sends to any address: it is an open proxy into the network it stands in",
        "deny everything (denied-peer-ip=0.0.0.0-255.255.255.255) but the nodes (allowed-peer-ip)",
    ),
    ("relay", "takes_expired"): ("the relay {about} takes credentials that have ended", "set its clock"),
    ("relay", "takes_anybody"): (
        "the relay {about} takes credentials made with another secret",
        "set use-auth-secret and remove lt-cred-mech users and no-auth",
    ),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do, the node that is meant, and the installation."""
    parser.add_argument("what", choices=("doctor", "nodes", "drain", "fill"), help="doctor: try what a browser would")
    parser.add_argument("node", nargs="?", metavar="NODE", help="drain or fill: the node's id, as nodes lists it")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: .clinic-data)")


def run(arguments: argparse.Namespace) -> int:
    """0 when all is well, 1 when something is not, 2 for wrong input (`SettingsError`)."""
    settings = settings_with(data=arguments.data)
    if (arguments.what in ("drain", "fill")) != (arguments.node is not None):
        raise SettingsError([f"{arguments.what}: drain and fill take a node's id, doctor and nodes take none"])
    with _desk(settings) as desk:
        if arguments.what == "doctor":
            return _doctor(settings, [node.endpoint for node in desk.nodes()])
        if arguments.what == "nodes":
            return _list(desk)
        return _drain(desk, arguments.node, on=arguments.what == "drain")


@contextmanager
def _desk(settings: Settings) -> Iterator[RecordsRoomDesk]:
    if not settings.keys_dir.is_dir():
        raise SettingsError([f"there is no installation in {settings.data_dir}; give its folder with --data"])
    database = Database(settings.database_url, key_provider(settings))
    try:
        yield RecordsRoomDesk(database)
    finally:
        database.close()


def _list(desk: RecordsRoomDesk) -> int:
    nodes = desk.nodes()
    for node in nodes:
        state = "draining" if node.draining else "takes rooms" if node.takes else "full"
        carried = f"{node.rooms} rooms, {node.participants} people, {node.load:.0%} of a core"
        sys.stdout.write(f"{node.node}  {node.endpoint}  {state}  {carried}\n")
    return WELL if nodes else TROUBLE


def _drain(desk: RecordsRoomDesk, node: str, *, on: bool) -> int:
    """Calls move to where they are taken; the node may be stopped once `nodes` shows it without rooms."""
    if not desk.drain(node, on=on):
        sys.stderr.write(f"clinic: there is no media node {node}; clinic media nodes lists them\n")
        return TROUBLE
    sys.stdout.write(f"{node} takes {'no new rooms' if on else 'rooms again'}\n")
    return WELL


def _doctor(settings: Settings, endpoints: list[str]) -> int:
    told, trouble = list(findings(settings, endpoints)), 0
    for finding in told:
        says, remedy = SAYS[finding["part"], finding["code"]]
        sys.stdout.write(f"{MARKS[finding['state']]}  {finding['part']}: {says.format(about=finding['about'])}\n")
        if remedy:
            sys.stdout.write(f"      what to do: {remedy}\n")
        trouble |= finding["state"] == "fail"
    return TROUBLE if trouble or not told else WELL


def findings(settings: Settings, endpoints: list[str]) -> Iterator[dict[str, Any]]:
    """What the media room's own program found, one thing after another; the secret goes in by its input only."""
    urls, file = own_relay_urls(settings)
    asked = {
        "nodes": endpoints,
        "advertise": settings.media_advertise,
        "urls": urls,
        "secret": file.read_text(encoding="ascii").strip() if file else "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "media.doctor"],
        input=json.dumps(asked),
        env=dict(child_environment(settings)),
        capture_output=True,
        text=True,
        timeout=EXAMINED_WITHIN,
        check=False,
    )
    for line in done.stdout.splitlines():
        yield json.loads(line)
