"""A proxy before the brokers that can lose the answer to an EndTxn, and can say one again when it is too late."""

from __future__ import annotations

import asyncio
import struct
from typing import Any, Self

import aiokafka.client
import pytest
from aiokafka.conn import create_conn

END_TXN = 26
"""Its API key."""


class EndTxnProxy:
    """asked: every EndTxn since `swallow_next`; only the first got no answer."""

    def __init__(self, servers: str) -> None:
        host, _, port = servers.partition(",")[0].rpartition(":")
        self._broker = host, int(port)
        self._armed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def lead_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Brokers name their own address: lead every connection to that here."""

        async def through(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
            return await create_conn(host, self.port if port == self._broker[1] else port, *args, **kwargs)

        monkeypatch.setattr(aiokafka.client, "create_conn", through)

    def swallow_next(self) -> None:
        """Lose the answer to the next EndTxn, and the connection with it."""
        self._armed = True

    async def late(self, request: bytes) -> int:
        """Send a request as it was, on a new connection; the error code of its answer."""
        reader, writer = await asyncio.open_connection(*self._broker)
        writer.write(request)
        answer = await reader.readexactly(struct.unpack(">i", await reader.readexactly(4))[0])
        writer.close()
        return int(struct.unpack(">h", answer[8:10])[0])

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._tasks.add(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(*self._broker)
        lost: set[bytes] = set()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._there(reader, to_broker, lost))
                both.create_task(self._back(from_broker, writer, lost))
        except* (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            to_broker.close()
            writer.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: set[bytes]) -> None:
        while True:
            frame = await read_frame(reader)
            if self._armed and struct.unpack(">h", frame[4:6])[0] == END_TXN:
                if not self.asked:
                    lost.add(frame[8:12])
                self.asked.append(frame)
            writer.write(frame)
            await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: set[bytes]) -> None:
        while (frame := await read_frame(reader))[4:8] not in lost:
            writer.write(frame)
            await writer.drain()
        raise ConnectionResetError


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    size = await reader.readexactly(4)
    return size + await reader.readexactly(struct.unpack(">i", size)[0])
