"""The worker on Kafka: any number of them share the partitions of one installation."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping

from .acts import Acts
from .bootstrap import (
    CLOCK_POLL,
    ROLES,
    channels_of,
    domain_clock,
    links_of,
    metrics_of,
    tune,
    watch_clock,
    watch_loop,
)
from .codec import RULES_KEY
from .core.effects import Log, Public
from .core.rules import Rules
from .in_force import apply_first
from .keys import KeyRing
from .logs import KEYED, existing, group_of
from .noted import KEY as NOTED_KEY
from .noted import read_noted
from .notify.sender import Sender
from .notify.webhook_channel import Webhooks
from .policy import same
from .records import Partition
from .scrape import Scraped
from .secret import claim_links
from .settings import Settings
from .stream.app import Broker, Worker
from .stream.folding import Role
from .stream.intake import intake_role
from .stream.kafka import brokers, rights, topics, transport
from .stream.kafka.access import Access
from .stream.kafka.fetch import Fetch
from .stream.kafka.group import Group
from .stream.kafka.horizon import IntakeHorizon, PublicTopics
from .stream.kafka.log import KafkaLog
from .stream.kafka.seat import Seat
from .stream.kafka.standing import Standing
from .stream.status import State
from .stream.waiting import Bounds
from .web.watch import Health, WatchServer
from .wire import Routing

logger = logging.getLogger(__name__)

TELL, TELL_INTAKE = 5.0, 0.1
"""Seconds between two times that the group is told where a partition is; leads that are due wait for intake."""


class KafkaWorker:
    """`sla-monitor worker`. rules: of the policy file; put into force only where none has been yet."""

    def __init__(self, settings: Settings, rules: Rules | None, keys: KeyRing) -> None:
        self._settings, self._file, self._keys = settings, rules, keys
        self._clock = domain_clock(settings)
        self._access = Access.of(settings)
        self.claims = claim_links(settings, self._clock)
        self._prefix = settings.topic_prefix
        self._fetch = Fetch(self._access)
        self.rules = rules or Rules()
        self._routing = Routing(lambda: self.rules)
        self._metrics = metrics_of(settings, self.rules, keys)
        channels, link = channels_of(settings, self._clock, self.claims), links_of(self.claims)
        sender = Sender(channels, self._clock, self._metrics.notification, link)
        webhooks = Webhooks(self._clock, self._metrics.notification)
        self._acts = Acts(self._metrics, sender, webhooks, lambda: self.rules, self._clock)
        self._server = WatchServer(Health(self._unready, self._metrics), settings.listen.host, settings.listen.port)
        self._seat = Seat(settings.data_dir)
        self._worker: Worker | None = None
        self._chores: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """Where probes and metrics are. Only after `start`."""
        return self._server.url

    async def start(self) -> None:
        """Return when the group is joined; partitions open beside it. Raises Misconfigured, Unavailable."""
        tune()
        await rights.require(self._access, rights.Role.WORKER, self._prefix)
        partitions = await topics.require(self._access, self._settings)
        for problem in await brokers.doubtful(self._access):
            logger.warning("%s", problem)
        async with existing(self._settings, [Log.DESK], [RULES_KEY, NOTED_KEY]) as logs:
            if self._file is not None:
                await apply_first(logs, self._file, self._clock.now())
            self._routing.learn((await read_noted(logs.reader, logs.topic(Log.DESK))).known)
        public = [Partition(self._prefix + log, n) for log in Public for n in range(partitions[self._prefix + log])]
        self._group = Group(self._access, group_of(self._prefix))
        self._public = PublicTopics(self._access, self._group, public, self._passed)
        horizon = IntakeHorizon(
            self._clock, self._public.ends, self._public.passed, lambda: self.rules.limits.max_catch_up
        )
        self._log = KafkaLog(self._access, partitions, self._is_member, self._group)
        self._worker = Worker(
            self._broker(),
            self._log,
            [*ROLES, *self._intake(partitions)],
            prefix=self._prefix,
            clock=self._clock,
            observer=self._acts,
            horizon=horizon,
            bounds=Bounds(interval=self._settings.kafka_commit_interval),
        )
        owned = {log: partitions[self._prefix + log] for log in (*KEYED, *Public)}
        scraped = Scraped(self._worker, owned, lambda: self.rules, self._clock, self._unready)
        self._metrics.watch(scraped.snapshot)
        await self._worker.start()
        await self._server.start()
        standing = Standing(self._access, self._settings)
        watching = watch_clock(self._clock, self._metrics), watch_loop(self._metrics)
        chores = horizon.run(), standing.run(), self._follow(), *watching
        self._chores = [asyncio.create_task(chore) for chore in chores]

    async def wait(self) -> None:
        """Until stopped; raises what the process must end for."""
        assert self._worker is not None
        ended = asyncio.create_task(self._worker.wait())
        try:
            done, _ = await asyncio.wait({ended, *self._chores}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        for task in done:
            await task

    async def stop(self) -> None:
        for chore in self._chores:
            chore.cancel()
        await self._server.stop()
        if self._worker is not None:
            await self._worker.stop()
            await self._public.stop()
            await self._group.stop()
            await self._log.stop()
        await self._fetch.stop()
        await self._acts.close()
        self._seat.close()

    def _broker(self) -> Broker:
        def prepare(app: object) -> None:
            app.kafka = transport.Reading(self._access, self._fetch, self._seat.name)  # type: ignore[attr-defined]

        transport.register()
        tell = {self._prefix + log: TELL for log in KEYED} | {self._prefix + log: TELL_INTAKE for log in Public}
        return Broker("slakafka://", prepare, group_of(self._prefix), tell)

    def _intake(self, partitions: Mapping[str, int]) -> Iterator[Role]:
        for log in Public:
            yield intake_role(
                log,
                self._routing,
                self._keys.source_of,
                event=self._settings.event_bytes,
                depth=self._settings.json_depth,
                partitions=partitions[self._prefix + log],
                leads=partitions[self._prefix + Log.EVENTS],
            )

    async def _is_member(self) -> bool:
        assert self._worker is not None
        return await self._worker.is_member()

    def _passed(self) -> Mapping[Partition, int]:
        """How far intake is in the partitions that are ours and open."""
        owners = self._worker.owners.values() if self._worker else ()
        return {
            owner.partition: owner.status().passed
            for owner in owners
            if owner.role.log in set(Public) and owner.status().state is State.RUNNING
        }

    def _unready(self) -> list[str]:
        reasons = [] if self._clock.trusted() else ["the clock jumped; timers wait"]
        owners = self._worker.owners.values() if self._worker else ()
        opening = [owner for owner in owners if owner.status().state is not State.RUNNING]
        return reasons + [f"{o.partition.topic}/{o.partition.number} is {o.status().state}" for o in opening]

    async def _follow(self) -> None:
        """Adopt the policy in force, as the partitions that are ours say."""
        while True:
            owners = self._worker.owners.values() if self._worker else ()
            newest = max((owner.rules for owner in owners), key=lambda rules: rules.version, default=self.rules)
            if newest.version > self.rules.version:
                self.rules = newest
                self._metrics.know(newest)
                differs = self._file is not None and not same(newest, self._file)
                self._metrics.policy_differs(differs)
                if differs:
                    logger.warning("the policy in force, version %d, is not that of SLA_POLICY", newest.version)
            await asyncio.sleep(CLOCK_POLL)
