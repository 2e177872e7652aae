"""A visit type as compiled: the steps a visit walks, frozen, canonical and named by its digest.

``engine.visits`` compiles plans from ``specialties/``; the visit workflow interprets them and knows nothing else of a
specialty. A plan is plain data so that it travels as JSON in a workflow's input and replays for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: its kind out of the library, what it waits for, the gate it opens by, and its kind's own settings.

    Durations in ``settings`` are whole seconds. ``after`` names steps that must be finished first.
    """

    id: str
    kind: str
    after: tuple[str, ...]
    gate: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A notice before the slot's start: how long before in seconds, which message template, by which channels.

    ``text`` reaches only patients who asked for text messages.
    """

    before_seconds: int
    template: str
    channels: tuple[str, ...] = ("mail",)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPlan:
    """A compiled visit type. Amounts are cents; ``modality`` is the vocabulary's word; forms are ``area/name`` ids.

    ``pins`` are the digests of what it was compiled from: the specialty by its name, each form by its id. A running
    visit keeps to them (`engine.pinned`); a plan from before there were pins has none.
    """

    specialty: str
    visit_type: str
    modality: str
    recording: bool
    duration_seconds: int
    professions: tuple[str, ...]
    steps: tuple[Step, ...]
    reminders: tuple[Reminder, ...]
    note_template: str
    formulary: str | None
    pins: Mapping[str, str] = field(default_factory=dict)
    buffer_seconds: int = 0

    @property
    def intake_forms(self) -> tuple[str, ...]:
        """The ids of the forms that a patient may be asked, in order."""
        return tuple(str(step.settings["form"]) for step in self.steps if step.kind == "intake")

    @property
    def answer_within_seconds(self) -> int:
        """How soon a visit without a call is answered; 0 of one with a call."""
        return max((int(step.settings.get("answer_within_seconds", 0)) for step in self.steps), default=0)

    @property
    def recordable(self) -> bool:
        """Whether the call may be recorded at all; the law of the day and everybody in it are asked besides."""
        return self.recording or any(step.settings.get("recording") == "on_request" for step in self.steps)

    def asked_forms(self, raised: Collection[str]) -> tuple[str, ...]:
        """The forms that the patient is asked once these flags (``form:flag``) were raised, in order."""
        steps = (step for step in self.steps if step.kind == "intake")
        return tuple(str(s.settings["form"]) for s in steps if s.settings.get("only_if") in (None, *raised))

    def step(self, step_id: str) -> Step:
        return next(step for step in self.steps if step.id == step_id)

    def canonical(self) -> str:
        """The plan as canonical JSON: sorted keys, no blanks, UTF-8 kept."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @property
    def digest(self) -> str:
        return digest_of(self.canonical())


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """A plan as it is kept and sent: canonical JSON and its digest."""

    canonical: str
    digest: str


def digest_of(canonical: str) -> str:
    """``sha256:<hex>`` of a canonical text."""
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def plan_from_json(canonical: str, digest: str) -> VisitPlan:
    """Reads a plan back; refuses text whose digest is another one.

    Raises:
        ValueError: the text does not have the digest it came with.
    """
    if digest_of(canonical) != digest:
        raise ValueError("plan digest mismatch")
    raw = json.loads(canonical)
    return VisitPlan(
        **{
            **raw,
            "professions": tuple(raw["professions"]),
            "steps": tuple(Step(**{**step, "after": tuple(step["after"])}) for step in raw["steps"]),
            "reminders": tuple(_reminder(reminder) for reminder in raw["reminders"]),
        }
    )


def _reminder(raw: Mapping[str, Any]) -> Reminder:
    return Reminder(**{**raw, "channels": tuple(raw.get("channels", ("mail",)))})
