"""Do the examples that come with a specialty hold: the cases of its visits, asked of forms and gates?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.diagnostics import Diagnostic, Problems
from engine.evaluators import Evaluator
from engine.library import Library, with_law_alone
from engine.ports import GateKeeper
from engine.visit_case_gates import Asking, report_gates
from engine.visit_cases_reading import read_visit_cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A case by its name and line, and what did not come out as it says; nothing where it holds."""

    name: str
    line: int
    wrong: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """The cases of a specialty, and what is wrong with the file itself."""

    cases: tuple[Example, ...]
    unread: tuple[Diagnostic, ...]

    @property
    def failing(self) -> int:
        return sum(bool(one.wrong) for one in self.cases)


def examples_of(
    specialty: str,
    root: Path,
    library: Library,
    evaluator: Evaluator,
    keeper_of: Callable[[Callable[[], Library], Evaluator], GateKeeper],
) -> Examples:
    """Reads the cases of a specialty as they are now and asks each; `keeper_of` makes the keeper of the gates."""
    read = Problems()
    cases = [one for one in read_visit_cases(root, library.content, read) if one.plan.specialty == specialty]
    alone = with_law_alone(library)
    asking = Asking(content=library.content, keeper=keeper_of(lambda: alone, evaluator), evaluator=evaluator)
    found = []
    for case in cases:
        mine = Problems()
        report_gates([case], asking, mine)
        found.append(Example(name=case.name, line=case.node.at.line, wrong=tuple(mine)))
    file = f"specialties/{specialty}/cases.yaml"
    return Examples(cases=tuple(found), unread=tuple(one for one in read if one.location.file == file))
