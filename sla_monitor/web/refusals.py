"""A line a minute for requests that were refused, with the reason: what a sender that cannot get in never tells."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web

from sla_monitor.clock import monotonic

from .context import KEY
from .problems import REASON, route_of

logger = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds in which refusals of one kind are written once."""
KINDS = 1_000
"""Kinds kept in mind at most."""


class Refusal(NamedTuple):
    """A kind of refused requests. source: the name of the key, empty if none was known. peer: who sent it."""

    route: str
    status: int
    reason: str
    source: str
    peer: str

    def __str__(self) -> str:
        source = f"key {self.source}" if self.source else "no known key"
        return f"refused {self.route}: {self.status}, {self.reason} ({source}, from {self.peer})"


@dataclass(slots=True)
class Refusals:
    _written: dict[Refusal, tuple[float, int]] = field(default_factory=dict)

    def note(self, request: web.Request, response: web.StreamResponse) -> None:
        """Write why a request was refused, unless such a line was written within a minute."""
        refusal = _refusal(request, response)
        if refusal is None:
            return
        at, kept_back = self._written.get(refusal, (float("-inf"), 0))
        if monotonic() - at < EVERY:
            self._written[refusal] = at, kept_back + 1
            return
        if len(self._written) >= KINDS:
            self._written.clear()
        self._written[refusal] = monotonic(), 0
        logger.warning("%s%s", refusal, f"; {kept_back} more since" if kept_back else "")


def _refusal(request: web.Request, response: web.StreamResponse) -> Refusal | None:
    """None where nothing was refused, or only asked for too early: a lead that is not there yet."""
    reason = response.get(REASON)
    asked_early = response.status == 404 and request.match_info.route.resource is not None
    if reason is None or not 400 <= response.status < 500 or asked_early:
        return None
    key = request.get(KEY)
    route = f"{request.method} {route_of(request)}"
    return Refusal(route, response.status, _line(reason), key.name if key else "", request.remote or "")


def _line(text: str) -> str:
    """Names of fields come from outside: they begin no other line."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:200]
