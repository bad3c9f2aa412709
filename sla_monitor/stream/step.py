"""The one way state changes, and the two ports that carry it: `Log.open` and `Owned.commit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from sla_monitor.errors import TooLarge
from sla_monitor.records import Partition, Record, Stored

ROW_BYTES = 256 * 1024
"""No row is larger. Source: the design's promise that no record stops a partition."""


class Batch(NamedTuple):
    """What a fetch of one partition brought: positions [start, end) and the records in between.

    Positions may pass offsets that hold no record. Whatever was dropped on the way shows as a gap:
    `start` is then beyond what the partition has seen.
    """

    start: int
    end: int
    records: list[Stored]


@dataclass(slots=True)
class Step:
    """What one gathering decided; committed as one unit or not at all.

    rows: key -> new bytes, None to delete. records: to append, in order. place: the position up to
    which the log has been folded.
    """

    place: int
    rows: dict[bytes, bytes | None] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)

    def check_sizes(self, partition: Partition) -> None:
        """Raises TooLarge when a row is above its bound."""
        largest = max((len(value) for value in self.rows.values() if value is not None), default=0)
        if largest > ROW_BYTES:
            name = f"{partition.topic}/{partition.number}"
            raise TooLarge(f"a row of {name} has {largest} bytes; at most {ROW_BYTES} are kept")

    def apply_to(self, rows: dict[bytes, bytes]) -> None:
        """Change the rows as the committed step says."""
        for key, value in self.rows.items():
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value


class Owned(Protocol):
    """An open partition. rows: the committed rows; place: the position to read from. Neither changes by itself."""

    @property
    def rows(self) -> Mapping[bytes, bytes]: ...

    @property
    def place(self) -> int: ...

    async def commit(self, step: Step) -> None:
        """Make the step durable, all of it or nothing; then `rows` and `place` are those of the step.

        Raises TooLarge (nothing written, the owner is still good), Unavailable (nothing written, try the
        same step again), Fenced or Unanswered (forget this owner and open anew).
        """

    async def close(self) -> None:
        """Let go of the partition. Never raises, never waits on a broken log."""


class Log(Protocol):
    """Where partitions live."""

    async def open(self, partition: Partition) -> Owned:
        """Take the partition over, fence its former owner, read rows and place.

        Raises LogLost when the place does not fit the log, Unavailable when it cannot be read or written now.
        """
