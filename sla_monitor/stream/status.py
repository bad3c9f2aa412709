"""How an owned partition is doing: for readiness, and for the watchdog."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """retrying: a step is decided, but the log cannot be written now."""

    OPENING = "opening"
    RUNNING = "running"
    RETRYING = "retrying"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Status:
    """place: folded up to here; seen: read up to here; waiting: records that came and are not folded.

    committed_at: the domain's instant of the last commit, ms. version: of the policy in force. passed: all before this
    is folded; beyond `place` where the log goes on without records, as with the marks of foreign transactions.
    end: the log's end as far as it is known. oldest: the timestamp of the first record that waits, ms, if any does.
    """

    state: State
    place: int
    seen: int
    waiting: int
    committed_at: int | None
    version: int
    passed: int
    end: int = 0
    oldest: int | None = None
