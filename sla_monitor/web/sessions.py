"""Sessions: a signed cookie that says who and until when, and holds no key; and which of them were ended before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from secrets import token_urlsafe
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
    """name, mark: the key's, and which of its tokens was used (`keys.mark_of`). until: ms. nonce: no other has it."""

    name: str
    mark: str
    until: int
    nonce: str = ""

    @property
    def digest(self) -> str:
        """What names it, and opens nothing."""
        return blake2b(msgspec.json.encode(self), digest_size=16).hexdigest()


class Sessions:
    """secure: whether browsers send the cookie over TLS only. Without secrets it is false, and nobody can sign in.

    known: whether it is known which were ended before this process began; until then none of them is trusted.
    """

    def __init__(self, clock: Clock, secrets: Sequence[str] = (), *, secure: bool = False) -> None:
        self._clock, self._secure = clock, secure
        self._signer = Signer(secrets, "session.v1")
        self._ended: dict[str, int] = {}
        self._told: list[Callable[[], None]] = []
        self.known = False

    def __bool__(self) -> bool:
        return bool(self._signer)

    def begin(self, response: web.StreamResponse, name: str, mark: str) -> None:
        session = Session(name, mark, self._clock.now() + LASTS, token_urlsafe(9))
        token = self._signer.sign(msgspec.json.encode(session))
        response.set_cookie(COOKIE, token, max_age=LASTS // 1000, httponly=True, samesite="Strict", secure=self._secure)

    def end(self, request: web.Request, response: web.StreamResponse) -> Session | None:
        """End the session of a request here and now, its open streams too; which it was."""
        response.del_cookie(COOKIE, httponly=True, samesite="Strict", secure=self._secure)
        session = self.read(request)
        if session is not None:
            self.learn(session.digest, session.until)
        return session

    def learn(self, digest: str, until: int) -> None:
        """A session was ended, here or in another process. until: when it would have ended by itself, ms."""
        now = self._clock.now()
        self._ended = {known: at for known, at in self._ended.items() if at > now} | {digest: until}
        for tell in self._told:
            tell()

    def when_ended(self, tell: Callable[[], None]) -> None:
        """Be told whenever a session was ended: whoever has let somebody in looks again."""
        self._told.append(tell)

    def read(self, request: web.Request) -> Session | None:
        """The session that a request is part of, while it lasts."""
        try:
            payload = self._signer.open(request.cookies.get(COOKIE, ""))
        except Forged:
            return None
        session = msgspec.json.decode(payload, type=Session)
        return session if session.until > self._clock.now() and session.digest not in self._ended else None
