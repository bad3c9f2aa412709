"""The Faust app, inside a running event loop: no command line, no web server, no signal handlers, no tables."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import faust
from faust.types import TP

from sla_monitor.clock import Clock, monotonic
from sla_monitor.core.effects import Log as Keyed
from sla_monitor.errors import TryAgain
from sla_monitor.records import Partition

from .agents import Ownership, register
from .folding import Role
from .horizon import Horizon
from .observer import Observer
from .partition import Owner
from .status import State
from .step import Log
from .telling import Telling
from .waiting import BOUNDS, Bounds, Source

logger = logging.getLogger(__name__)

STALL = 60.0
"""Seconds without a sign of life of a partition after which the worker ends: a hung commit."""
OPENING = 5
"""Times as long may an opening take: there may be many rows, and each of its steps has a limit of its own."""

LOOK = 1.0
"""Seconds between two looks of the watchdog."""


class Stalled(TryAgain):
    """A partition made no progress, or the consumer ended; another process will do better."""


@dataclass(frozen=True, slots=True)
class Broker:
    """url: what Faust is given. prepare: gives the app what the transport of that scheme wants of it.

    app_id: the name of the consumer group. tell: topic -> seconds between two times that the group is told how far
    it has been applied; nothing where there is no group.
    """

    url: str
    prepare: Callable[[faust.App], None]
    app_id: str = "sla-monitor"
    tell: Mapping[str, float] = field(default_factory=dict)


class _App(faust.App):
    def _create_directories(self) -> None:
        """Nothing is kept in files: there are no tables."""


class Worker:
    """Owns partitions of the logs of `roles`, as the broker assigns them. horizon: for the timers of leads."""

    def __init__(
        self,
        broker: Broker,
        log: Log,
        roles: Sequence[Role],
        *,
        prefix: str,
        clock: Clock,
        observer: Observer,
        horizon: Horizon | None = None,
        bounds: Bounds = BOUNDS,
        stall: float = STALL,
    ) -> None:
        self._log, self._clock, self._observer = log, clock, observer
        self._prefix, self._bounds, self._stall = prefix, bounds, stall
        self._horizon = horizon
        self._roles = {prefix + role.log: role for role in roles}
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ownership = Ownership(self._roles, self._owner, self._task_ended)
        self._app = self._build(broker)
        self._broker = broker
        self._chores: list[asyncio.Task[None]] = []

    @property
    def owners(self) -> Mapping[Partition, Owner]:
        """The partitions owned now, for readiness (`status`) and gauges."""
        return self._ownership.owners

    async def start(self) -> None:
        """Return when the app runs; partitions open on their own."""
        await self._app.start()
        chores = [self._watch()]
        if self._broker.tell:
            chores.append(Telling(self._broker.tell, self.owners, self._tell).run())
        self._chores = [asyncio.create_task(chore) for chore in chores]
        for chore in self._chores:
            chore.add_done_callback(self._task_ended)

    async def wait(self) -> None:
        """Return when stopped; raise what the process must end for."""
        await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """End the steps at hand, let go of the partitions, leave the group."""
        for chore in self._chores:
            chore.cancel()
        try:
            await self._ownership.stop()
        finally:
            await self._app.stop()
            self._end(None)

    async def is_member(self) -> bool:
        """Whether the consumer group confirms, now, that this worker belongs to it."""
        return bool(await self._app.consumer.is_member())

    async def _tell(self, places: Mapping[Partition, int]) -> None:
        await self._app.consumer.publish({TP(*partition): place for partition, place in places.items()})

    def _build(self, broker: Broker) -> faust.App:
        app = _App(
            broker.app_id,
            broker=broker.url,
            store="memory://",
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            table_standby_replicas=0,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=10,
            broker_heartbeat_interval=3,
            broker_rebalance_timeout=20,
            broker_max_poll_records=4000,
            stream_buffer_maxsize=16,  # what waits belongs into the partitions, where one step takes it all
            stream_wait_empty=False,
        )
        broker.prepare(app)
        app.on_partitions_assigned.connect(self._ownership.assigned, weak=False)
        app.on_partitions_assigned.connect(self._assigned, weak=False)
        app.on_partitions_revoked.connect(self._ownership.revoked, weak=False)
        for topic in self._roles:
            register(app, topic, self._ownership)
        return app

    async def _assigned(self, *_: object, **__: object) -> None:
        self._observer.assigned()

    def _owner(self, partition: Partition) -> Owner:
        role = self._roles[partition.topic]
        return Owner(
            role,
            partition,
            self._log,
            self._source(TP(partition.topic, partition.number)),
            self._clock,
            self._observer,
            prefix=self._prefix,
            horizon=self._horizon if role.log is Keyed.EVENTS else None,
            bounds=self._bounds,
        )

    def _source(self, tp: TP) -> Source:
        app = self._app

        async def again_from(place: int) -> None:
            await app.consumer.again_from(tp, place)

        def end() -> int:
            return (app.consumer.highwater(tp) or 0) if tp in app.consumer.assignment() else 0

        return Source(again_from, end)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.error("%s: %s", task.get_name(), error)
            self._end(error)  # without one, it was let go of

    async def _watch(self) -> None:
        """End the worker when the app has crashed or a partition stands still."""
        while True:
            looked = monotonic()
            await asyncio.sleep(LOOK)
            if self._app.should_stop:
                self._end(self._app.crash_reason or Stalled("the consumer has ended"))
            if monotonic() - looked < LOOK + self._stall / 2:  # else the process stood still, and each may go on now
                self._end_if_stalled()

    def _end_if_stalled(self) -> None:
        for owner in self.owners.values():
            opens = owner.status().state is State.OPENING
            limit = self._stall * (OPENING if opens else 1)
            if monotonic() - owner.pulse > limit:
                topic, number = owner.partition
                self._end(Stalled(f"{topic}/{number} has made no progress for {limit:.0f} s"))

    def _end(self, error: BaseException | None) -> None:
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            logger.error("the worker ends: %s", error)
            self._ended.set_exception(error)
            self._ended.exception()  # whether anybody waits or not
