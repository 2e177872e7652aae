"""The same rules for a native rule engine: a zen-engine decision table made from a compiled program.

Zen gets the case as the flat sheet that our second engine gets: records and lists are already reduced to fields, and
the time for that is not counted against it. Each term is one row; all rows that hold are collected.
"""

import json
from collections.abc import Sequence
from typing import Any

import zen

from engine.programs import Atom, Conjunction, Program, Sheet

Fired = frozenset[int]


class ZenRules:
    """Rows as a zen decision."""

    def __init__(self, rows: Sequence[Conjunction]) -> None:
        self._decision = zen.ZenEngine().create_decision(json.dumps(_model(rows)))

    def decide(self, sheet: Sheet) -> Any:
        """The answer with the trace of every node and row."""
        return self._decision.evaluate(dict(sheet), {"trace": True})

    def fired(self, sheet: Sheet) -> Fired:
        """The numbers of the rows that hold, to compare with our own engines."""
        return frozenset(int(row["term"]) for row in self.decide(sheet)["result"])


def fired(program: Program, sheet: Sheet) -> Fired:
    """The same by plain Python: what every engine must say."""
    return frozenset(n for n, term in enumerate(program.terms) if all(_holds(atom, sheet) for atom in term.atoms))


def _holds(atom: Atom, sheet: Sheet) -> bool:
    value: Any = sheet[atom.field]
    literal: Any = atom.literal
    if atom.sign in ("==", "!="):
        return bool((value == literal) == (atom.sign == "=="))
    return bool({"<": value < literal, "<=": value <= literal, ">": value > literal, ">=": value >= literal}[atom.sign])


def _model(conjunctions: Sequence[Conjunction]) -> dict[str, Any]:
    rows = [
        {"_id": f"row{number}", "when": _expression(atoms), "then": str(number)}
        for number, atoms in enumerate(conjunctions)
    ]
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": "then", "name": "then", "field": "term"}],
        "rules": rows,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "content": {}},
        {"id": "rules", "type": "decisionTableNode", "name": "rules", "content": table},
        {"id": "out", "type": "outputNode", "name": "out", "content": {}},
    ]
    edges = [
        {"id": "e1", "type": "edge", "sourceId": "in", "targetId": "rules"},
        {"id": "e2", "type": "edge", "sourceId": "rules", "targetId": "out"},
    ]
    return {"contentType": "application/vnd.gorules.decision", "nodes": nodes, "edges": edges}


def _expression(atoms: tuple[Atom, ...]) -> str:
    return " and ".join(f"{atom.field} {atom.sign} {json.dumps(atom.literal)}" for atom in atoms) or "true"
