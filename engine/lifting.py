"""What could a prescriber still say that would lift what a rule keeps from a profession?

Such a rule names in its own file what lifts it (`profession.lifted_by`). What only a prescriber knows of a prescription
is a fact of the vocabulary under the same name; the rest (a setting, a certificate) is known from elsewhere.
"""

from engine.facts import may_be_stated
from engine.rulebook import LawPack

_LIFTED_BY = "profession.lifted_by"


def lifted_by(law: LawPack, rule: str) -> tuple[str, ...]:
    """The paths of the facts that a prescriber may state and that lift a rule; `rule` as a decision names it."""
    wanted = rule.partition("@")[0]
    found = next((one for file in law.files for one in file.rules if one.id == wanted), None)
    named = found.given.get(_LIFTED_BY) if found else None
    codes = named.value if named is not None and isinstance(named.value, list | tuple | frozenset) else ()
    return tuple(path for path in (f"prescription.{code}" for code in codes) if may_be_stated(path))
