"""What Faust wants of a transport and we do not use: its producer, acknowledgements and commits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, NoReturn

from faust.transport import base
from faust.types import TP, ConsumerMessage


class Acknowledgements:
    """Of a consumer: nothing is acknowledged, committed or sought back, for places move with the steps."""

    _unacked_messages: Any

    def ack(self, message: ConsumerMessage) -> bool:
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: ARG002 - Faust's
        return True

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:  # noqa: ARG002 - Faust's
        return True

    async def perform_seek(self) -> None:
        """Faust would go back to what it committed; our positions are right."""


class Producer(base.Producer):
    """Refuses to send: records are appended by steps and by the inbox alone."""

    async def send(self, *_: Any, **__: Any) -> NoReturn:
        refuse()

    async def send_and_wait(self, *_: Any, **__: Any) -> NoReturn:
        refuse()

    def send_soon(self, fut: asyncio.Future[Any]) -> NoReturn:  # noqa: ARG002 - Faust's signature
        refuse()

    async def create_topic(self, *_: Any, **__: Any) -> NoReturn:
        refuse()


def refuse() -> NoReturn:
    raise NotImplementedError("the logs are written by steps and by the inbox, not through Faust")
