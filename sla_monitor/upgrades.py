"""From the fields of a row as an older version wrote them to those that the next version has.

A row is upgraded in memory whenever it is read, and written in the present version at its next fold: so a start
rewrites nothing, and opens as fast as ever. A field that was merely added needs nothing here, it takes its default; one
whose default is another by now does: what had the old default is not in the bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Fields = dict[str, Any]
"""The fields of a row that have not their default, as MessagePack gives them: enums are strings, tuples are lists."""

Step = Callable[[Fields], Fields]

STEPS: dict[tuple[bytes, int], Step] = {}
"""(wire name of the row, version) -> what makes its fields those of the version after it. A step may change its own."""


def steps_of(name: bytes, version: int, present: int, steps: Mapping[tuple[bytes, int], Step] = STEPS) -> list[Step]:
    """What brings a row from a version to the present one; empty where its fields have not been reshaped since."""
    return [step for at in range(version, present) if (step := steps.get((name, at)))]
