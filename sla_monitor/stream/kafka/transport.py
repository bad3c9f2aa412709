"""The Faust transport of Kafka: `App(broker="slakafka://")` with `app.kafka = Reading(...)`.

Faust keeps the app, the agents, the consumer group and its rebalances: its consumer is a member of the group, in a
thread of its own, so that heartbeats go on while steps are folded. It fetches nothing. An agent's event is a `Batch` of
one partition, read by a consumer of ours from where the partition's owner is; so a rebalance, a cleared queue or a
cancelled fetch can lose nothing that would not show as a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NoReturn

import aiokafka
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from sla_monitor.errors import TryAgain
from sla_monitor.stream import unused
from sla_monitor.stream.step import Batch
from sla_monitor.stream.unused import refuse

from .access import Access
from .assignor import Retaining
from .fetch import Fetch
from .internals.membership import Listener, forget_name, heartbeat, tell
from .refusals import FORBIDDEN, forbidden

READ_AGAIN = 1.0
"""Seconds after a read that failed."""
ANSWER = 3.0
"""Seconds for an answer of the group's coordinator: one heartbeat interval."""

GROUP: Mapping[str, Any] = {
    "session_timeout_ms": 10_000,
    "heartbeat_interval_ms": 3_000,
    "rebalance_timeout_ms": 20_000,
    "max_poll_interval_ms": 2**31 - 1,  # it never polls; the watchdog sees a partition that makes no progress
}


def register() -> None:
    """Make `slakafka://` known to Faust; an installed package does it by its entry point."""
    TRANSPORTS.aliases["slakafka"] = f"{__name__}:Transport"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the transport is given by way of the app. name: see `Seat`."""

    access: Access
    fetch: Fetch
    name: str | None = None


class Thread(driver.AIOKafkaConsumerThread):
    """The member of the group."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:  # noqa: ARG002 - Faust's
        # Made here, not by Faust: that falls back to plain text in silence when it does not know the security.
        return aiokafka.AIOKafkaConsumer(
            **self.app.kafka.access.client(),
            **GROUP,
            group_id=self.app.conf.id,
            group_instance_id=self.app.kafka.name,
            partition_assignment_strategy=[Retaining()],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )

    async def on_thread_stop(self) -> None:
        """Who is stopped in order leaves the group at once, and others take over."""
        if self._consumer is not None:
            forget_name(self._consumer)
        await super().on_thread_stop()

    async def is_member(self) -> bool:
        return await heartbeat(self._ensure_consumer())

    async def publish(self, places: Mapping[TopicPartition, int]) -> None:
        await tell(self._ensure_consumer(), places)


class Consumer(unused.Acknowledgements, driver.Consumer):
    """Hands out batches from where the owners are, and remembers nothing."""

    RebalanceListener = Listener

    @property
    def _fetch(self) -> Fetch:
        return self.app.kafka.fetch

    async def again_from(self, tp: TP, offset: int) -> None:
        """Read a partition again from `offset`; what is on its way to the agent still arrives."""
        self._fetch.again_from(tp, offset)

    async def is_member(self) -> bool:
        """Whether the group confirms, now, that this worker belongs to it. Raises Misconfigured."""
        try:
            return bool(await self._in_thread(self._thread.is_member()))
        except FORBIDDEN as error:
            raise forbidden(error, "the group") from error
        except (KafkaError, TimeoutError):
            return False

    async def publish(self, places: Mapping[TP, int]) -> None:
        """Tell the group up to where partitions have been applied, for lag tools; never the truth, never required.

        Raises Misconfigured when the group is forbidden.
        """
        try:
            await self._in_thread(self._thread.publish({TopicPartition(*tp): at for tp, at in places.items()}))
        except FORBIDDEN as error:
            raise forbidden(error, "the group") from error  # its heartbeats are refused as well
        except (KafkaError, TimeoutError) as error:
            self.log.info("places were not published: %r", error)

    async def _in_thread(self, call: Awaitable[Any]) -> Any:
        """Run in the consumer's thread beside what it is doing: Faust's queue of calls could wait for a broker."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(_limited(call), self._thread.thread_loop)
        return await asyncio.wrap_future(done)

    def _new_consumer_thread(self) -> Thread:
        return Thread(self, loop=self.loop, beacon=self.beacon)

    # Reading.

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        self._fetch.keep(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher runs this until it is stopped or cancelled."""
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(self.can_resume_flow)
            else:
                await self._hand_out_or_later()

    async def _hand_out_or_later(self) -> None:
        try:
            for tp, batch in await self._fetch.batches(self._get_active_partitions()):
                await self.callback(self._message(tp, batch))
        except TryAgain as error:
            self.log.warning("%s", error)
            await self.sleep(READ_AGAIN)

    def _message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        at = batch.records[-1].timestamp / 1000 if batch.records else 0.0
        generation = self.app.consumer_generation_id  # events without the present one are dropped by Faust in silence
        return ConsumerMessage(
            tp.topic, tp.partition, batch.end - 1, at, 0, [], None, batch, None, tp=tp, generation_id=generation
        )

    # Positions are the owners'.

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return {}

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self.again_from(tp, offset)

    async def _seek(self, partition: TP, offset: int) -> None:
        await self.again_from(partition, offset)

    async def position(self, tp: TP) -> int | None:
        return self._fetch.position(tp)

    def highwater(self, tp: TP) -> int:
        return self._fetch.end(tp)

    async def verify_all_partitions_active(self) -> None:
        """Faust would look for fetches of the member, which makes none; the watchdog looks at the owners."""

    async def _getmany(self, *_: Any, **__: Any) -> NoReturn:
        refuse()


class Transport(driver.Transport):
    """What Faust loads for `slakafka://`."""

    Consumer = Consumer
    Producer = unused.Producer


async def _limited(call: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(call, ANSWER)
