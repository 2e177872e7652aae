"""What is offered: visits that the clinician may take, and where a hand-off of their own stands, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portals.provider.chart import language_name
from portals.provider.desk import Desk, visit_type_title
from records.handoffs import OPEN, UNANSWERED, VisitOffer
from records.stages import CASES


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OfferRow:
    """A visit that the clinician may take, in words; ``fits`` whether they are licensed where its patient is."""

    id: str
    visit: str
    sender: str
    text: str
    visit_type: str
    stage: str
    starts: str
    state: str
    language: str
    language_code: str
    speaks: bool
    mine: bool
    fits: bool
    due: str
    waiting_since: datetime | None
    is_case: bool

    def waited(self, now: datetime) -> int:
        """Whole minutes in the waiting room."""
        return max(0, int((now - self.waiting_since).total_seconds() // 60)) if self.waiting_since else 0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HandedView:
    """A hand-off of the clinician's own, in words: to whom, until when, whether nobody answered."""

    id: str
    to: str
    text: str
    due: str
    unanswered: bool


def offer_rows(desk: Desk) -> tuple[OfferRow, ...]:
    """What the clinician may take, what is offered to them first."""
    provider = desk.scope.people.provider(desk.person)
    today = desk.now.date()
    licensed = {
        one.state
        for one in provider.licenses
        if one.status == "active" and (one.expires is None or one.expires >= today)
    }
    rows = [_row(desk, one, licensed, provider.languages) for one in desk.scope.handoffs.offered()]
    return tuple(sorted(rows, key=lambda row: (not row.mine, row.waiting_since is None)))


def _row(desk: Desk, one: VisitOffer, licensed: set[str], languages: Sequence[str]) -> OfferRow:
    handoff = one.handoff
    return OfferRow(
        id=handoff.id,
        visit=handoff.visit,
        sender=desk.scope.people.called(handoff.sender).display_name,
        text=handoff.text,
        visit_type=visit_type_title(desk.content, one, desk.fmt.language),
        stage=one.stage,
        starts=desk.fmt.moment(one.starts_at, desk.zone),
        state=one.state,
        language=language_name(one.language, desk.fmt.language),
        language_code=one.language,
        speaks=one.language in languages,
        mine=handoff.to == desk.person and handoff.state == OPEN,
        fits=one.state in licensed,
        due=desk.fmt.time(handoff.due, desk.zone) if handoff.due else "",
        waiting_since=one.arrived_at if one.stage == "waiting" else None,
        is_case=one.stage in CASES,
    )


def handed_view(desk: Desk, visit: str) -> HandedView | None:
    """The visit's hand-off while it waits for an answer, for whoever has the visit."""
    found = desk.scope.handoffs.of_visit(visit)
    if found is None or found.state not in (OPEN, UNANSWERED):
        return None
    to = desk.scope.people.called(found.to).display_name if found.to else desk.t("handing.anyone")
    return HandedView(
        id=found.id,
        to=to,
        text=found.text,
        due=desk.fmt.time(found.due, desk.zone) if found.due else "",
        unanswered=found.state == UNANSWERED,
    )
