"""One scene for all who look at the board, kept while anybody does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from sla_monitor.clock import monotonic
from sla_monitor.core.effects import Log
from sla_monitor.errors import GiveUp, TryAgain, Unavailable
from sla_monitor.records import Changed, Tail

from .context import Web
from .scene import Difference, Scene

logger = logging.getLogger(__name__)

PACE = 0.2
"""Seconds between two looks at least, unless somebody asks: what changes in between is shown at once."""
LOOK = 1.0
"""Seconds after which is looked though nothing was told: time changes leads and people too."""
LINGER = 60.0
"""Seconds for which the scene is kept when nobody looks any more."""


class Viewer:
    """Somebody who looks. untold: what has changed since they were told. told: the leads that they know of.

    gone: the scene is no more; they are to come back.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.untold = Difference(set(scene.picture.leads), people=True, hour=True, news=True)
        self.told: set[str] = set()
        self.gone = False
        self.wake = asyncio.Event()


class Live:
    """scene: as it is now, while somebody looks."""

    def __init__(self, context: Web) -> None:
        self._web = context
        self._task: asyncio.Task[None] | None = None
        self._used = 0.0
        self._asked, self._waiting = asyncio.Event(), list[asyncio.Future[None]]()
        self.viewers: set[Viewer] = set()
        self.scene = Scene(context)

    async def look(self) -> Scene:
        """The scene, with everything that was committed before the call. Raises Unavailable, LogLost."""
        self._used = monotonic()
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._begin()
        self._asked.set()
        await waiting
        return self.scene

    async def join(self) -> Viewer:
        """Begin to look, until `leave`. Raises Unavailable, LogLost."""
        viewer = Viewer(await self.look())
        self.viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        self.viewers.discard(viewer)
        self._used = monotonic()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        error: Exception | None = None
        try:
            await self._follow()
        except asyncio.CancelledError:
            error = Unavailable("the server stops")
            raise
        except (TryAgain, GiveUp) as failed:
            error = failed
        except Exception as defect:  # noqa: BLE001 - the last resort, as for a request
            logger.error("the board cannot be kept: %s", type(defect).__name__)  # noqa: TRY400 - may hold names
            error = Unavailable("the board cannot be kept")
        finally:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        """Whoever looks comes back, and all is read anew. error: None when nobody looked any more."""
        self._task, self.scene = None, Scene(self._web)
        for viewer in self.viewers:
            viewer.gone = True
            viewer.wake.set()
        if error is None:
            self._begin()  # for who has asked in the last moment
            return
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            if not one.done():
                one.set_exception(error)

    def _begin(self) -> None:
        if self._task is None and self._waiting:
            self._task = asyncio.create_task(self._run(), name="board")

    async def _follow(self) -> None:
        reader, outcomes = self._web.reader, self._web.topic(Log.OUTCOMES)
        start = await reader.since(outcomes, self.scene.begin())
        async with reader.changed(self._web.topic(Log.EVENTS)) as changed, reader.tail(outcomes, start) as tail:
            await self.scene.fill(tail)
            await self._keep(changed, tail)

    async def _keep(self, changed: Changed, tail: Tail) -> None:
        """Until nobody looks any more, or the day is another one."""
        telling, changing = asyncio.ensure_future(tail.take()), asyncio.ensure_future(changed.news())
        try:
            while self._used_now and not self.scene.stale:
                if telling.done():
                    self.scene.tell([taken.record.value for taken in telling.result()])
                    telling = asyncio.ensure_future(tail.take())
                await self._look(changed)
                if changing.done():
                    changing = asyncio.ensure_future(changed.news())
                await self._rest({telling, changing})
        finally:
            for news in (telling, changing):
                news.cancel()
            await asyncio.gather(telling, changing, return_exceptions=True)

    @property
    def _used_now(self) -> bool:
        return bool(self.viewers or self._waiting) or monotonic() - self._used < LINGER

    async def _look(self, changed: Changed) -> None:
        """Once, for everybody who has asked before."""
        self._asked.clear()
        asked = len(self._waiting)
        difference = await self.scene.look(await changed.take())
        if difference:
            for viewer in self.viewers:
                viewer.untold.add(difference)
                viewer.wake.set()
        answered, self._waiting = self._waiting[:asked], self._waiting[asked:]
        for one in answered:
            if not one.done():
                one.set_result(None)

    async def _rest(self, news: Collection[asyncio.Future[Any]]) -> None:
        """Until there is something new, and a moment longer, unless somebody asks."""
        asking = asyncio.ensure_future(self._asked.wait())
        try:
            await asyncio.wait({*news, asking}, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({asking}, timeout=PACE)
        finally:
            asking.cancel()
