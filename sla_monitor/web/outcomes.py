"""Outcomes as server-sent events, from the log they lie in."""

from __future__ import annotations

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Any

from aiohttp import web

from sla_monitor.core.effects import Log
from sla_monitor.errors import LogLost, TryAgain
from sla_monitor.records import Position, Stored, Tail, Taken

from .context import Web
from .problems import Refused
from .today import read_outcome
from .visitors import Visitor

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}
CURSOR = re.compile(r"2:[0-9]{1,18}(,[0-9]{1,18})*")


def to_cursor(position: Position) -> str:
    """A position as an SSE id; opaque to clients."""
    text = "2:" + ",".join(map(str, position))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> Position:
    """Raises Refused (400)."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (NotBase64, ValueError):
        text = ""
    if not CURSOR.fullmatch(text):
        raise Refused(400, "Last-Event-ID is none of ours")
    return tuple(map(int, text.removeprefix("2:").split(",")))


class Outcomes:
    """stop: set when the server shuts down; every stream then ends."""

    def __init__(self, context: Web) -> None:
        self._web = context
        self._topic = context.topic(Log.OUTCOMES)
        self._open = 0
        self._ended = asyncio.Event()
        self.stop = asyncio.Event()
        context.access.sessions.when_ended(self._look_again)

    def _look_again(self) -> None:
        """Somebody signed out: their streams end now."""
        self._ended.set()
        self._ended = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/outcomes"""
        if self._open >= self._web.limits.streams:
            raise Refused(429, "too many streams are open", headers={"Retry-After": "30"})
        self._open += 1
        try:
            start = await self._start(request)
            async with self._web.reader.tail(self._topic, start) as tail:
                response = web.StreamResponse(headers=HEADERS)
                await response.prepare(request)
                await self._send(response, tail, request)
        finally:
            self._open -= 1
        return response

    async def _start(self, request: web.Request) -> Position:
        """The position of the first outcome to send. Raises Refused: 400, 410."""
        oldest, following = await self._web.reader.bounds(self._topic)
        last = request.headers.get("Last-Event-ID")
        if last is None:
            return oldest if request.query.get("from") == "start" else following
        start = from_cursor(last)
        if len(start) != len(following) or not all(map(_within, oldest, start, following)):
            raise Refused(410, "the outcomes after this cursor are no longer kept; begin anew, from=start for all")
        return start

    async def _send(self, response: web.StreamResponse, tail: Tail, request: web.Request) -> None:
        """Until the client goes (ConnectionError) or may not go on, the log fails or the server stops."""
        lead_id = request.query.get("lead_id")
        wanted = lead_id.encode() if lead_id else None
        await response.write(_mark(tail.position))
        stopping, taking = asyncio.ensure_future(self.stop.wait()), asyncio.ensure_future(tail.take())
        try:
            while not stopping.done():
                await self._wait({stopping, taking})
                came = taking.done()
                taken = taking.result() if came else []
                visitor, _ = self._web.access.visitor(request, "read", self._web.rules())  # as of now
                # The mark keeps the cursor of a client fresh whose lead is silent, and shows a gone one.
                messages = [
                    _message(one) for one in taken if wanted in (None, one.record.key) and sees(visitor, one.record)
                ]
                await response.write(b"".join(messages) + _mark(tail.position))
                if came:
                    taking = asyncio.ensure_future(tail.take())
        except (TryAgain, LogLost, Refused):
            return  # the client comes back with its cursor, and is told
        finally:
            stopping.cancel()
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _wait(self, news: set[asyncio.Future[Any]]) -> None:
        """Return when there is any, when somebody signed out, or when it is time to show that all is well."""
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            beat = self._web.limits.heartbeat_seconds
            await asyncio.wait({*news, ending}, timeout=beat, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()


def sees(visitor: Visitor, outcome: Stored) -> bool:
    """Whether somebody may know of an outcome, which says itself whom it concerns."""
    if visitor.teams is None:
        return True
    known = read_outcome(outcome.value) if outcome.value else None
    return known is not None and visitor.sees_outcome(known.data)


def _within(oldest: int, start: int, following: int) -> bool:
    return oldest <= start <= following


def _message(taken: Taken) -> bytes:
    position, record = taken
    if record.value is None:
        return b""
    return b"id: %s\ndata: %s\n\n" % (to_cursor(position).encode(), record.value)


def _mark(position: Position) -> bytes:
    """A comment that moves the client's cursor and is no event to it."""
    return b": alive\nid: %s\n\n" % to_cursor(position).encode()
