"""A connection with deadlines that aiohttp does not have: for a request's head, and for a client that does not read."""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from aiohttp import web

from .limits import Limits
from .problems import Handler, problem

logger = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """One client. The head of a request must be complete `head_seconds` after the connection or its first byte."""

    __slots__ = ("_busy", "_head", "_limits", "_loop_", "_made", "_write")

    def __init__(self, server: web.Server, limits: Limits, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            server,
            loop=loop,
            keepalive_timeout=limits.keepalive_seconds,
            lingering_time=limits.lingering_seconds,
            auto_decompress=False,
            access_log=None,  # type: ignore[arg-type]  # paths hold ids; metrics count instead
        )
        self._limits = limits
        self._loop_ = loop
        self._made: asyncio.Transport | None = None
        self._busy = False
        self._head: asyncio.TimerHandle | None = None
        self._write: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        server = self._manager
        if server is not None and len(server.connections) >= self._limits.connections:
            transport.abort()
            return
        self._made = transport
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._busy:
            self._await_head()

    def begin(self) -> None:
        """A request's head is complete and its handler runs."""
        self._busy = True
        self._head_came()

    def end(self) -> None:
        self._busy = False

    def pause_writing(self) -> None:
        super().pause_writing()
        self._write = self._loop_.call_later(self._limits.write_seconds, self._cut)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._written()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._head_came()
        self._written()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's text repeats the header, secrets included
    ) -> web.StreamResponse:
        """What cannot be parsed as HTTP, or failed outside of any handler."""
        if not isinstance(exc, ConnectionError):  # a client that went is no news
            logger.warning("a request could not be answered: %s", type(exc).__name__)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun")
        response = problem(status, "not a request that this server reads", headers={"Server": "sla-monitor"})
        response.force_close()
        return response

    def _await_head(self) -> None:
        if self._head is None:
            self._head = self._loop_.call_later(self._limits.head_seconds, self._cut)

    def _head_came(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _written(self) -> None:
        if self._write is not None:
            self._write.cancel()
            self._write = None

    def _cut(self) -> None:
        if self._made is not None:
            self._made.abort()


@web.middleware
async def mark_busy(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the connection that a request is being handled."""
    connection = cast("Connection", request.protocol)
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.end()
