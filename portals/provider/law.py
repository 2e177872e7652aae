"""What the law says about one gate of a visit, in the order a clinician reads it: verdict, reason, statute, way out.

The input is a gate's record: the decisions of DESIGN's answer shape by topic. Words come from the rules themselves
(titles of rules and sources, sentences of duties and facts) and from the message catalogue, never from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from portals.provider.held import Day, Held, Say, why_not

_Item = TypeVar("_Item")
JSON = Mapping[str, Any]

# The gates whose law the visit screen shows, and the topics each of them asks (DESIGN section 4).
PANEL_GATES = ("join", "prescribe", "sign")
_PATH = re.compile(r"\b[a-z][a-z_]*(?:\.[a-z_]+)+")
_PLACE = re.compile(r"(?:\A|@)(us/[a-z]{2})(?:/|\Z)")
VOUCHED = "attested/"  # how ids begin of sources that an officer of the clinic vouches for
_AUTHORITY = re.compile(r"\.(gov|mil|state\.[a-z]{2}\.us)\Z")
FULL_LICENSE = "full_license"  # the path of authority that a licence of the state's own opens
MOST_WORDS = 4  # a fact whose sentence is longer is left out of a reason
_WORST_FIRST = ("forbidden", "incomplete", "review", "permitted_with_duties", "permitted")


class LawWords(Protocol):
    """The words the rules give for their own ids; each returns None when the rules have none, `ways_done` nothing."""

    def rule_title(self, rule: str) -> str | None: ...
    def duty_sentence(self, duty: str) -> str | None: ...
    def fact_sentence(self, path: str) -> str | None: ...
    def limit_sentence(self, limit: str) -> str | None: ...
    def ways_done(self, topic: str, duty: str) -> tuple[str, ...]: ...
    def of_decision(self, decision: JSON) -> JSON:
        """The decision with its titles in the language of these words."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Statute:
    """A source as a page shows it; ``url`` is empty for background sources, ``confidence`` high | medium | low."""

    title: str
    url: str
    checked: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyLine:
    """One duty: the sentence that says it, whether it is met, and when it is due in words.

    ``asks`` is what else an unmet one asks for: the form of a consent, and what must be told at it.
    """

    text: str
    met: bool
    due: str
    statutes: tuple[Statute, ...]
    asks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a topic is not simply permitted, with the statutes that say so.

    ``lacks`` is what a path of authority failed on, one short line each, the least first; ``told`` that the text says
    so already, in plain words.
    """

    text: str
    statutes: tuple[Statute, ...] = ()
    lacks: tuple[str, ...] = ()
    told: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """A number or the values that may not be passed, with the statutes that say so."""

    text: str = field(repr=False)
    statutes: tuple[Statute, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LawCard:
    """One gate. ``tone`` is a meaning of the design system: success, warning, danger or info (not asked yet).

    ``others`` are the further paths of authority that were tried; the nearest one stands among ``reasons``.
    """

    gate: str
    tone: str
    open: bool
    verdict: str
    reasons: tuple[Reason, ...] = ()
    others: tuple[Reason, ...] = ()
    duties: tuple[DutyLine, ...] = ()
    limits: tuple[LimitLine, ...] = ()
    possible: tuple[Reason, ...] = ()
    statutes: tuple[Statute, ...] = ()
    advice: tuple[Reason, ...] = ()
    law_time: str = ""
    known_time: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """A kept gate record as the panel needs it; ``order`` is set when the gate was asked for one prescription.

    ``held`` are the licences of the clinician it was asked for, where the reader may see them.
    """

    record: str
    gate: str
    open: bool
    decisions: Mapping[str, JSON]
    order: str = ""
    held: Held | None = None


def law_card(gate: GateView, words: LawWords, say: Say, day: Day = str) -> LawCard:
    """Builds the card of one asked gate out of all of its topics' decisions; ``day`` words an ISO date."""
    decisions = [words.of_decision(gate.decisions[topic]) for topic in sorted(gate.decisions)]
    outcome = worst_outcome(decisions)
    reader = _Reader(words, say, day, gate.held)
    return LawCard(
        gate=gate.gate,
        tone=tone(gate.open, outcome),
        open=gate.open,
        verdict=say(f"provider.law.verdict.{gate.gate}.{verdict_key(gate.open, outcome)}"),
        reasons=tuple(_unique(reason for decision in decisions for reason in reader.reasons(decision))),
        others=tuple(_unique(other for decision in decisions for other in reader.others(decision))),
        duties=tuple(_unique(duty for decision in decisions for duty in reader.duties(decision))),
        limits=tuple(_unique(limit for decision in decisions for limit in reader.limits(decision))),
        possible=tuple(_unique(way for decision in decisions for way in reader.possible(decision))),
        statutes=tuple(_unique(statute for decision in decisions for statute in reader.permit_statutes(decision))),
        advice=tuple(_unique(advice for decision in decisions for advice in reader.advice(decision))),
        law_time=next((day(str(decision["law_time"])) for decision in decisions if decision.get("law_time")), ""),
        known_time=next((str(decision["known_time"]) for decision in decisions if decision.get("known_time")), ""),
        record=gate.record,
    )


