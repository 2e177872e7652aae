"""Which ports are free on this machine?"""

import random
import socket
from contextlib import closing

# Below the range from which the kernel takes ports for outgoing connections.
INTERNAL = range(20_000, 30_000)


def is_free(port: int, host: str = "127.0.0.1", kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    """Whether a listener could be opened at `host` and `port` now."""
    with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def next_free(port: int, host: str = "127.0.0.1") -> int | None:
    """The first free port above `port`, to propose it."""
    return next((candidate for candidate in range(port + 1, min(port + 200, 65_536)) if is_free(candidate, host)), None)


def pick_row(count: int) -> int:
    """The first of `count` ports in a row that are free for TCP and UDP alike."""
    for first in random.sample(INTERNAL, len(INTERNAL)):
        row = range(first, first + count)
        if all(is_free(port) and is_free(port, kind=socket.SOCK_DGRAM) for port in row):
            return first
    raise OSError("no free ports in a row between 20000 and 30000")


def pick(count: int) -> list[int]:
    """`count` different ports that are free for TCP and UDP alike, at random so that two starts rarely meet."""
    found: list[int] = []
    for port in random.sample(INTERNAL, len(INTERNAL)):
        if is_free(port) and is_free(port, kind=socket.SOCK_DGRAM):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError("no free port between 20000 and 30000")
