"""Which numbered messages can the access table's file give rise to?"""

from engine.diagnostics_kinds import Kind

ACCESS: tuple[Kind, ...] = (
    Kind(
        "ACCESS001",
        "unknown {kind} `{name}`{hint}",
        "Nothing stands behind the name, so it would grant or withhold nothing.",
        "use one of: {allowed}",
    ),
    Kind(
        "ACCESS002",
        "the relation `{name}` has no sentence",
        "The pages that show the table would have nothing to say about it.",
        "add it under `relations`",
    ),
    Kind(
        "ACCESS003",
        "a role says either `may` or `all`",
        "With neither it is nobody; with both one of them would not count.",
        "keep one of the two",
    ),
    Kind(
        "ACCESS004",
        "`{role}` may never {action} {data}: {why}",
        "What `never` forbids stays forbidden, whoever asks for it.",
        "take the grant out",
    ),
)