def unasked_card(gate: str, say: Say) -> LawCard:
    """The card of a gate nobody has asked yet: it says when it will be."""
    return LawCard(gate=gate, tone="info", open=False, verdict=say(f"provider.law.verdict.{gate}.unasked"))


def law_panel(gates: Sequence[GateView], words: LawWords, say: Say, day: Day = str) -> tuple[LawCard, ...]:
    """The cards of the visit screen: the newest record of each panel gate (``gates`` is oldest first).

    Booking has a card, the first one, for as long as its gate keeps the visit shut.
    """
    newest = {gate.gate: gate for gate in gates if not gate.order or gate.gate == "prescribe"}
    shut = tuple(gate for gate in ("book",) if gate in newest and not newest[gate].open)
    return tuple(
        law_card(newest[gate], words, say, day) if gate in newest else unasked_card(gate, say)
        for gate in (*shut, *PANEL_GATES)
    )


def worst_outcome(decisions: Iterable[JSON]) -> str:
    """The outcome that decides a gate of several topics; no decision at all counts as ``review``."""
    outcomes = {str(decision.get("outcome", "review")) for decision in decisions} or {"review"}
    return next((outcome for outcome in _WORST_FIRST if outcome in outcomes), "review")


def tone(is_open: bool, outcome: str) -> str:
    """The meaning of an outcome's colour."""
    if is_open:
        return "success"
    return "danger" if outcome == "forbidden" else "warning"


