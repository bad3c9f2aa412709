"""The one error tree, split by what the caller does next.

SlaMonitorError
├── TryAgain            nothing is known to be stored; the same call may succeed later
│   ├── Unavailable     the log cannot be written now: no room, not writable, locked too long
│   ├── Fenced          another owner has opened this partition since; open it anew
│   └── Unanswered      a commit got no answer; open anew and read what became of it
└── GiveUp              the same call fails again
    ├── Rejected        input that cannot be used, named by JSON pointer
    ├── TooLarge        a row or record above its bound
    ├── LogLost         a place that does not fit its log: records are gone, or the log was made anew
    ├── InUse           another worker has this data directory
    └── Misconfigured   settings or policy, every mistake at once
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class SlaMonitorError(Exception):
    """The root of every error raised on purpose."""


class TryAgain(SlaMonitorError):
    """Nothing is known to be stored; the same call may succeed later."""


class Unavailable(TryAgain):
    """The log cannot be written now."""


class Fenced(TryAgain):
    """Another owner has opened this partition since."""


class Unanswered(TryAgain):
    """A commit got no answer."""


class GiveUp(SlaMonitorError):
    """The same call fails again."""


class Rejected(GiveUp):
    """Input that cannot be used. pointer: an RFC 6901 JSON pointer; detail: never personal data."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(f"{pointer or '/'}: {detail}")
        self.pointer = pointer
        self.detail = detail


class TooLarge(GiveUp):
    """A row or a record above its bound."""


class LogLost(GiveUp):
    """A place that does not fit its log; the message says what was lost and what to do."""


class InUse(GiveUp):
    """Another worker has this data directory."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where (`policy.yaml:12`, path `policies[0].target`) and what to do about it."""

    place: str
    path: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.path, self.message) if part)


class Misconfigured(GiveUp):
    """Settings or policy with mistakes; `problems` has all of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)
