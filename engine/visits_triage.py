"""How urgent does each flag of a visit's forms make it? Every flag that does not stop a visit has a level."""

from collections.abc import Iterable, Mapping

from engine.diagnostics import Problems, listed, nearest
from engine.forms import Form
from engine.plans import Step
from engine.reading import Node

LEVELS = ("emergent", "urgent", "soon")
"""From the worst on; what raised none of them is routine."""


def levels_of(node: Node, forms: Iterable[Form], problems: Problems) -> dict[str, str]:
    """The level of each flag, as ``form:flag``: urgent, unless the step writes it under another one.

    What a step names is a flag of one of these forms; anything else is reported.
    """
    found = {f"{form.id}:{flag.id}": "urgent" for form in forms for flag in form.flags if not flag.stops}
    for level in LEVELS:
        for part in node.get(level) or ():
            if part.raw not in found:
                hint, allowed = nearest(part.raw, found), listed(found, 30)
                problems.report("SHAPE004", part.at, value=part.raw, hint=hint, allowed=allowed)
            else:
                found[part.raw] = level
    return found


def forms_before(step: str, steps: Mapping[str, Step], before: Iterable[str]) -> tuple[str, ...]:
    """The forms that were handed in before a step, in the order of the plan."""
    earlier = set(before)
    return tuple(
        str(one.settings["form"]) for one in steps.values() if one.kind == "intake" and one.id in earlier - {step}
    )