def verdict_key(is_open: bool, outcome: str) -> str:
    """The part of a message's name that says an outcome."""
    if is_open:
        return "open"
    return "duties" if outcome.startswith("permitted") else outcome


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the parts of one decision into lines, with the rules' own words where they have some."""

    words: LawWords
    say: Say
    day: Day
    held: Held | None = None

    def reasons(self, decision: JSON) -> Iterable[Reason]:
        for forbid in decision.get("forbids", ()):
            yield Reason(text=self._because(forbid), statutes=self._statutes(decision, forbid))
        if decision.get("outcome") == "forbidden" and not decision.get("forbids"):
            yield from (self._denied(decision, tried) for tried in decision.get("tried", ())[:1])
        for entry in decision.get("review", ()):
            yield Reason(text=self._review(entry), statutes=self._statutes(decision, entry))
        for path in decision.get("missing", ()):
            yield Reason(text=self.say("provider.law.missing", fact=self._fact(str(path))), statutes=())

    def others(self, decision: JSON) -> Iterable[Reason]:
        """The paths tried beyond the nearest, which the engine names first."""
        if decision.get("outcome") == "forbidden" and not decision.get("forbids"):
            yield from tuple(self._tried(decision))[1:]

    def duties(self, decision: JSON) -> Iterable[DutyLine]:
        for duty in decision.get("duties", ()):
            yield DutyLine(
                text=self._duty(duty),
                met=bool(duty.get("met")),
                due=self._due(duty.get("due", "")),
                statutes=self._statutes(decision, duty),
                asks=() if duty.get("met") else tuple(self._asks(duty.get("detail") or {})),
            )

    def _asks(self, detail: JSON) -> Iterable[str]:
        """The form and the disclosures that a duty's detail names, in words."""
        if isinstance(detail.get("form"), str):
            yield self.say("provider.law.asks.form", form=self._word(detail["form"]))
        told = detail.get("disclosures")
        if isinstance(told, list | tuple) and told:
            yield self.say("provider.law.asks.told", told="; ".join(map(self._word, told)))

    def _word(self, code: str) -> str:
        return self.say(f"ask.value.{code}", otherwise=plain(code))

    def limits(self, decision: JSON) -> Iterable[LimitLine]:
        for limit in decision.get("limits", ()):
            name = str(limit.get("limit", ""))
            title = self.words.limit_sentence(name) or plain(name)
            key = "provider.law.limit" if "max" in limit else "provider.law.limit_to"
            text = self.say(key, name=sentence_part(title), value=shown(limit.get("max", limit.get("to", ""))))
            yield LimitLine(text=text, statutes=self._statutes(decision, limit))

    def possible(self, decision: JSON) -> Iterable[Reason]:
        """What would make it possible: the facts that forbid, the duties open, the nearest path with what it lacks.

        A path that is the reason already is said there.
        """
        outcome = decision.get("outcome")
        if outcome == "permitted":
            return
        for forbid in decision.get("forbids", ()):
            names = (self._short(str(path)) for path in forbid.get("because") or ())
            facts = "; ".join(dict.fromkeys(filter(None, names)))
            if facts:
                yield Reason(text=self.say("provider.law.possible.different", facts=facts))
        for duty in decision.get("duties", ()):
            if not duty.get("met") and outcome != "forbidden":
                yield Reason(text=self.say("provider.law.possible.duty", duty=self._duty(duty)))
        if not decision.get("permits") and (outcome in ("review", "incomplete") or decision.get("forbids")):
            for tried in tuple(decision.get("tried", ()))[:1]:
                yield Reason(text=self._path_title(tried), lacks=self._lacks(tried))

    def advice(self, decision: JSON) -> Iterable[Reason]:
        for entry in decision.get("advice", ()):
            text = str(entry.get("advice") or entry.get("text") or "")
            title = self._title(entry) or plain(text)
            yield Reason(text=title, statutes=self._statutes(decision, entry))

    def permit_statutes(self, decision: JSON) -> Iterable[Statute]:
        for permit in decision.get("permits", ()):
            yield from self._statutes(decision, permit)

    def _tried(self, decision: JSON) -> Iterable[Reason]:
        for tried in decision.get("tried", ()):
            statutes = self._statutes(decision, tried)
            yield Reason(text=self._path_title(tried), statutes=statutes, lacks=self._lacks(tried))

    def _denied(self, decision: JSON, tried: JSON) -> Reason:
        """The nearest path as a no: the licence that is lacking in plain words, else that the path is not met."""
        place = place_of(str(tried.get("rule", ""))).rpartition("/")[2].upper()
        path, title = str(tried.get("path", "")), self._path_title(tried)
        plainly = self.say(f"provider.law.no.{path}", otherwise="", place=self._state(place)) if place else ""
        why = self._held(decision, path, place) if plainly else ""
        text = self.say("provider.law.no_because", no=plainly, why=why) if why else plainly
        shown_as = f"{text}." if text else self.say("provider.law.not_met", otherwise=title, title=title)
        statutes_of = self._statutes(decision, tried)
        return Reason(text=shown_as, statutes=statutes_of, lacks=self._lacks(tried), told=bool(text))

    def _state(self, code: str) -> str:
        return self.say(f"state.{code}", otherwise=code)

    def _held(self, decision: JSON, path: str, place: str) -> str:
        on = str(decision.get("law_time") or "")[:10]
        if self.held is None or path != FULL_LICENSE or not on:
            return ""
        return why_not(self.held, place, on, self.say, self.day)

    def _path_title(self, tried: JSON) -> str:
        return self._title(tried) or plain(str(tried.get("path", "")))

    def _lacks(self, tried: JSON) -> tuple[str, ...]:
        """What a path failed on, each once; the shortest first, as it is read at a glance."""
        return tuple(sorted(dict.fromkeys(readable(str(entry)) for entry in tried.get("failed", ())), key=len))

    def _because(self, forbid: JSON) -> str:
        because = forbid.get("because") or {}
        told = ((self._short(str(path)), self._value(str(path), value)) for path, value in because.items())
        facts = ", ".join(f"{name}: {value}" for name, value in told if name)
        title = self._title(forbid) or self.say("provider.law.forbidden_act", act=plain(str(forbid.get("act", ""))))
        return self.say("provider.law.because", title=title, facts=facts) if facts else title

    def _review(self, entry: JSON) -> str:
        why = str(entry.get("why", ""))
        title = self._title(entry)
        text = why if " " in why else self.say(f"provider.law.review.{why}", otherwise=plain(why))
        return f"{title}: {text}" if title else text

    def _duty(self, duty: JSON) -> str:
        name = str(duty.get("duty", ""))
        return self.words.duty_sentence(name) or self._title(duty) or plain(name)

    def _due(self, due: object) -> str:
        if isinstance(due, Mapping):
            return plain(" ".join(f"{key} {value}" for key, value in due.items()))
        return self.say(f"provider.law.due.{due}", otherwise=plain(str(due)))

    def _short(self, path: str) -> str:
        """A fact in a word or three; empty where there is none: a long sentence would bury the reason."""
        found = sentence_part(self.words.fact_sentence(path) or "")
        return self.say(f"provider.law.fact.{path}", otherwise=found if len(found.split()) <= MOST_WORDS else "")

    def _value(self, path: str, value: object) -> str:
        """A fact's value in everyday words where the catalogue has them."""
        return self.say(f"provider.law.value.{path}.{value}", otherwise=shown(value))

    def _fact(self, path: str) -> str:
        short = self.say(f"provider.law.fact.{path}", otherwise="")
        if short:
            return short
        found = self.words.fact_sentence(path)
        return sentence_part(found) if found else plain(path.replace(".", " "))

    def _title(self, entry: JSON) -> str | None:
        return entry.get("title") or self.words.rule_title(str(entry.get("rule", "")))

    def _statutes(self, decision: JSON, entry: JSON) -> tuple[Statute, ...]:
        return statutes(decision.get("sources", {}), entry, self.day)


