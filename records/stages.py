"""The stages of a visit that records themselves tell apart; all others are the workflow's own words."""

from __future__ import annotations

DRAFT = "draft"
HELD = "held"
BOOKED = "booked"
READY = "ready"
WAITING = "waiting"
AWAY = "away"
CALLED_BACK = "called_back"
IN_LINE = frozenset({WAITING, AWAY, CALLED_BACK})
BLOCKED = "blocked"
IN_CALL = "in_call"
DOCUMENTING = "documenting"
SUBMITTED = "submitted"
IN_REVIEW = "in_review"
MORE_ASKED = "more_asked"
HANDED = IN_LINE | {BOOKED, "preparing", READY, BLOCKED, SUBMITTED, IN_REVIEW, MORE_ASKED}
CARE = frozenset({IN_CALL, IN_REVIEW, MORE_ASKED, DOCUMENTING})
CASES = frozenset({SUBMITTED, IN_REVIEW, MORE_ASKED})
REFUSED = "refused"
ESCALATED = "escalated"
FINAL = frozenset({"completed", REFUSED, "expired", "cancelled", "no_show", ESCALATED})
