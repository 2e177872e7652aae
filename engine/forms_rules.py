"""Which rules of the topic `intake` does a form hold, and in which stratum is each of them decided?"""

from collections.abc import Sequence

from engine.forms import IntakeRule, Item, RedFlag

TOPIC = "intake"


def intake_rules(form_id: str, items: Sequence[Item], flags: Sequence[RedFlag]) -> tuple[IntakeRule, ...]:
    """A form's branching, stratum by stratum, and then its flags, which see what all strata have shown."""
    asked = [
        IntakeRule(
            id=f"{TOPIC}/{form_id}/ask/{item.id}",
            effect="require",
            about=item.id,
            stratum=item.stratum,
            when=item.show_when,
        )
        for item in sorted(items, key=lambda item: item.stratum)
        if item.show_when is not None
    ]
    raised = [
        IntakeRule(
            id=f"{TOPIC}/{form_id}/flag/{flag.id}",
            effect="forbid" if flag.stops else "review",
            about=flag.id,
            stratum=last_stratum(items),
            when=flag.when,
        )
        for flag in flags
    ]
    return (*asked, *raised)


def last_stratum(items: Sequence[Item]) -> int:
    """The stratum of the flags: the one after the deepest item's."""
    return 1 + max(item.stratum for item in items)
