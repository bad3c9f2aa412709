"""The Faust transport of the embedded log: `App(broker="sqlite:///...")` with `app.embedded = EmbeddedFile(...)`.

Faust keeps the app, the agents and the worker's life. There is no group: all partitions are this worker's. An agent's
event is a `Batch` of one partition; Faust's buffers, commits and producer are not used,
for places move with the steps. Reading is inline and woken by commits, so a record reaches its agent within a few
milliseconds and an idle worker polls nothing but SQLite's data version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

from faust.transport import base
from faust.transport.drivers import TRANSPORTS
from faust.types import TP, ConsumerMessage

from sla_monitor.errors import Misconfigured, Problem, TryAgain
from sla_monitor.records import Partition
from sla_monitor.stream import unused
from sla_monitor.stream.step import Batch
from sla_monitor.stream.unused import refuse

from . import fetch
from .fetch import Extent
from .file import EmbeddedFile

READ_AGAIN = 1.0  # seconds after a read that failed


def register() -> None:
    """Make `sqlite://` known to Faust; an installed package does it by its entry point."""
    TRANSPORTS.aliases["sqlite"] = f"{__name__}:Transport"


class Consumer(unused.Acknowledgements, base.Consumer):
    """Hands out batches from its own position in each partition, and remembers nothing."""

    def __init__(self, transport: Transport, *args: Any, **kwargs: Any) -> None:
        super().__init__(transport, *args, **kwargs)
        self._file = transport.file
        self._positions: dict[TP, int] = {}

    async def again_from(self, tp: TP, offset: int) -> None:
        """Read a partition again from `offset`; what is on its way to the agent still arrives."""
        if tp in self._positions:
            self._positions[tp] = offset
            self._file.changes.ring()

    # Assignment: everything is ours.

    async def subscribe(self, topics: Iterable[str]) -> None:
        # Not awaited: being assigned waits for this call to return.
        self.add_future(self._assign(set(topics)))

    async def _assign(self, topics: set[str]) -> None:
        self.app.on_rebalance_start()
        if self._positions:
            await self.on_partitions_revoked(self.assignment())
        extents = fetch.extents(self._file)
        missing = topics - {topic for topic, _ in extents}
        if missing:
            raise Misconfigured([Problem(str(self._file.path), topic, "no such log") for topic in sorted(missing)])
        self._positions = {TP(*log): extent.place for log, extent in extents.items() if log.topic in topics}
        self.app.consumer_generation_id += 1
        await self.on_partitions_assigned(self.assignment(), self.app.consumer_generation_id)

    def assignment(self) -> set[TP]:
        return set(self._positions)

    # Reading.

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher runs this until it is stopped or cancelled."""
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(self.can_resume_flow)
            elif not await self._hand_out_or_later():
                await self._file.changes.wait()

    async def _hand_out_or_later(self) -> bool:
        try:
            return await self._hand_out()
        except TryAgain as error:
            self.log.warning("the log cannot be read: %s", error)
            await self.sleep(READ_AGAIN)
            return True

    async def _hand_out(self) -> bool:
        """Give each agent that has room the next batch of its partitions; was there any?"""
        any_batch = False
        for tp, extent in self._ahead():
            if not self.flow_active:
                break
            batch = fetch.batch(self._file, extent, self._positions[tp])
            self._positions[tp] = batch.end  # before the await: `again_from` may set it back meanwhile
            await self.callback(self._message(tp, batch))
            any_batch = True
        return any_batch

    def _ahead(self) -> Iterator[tuple[TP, Extent]]:
        """The partitions with more to read, unless paused or with a full buffer in front."""
        extents = fetch.extents(self._file)
        for tp in sorted(self._get_active_partitions()):
            extent = extents[Partition(*tp)]
            if self._positions[tp] < extent.end:
                yield tp, extent

    def _message(self, tp: TP, batch: Batch) -> ConsumerMessage:
        at = batch.records[-1].timestamp / 1000 if batch.records else 0.0
        generation = self.app.consumer_generation_id
        return ConsumerMessage(
            tp.topic, tp.partition, batch.end - 1, at, 0, [], None, batch, None, tp=tp, generation_id=generation
        )

    # What makes partitions readable again wakes the reader.

    def on_buffer_drop(self, tp: TP) -> None:
        super().on_buffer_drop(tp)
        self._file.changes.ring()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        super().resume_partitions(tps)
        self._file.changes.ring()

    def stop_flow(self) -> None:
        super().stop_flow()
        self._file.changes.ring()

    # What Faust asks of any consumer.

    async def seek_to_committed(self) -> Mapping[TP, int]:
        return dict(self._positions)

    async def _seek(self, partition: TP, offset: int) -> None:
        await self.again_from(partition, offset)

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        for tp, offset in partitions.items():
            await self.again_from(tp, offset)

    async def position(self, tp: TP) -> int | None:
        return self._positions.get(tp)

    def highwater(self, tp: TP) -> int:
        return fetch.extents(self._file)[Partition(*tp)].end

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]:
        return {tp: self.highwater(tp) for tp in partitions}

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]:
        extents = fetch.extents(self._file)
        return {tp: extents[Partition(*tp)].first for tp in partitions}

    def topic_partitions(self, topic: str) -> int | None:
        return sum(log.topic == topic for log in fetch.extents(self._file)) or None

    def key_partition(self, topic: str, key: bytes | None, partition: int | None = None) -> NoReturn:  # noqa: ARG002
        refuse()

    async def create_topic(self, *_: Any, **__: Any) -> NoReturn:
        refuse()

    async def _getmany(self, *_: Any, **__: Any) -> NoReturn:
        refuse()

    def _to_message(self, tp: TP, record: Any) -> NoReturn:  # noqa: ARG002 - Faust's
        refuse()

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)


class Transport(base.Transport):
    """What Faust loads for `sqlite://`."""

    Consumer = Consumer
    Producer = unused.Producer

    driver_version = "embedded"
    default_port = 0

    @property
    def file(self) -> EmbeddedFile:
        """The app's file; the URL only names the transport."""
        embedded: EmbeddedFile = self.app.embedded
        return embedded
