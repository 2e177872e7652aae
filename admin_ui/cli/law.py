"""What is known of the law, how sure and how old; where does a visit need a person; what does a clinic vouch for?"""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime

from admin_ui.cli.law_attest import add_vouching, rulebook_of, vouch
from admin_ui.cli.law_text import as_text
from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import BrokenInput, Problems, listed, nearest
from engine.diagnostics import as_text as told
from engine.law_ordinary import read_ordinary
from engine.law_report import LawReport, Wanted, report, state_topics, states_of
from engine.rulebook import Rulebook
from engine.settings import Settings, SettingsError

DONE, SHORT, WRONG_INPUT = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which part of the law, on which day, and what makes the command fail."""
    parser.add_argument(
        "action",
        choices=["report", "attest", "attestations", "withdraw"],
        help="report: what is known, how sure, how old, what stops; attest: vouch for what was read in its source; "
        "attestations: list them; withdraw: take one back",
    )
    parser.add_argument("--on", metavar="DAY", help="the day asked about, or on which it was read (default: today)")
    parser.add_argument(
        "--state", action="append", default=[], metavar="XX", help="this state; report: may be repeated"
    )
    parser.add_argument("--topic", action="append", default=[], metavar="NAME", help="only this topic; may be repeated")
    parser.add_argument("--clinic", metavar="NAME", help="as it is for clinics/NAME.yaml, with what it vouches for")
    parser.add_argument("--json", action="store_true", help="the whole report as JSON instead of tables")
    parser.add_argument(
        "--at-least",
        type=int,
        metavar="N",
        help="fail (1) where the first ordinary visit passes every gate in fewer than N states",
    )
    parser.add_argument(
        "--fail-when-due", action="store_true", help="fail (1) where a file should have been read again"
    )
    add_vouching(parser)


def run(arguments: argparse.Namespace) -> int:
    """0 when it was reported, 1 when it falls short of what was asked for, 2 for wrong input."""
    settings = settings_with(data=arguments.data)
    try:
        if arguments.action != "report":
            return vouch(settings, arguments)
        rulebook = rulebook_of(settings, arguments.clinic, arguments.data is not None)
        made = _report(settings, rulebook, arguments)
    except BrokenInput as error:
        sys.stderr.write(told(error.diagnostics) + "\n")
        return WRONG_INPUT
    content = json.dumps(made.as_json(), indent=1, ensure_ascii=False) + "\n" if arguments.json else as_text(made)
    sys.stdout.write(content)
    return _verdict(made, arguments)


def _report(settings: Settings, rulebook: Rulebook, arguments: argparse.Namespace) -> LawReport:
    problems = Problems()
    visits = read_ordinary(settings.root, rulebook.topics.gates, problems)
    problems.stop_if_broken()
    states = _known("--state", [state.upper() for state in arguments.state], states_of(rulebook))
    topics = _known("--topic", arguments.topic, state_topics(rulebook))
    return report(rulebook, _day(arguments.on), visits, Wanted(states=states, topics=topics))


def _known(option: str, given: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    names, known = frozenset(given), list(known)
    for name in sorted(names):
        if name not in known:
            raise SettingsError([f"{option}: there is no `{name}`{nearest(name, known)}; use one of {listed(known)}"])
    return names


def _day(text: str | None) -> str:
    if text is None:
        return datetime.now(UTC).date().isoformat()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError([f"--on: `{text}` is no day such as 2026-12-01"]) from None


def _verdict(made: LawReport, arguments: argparse.Namespace) -> int:
    """The exit status, and why it is not 0."""
    short = []
    visit = next(iter(made.visits), "")
    if arguments.at_least is not None and len(made.ordinary(visit)) < arguments.at_least:
        short.append(f"an ordinary visit passes in {len(made.ordinary(visit))} of {arguments.at_least} states")
    if arguments.fail_when_due and made.due:
        short.append(f"{len(made.due)} files are due for review")
    for sentence in short:
        sys.stderr.write(f"clinic: {sentence}\n")
    return SHORT if short else DONE
