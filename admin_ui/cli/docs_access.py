"""What does the page of who may see and do what say? Every grant of the access table, by role and by data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.access import AccessTable, Action, Relation
from engine.access_file import access_table

_LETTERS = {
    Action.VIEW: "V",
    Action.CREATE: "C",
    Action.MODIFY: "M",
    Action.DELETE: "D",
    Action.EXPORT: "E",
}


def access_page() -> Iterator[str]:
    """The matrix: a table for each relation, what may never be, what acts touch, and what fields are."""
    table = access_table()
    yield from ("# Who may see and do what", "")
    yield "Role x relation x data x action, as `engine/access.yaml` grants it: what is not here is refused, at the"
    yield "page's door and again at every row. Relations add up. **V** view, **C** create, **M** modify, **D** delete,"
    yield "**E** export. The system, which is the visit's own workflow and its timers, may do all and is audited."
    yield from ("", "## Roles", "", *_sentences(table.roles))
    yield from ("", "## Data", "", *_sentences(table.data))
    for relation in Relation:
        yield from _relation(table, relation)
    yield from _scopes(table)
    yield from ("", "## What may never be granted", "")
    yield from ("A table that grants it does not load.", "")
    for never in table.never:
        whom = ", ".join(f"`{role}`" for role in sorted(never.roles)) or f"anybody, standing as `{never.relation}`"
        what = ", ".join(f"`{data}`" for data in sorted(never.data)) or ", ".join(sorted(never.actions))
        yield f"- To {whom}: {what}. {never.why}"
    yield from _emergency(table)
    yield from _acts(table)
    yield from _fields(table)


def _relation(table: AccessTable, relation: Relation) -> Iterator[str]:
    roles = [role for role in table.roles if (role, relation) in table.grants]
    yield from ("", f"## As `{relation}`", "", table.relations[relation], "")
    if not roles:
        yield "Nothing is granted."
        return
    yield f"| Data | {' | '.join(f'`{role}`' for role in roles)} |"
    yield f"|-|{'-|' * len(roles)}"
    for data in table.data:
        cells = [_cell(table, role, relation, data) for role in roles]
        if any(cells):
            yield f"| `{data}` | {' | '.join(cells)} |"


def _scopes(table: AccessTable) -> Iterator[str]:
    """What who acts for a patient may do, by scope, and which scopes each kind of relationship may hold."""
    roles = " or ".join(f"`{role}`" for role in sorted(table.acting))
    yield from ("", "## Acting for a patient", "")
    yield f"Who acts for a patient stands as `{Relation.PROXY}`, as {roles}, and may do what the scopes of the"
    yield "relationship give. It is asked at every row whether the relationship holds; the audit says for whom and"
    yield "under which. For a minor, `consent`, `join` and `share` are a guardian's alone."
    yield from ("", "| Scope | What it is | Grants |", "|-|-|-|")
    for scope, held in table.scopes.items():
        grants = [
            f"`{data}` {''.join(_LETTERS[action] for action in Action if (data, action) in held)}"
            for data in table.data
            if any((data, action) in held for action in Action)
        ]
        yield f"| `{scope}` | {table.scope_words[scope]} | {', '.join(grants)} |"
    yield from ("", "| Kind | Who it is | May hold |", "|-|-|-|")
    for kind, scopes in table.kinds.items():
        named = ", ".join(f"`{scope}`" for scope in table.scopes if scope in scopes)
        yield f"| `{kind}` | {table.kind_words[kind]} | {named} |"


def _cell(table: AccessTable, role: str, relation: Relation, data: str) -> str:
    held = table.grants[(role, relation)]
    return "".join(_LETTERS[action] for action in Action if (data, action) in held)


def _emergency(table: AccessTable) -> Iterator[str]:
    yield from ("", "## In an emergency", "")
    yield f"A chart opened in an emergency stays open for {table.emergency_minutes} minutes and for reading only. Its"
    yield f"reason has at least {table.reason_least} characters, is sealed like the chart, and is read by another"
    yield "person, who closes the case with a verdict."


def _acts(table: AccessTable) -> Iterator[str]:
    yield from ("", "## What acts touch", "")
    yield "The audit names acts `source:subject:action`. All of these classes must be granted for the action."
    yield from ("", "| Act | Data |", "|-|-|")
    for kind, classes in sorted(table.acts.items()):
        yield f"| `{kind}` | {', '.join(f'`{data}`' for data in sorted(classes))} |"


def _fields(table: AccessTable) -> Iterator[str]:
    yield from ("", "## What fields are", "")
    yield "A field that its reader may not see comes empty."
    for kind, fields in table.fields.items():
        yield from ("", f"### {kind}", "", "| Data | Fields |", "|-|-|")
        for data in sorted(set(fields.values())):
            names = ", ".join(f"`{name}`" for name, one in fields.items() if one == data)
            yield f"| `{data}` | {names} |"


def _sentences(words: Mapping[str, str]) -> Iterator[str]:
    yield from ("| Name | What it is |", "|-|-|")
    for name, says in words.items():
        yield f"| `{name}` | {says} |"
