"""Where `Scope` was first; import it from `records.scope`."""

from records.scope import Scope

__all__ = ["Scope"]
