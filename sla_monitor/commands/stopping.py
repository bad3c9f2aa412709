"""How a command that goes on until it is told to stop does so."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NoReturn

from .options import FINDINGS


async def until_stopped(work: Coroutine[Any, Any, None], stop: Callable[[], Awaitable[None]], limit: float) -> None:
    """Work until it ends, SIGTERM or Ctrl-C; then stop in order. Raises what the work ended with.

    limit: seconds after which a stop, or what libraries leave behind it, is cut off.
    """
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked.set)
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(asked.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    loop.call_later(limit, cut_off)
    waiting.cancel()
    working.cancel()
    await asyncio.wait({working})
    await stop()
    if not working.cancelled():
        working.result()


def cut_off() -> NoReturn:
    """End at once: what was accepted is stored, and a step is stored as a whole or not at all."""
    logging.getLogger("sla_monitor").error("the stop took too long and is cut off")
    os._exit(FINDINGS)
