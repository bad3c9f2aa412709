"""A line a minute for requests that were refused, with the reason: what a sender that cannot get in never tells."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web

from sla_monitor.clock import monotonic

from .access import Access
from .context import KEY
from .problems import REASON, route_of

logger = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds in which refusals of one kind are written once."""
KINDS = 1_000
"""Kinds kept in mind at most."""
UNROUTED = 10
"""Addresses without a route that are named within `EVERY`; who tries many fills no log."""

PLAIN = re.compile(r"(?!(?:.*[0-9]){4})[A-Za-z0-9._:-]{0,24}")
"""A part of an address that is no key, number or name of anybody."""
LONGEST = 100
"""Letters of an address that are written."""


class Refusal(NamedTuple):
    """A kind of refused requests. source: the name of the key, empty if none was known. peer: who sent it.

    address: where there is no route, what was asked for; empty where there is one.
    """

    method: str
    route: str
    status: int
    reason: str
    source: str
    peer: str
    address: str = ""

    def __str__(self) -> str:
        source = f"key {self.source}" if self.source else "no known key"
        where = f"{self.method} {self.address or self.route}"
        return f"refused {where}: {self.status}, {self.reason} ({source}, from {self.peer})"


@dataclass(slots=True)
class Refusals:
    """access: knows whose request it is, also where nothing had to be known."""

    access: Access
    _written: dict[Refusal, tuple[float, int]] = field(default_factory=dict)

    def note(self, request: web.Request, response: web.StreamResponse) -> None:
        """Write why a request was refused, unless such a line was written within a minute."""
        refusal = _refusal(request, response, self.access)
        if refusal is None:
            return
        if refusal.address and not self._is_recent(refusal) and sum(map(self._names, self._written)) >= UNROUTED:
            refusal = refusal._replace(address="")
        at, kept_back = self._written.get(refusal, (float("-inf"), 0))
        if self._is_recent(refusal):
            self._written[refusal] = at, kept_back + 1
            return
        if len(self._written) >= KINDS:
            self._written.clear()
        self._written[refusal] = monotonic(), 0
        logger.warning("%s%s", refusal, f"; {kept_back} more since" if kept_back else "")

    def _is_recent(self, refusal: Refusal) -> bool:
        return refusal in self._written and monotonic() - self._written[refusal][0] < EVERY

    def _names(self, refusal: Refusal) -> bool:
        """Whether it told of an address without a route within a minute."""
        return bool(refusal.address) and self._is_recent(refusal)


def _refusal(request: web.Request, response: web.StreamResponse, access: Access) -> Refusal | None:
    """None where nothing was refused, or only asked for too early: a lead that is not there yet."""
    reason = response.get(REASON)
    asked_early = response.status == 404 and request.match_info.route.resource is not None
    if reason is None or not 400 <= response.status < 500 or asked_early:
        return None
    key = request.get(KEY) or access.known(request)
    source, peer = key.name if key else "", request.remote or ""
    return Refusal(request.method, route_of(request), response.status, _line(reason), source, peer, _address(request))


def _address(request: web.Request) -> str:
    """What was asked for where there is no route, escaped and cut, without what may be a key or an id."""
    if request.match_info.route.resource is not None:
        return ""
    parts = request.rel_url.raw_path.split("/")
    return "/".join(part if PLAIN.fullmatch(part) else "…" for part in parts)[:LONGEST]


def _line(text: str) -> str:
    """Names of fields come from outside: they begin no other line."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:200]
