"""The inbox of what the program puts before the clinic's people: who has it, by when, what was said and decided.

Where a matter needs two people, the second is never the first: records refuse it, whatever a page offers. Every change
has the matter to itself and names the version it was made from, so of two who take one at once one gets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from records.access import Role, may, sees
from records.acts import Act
from records.codes import new_id
from records.errors import AlreadyDone, Conflict, NotFound, Unreadable
from records.matters import CLOSED, DECIDED, KINDS, OPEN, TAKEN, Said, append
from records.standing import standing_everywhere
from records.tables.people import Account
from records.tables.reviews import ReviewEntryRow, ReviewRow
from records.tables.visits import Visit
from records.work import Actor, Repository

LONGEST_WORDS = 2000
LEAST_REASON = 20  # letters of a reason: a short sentence, not a nod
MINE, NOBODYS = "mine", "nobodys"
COMMENT, TOOK, GAVE, LEFT, DECISION, AGREED, SENT_BACK = (
    "comment",
    "taken",
    "given",
    "left",
    "decision",
    "agreed",
    "sent_back",
)


class SamePerson(AlreadyDone):
    """Who decided does not also agree to it: that takes somebody else."""

    code = "same_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQuery:
    """What is looked for: a state (empty for all that is not closed), a kind, whose (`MINE`, `NOBODYS`), what is late,
    and one visit's; pages count from 1."""

    state: str = ""
    kind: str = ""
    whose: str = ""
    overdue: bool = False
    visit: str = ""
    page: int = 1


PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """One matter as its readers see it: ids, codes and instants. ``overdue`` by the visits' own clock."""

    id: str
    kind: str
    subject: str
    cause: str
    visit: str
    person: str
    visit_type: str
    raised_at: datetime
    due_at: datetime
    overdue: bool
    state: str
    owner: str
    decision: str
    decided_by: str
    confirmed_by: str
    closed_at: datetime | None
    pair: bool
    second: tuple[str, ...]
    elsewhere: bool
    version: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReviewEntry:
    """One thing said or done: who, when, which; ``text`` is empty where the patient was erased since."""

    at: datetime
    actor: str
    kind: str
    about: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ReviewCase:
    """A matter with all that was said and done about it, oldest first, and who may have it."""

    review: ReviewView
    entries: tuple[ReviewEntry, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCount:
    """How much waits: all that is not closed, what is late, and what lies with the reader."""

    open: int
    overdue: int
    mine: int


class Reviews(Repository):
    """The clinic's inbox. A reader sees the kinds of matters whose class of data they may view."""

    def count(self) -> ReviewCount:
        """Numbers for a badge: they disclose nothing and are not audited."""
        work = self._work
        work.whole_clinic(Act.REVIEWS_VIEWED)
        base = select(func.count()).select_from(ReviewRow).where(*self._seen(), ReviewRow.state != CLOSED)
        asked = (base, base.where(ReviewRow.due_at < work.at), base.where(ReviewRow.owner == work.actor.person))
        found = [self._session.scalar(one) or 0 for one in asked]
        return ReviewCount(open=found[0], overdue=found[1], mine=found[2])

    def listed(self, wanted: ReviewQuery) -> tuple[tuple[ReviewView, ...], bool]:
        """A page of what fits, the soonest due first (closed ones newest first), and whether there is another page."""
        work = self._work
        work.whole_clinic(Act.REVIEWS_VIEWED)
        work.note(Act.REVIEWS_VIEWED, work.clinic)
        query = select(ReviewRow).where(*self._seen(), *self._asked(wanted))
        order = (ReviewRow.closed_at.desc(),) if wanted.state == CLOSED else (ReviewRow.due_at,)
        query = query.order_by(*order, ReviewRow.id).offset((max(wanted.page, 1) - 1) * PAGE).limit(PAGE + 1)
        rows = self._session.scalars(query).all()
        return tuple(self._view(row) for row in rows[:PAGE]), len(rows) > PAGE

    def case(self, review: str) -> ReviewCase:
        """One matter with its history."""
        row = self._row(review, Act.REVIEWS_VIEWED)
        self._work.note(Act.REVIEWS_VIEWED, row.id, row.visit or "")
        return ReviewCase(review=self._view(row), entries=self._entries(row), people=self._people(row.kind))

    def take(self, review: str, version: int) -> None:
        """Takes a matter that nobody has. Raises `AlreadyDone` where somebody has it, `Conflict` when it changed."""
        row = self._changed(review, version)
        if row.state != OPEN:
            raise AlreadyDone("review")
        self._give(row, TAKEN, self._work.actor.person, TOOK)

    def give(self, review: str, to: str, version: int) -> None:
        """Gives a matter to somebody of the clinic who may see it.

        Raises:
            AlreadyDone: it was decided.
            NotFound: ``to`` is nobody who may have it.
        """
        row = self._changed(review, version)
        if row.state not in (OPEN, TAKEN):
            raise AlreadyDone("review")
        if to not in self._people(row.kind):
            raise NotFound(f"persons {to[:40]}")
        self._give(row, TAKEN, to, GAVE)

    def leave(self, review: str, version: int) -> None:
        """Puts a matter back, so that somebody else takes it."""
        row = self._changed(review, version)
        if row.state != TAKEN:
            raise AlreadyDone("review")
        self._give(row, OPEN, None, LEFT)

    def comment(self, review: str, text: str) -> None:
        """Adds words; nothing else changes, so that two may write at once."""
        row = self._row(review, Act.REVIEW_CHANGED, locked=True)
        self._work.note(Act.REVIEW_CHANGED, row.id, row.visit or "", kind=COMMENT)
        self._say(row, COMMENT, "", text)

    def decide(self, review: str, decision: str, reason: str, version: int) -> None:
        """Decides, by whoever has the matter, with a reason. It is closed then, unless somebody else has to agree.

        Raises:
            AlreadyDone: it was decided, or lies with somebody else.
            ValueError: it cannot be decided so, or without a reason.
        """
        row = self._changed(review, version)
        kind, work = KINDS[row.kind], self._work
        self._no_program(row)
        if decision not in kind.decisions or not is_reason(reason):
            raise ValueError("no such decision, or no reason")
        if row.state != TAKEN or row.owner != work.actor.person:
            raise AlreadyDone("review")
        work.note(Act.REVIEW_DECIDED, row.id, row.visit or "", decision=decision)
        row.decision, row.decided_by, row.decided_at = decision, work.actor.person, work.at
        row.state, row.closed_at = (DECIDED, None) if kind.needs_second(decision) else (CLOSED, work.at)
        self._say(row, DECISION, decision, reason)
        self._moved(row)

    def confirm(self, review: str, agrees: bool, reason: str, version: int) -> None:
        """The second person's word: the matter is closed, or goes back to who decided, who gives another decision.

        Raises:
            SamePerson: audited; they decided it themselves.
            AlreadyDone: it does not wait for a second person.
            ValueError: no reason is given.
        """
        row, work = self._changed(review, version), self._work
        self._no_program(row)
        if row.state != DECIDED:
            raise AlreadyDone("review")
        if row.decided_by == work.actor.person:
            work.record(Act.REVIEW_REFUSED, row.id, row.visit or "", code=SamePerson.code)
            raise SamePerson("review")
        if not is_reason(reason):
            raise ValueError("no reason")
        decision = row.decision or ""
        work.note(Act.REVIEW_DECIDED, row.id, row.visit or "", decision=AGREED if agrees else SENT_BACK)
        self._say(row, AGREED if agrees else SENT_BACK, decision, reason)
        if agrees:
            row.state, row.confirmed_by, row.closed_at = CLOSED, work.actor.person, work.at
        else:
            row.state, row.decision, row.decided_by, row.decided_at = TAKEN, None, None, None
        self._moved(row)

    def _no_program(self, row: ReviewRow) -> None:
        """No program decides in a person's place."""
        if self._work.actor.role == Role.SYSTEM:
            self._work.refuse(Act.REVIEW_DECIDED, row.id)

    def _seen(self) -> tuple[ColumnElement[bool], ...]:
        """The clinic's matters of the kinds that the reader may see."""
        kinds = sees(standing_everywhere(self._work.actor), "review_kind")
        return (ReviewRow.clinic == self._work.clinic, ReviewRow.kind.in_(sorted(kinds)))

    def _asked(self, wanted: ReviewQuery) -> list[ColumnElement[bool]]:
        asked = [ReviewRow.state == wanted.state if wanted.state else ReviewRow.state != CLOSED]
        if wanted.kind:
            asked.append(ReviewRow.kind == wanted.kind)
        if wanted.visit:
            asked.append(ReviewRow.visit == wanted.visit)
        if wanted.whose:
            mine = wanted.whose == MINE
            asked.append(ReviewRow.owner == self._work.actor.person if mine else ReviewRow.owner.is_(None))
        if wanted.overdue:
            asked += [ReviewRow.due_at < self._work.at, ReviewRow.state != CLOSED]
        return asked

    def _row(self, review: str, act: Act, *, locked: bool = False) -> ReviewRow:
        work = self._work
        work.whole_clinic(act)
        if locked:
            work.lock(ReviewRow, review)
        row = work.row(ReviewRow, review)
        if row.kind not in sees(standing_everywhere(work.actor), "review_kind"):
            work.refuse(act, review)
        return row

    def _changed(self, review: str, version: int) -> ReviewRow:
        """The matter, alone, to be changed: unless somebody else changed it since it was shown."""
        row = self._row(review, Act.REVIEW_CHANGED, locked=True)
        if row.version != version:
            raise Conflict("review", row.version)
        return row

    def _give(self, row: ReviewRow, state: str, owner: str | None, how: str) -> None:
        self._work.note(Act.REVIEW_CHANGED, row.id, row.visit or "", kind=how, owner=owner or "")
        row.state, row.owner = state, owner
        append(self._work, row, Said(kind=how, about=owner or ""))
        self._moved(row)

    def _moved(self, row: ReviewRow) -> None:
        row.version += 1
        self._session.flush()

    def _say(self, row: ReviewRow, kind: str, about: str, text: str) -> None:
        """Words are sealed under the patient's key where the matter is about a visit, else under the clinic's."""
        if not _is_said(text):
            raise ValueError("words have a least and a greatest length")
        entry, work = new_id("rve"), self._work
        whose = work.keyed(work.row(Visit, row.visit).patient) if row.visit else ""
        sealed = work.seal(("review_entries", "text", entry), text.strip(), whose)
        append(work, row, Said(kind=kind, about=about, text=sealed, id=entry))

    def _entries(self, row: ReviewRow) -> tuple[ReviewEntry, ...]:
        query = select(ReviewEntryRow).where(ReviewEntryRow.review == row.id).order_by(ReviewEntryRow.sequence)
        return tuple(
            ReviewEntry(at=one.at, actor=one.actor, kind=one.kind, about=one.about, text=self._text(one))
            for one in self._session.scalars(query)
        )

    def _text(self, row: ReviewEntryRow) -> str:
        try:
            return str(self._work.open(("review_entries", "text", row.id), row.text)) if row.text else ""
        except Unreadable:
            return ""

    def _people(self, kind: str) -> tuple[str, ...]:
        """Who of the clinic may see such a matter and change it."""
        query = select(Account.person, Account.roles)
        found = self._session.execute(query.where(Account.clinic == self._work.clinic, Account.disabled.is_(False)))
        return tuple(sorted(person for person, roles in found if any(_may_have(role, kind) for role in roles)))

    def _view(self, row: ReviewRow) -> ReviewView:
        kind = KINDS[row.kind]
        visit = self._work.row(Visit, row.visit) if row.visit else None
        return ReviewView(
            id=row.id,
            kind=row.kind,
            subject=row.subject,
            cause=row.cause,
            visit=row.visit or "",
            person=row.person or "",
            visit_type=f"{visit.specialty}/{visit.visit_type}" if visit else "",
            raised_at=row.raised_at,
            due_at=row.due_at,
            overdue=row.state != CLOSED and row.due_at < self._work.at,
            state=row.state,
            owner=row.owner or "",
            decision=row.decision or "",
            decided_by=row.decided_by or "",
            confirmed_by=row.confirmed_by or "",
            closed_at=row.closed_at,
            pair=kind.pair,
            second=kind.second,
            elsewhere=kind.elsewhere,
            version=row.version,
        )


def _may_have(role: str, kind: str) -> bool:
    known = role in frozenset(Role) - {Role.SYSTEM} and may(role, Act.REVIEW_CHANGED)
    return known and kind in sees(standing_everywhere(Actor(person="anybody", role=role)), "review_kind")


def is_reason(text: str) -> bool:
    """Whether a decision's reason is one: a sentence at least, of at least two words."""
    return _is_said(text) and len(text.strip()) >= LEAST_REASON and len(text.split()) > 1


def _is_said(text: str) -> bool:
    return 0 < len(text.strip()) <= LONGEST_WORDS
