"""Which kinds of step can a visit type be made of, and what may be set on each?

The library is code, everything composed from it is data. A new kind is one entry here (and its behaviour in
`workflows`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.diagnostics import Problems
from engine.reading import Node
from engine.shapes import NAME, Key, ListOf, Number, OneOf, Record, Shape, Text
from engine.texts import TEXTS

CHANNELS = ("mail", "text")
NOTICES = ("visit_tomorrow", "visit_soon", "follow_up_check", "care_plan_reminder")
"""Templates of notices that a specialty may send; their words are in the portals' message catalogues."""
MEDIA = ("video", "audio", "chat", "asynchronous")
AUDIENCES = ("patient", "provider")
GATES = ("book", "join", "prescribe", "sign")

_UNITS = {"s": 1, "min": 60, "h": 3600, "day": 86400, "days": 86400, "week": 604800, "weeks": 604800}
_DURATION = re.compile(r"(\d{1,5}) (s|min|h|days?|weeks?)\Z")
ONLY_IF = Text(
    r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*:[a-z][a-z0-9_]*", "a form and its flag such as `instruments/phq9:harm`"
)
TEST_NAMES = Record(
    "a test",
    {
        "code": Key(Text(), "its LOINC code or another one", required=True),
        "name": Key(TEXTS, "its name by language", required=True),
        "kind": Key(OneOf(("lab", "imaging")), "lab or imaging", required=True),
    },
)
DURATION = Text(words="a length of time such as 10 min, 24 h or 3 days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of a step: its shape, what it means, what it is unless written, and whether it is a length of time.

    A length of time is compiled to whole seconds under the setting's name and `_seconds`.
    """

    shape: Shape
    doc: str
    default: Any = None
    required: bool = False

    @property
    def is_duration(self) -> bool:
        return self.shape is DURATION


@dataclass(frozen=True, slots=True, kw_only=True)
class StepKind:
    """One kind of step: what it does, the gate it opens by, its settings, and the kinds that must come before it."""

    says: str
    gate: str | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    later_than: tuple[str, ...] = ()


def _time(default: int, doc: str) -> Setting:
    return Setting(shape=DURATION, doc=doc, default=default)


_NOTICE = {
    "template": Setting(shape=OneOf(NOTICES), doc="the notice to send", required=True),
    "audience": Setting(shape=OneOf(AUDIENCES), doc="who gets it", default="patient"),
}

STEP_KINDS: Mapping[str, StepKind] = {
    "book": StepKind(says="asks the gate and holds the slot", gate="book", settings={
        "hold": _time(600, "how long a slot is held until it is paid for"),
    }),
    "pay": StepKind(says="authorises the price", later_than=("book",)),
    "intake": StepKind(says="asks a form", later_than=("book",), settings={
        "form": Setting(shape=Text(), doc="the form's id", required=True),
        "only_if": Setting(shape=ONLY_IF, doc="asked only when this flag of an earlier form was raised, `form:flag`"),
    }),
    "triage": StepKind(says="sorts by urgency", later_than=("intake",), settings={
        level: Setting(shape=ListOf(ONLY_IF, least=1), doc=f"the flags that make a visit {words}")
        for level, words in (("emergent", "emergent"), ("urgent", "urgent, as every flag not named"), ("soon", "soon"))
    }),
    "locate": StepKind(says="asks where the patient is now", later_than=("book",)),
    "consent": StepKind(says="asks for the consents that the law and the clinic want", later_than=("book",), settings={
        "kinds": Setting(shape=ListOf(NAME, least=1), doc="kinds of consent asked for whatever the law says"),
    }),
    "license": StepKind(says="asks the book gate again for the attested place", gate="book", later_than=("locate",)),
    "tech_check": StepKind(says="waits for a try of the devices, its skipping, or the arrival", later_than=("book",)),
    "wait": StepKind(says="the waiting room", later_than=("book",), settings={
        "no_show": _time(900, "how long after its start a visit waits for the patient"),
        "call_back": _time(900, "how long a patient who is called back has to return"),
    }),
    "consult": StepKind(says="the encounter", gate="join", later_than=("book", "locate", "wait"), settings={
        "medium": Setting(shape=OneOf(MEDIA), doc="how they meet", default="video"),
        "answer_within": Setting(shape=DURATION, doc="how soon an asynchronous case is answered"),
        "remind_before": Setting(shape=DURATION, doc="how long before that the clinician is reminded"),
        "escalate_after": Setting(shape=DURATION, doc="how long after it the clinic's managers are told"),
        "overrun": _time(3600, "how long after the planned end the room may stay open"),
        "closing_notice": _time(300, "how long before the room closes everybody is told"),
        "extension": _time(900, "by how much the clinician may put that off, four times at most"),
        "no_show": _time(600, "how long the clinician is alone in the call before nobody is taken to have come"),
        "empty": _time(900, "how long nobody has to be in the room for it to close"),
        "join_link": _time(600, "how long a join link may be used"),
        "recording": Setting(
            shape=OneOf(("never", "on_request")),
            doc="whether the clinician may ask to record the call, where the law permits it and everybody agrees",
            default="never",
        ),
        "max_participants": Setting(shape=Number(least=2, most=24), doc="how many may join", default=6),
    }),
    "document": StepKind(says="the note and its signature", gate="sign", later_than=("consult",), settings={
        "due": _time(86400, "how long after the encounter the note is due"),
        "repeat": _time(86400, "how often an overdue note is called for"),
    }),
    "prescribe": StepKind(says="sends prescriptions", gate="prescribe", later_than=("consult",)),
    "order": StepKind(says="issues the tests that were asked for", later_than=("consult",), settings={
        "catalog": Setting(shape=ListOf(TEST_NAMES), doc="the tests that the clinician chooses from, besides others"),
    }),
    "refer": StepKind(says="issues the referrals that were written", later_than=("consult",), settings={
        "ask_after": _time(1209600, "how long after it the patient is asked whether they went"),
    }),
    "escalate": StepKind(says="puts a task before the clinicians", settings={
        "alert": Setting(shape=NAME, doc="the kind of task", default="review"),
    }),
    "bill": StepKind(says="captures the payment", later_than=("document",)),
    "follow_up": StepKind(says="sends a notice some time later", later_than=("consult",), settings={
        "in": _time(259200, "how long after it is reached"), **_NOTICE,
    }),
    "message": StepKind(says="sends a notice when it is reached", settings=_NOTICE),
}  # fmt: skip
_COMPILED = {("follow_up", "in"): "after_seconds", ("escalate", "alert"): "kind"}


def seconds_of(node: Node, problems: Problems) -> int:
    """A length of time in whole seconds; a wrong one is reported and counts as nothing."""
    match = _DURATION.match(node.raw)
    if match is None:
        problems.report("VISIT009", node.at, value=node.raw)
        return 0
    return int(match[1]) * _UNITS[match[2]]


def step_shape(kind: str) -> Record:
    """The closed shape of one kind of step."""
    common = {
        "kind": Key(NAME, "the kind of step", required=True),
        "id": Key(NAME, "the step's id; its kind unless written"),
        "after": Key(ListOf(NAME, least=1, single=True), "the steps that must be finished first"),
        "gate": Key(OneOf(GATES), "the gate it opens by; the kind's own unless written"),
    }
    own = {name: Key(s.shape, s.doc, s.required) for name, s in STEP_KINDS[kind].settings.items()}
    return Record(f"a step of kind {kind}", common | own)


def settings_of(kind: str, node: Node, problems: Problems) -> dict[str, Any]:
    """The compiled settings of a step: lengths of time in seconds, defaults filled in."""
    found: dict[str, Any] = {}
    for name, setting in STEP_KINDS[kind].settings.items():
        key = _COMPILED.get((kind, name), f"{name}_seconds" if setting.is_duration else name)
        written = node.get(name)
        if written is None:
            value = setting.default
        else:
            value = seconds_of(written, problems) if setting.is_duration else written.plain()
        if value is not None:
            found[key] = value
    return found
