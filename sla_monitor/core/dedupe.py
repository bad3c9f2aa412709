"""Which events a row has applied: the hashes of their identities, each with a hash of its data (R28)."""

from __future__ import annotations

import re
from typing import Any

from . import noticed
from .effects import Accept, Log
from .events import Noticed, Origin

MOST = 256
"""Identities a row remembers; beyond it the oldest go, and the reducers are idempotent by event time."""

CONFLICT = "conflict"
"""An identity that came with other data."""


def repeated(seen: dict[int, int], origin: Origin) -> str:
    """Remember an event in `seen` (uid -> digest). Empty if it is new; the first of an identity wins.

    `duplicate` for one that was applied, `conflict` for one of the same identity with other data.
    """
    uid = origin.uid()
    known = seen.get(uid)
    if known is not None:
        return "duplicate" if known == origin.digest else CONFLICT
    seen[uid] = origin.digest
    if len(seen) > MOST:
        del seen[next(iter(seen))]
    return ""


def unlearn(seen: dict[int, int], origin: Origin) -> None:
    """An event was given up without being applied: if it is tried again, it is no duplicate."""
    seen.pop(origin.uid(), None)


def conflict(fact: Any) -> Accept:
    """Somebody is to look at it: what a source meant to change by sending an event anew was not changed (R28)."""
    origin: Origin = fact.origin
    words = re.findall("[A-Z][a-z]+", type(fact).__name__)
    sample = Noticed(
        source=origin.source,
        at=origin.received,
        reason=CONFLICT,
        kind=".".join([*map(str.lower, words), "v1"]),
        uri=origin.uri,
        id=origin.id,
    )
    return Accept(Log.DESK, noticed.KEY, sample)
