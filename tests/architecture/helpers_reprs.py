"""Which dataclasses would print what a person said, or a secret, when one of them ends up in a log or a traceback?"""

import ast
import re

from tests.architecture.helpers_tree import Tree

# Modules whose types carry what is known about people, or what opens doors.
CARRIERS = re.compile(
    r"engine/(dossier|decisions|facts|gates|ports|questions|forms_answers|forms_walk)\.py"
    r"|records/(?!(errors|seed|slots|tables/\w+|migrations/.*)\.py)\w+\.py"
    r"|portals/(auth|call|patient|provider|api)/\w+\.py|portals/base/visitor\.py"
    r"|workflows/(state|contracts)\.py"
    r"|media/(answer|ice|protocol|sdp)\.py"
)
TELLING = re.compile(
    r"(^|_)(given|family|birth|born|email|phone|password|token|secret|csrf|origin|street|city|address|postal|place"
    r"|patient|answers?|values?|facts|extra|sig|drug|allerg\w+|conditions|medications|note|claims|signature)(_|$)"
    r"|^(name|patient_name|display_name|drug_name|reason|text|body|link)$"
)
# Words of the house and the law, not of a person: class and field.
HARMLESS = frozenset(
    {
        ("Codec", "name"),
        ("Notice", "text"),
        ("DutyLine", "text"),
        ("LimitLine", "text"),
        ("Reason", "text"),
        ("StepWords", "text"),
        ("Time", "name"),
        ("BaseDrug", "name"),
        ("SignedHead", "signature"),
        ("AuditReport", "signature"),
        ("RoomOutcome", "reason"),
    }
)


def repr_offences(tree: Tree) -> list[str]:
    """Fields of dataclasses in the carriers that the class's own repr would show."""
    return [
        f"{name}:{node.lineno} {node.name}.{field}"
        for name in tree.files
        if CARRIERS.fullmatch(name)
        for node in ast.walk(tree.syntax(name))
        if isinstance(node, ast.ClassDef) and _prints_itself(node)
        for field in _shown(node)
        if TELLING.search(field) and (node.name, field) not in HARMLESS
    ]


def _prints_itself(node: ast.ClassDef) -> bool:
    """A dataclass that leaves its repr to the library."""
    marks = [text for text in map(ast.unparse, node.decorator_list) if re.match(r"(dataclasses\.)?dataclass\b", text)]
    own = any(isinstance(part, ast.FunctionDef) and part.name == "__repr__" for part in node.body)
    return bool(marks) and not own and "repr=False" not in marks[0]


def _shown(node: ast.ClassDef) -> list[str]:
    return [
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign)
        and isinstance(part.target, ast.Name)
        and not (part.value is not None and "repr=False" in ast.unparse(part.value))
    ]
