"""How the fuzzing of the suite runs: the same examples each time, no time limits, nothing kept."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

CALM = settings(
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


def few(examples: int) -> settings:
    """So many examples, for the suite."""
    return settings(CALM, max_examples=examples)


def many(examples: int) -> settings:
    """So many others each time, made smaller when they fail, for a soak."""
    return settings(CALM, max_examples=examples, derandomize=False, phases=(Phase.generate, Phase.shrink))
