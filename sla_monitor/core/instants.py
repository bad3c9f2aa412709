"""Instants as they are shown."""

from __future__ import annotations

from datetime import UTC, datetime

LATEST = 221_845_391_999_000
"""The last instant that is shown, ms: the last second of the year 8999."""


def in_utc(at: int) -> datetime:
    """An instant in ms; one before 1970 or after 8999, which no calendar can be sure to have, at its bound.

    So a value that came in before such were refused takes nothing else from sight.
    """
    return datetime.fromtimestamp(min(max(at, 0), LATEST) / 1000, UTC)
