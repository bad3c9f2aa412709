"""A lead as its row tells it: read from the bytes here, with nothing that decides about leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from sla_monitor.codec import Undecodable, fields_of

FIRST, BREACH, LATE = "first", "breach", "late"
"""Kinds of turns: with the customer's due, begun by a breach, of a lead that came after its due."""


class TurnRow(msgspec.Struct, frozen=True, gc=False):
    """One holder's span. Instants in ms; result: empty while it runs."""

    turn: int
    begun: int
    due: int
    kind: str
    result: str = ""


class ClockRow(msgspec.Struct, frozen=True, array_like=True):
    """A customer's clock. Instants in ms, 0 for none; evaluated: empty while it runs."""

    cycle: int = 1
    came: int = 0
    started_at: int = 0
    due_at: int = 0
    contact_due_at: int = 0
    evaluated: str = ""
    contact_evaluated: str = ""
    ended: int = 0
    first_holder: str = ""
    late: bool = False
    late_given: str = ""
    attempt_at: int = 0
    attempt_by: str = ""
    contact_at: int = 0
    contact_by: str = ""
    breached: tuple[tuple[int, str, int], ...] = ()
    attempt_was: int = 0
    contact_was: int = 0


NO_CLOCK = ClockRow()


class LeadRow(msgspec.Struct, frozen=True):
    """What an audit needs of a row; a field that has its default is not in the bytes. Instants in ms, 0 for none."""

    lead_id: str
    phase: str = "unknown"
    created_at: int = 0
    team_id: str | None = None
    terms: dict[str, Any] = {}
    clocks: tuple[ClockRow, ...] = ()
    turn: int = 1
    turns: tuple[TurnRow, ...] = ()
    ask: int = 0
    unassignable: bool = False
    escalated: bool = False
    asked_at: int = 0
    unanswered: tuple[str, ...] = ()
    held_until: int = 0

    @property
    def clock(self) -> ClockRow:
        """The present one."""
        return self.clocks[-1] if self.clocks else NO_CLOCK

    @property
    def open(self) -> bool:
        """Whether a response is still awaited."""
        return self.phase == "open"

    @property
    def over(self) -> bool:
        """Whether nothing follows a breach any more: it was decided after the end (R29)."""
        return self.phase in ("closed", "joined")


_decode = msgspec.msgpack.Decoder(LeadRow).decode


def lead_row(value: bytes) -> LeadRow | None:
    """None: the row is no lead's. Raises Undecodable."""
    name, body = fields_of(value)
    if name != b"Lead":
        return None
    try:
        return _decode(body)
    except msgspec.MsgspecError as error:
        raise Undecodable("a lead's row whose fields do not fit") from error


class Clock(NamedTuple):
    """An instant by which something is decided. result: what the row says was. published: a breach of it is told."""

    measure: str
    turn: int
    due: int
    result: str
    published: bool = True


def clocks(row: LeadRow, due_at: int) -> Iterator[Clock]:
    """All of a lead's. due_at: the present customer's, as promised."""
    for clock in row.clocks:
        due = due_at if clock is row.clock else clock.due_at
        if due:
            yield Clock("response", clock.cycle, due, clock.evaluated)
        if clock.contact_due_at:
            yield Clock("contact", clock.cycle, clock.contact_due_at, clock.contact_evaluated)
    for turn in row.turns:
        if turn.kind != FIRST and turn.due:
            yield Clock("response", turn.turn, turn.due, turn.result, turn.kind == BREACH)
