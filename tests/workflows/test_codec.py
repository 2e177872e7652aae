"""Whether nothing that a visit says can be read in its history, its failures or the log."""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidTag
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.workflows.helpers import new_id
from workflows.codec import CachedKeys, EncryptingCodec, PlainPayload, data_converter
from workflows.quiet import quiet_exceptions

MARK = "CANARY-7f3a"


class TwoKeys:
    """An old key and the current one; counts how often it was asked."""

    def __init__(self) -> None:
        self.keys = {"old": os.urandom(32), "new": os.urandom(32)}
        self.now = "old"
        self.asked = 0

    def current(self) -> tuple[str, bytes]:
        self.asked += 1
        return self.now, self.keys[self.now]

    def key(self, key_id: str) -> bytes:
        self.asked += 1
        return self.keys[key_id]


@activity.defn
async def fail(text: str) -> None:
    raise RuntimeError(f"failed about {text}")


@workflow.defn
class FailingWorkflow:
    """Carries a marker in its input and in the failure of its activity."""

    @workflow.run
    async def run(self, text: str) -> None:
        await workflow.execute_activity(fail, text, start_to_close_timeout=timedelta(seconds=5))


async def test_a_payload_is_read_back_and_looks_like_noise_in_between() -> None:
    codec = EncryptingCodec(TwoKeys())
    clear = [Payload(metadata={"encoding": b"json/plain"}, data=MARK.encode())]
    sealed = await codec.encode(clear)
    assert MARK.encode() not in sealed[0].SerializeToString()
    assert await codec.decode(sealed) == clear


async def test_old_payloads_stay_readable_after_the_key_was_rotated() -> None:
    keys = TwoKeys()
    codec = EncryptingCodec(keys)
    old = await codec.encode([Payload(data=b"before")])
    keys.now = "new"
    new = await codec.encode([Payload(data=b"after")])
    assert [payload.data for payload in await codec.decode([*old, *new])] == [b"before", b"after"]
    assert old[0].metadata["key"] == b"old"
    assert new[0].metadata["key"] == b"new"


@pytest.mark.parametrize("part", ["data", "key"])
async def test_a_payload_that_was_touched_is_refused(part: str) -> None:
    codec = EncryptingCodec(TwoKeys())
    sealed = (await codec.encode([Payload(data=b"text")]))[0]
    if part == "data":
        sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    else:
        sealed.metadata["key"] = b"new"
    with pytest.raises(InvalidTag):
        await codec.decode([sealed])


async def test_a_payload_that_was_never_encrypted_is_refused() -> None:
    codec = EncryptingCodec(TwoKeys())
    forged = Payload(metadata={"encoding": b"json/plain"}, data=b'{"item": "x", "kind": "red_flag"}')
    with pytest.raises(PlainPayload):
        await codec.decode([forged])
    with pytest.raises(PlainPayload):
        await codec.decode([Payload(metadata={"encoding": b"binary/null"}, data=b"text")])


async def test_keys_are_asked_for_once_while_they_are_fresh() -> None:
    keys = TwoKeys()
    cached = CachedKeys(keys)
    for _ in range(5):
        key_id, value = cached.current()
        assert cached.key(key_id) == value
    assert keys.asked == 1


@pytest.mark.parametrize("name", ["temporalio.worker", "asyncio", "media.node", "sqlalchemy"])
def test_no_logger_of_the_process_says_what_an_exception_said(name: str, caplog: pytest.LogCaptureFixture) -> None:
    quiet_exceptions()
    try:
        raise ValueError(MARK)
    except ValueError as error:
        logging.getLogger(name).exception("failed about %s\nfuture: %r", "x1", error)
        logging.getLogger(name).error("failed: %s", error)
    assert MARK not in caplog.text
    assert "ValueError" in caplog.text


@pytest.mark.slow
async def test_neither_history_nor_log_shows_what_a_failure_said(
    local: WorkflowEnvironment, caplog: pytest.LogCaptureFixture
) -> None:
    quiet_exceptions()
    config = local.client.config()
    config["data_converter"] = data_converter(TwoKeys())
    client = Client(**config)
    with caplog.at_level(logging.DEBUG):
        raw = await _history_of_a_failure(client)
    assert MARK not in raw
    assert MARK not in caplog.text
    assert any(record.name.startswith("temporalio") for record in caplog.records)


async def _history_of_a_failure(client: Client) -> str:
    queue = new_id()
    async with Worker(
        client,
        task_queue=queue,
        workflows=[FailingWorkflow],
        activities=[fail],
        workflow_runner=UnsandboxedWorkflowRunner(),
    ):
        handle = await client.start_workflow(FailingWorkflow.run, MARK, id=new_id(), task_queue=queue)
        await asyncio.sleep(1.0)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
    raw = (await handle.fetch_history()).to_json()
    assert "encrypted" in raw or "YmluYXJ5L2VuY3J5cHRlZA" in raw
    return raw
