"""What is a kind of numbered message?"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic matters: an error stops the load, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of the register; `what` and `fix` are templates filled by the reporter's named values."""

    code: str
    what: str
    why: str
    fix: str
    severity: Severity = Severity.ERROR


WARNING = Severity.WARNING
