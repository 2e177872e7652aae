"""A jurisdiction that did not exist takes only YAML: its files, its code in the list of states, its time zone."""

from pathlib import Path
from shutil import copytree

import pytest

from engine.decide import decide
from engine.diagnostics import Problems
from engine.evaluators import ClosuresOnly, Evaluator
from engine.law import Case
from engine.law_cases import asked_alone, examples, expected, question, seen
from engine.rete import ReteEvaluator
from engine.rulebook import Rulebook, load_rulebook

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent / "new_state"
ROOT = Path(__file__).resolve().parents[2]
PLACE = "us/xj"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose country has one state more."""
    root = tmp_path_factory.mktemp("country")
    copytree(ROOT / "rules", root / "rules")
    copytree(HERE / "us", root / "rules" / "us", dirs_exist_ok=True)
    put_in(root / "rules" / "vocabulary.yaml", after="states: [", text="XJ, ")
    put_in(root / "rules" / "us" / "zones.yaml", after="zones:\n", text="  XJ: [America/Los_Angeles]\n")
    more = (HERE / "examples.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    put_in(root / "rules" / "us" / "examples.yaml", after="examples:\n", text="".join(f"  {line}" for line in more))
    return root


@pytest.fixture(scope="module")
def rulebook(root: Path) -> Rulebook:
    return load_rulebook(root)


def put_in(path: Path, after: str, text: str) -> None:
    """One change of a person in an editor."""
    before = path.read_text(encoding="utf-8")
    assert before.count(after) == 1, path
    path.write_text(before.replace(after, after + text), encoding="utf-8")


def test_it_carries_every_topic_of_a_state(rulebook: Rulebook) -> None:
    topics = {name for name, topic in rulebook.topics.topics.items() if topic.carried_by == "state"} - {"billing"}
    assert {name for name in topics if rulebook.carries(name, PLACE)} == topics
    assert {file.topic for file in rulebook.law.files if file.jurisdiction == PLACE} == topics | {"privacy"}


@pytest.mark.parametrize("evaluator", [ClosuresOnly(), ReteEvaluator()], ids=["closures", "durable_rules"])
def test_its_cases_hold_in_both_engines(root: Path, rulebook: Rulebook, evaluator: Evaluator) -> None:
    problems = Problems()
    known = examples(root, problems)
    assert not problems.found

    def holds(case: Case) -> bool:
        wanted = expected(case)
        decision = decide(rulebook.alone(asked_alone(case)), question(case, known), evaluator)
        return seen(decision, wanted) == wanted

    cases = [case for file in rulebook.law.files if file.jurisdiction == PLACE for case in file.cases]
    assert len(cases) >= 15
    assert [case.name for case in cases if not holds(case)] == []


def test_every_other_state_is_as_it_was(rulebook: Rulebook) -> None:
    before = load_rulebook(ROOT)
    for topic in ("licensing", "consent", "prescribing"):
        for place in sorted(before.jurisdictions()):
            then, now = (
                [(one.id, one.period, one.condition, one.effects) for one in book.instances(topic, place)]
                for book in (before, rulebook)
            )
            assert now == then, (topic, place)
