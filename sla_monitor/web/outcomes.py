"""Outcomes as server-sent events, from the log they lie in."""

from __future__ import annotations

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from aiohttp import web

from sla_monitor.core.effects import Log
from sla_monitor.errors import TryAgain
from sla_monitor.records import Stored

from .context import Web
from .problems import Refused

CHUNK = 100
"""Records read at once."""

HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no"}


def to_cursor(offset: int) -> str:
    """The SSE id of the outcome at an offset; opaque to clients."""
    return urlsafe_b64encode(f"1:{offset}".encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> int:
    """Raises Refused (400)."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (NotBase64, ValueError):
        text = ""
    found = re.fullmatch(r"1:([0-9]{1,18})", text)
    if found is None:
        raise Refused(400, "Last-Event-ID is none of ours")
    return int(found[1])


class Outcomes:
    """stop: set when the server shuts down; every stream then ends."""

    def __init__(self, context: Web) -> None:
        self._web = context
        self._topic = context.topic(Log.OUTCOMES)
        self._open = 0
        self.stop = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/outcomes"""
        if self._open >= self._web.limits.streams:
            raise Refused(429, "too many streams are open", headers={"Retry-After": "30"})
        self._open += 1
        try:
            start = await self._start(request)
            response = web.StreamResponse(headers=HEADERS)
            await response.prepare(request)
            await self._feed(response, start, request.query.get("lead_id"))
        finally:
            self._open -= 1
        return response

    async def _start(self, request: web.Request) -> int:
        """The first offset to send. Raises Refused: 400, 410."""
        oldest, following = await asyncio.to_thread(self._web.reader.bounds, self._topic)
        last = request.headers.get("Last-Event-ID")
        if last is None:
            return oldest if request.query.get("from") == "start" else following
        start = from_cursor(last) + 1
        if not oldest <= start <= following:
            raise Refused(410, "the outcomes after this cursor are no longer kept; begin anew, from=start for all")
        return start

    async def _feed(self, response: web.StreamResponse, start: int, lead_id: str | None) -> None:
        """Until the client goes (ConnectionError), the log fails or the server stops."""
        offset, wanted = start, lead_id.encode() if lead_id else None
        await response.write(_mark(offset))
        while not self.stop.is_set():
            try:
                records = await asyncio.to_thread(self._web.reader.records, self._topic, offset, CHUNK)
                if not records:
                    await self._wait(offset)
            except TryAgain:
                return  # the client comes back with its cursor
            offset = records[-1].offset + 1 if records else offset
            # The mark keeps the cursor of a client fresh whose lead is silent, and shows a gone one.
            await response.write(b"".join(_message(r) for r in records if wanted in (None, r.key)) + _mark(offset))

    async def _wait(self, offset: int) -> None:
        """For a record at `offset`, the server's stop, or the time of a heartbeat."""
        waits = [
            asyncio.ensure_future(self._web.reader.changed(self._topic, offset)),
            asyncio.ensure_future(self.stop.wait()),
        ]
        try:
            done, _ = await asyncio.wait(
                waits, timeout=self._web.limits.heartbeat_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            for wait in done:
                wait.result()
        finally:
            for wait in waits:
                wait.cancel()


def _message(record: Stored) -> bytes:
    if record.value is None:
        return b""
    return b"id: %s\ndata: %s\n\n" % (to_cursor(record.offset).encode(), record.value)


def _mark(offset: int) -> bytes:
    """A comment that moves the client's cursor to before `offset` and is no event to it."""
    return b": alive\nid: %s\n\n" % to_cursor(offset - 1).encode() if offset else b": alive\n\n"
