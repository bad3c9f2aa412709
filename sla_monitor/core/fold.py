"""How a reducer is driven: one fact at a time, over rows that are copies until the step is committed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from .effects import Effect
from .row import Header, Row
from .rules import Rules


class Rows(Protocol):
    """The rows of one partition as one fold sees them. What a fold puts is kept only if it ends well."""

    def get(self, key: str) -> Any:
        """The row, decoded afresh and owned by the caller; None if there is none."""

    def put(self, key: str, row: Row | None) -> None:
        """Write the row, or delete it."""


class Reducer(Protocol):
    """The reducer of one log, made anew for each partition that is opened."""

    @property
    def kinds(self) -> tuple[type, ...]:
        """The dataclasses of its rows."""

    def fold(self, rows: Rows, key: str, fact: Any, now: int, rules: Rules) -> list[Effect]:
        """Apply one fact (or `Due`) to the row at `key`. now: the instant of the step, ms."""

    def moved(self, key: bytes, old: Header | None, new: Header | None) -> None:
        """A row was written by a fold that ended well, or read at opening: keep what is derived from headers."""


class Plain:
    """A reducer that derives nothing from headers, so that nobody need show it any."""

    __slots__ = ()

    def moved(self, key: bytes, old: Header | None, new: Header | None) -> None:
        """Nothing is derived."""


@dataclass(frozen=True, slots=True)
class Keyed(Plain):
    """A reducer whose decisions see one row: `decide(row, fact, now, rules) -> (row, effects)`."""

    kinds: tuple[type, ...]
    decide: Callable[[Any, Any, int, Rules], tuple[Any, list[Effect]]]

    def fold(self, rows: Rows, key: str, fact: Any, now: int, rules: Rules) -> list[Effect]:
        row, effects = self.decide(rows.get(key), fact, now, rules)
        rows.put(key, row)
        return effects
