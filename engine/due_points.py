"""Before which gates, and after which events, can a duty be due?"""

from collections.abc import Mapping
from types import MappingProxyType

ENCOUNTER = "encounter"
GATE_OF_EVENT: Mapping[str, str] = MappingProxyType(
    {"booking": "book", ENCOUNTER: "join", "prescription": "prescribe", "signing": "sign"}
)
"""The gate that stands before each event: a duty due `within 72 hours of encounter` is left by the gate `join`."""

POINTS: Mapping[str, str] = MappingProxyType(
    {"before_booking": "book", "before_join": "join", "before_prescribe": "prescribe", "before_sign": "sign"}
)
"""The gate at which each due point falls, in the order of a visit."""
