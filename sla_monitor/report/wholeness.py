"""Whether a report is whole, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Protocol

from .period import Period


class Made(Protocol):
    """What was made of the outcomes."""

    @property
    def period(self) -> Period: ...
    @property
    def whole_from(self) -> date | None: ...
    @property
    def unreadable(self) -> int: ...


def missing(made: Made, words: Mapping[str, str]) -> Iterator[str]:
    """What is not in the figures; nothing if they are whole."""
    if made.whole_from is not None:
        some = made.whole_from <= made.period.last
        yield words["not_whole" if some else "never_whole"].format(day=made.whole_from)
    if made.unreadable:
        yield words["unreadable"].format(number=made.unreadable)
