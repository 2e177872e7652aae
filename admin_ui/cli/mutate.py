"""Would the cases notice a wrong law? Changes one thing at a time in the law files and asks the cases."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from admin_ui.cli.typed_settings import settings_with
from engine.diagnostics import BrokenInput, Problems, as_text, nearest
from engine.law import LawFile
from engine.law_cases import bulk_cases, check_starts, examples
from engine.mutations import KINDS, Variant, variants
from engine.mutations_trials import Trial, Trials
from engine.reading import read_file
from engine.rulebook import LawPack, load_law
from engine.settings import PREFIX, SettingsError

ENOUGH, TOO_FEW, WRONG_INPUT = 0, 1, 2
_PERCENT = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Whose law is changed, how the result is written, and how much of it the cases must notice."""
    parser.add_argument("root", nargs="?", type=Path, metavar="ROOT", help="folder with rules and tests")
    parser.add_argument(
        "--jurisdiction", nargs="+", metavar="US/XX", help="us, us/common, us/fl, ... (default: all that are carried)"
    )
    parser.add_argument("--topic", nargs="+", metavar="TOPIC", help="only these topics")
    parser.add_argument("--at-least", type=float, default=0.0, metavar="PERCENT", help="fail where fewer are noticed")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run(arguments: argparse.Namespace) -> int:
    """0, 1 where a jurisdiction's cases notice too few changes, 2 where the law or a case is broken."""
    typed = {f"{PREFIX}ROOT": str(arguments.root.absolute())} if arguments.root else {}
    root = settings_with(typed=typed).root
    try:
        law = load_law(root)
        files = _chosen(law, arguments.jurisdiction, arguments.topic)
        trials = _trials(root, law, files)
    except BrokenInput as error:
        sys.stderr.write(as_text(error.diagnostics) + "\n")
        return WRONG_INPUT
    if trials.broken:
        for case in trials.broken:
            sys.stderr.write(f"clinic: {case.node.at}: the case `{case.name}` does not hold\n")
        return WRONG_INPUT
    scores = [Score.of(file, (trials.of(v) for v in _variants(root, law, file))) for file in files]
    sys.stdout.write(_as_json(scores) if arguments.json else _as_text(scores))
    weak = [name for name, score in _by_jurisdiction(scores).items() if score.percent < arguments.at_least]
    if weak:
        sys.stderr.write(f"clinic: fewer than {arguments.at_least:g} % noticed in {', '.join(weak)}\n")
    return TOO_FEW if weak else ENOUGH


def _chosen(law: LawPack, places: Sequence[str] | None, topics: Sequence[str] | None) -> list[LawFile]:
    known = {"--jurisdiction": {f.jurisdiction for f in law.files}, "--topic": {f.topic for f in law.files}}
    for option, given in (("--jurisdiction", places), ("--topic", topics)):
        for name in given or ():
            if name not in known[option]:
                raise SettingsError([f"{option}: no law file is about `{name}`{nearest(name, known[option])}"])
    return [
        file
        for file in law.files
        if (not places or file.jurisdiction in places) and (not topics or file.topic in topics)
    ]


def _trials(root: Path, law: LawPack, files: Sequence[LawFile]) -> Trials:
    problems = Problems()
    known = examples(root, problems)
    cases = [case for file in law.files for case in file.cases]
    cases += bulk_cases(root, law.vocabulary, law.topics, problems)
    check_starts(cases, known, problems)
    problems.stop_if_broken()
    return Trials(law, cases, known, files)


def _variants(root: Path, law: LawPack, file: LawFile) -> Iterator[Variant]:
    node = read_file(root / file.file, root, Problems())
    return variants(file, node, law.vocabulary, law.topics) if node is not None else iter(())


@dataclass(frozen=True, slots=True)
class Score:
    """How many changes were noticed, of how many, by kind; and those that were not."""

    name: str
    jurisdiction: str
    noticed: Counter[str]
    made: Counter[str]
    survivors: tuple[Trial, ...]
    same: int = 0

    @classmethod
    def of(cls, file: LawFile, trials: Iterable[Trial]) -> "Score":
        """The score of one law file; changes after which the law says the same are told apart and do not count."""
        every = list(trials)
        counted = [trial for trial in every if not trial.same]
        return cls(
            name=file.file,
            jurisdiction=file.jurisdiction,
            noticed=Counter(trial.variant.kind for trial in counted if trial.noticed),
            made=Counter(trial.variant.kind for trial in counted),
            survivors=tuple(trial for trial in counted if not trial.noticed),
            same=len(every) - len(counted),
        )

    @property
    def percent(self) -> float:
        """The share that was noticed; of nothing, all."""
        made = self.made.total()
        return _PERCENT * self.noticed.total() / made if made else float(_PERCENT)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        kinds = {kind: {"noticed": self.noticed[kind], "made": made} for kind, made in sorted(self.made.items())}
        total = {
            "noticed": self.noticed.total(),
            "made": self.made.total(),
            "percent": round(self.percent, 1),
            "same": self.same,
        }
        return {"name": self.name, **total, "kinds": kinds}


def _summed(name: str, scores: Sequence[Score]) -> Score:
    noticed, made = Counter[str](), Counter[str]()
    for score in scores:
        noticed.update(score.noticed)
        made.update(score.made)
    survivors = tuple(trial for score in scores for trial in score.survivors)
    return Score(name, name, noticed, made, survivors, sum(score.same for score in scores))


def _by_jurisdiction(scores: Sequence[Score]) -> Mapping[str, Score]:
    names = dict.fromkeys(score.jurisdiction for score in scores)
    return {name: _summed(name, [score for score in scores if score.jurisdiction == name]) for name in names}


def _as_json(scores: Sequence[Score]) -> str:
    total = _summed("total", scores)
    content = {
        "total": total.as_json(),
        "jurisdictions": [score.as_json() for score in _by_jurisdiction(scores).values()],
        "files": [score.as_json() for score in scores],
        "survivors": [_survivor(trial) for trial in total.survivors],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _survivor(trial: Trial) -> dict[str, Any]:
    variant = trial.variant
    at = {"file": variant.at.file, "line": variant.at.line, "column": variant.at.column}
    return {
        **at,
        "kind": variant.kind,
        "subject": variant.subject,
        "change": variant.change,
        "ask": KINDS[variant.kind],
    }


def _as_text(scores: Sequence[Score]) -> str:
    total = _summed("all", scores)
    lines = []
    for kind, ask in KINDS.items():
        found = [trial.variant for trial in total.survivors if trial.variant.kind == kind]
        if found:
            lines += [f"No case notices these changes of kind {kind}; {ask}:"]
            lines += [f"  {variant.at}: {variant.change} ({variant.subject})" for variant in found]
            lines += [""]
    lines += [_row(kind, total.noticed[kind], total.made[kind]) for kind in KINDS if total.made[kind]]
    lines += [""]
    lines += [_row(score.name, score.noticed.total(), score.made.total()) for score in scores]
    lines += [""]
    rows = (*_by_jurisdiction(scores).values(), total)
    lines += [_row(score.name, score.noticed.total(), score.made.total()) for score in rows]
    lines += ["", f"{total.same} further changes leave all that can apply as it is and do not count."]
    return "\n".join([*lines, ""])


def _row(name: str, noticed: int, made: int) -> str:
    share = _PERCENT * noticed / made if made else _PERCENT
    return f"{name:<36} {noticed:>5} of {made:>5} noticed  {share:5.1f} %"
