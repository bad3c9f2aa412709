"""Signing out ends a session in every process that serves the board, by rows of the desk, which they all see."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable

from sla_monitor import codec
from sla_monitor.core.books import SESSION
from sla_monitor.core.effects import Log
from sla_monitor.core.events import SessionEnded
from sla_monitor.core.roster import SignedOut
from sla_monitor.errors import GiveUp, TryAgain
from sla_monitor.records import Changed, Record

from .context import Web
from .rows import decoded
from .sessions import Session

logger = logging.getLogger(__name__)

ROWS = codec.RowCodec((SignedOut,))
PREFIX = SESSION.encode()
PACE = 1.0
"""Seconds between two looks at what was ended elsewhere, at least, and before what failed is tried again."""


async def tell_others(web: Web, session: Session) -> None:
    """Durable when it returns; others know once a worker has folded it. Raises Unavailable."""
    now = web.clock.now()
    ended = SessionEnded(digest=session.digest, name=session.name, until=session.until, at=now)
    key = (SESSION + session.digest).encode()
    await web.inbox.append([Record(web.topic(Log.DESK), key, codec.encode_record(ended), now)])


async def follow(web: Web) -> None:
    """Learn what was ended elsewhere, and before this process began, until cancelled."""
    while True:
        try:
            async with web.reader.changed(web.topic(Log.DESK)) as changed:
                rows = await web.reader.rows(web.topic(Log.DESK))
                _learn(web, await asyncio.to_thread(_of_sessions, rows))
                web.access.sessions.known = True
                await _go_on(web, changed)
        except (TryAgain, GiveUp) as error:
            logger.debug("what was signed out elsewhere is not known now: %s", type(error).__name__)
        await asyncio.sleep(PACE)


async def _go_on(web: Web, changed: Changed) -> None:
    while True:
        await changed.news()
        keys: Collection[bytes] = [key for key in await changed.take() if key.startswith(PREFIX)]
        if keys:
            _learn(web, (await web.reader.pick(web.topic(Log.DESK), keys)).items())
        await asyncio.sleep(PACE)


def _of_sessions(rows: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(key, row) for key, row in rows if key.startswith(PREFIX)]


def _learn(web: Web, rows: Iterable[tuple[bytes, bytes]]) -> None:
    for key, row in rows:
        ended = decoded(ROWS, key, row)
        if ended is not None:
            web.access.sessions.learn(key.removeprefix(PREFIX).decode(), ended.until)
