"""What does not hold: sentences that begin with the service and name the place."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Findings: TypeAlias = list[str]
NAMED_MAX = 20
"""So many of one kind are named; whoever repairs them asks again."""


def agree(sums: Mapping[str, Mapping[str, Any]]) -> Findings:
    """Compare what several services count under one name."""
    named: dict[str, dict[str, Any]] = {}
    for service, counted in sums.items():
        for name, value in counted.items():
            named.setdefault(name, {})[service] = value
    return [
        f"{name} differs: " + ", ".join(f"{service} {value}" for service, value in found.items())
        for name, found in named.items()
        if any(value != next(iter(found.values())) for value in found.values())
    ]
