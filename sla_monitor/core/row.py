"""What every row tells without being decoded: its header."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Header(NamedTuple):
    """next_due: when the row's timer is to fire, ms, None for never. status: a small number of the row's own table.

    started_at: the start of the customer's clock, 0 if none. holder: who holds the lead, empty if nobody.
    """

    next_due: int | None = None
    status: int = 0
    started_at: int = 0
    holder: str = ""


class Row(Protocol):
    """A row of a log. Decoded afresh for each fold, so a reducer may change it in place."""

    def header(self) -> Header: ...
