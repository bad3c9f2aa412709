"""What Faust wants of a transport and we do not use: its producer."""

from __future__ import annotations

import asyncio
from typing import Any, NoReturn

from faust.transport import base


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
