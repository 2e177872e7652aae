"""What does the law allow? Answers one question, or a file of them, on standard output and says nothing else there."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from admin_ui.cli.decision_card import card
from admin_ui.cli.questions import Rulebooks, on_line
from admin_ui.cli.typed_settings import settings_with
from admin_ui.cli.vouched import records_of
from engine.asked_json import check_size, read_json
from engine.decide import decide
from engine.decisions import Decision
from engine.diagnostics import BrokenInput, Diagnostic, Location, Problems, as_text
from engine.evaluator_pool import EvaluatorPool
from engine.evaluators import Evaluator
from engine.settings import SettingsError

ANSWERED, WRONG_INPUT = 0, 2
STANDARD_INPUT = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One question from a topic and a file of facts, or a file with a whole question on each line."""
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="for example licensing or prescribing")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--facts", metavar="FACTS.json", help="the facts as one JSON object; - reads standard input")
    source.add_argument("--batch", metavar="FILE.jsonl", help="one question a line, answered in order; - as above")
    parser.add_argument(
        "--on", metavar="INSTANT", help="the law's instant or local day (default: now; a line of a batch says it)"
    )
    parser.add_argument("--known-at", metavar="INSTANT", help="the law as it had been released by this instant")
    parser.add_argument("--clinic", metavar="NAME", help="with the policy of clinics/NAME.yaml")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the records in which its officers attest law (default: .clinic-data)"
    )
    parser.add_argument("--json", action="store_true", help="the whole answer as JSON instead of a card")


def run(arguments: argparse.Namespace) -> int:
    """0 whatever the outcome, 2 for broken input (in a batch: when any line is)."""
    _refuse_contradictions(arguments)
    settings = settings_with(data=arguments.data)
    try:
        rulebooks = Rulebooks(settings, records_of(settings, named=arguments.data is not None))
        with EvaluatorPool(settings.evaluator_processes) as evaluator:
            if arguments.batch is not None:
                return _answer_batch(arguments.batch, rulebooks, evaluator)
            return _answer_one(arguments, rulebooks, evaluator)
    except BrokenInput as error:
        sys.stderr.write(as_text(error.diagnostics) + "\n")
        return WRONG_INPUT


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    if arguments.batch is None:
        if arguments.topic is None:
            raise SettingsError(["say which TOPIC the facts are about"])
        return
    single = {"TOPIC": "topic", "--on": "on", "--known-at": "known_at", "--clinic": "clinic"}
    given = [word for word, name in single.items() if getattr(arguments, name) is not None]
    if given:
        raise SettingsError([f"{', '.join(given)}: each line of a batch is a whole question and says it itself"])


def _answer_one(arguments: argparse.Namespace, rulebooks: Rulebooks, evaluator: Evaluator) -> int:
    facts = read_json(_bytes(arguments.facts), Location(arguments.facts, 1, 1))
    question = {
        "topic": arguments.topic,
        "on": arguments.on or datetime.now(UTC).isoformat(timespec="seconds"),
        "facts": facts,
        "known_at": arguments.known_at,
        "clinic": arguments.clinic,
    }
    decision = _decide(question, rulebooks, evaluator)
    sys.stdout.write(_line(decision) if arguments.json else card(decision))
    return ANSWERED


def _answer_batch(name: str, rulebooks: Rulebooks, evaluator: Evaluator) -> int:
    """One line out for each line in, written as soon as it is answered."""
    status = ANSWERED
    for number, line in _lines(name):
        here = Location(name, number, 1)
        try:
            answer = _line(_decide(read_json(line, here), rulebooks, evaluator))
        except BrokenInput as error:
            status = WRONG_INPUT
            broken = on_line(error, here)
            answer = json.dumps({"error": _error(broken)}, ensure_ascii=False) + "\n"
            sys.stderr.write(as_text(broken) + "\n")
        sys.stdout.write(answer)
        sys.stdout.flush()
    return status


def _decide(question: Any, rulebooks: Rulebooks, evaluator: Evaluator) -> Decision:
    check_size(question)
    clinic, known_at = (_text(question, key) for key in ("clinic", "known_at"))
    return decide(rulebooks.of(clinic, known_at), question, evaluator)


def _text(question: Any, key: str) -> str | None:
    """What selects a rulebook; anything that is no text is left for the engine to refuse."""
    told = question.get(key) if isinstance(question, Mapping) else None
    return told if isinstance(told, str) else None


def _error(broken: tuple[Diagnostic, ...]) -> dict[str, Any]:
    first = broken[0]
    return {"code": first.code, "what": first.what, "diagnostics": [diagnostic.as_json() for diagnostic in broken]}


def _line(decision: Decision) -> str:
    return decision.canonical().decode() + "\n"


def _bytes(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        problems = Problems()
        problems.report("READ006", Location(name), problem=error.strerror)
        raise BrokenInput(problems) from None


def _lines(name: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a batch with their numbers; only "\\n" ends a line, as JSON text may hold other separators."""
    if name == STANDARD_INPUT:
        yield from enumerate(sys.stdin.buffer, start=1)
    else:
        yield from enumerate(_bytes(name).removesuffix(b"\n").split(b"\n"), start=1)
