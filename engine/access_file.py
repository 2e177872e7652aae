"""What does the access table's file say, and is it one that may be used?

Strict like every file of ours: closed keys, numbered diagnostics, all problems in one pass. A table with any problem is
not used at all; without one nothing is allowed, so the programs do not start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from engine.access import AccessTable, Action, Grant, Never, Relation
from engine.diagnostics import Problems, listed, nearest
from engine.reading import Node, read_file
from engine.shapes import NAME, Exactly, Key, ListOf, MapOf, Number, OneOf, Record, Text

FILE = Path(__file__).with_name("access.yaml")
_ACTIONS = ListOf(OneOf(tuple(Action)), least=1)
_RELATION = OneOf(tuple(Relation))
_ACT = Text(r"[a-z_]+:[a-z_]+", "a kind of act such as `people:patient`")
_ROLE = Record(
    "a role",
    {
        "says": Key(Text(), "who it is, in one sentence", required=True),
        "may": Key(MapOf(MapOf(_ACTIONS, NAME), NAME), "by relation: data, and the actions granted on it"),
        "all": Key(Exactly(True), "for the system itself: everything"),
    },
)
_NEVER = Record(
    "what may never be granted",
    {
        "roles": Key(ListOf(Text(), least=1), "to whom; everybody unless given"),
        "relation": Key(_RELATION, "in which relation; any unless given"),
        "data": Key(ListOf(Text(), least=1), "which data; all unless given"),
        "actions": Key(_ACTIONS, "which actions; all unless given"),
        "why": Key(Text(), "the reason, in one sentence", required=True),
    },
)
_EMERGENCY = Record(
    "emergency access",
    {
        "minutes": Key(Number(least=5, most=240), "how long a chart stays open", required=True),
        "reason_least": Key(Number(least=10, most=200), "characters of a reason, at least", required=True),
    },
)
_SCOPE = Record(
    "a scope of a relationship",
    {
        "says": Key(Text(), "what it lets somebody do for the patient, in one sentence", required=True),
        "may": Key(MapOf(_ACTIONS, NAME), "data, and the actions granted on it", required=True),
    },
)
_KIND = Record(
    "a kind of relationship",
    {
        "says": Key(Text(), "who it is, in one sentence", required=True),
        "scopes": Key(ListOf(Text(), least=1), "the scopes it may hold", required=True),
    },
)
_ACTING = Record(
    "acting for a patient",
    {
        "roles": Key(ListOf(Text(), least=1), "the roles that may act for another", required=True),
        "scopes": Key(MapOf(_SCOPE, NAME), "every scope", required=True),
        "kinds": Key(MapOf(_KIND, NAME), "every kind of relationship", required=True),
    },
)
SHAPE = Record(
    "the access table",
    {
        "data": Key(MapOf(Text(), NAME), "every class of data, with a sentence", required=True),
        "relations": Key(MapOf(Text(), NAME), "every relation, with a sentence", required=True),
        "roles": Key(MapOf(_ROLE, NAME), "every role", required=True),
        "acting": Key(_ACTING, "what who acts for a patient may do", required=True),
        "never": Key(ListOf(_NEVER), "what no grant may give", required=True),
        "emergency": Key(_EMERGENCY, "how an emergency opens a chart", required=True),
        "acts": Key(MapOf(ListOf(Text(), least=1), _ACT), "the data that each kind of act touches", required=True),
        "fields": Key(MapOf(MapOf(Text(), NAME), NAME), "the data that each field of a view is", required=True),
    },
)


@cache
def access_table() -> AccessTable:
    """The product's own table, read once. Raises `BrokenInput`."""
    problems = Problems()
    table = read_access(FILE, problems)
    problems.stop_if_broken()
    if table is None:
        raise LookupError("the access table is empty")
    return table


def read_access(path: Path, problems: Problems) -> AccessTable | None:
    """The table of a file; None, with everything that is wrong reported, when it may not be used."""
    node = read_file(path, path.parent.parent, problems)
    if node is None:
        return None
    found = Problems()
    SHAPE.check(node, found)
    if not found.errors:
        _check(node, found)
    problems.found.extend(found.found)
    return None if found.errors else _compiled(node)


def _check(node: Node, problems: Problems) -> None:
    data = dict(node["data"].items())
    _check_closed(node["relations"], tuple(Relation), problems)
    for part in _named_data(node):
        if str(part.scalar) not in data:
            _unknown(part, "class of data", data, problems)
    for role in node["roles"].entries.values():
        _check_role(role.value, data, problems)
    for part in (*(one for never in node["never"] for one in _parts(never, "roles")), *node["acting"]["roles"]):
        if str(part.scalar) not in node["roles"]:
            _unknown(part, "role", dict(node["roles"].items()), problems)
    _check_acting(node["acting"], data, problems)
    _check_never(node, problems)


def _check_acting(acting: Node, data: Mapping[str, Node], problems: Problems) -> None:
    """Scopes grant known data, and kinds hold known scopes."""
    scopes = dict(acting["scopes"].items())
    for scope in scopes.values():
        _check_data(scope["may"], data, problems)
    for _, kind in acting["kinds"].items():
        for part in kind["scopes"]:
            if str(part.scalar) not in scopes:
                _unknown(part, "scope", scopes, problems)


