"""The node's numbers for Prometheus: what happened is in them, who was there is not, and nobody else may read them."""

from __future__ import annotations

import re

import pytest
from starlette.requests import Request

from media.metrics import asks_from_here
from tests.media.helpers_bot import Bench
from tests.media.helpers_call import close, two, until


@pytest.mark.slow
async def test_a_call_is_seen_in_numbers_that_name_nobody_and_outlast_it(bench: Bench) -> None:
    patient, provider = await two(bench)
    await patient.talk(0.3)
    await until(lambda: value(bench.node.metrics().decode(), "clinic_media_packets_out_total") > 0)
    page = bench.node.metrics().decode()
    assert value(page, "clinic_media_rooms") == 1
    assert value(page, 'clinic_media_participants{role="patient"}') == 1
    assert sum(float(number) for number in re.findall(r'clinic_media_ladder{height="\d+"} (\S+)', page)) == 2
    assert value(page, "clinic_media_cpu_seconds_total") > 0
    for secret in ("p1", "d1", "room-1", "visit-1", "lakeside", "127.0.0.1"):
        assert secret not in page
    counted = value(bench.node.metrics().decode(), "clinic_media_packets_in_total")
    await close(patient, provider)
    await bench.node.close_room("room-1", "closed")
    page = bench.node.metrics().decode()
    assert value(page, "clinic_media_rooms") == 0
    assert value(page, "clinic_media_packets_in_total") >= counted > 0


@pytest.mark.parametrize(
    ("host", "headers", "may"),
    [
        ("127.0.0.1", [], True),
        ("::1", [], True),
        ("192.0.2.1", [], False),
        ("127.0.0.1", [(b"x-forwarded-for", b"192.0.2.1")], False),
        ("127.0.0.1", [(b"forwarded", b"for=192.0.2.1")], False),
        ("not an address", [], False),
    ],
)
def test_only_a_collector_of_this_machine_may_read_them(
    host: str, headers: list[tuple[bytes, bytes]], may: bool
) -> None:
    assert asks_from_here(Request({"type": "http", "client": (host, 1), "headers": headers})) is may


def value(page: str, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
    assert found is not None, name
    return float(found.group(1))
