"""What a clinician asks of a visit's workflow, and the code of the sentence that answers on the page."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from engine.ports import VisitRef
from portals.base.requests import deps_of
from portals.base.templating import go
from portals.base.visitor import visitor
from workflows.client import VisitClosed, VisitUnreachable
from workflows.contracts import Answer, Ask

log = logging.getLogger(__name__)
DANGER = frozenset(
    {
        "gate_shut",
        "unreachable",
        "sign_unreachable",
        "closed",
        "payment_declined",
        "not_now",
        "too_late",
        "order_changed",
        "not_offered",
        "slot_taken",
        "hours",
    }
)
WARNING = frozenset(
    {
        "needs_epcs",
        "missing",
        "conflict",
        "sign_gate_shut",
        "network_unavailable",
        "empty",
        "allergy_unread",
        "list_empty",
        "duty_way",
        "duty_time",
        "rx_cancel_held",
        "rx_undo_late",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened: its code, a sentence of the catalogue, and its meaning."""

    code: str
    tone: str
    text: str


def tone_of(code: str) -> str:
    """The meaning of a code on the page."""
    return "danger" if code in DANGER else "warning" if code in WARNING else "success"


async def ask(request: Request, visit: str, message: Ask) -> Answer:
    """Asks; trouble on the way is an answer too: ``unreachable`` (safe to ask again) or ``closed``."""
    ref = VisitRef(clinic=visitor(request).here.slug, visit=visit)
    try:
        return await deps_of(request).visits.ask(ref, message)
    except VisitClosed:
        return Answer(done=False, code="closed")
    except VisitUnreachable:
        return Answer(done=False, code="unreachable")
    except Exception as fault:  # whatever ails the engine: what was typed is on record, and the page says what to do
        log.error("visit %s: %s got no answer: %s", visit, message.act, type(fault).__name__)
        return Answer(done=False, code="unreachable")


def at_order(visit: str, order: str, code: str) -> Response:
    """Leads to a prescription on its visit's screen, with the sentence of what has just happened to it."""
    return go(f"/staff/visits/{visit}?said={code}&order={order}#order-{order}")