def _check_closed(node: Node, known: Iterable[str], problems: Problems) -> None:
    """Words for exactly the names that the program knows: a missing sentence is as wrong as one too many."""
    for name, entry in node.entries.items():
        if name not in known:
            problems.report(
                "ACCESS001", entry.key_at, kind="relation", name=name, hint=nearest(name, known), allowed=listed(known)
            )
    for name in known:
        if name not in node:
            problems.report("ACCESS002", node.at, name=name)


def _check_role(role: Node, data: Mapping[str, Node], problems: Problems) -> None:
    if ("all" in role) == ("may" in role):
        problems.report("ACCESS003", role.at)
    for relation, held in _entries(role, "may"):
        at = role["may"].entries[relation].key_at
        if relation not in tuple(Relation):
            known = tuple(Relation)
            problems.report(
                "ACCESS001", at, kind="relation", name=relation, hint=nearest(relation, known), allowed=listed(known)
            )
        _check_data(held, data, problems)


def _check_data(held: Node, data: Mapping[str, Node], problems: Problems) -> None:
    for name, entry in held.entries.items():
        if name not in data:
            problems.report(
                "ACCESS001",
                entry.key_at,
                kind="class of data",
                name=name,
                hint=nearest(name, data),
                allowed=listed(data, most=30),
            )


def _check_never(node: Node, problems: Problems) -> None:
    """No grant, and no role that may do everything, is one of those that must never be."""
    nevers = [_never(one) for one in node["never"]]
    for role, relation, name, action in _granted(node):
        for never in nevers:
            if never.forbids(role, relation, (name, Action(str(action.scalar)))):
                problems.report("ACCESS004", action.at, role=role, data=name, action=action.scalar, why=never.why)
    for never, one in zip(nevers, node["never"], strict=True):
        for role in sorted(never.roles):
            if role in node["roles"] and "all" in node["roles"][role]:
                problems.report("ACCESS004", one.at, role=role, data="everything", action="do", why=never.why)


def _granted(node: Node) -> Iterator[tuple[str, Relation, str, Node]]:
    """Every grant of the file: role, relation, class of data, and the action where it stands."""
    for role, entry in node["roles"].items():
        for relation, held in _entries(entry, "may"):
            for name, actions in held.items():
                for action in actions if relation in tuple(Relation) else ():
                    yield role, Relation(relation), name, action
    for role in (str(part.scalar) for part in node["acting"]["roles"]):
        for _, scope in node["acting"]["scopes"].items():
            for name, actions in scope["may"].items():
                for action in actions:
                    yield role, Relation.PROXY, name, action


def _named_data(node: Node) -> Iterable[Node]:
    """Every place outside the roles that names a class of data."""
    for never in node["never"]:
        yield from _parts(never, "data")
    for _, classes in node["acts"].items():
        yield from classes
    for _, fields in node["fields"].items():
        for _, one in fields.items():
            yield one


def _unknown(part: Node, kind: str, known: Mapping[str, Node], problems: Problems) -> None:
    name = str(part.scalar)
    problems.report(
        "ACCESS001", part.at, kind=kind, name=name, hint=nearest(name, known), allowed=listed(known, most=30)
    )


def _compiled(node: Node) -> AccessTable:
    emergency, acting = node["emergency"], node["acting"]
    return AccessTable(
        data=_texts(node["data"]),
        relations=_texts(node["relations"]),
        roles={name: role.text("says") for name, role in node["roles"].items()},
        everything=frozenset(name for name, role in node["roles"].items() if "all" in role),
        grants={
            (name, Relation(relation)): _grants(held)
            for name, role in node["roles"].items()
            for relation, held in _entries(role, "may")
        },
        scopes={name: _grants(scope["may"]) for name, scope in acting["scopes"].items()},
        scope_words={name: scope.text("says") for name, scope in acting["scopes"].items()},
        acting=frozenset(str(part.scalar) for part in acting["roles"]),
        kinds={name: frozenset(kind.texts("scopes")) for name, kind in acting["kinds"].items()},
        kind_words={name: kind.text("says") for name, kind in acting["kinds"].items()},
        never=tuple(_never(one) for one in node["never"]),
        acts={name: frozenset(str(part.scalar) for part in classes) for name, classes in node["acts"].items()},
        fields={name: _texts(fields) for name, fields in node["fields"].items()},
        emergency_minutes=emergency.integer("minutes") or 0,
        reason_least=emergency.integer("reason_least") or 0,
    )


def _grants(held: Node) -> frozenset[Grant]:
    return frozenset((name, Action(str(part.scalar))) for name, actions in held.items() for part in actions)


def _never(node: Node) -> Never:
    relation = node.text("relation")
    return Never(
        roles=frozenset(node.texts("roles")),
        relation=Relation(relation) if relation else None,
        data=frozenset(node.texts("data")),
        actions=frozenset(Action(action) for action in node.texts("actions")),
        why=node.text("why"),
    )


def _texts(node: Node) -> dict[str, str]:
    return {name: str(value.scalar) for name, value in node.items()}


def _entries(node: Node, key: str) -> Iterable[tuple[str, Node]]:
    found = node.get(key)
    return found.items() if found is not None else ()


def _parts(node: Node, key: str) -> tuple[Node, ...]:
    found = node.get(key)
    return found.parts if found is not None else ()
