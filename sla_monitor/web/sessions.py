"""Sessions: a signed cookie that says who and until when, and holds no key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from aiohttp import web

from sla_monitor.clock import Clock
from sla_monitor.core.rules import HOUR
from sla_monitor.signing import Forged, Signer

COOKIE = "sla_session"
LASTS = 12 * HOUR
"""A working day, ms; the next morning begins with a sign-in."""


class Session(NamedTuple):
    """name, mark: the key's, and which of its tokens was used (`keys.mark_of`). until: ms."""

    name: str
    mark: str
    until: int


class Sessions:
    """secure: whether browsers send the cookie over TLS only. Without secrets it is false, and nobody can sign in."""

    def __init__(self, clock: Clock, secrets: Sequence[str] = (), *, secure: bool = False) -> None:
        self._clock, self._secure = clock, secure
        self._signer = Signer(secrets, "session.v1")

    def __bool__(self) -> bool:
        return bool(self._signer)

    def begin(self, response: web.StreamResponse, name: str, mark: str) -> None:
        session = Session(name, mark, self._clock.now() + LASTS)
        token = self._signer.sign(msgspec.json.encode(session))
        response.set_cookie(COOKIE, token, max_age=LASTS // 1000, httponly=True, samesite="Strict", secure=self._secure)

    def end(self, response: web.StreamResponse) -> None:
        response.del_cookie(COOKIE, httponly=True, samesite="Strict", secure=self._secure)

    def read(self, request: web.Request) -> Session | None:
        """The session that a request is part of, while it lasts."""
        try:
            payload = self._signer.open(request.cookies.get(COOKIE, ""))
        except Forged:
            return None
        session = msgspec.json.decode(payload, type=Session)
        return session if session.until > self._clock.now() else None
