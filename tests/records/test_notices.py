"""What becomes of mails and notices: sent once, or refused for good, and each of it audited."""

from __future__ import annotations

import pytest

from records.course import queue_message
from records.mails import MailDraft, MailQueue, queue_mail
from records.messages import MessageQueue
from records.tables.visits import Visit
from records.work import Actor
from tests.records.helpers import World

DRAFT = MailDraft(template="reset", language="en", address="ana@example.org", subject="Reset", body="Open the link.")


def queued(world: World, what: str) -> MailQueue | MessageQueue:
    """A queue that holds one mail, or one notice about the visit."""
    with world.database.work(world.clinic, Actor.system("test")) as work:
        if what == "mail":
            queue_mail(work, DRAFT)
            return MailQueue(world.database)
        queue_message(work, work.row(Visit, world.visit), "visit_booked", "patient")
        return MessageQueue(world.database)


@pytest.mark.parametrize("what", ["mail", "notice"])
@pytest.mark.parametrize("settled", ["sent", "refused"])
def test_what_was_settled_is_not_tried_again_and_stays_as_it_was_settled(world: World, what: str, settled: str) -> None:
    queue = queued(world, what)
    (one,) = queue.pending(10)
    getattr(queue, settled)(one)
    assert queue.pending(10) == ()
    for later in (queue.sent, queue.refused):
        later(one)  # type: ignore[arg-type]
    with world.database.scope(world.clinic, world.as_system) as scope:
        (kept,) = scope.mails.outbox() if what == "mail" else scope.messages.outbox()[:1]
        acts = [entry.act for entry in scope.audit.entries(limit=50) if entry.subject == one.id]
    assert kept.state == settled
    assert [act.rpartition(":")[2] for act in acts if not act.endswith(("created", "viewed"))] == [
        {"sent": "modified", "refused": "refused"}[settled]
    ]