def statutes(sources: Mapping[str, JSON], entry: JSON, day: Day) -> tuple[Statute, ...]:
    """What a part of a decision cites, each title once, with the best link: an authority's own, else the first."""
    cites = [cite for cite in entry.get("cite", ()) if cite in sources]
    law = str(entry.get("law") or "")
    best: dict[str, Statute] = {}
    for one in (_statute(sources[cite], "" if cite.startswith(VOUCHED) else law, day) for cite in cites):
        if one.title not in best or _worth(one) > _worth(best[one.title]):
            best[one.title] = one
    return tuple(best.values())


def _worth(statute: Statute) -> int:
    """How good a link is: none, somebody's, or one to a public authority of the country or a state."""
    host = urlsplit(statute.url).hostname or ""
    return 2 if _AUTHORITY.search(host) else int(bool(host))


def _statute(source: JSON, law: str, day: Day) -> Statute:
    """A source under the section that the rule names, else under its own title: its sections may be other rules'."""
    return Statute(
        title=law or str(source.get("title") or source.get("law", "")),
        url=str(source.get("url") or ""),
        checked=day(str(source.get("checked") or "")),
        confidence=str(source.get("confidence") or ""),
    )


def place_of(rule: str) -> str:
    """The jurisdiction of a rule's id, such as ``us/fl``; empty where it is a rule of everywhere."""
    found = _PLACE.search(rule)
    return found[1] if found else ""


def plain(code: str) -> str:
    """A code of the vocabulary as words, for want of better ones: ``pdmp_check`` is "Pdmp check"."""
    words = code.replace("_", " ").replace("/", " ").strip()
    return words[:1].upper() + words[1:]


def readable(text: str) -> str:
    """The engine's own words for a condition with paths as words: ``provider.licenses`` is "licenses"."""
    return _PATH.sub(lambda found: found.group(0).rsplit(".", 1)[-1], text).replace("_", " ")


def sentence_part(text: str) -> str:
    """A sentence of the rules to be part of another: without what follows a semicolon and without its full stop."""
    return text.partition(";")[0].rstrip(" .")


def shown(value: object) -> str:
    """A fact's value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(shown(entry) for entry in value) or "none"
    return str(value).replace("_", " ")


def _unique(items: Iterable[_Item]) -> Iterable[_Item]:
    return dict.fromkeys(items)
