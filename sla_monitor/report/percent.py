"""The one way in which a part of a whole becomes a percentage, or a share for programs; `percent.mjs` is the page's."""

from __future__ import annotations

SHARES = 10_000
"""What a share is told in."""


def percent(part: int, whole: int) -> int | None:
    """Whole percent, rounded down, so that 100 is all of them; None of nothing."""
    return part * 100 // whole if whole else None


def share(part: int, whole: int) -> float | None:
    """From 0 to 1, four digits, rounded down, so that 1 is all of them; None of nothing."""
    return part * SHARES // whole / SHARES if whole else None
