"""The worker on the embedded log: Faust, agents and partitions together, in a running event loop."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from time import monotonic

import pytest

from sla_monitor import codec
from sla_monitor.clock import ManualClock
from sla_monitor.core.effects import Log
from sla_monitor.core.events import ManagerStatus
from sla_monitor.core.fold import Keyed
from sla_monitor.errors import LogLost, Misconfigured
from sla_monitor.records import Partition, Record
from sla_monitor.stream.app import LOOK, Broker, Stalled, Worker
from sla_monitor.stream.embedded.file import EmbeddedFile
from sla_monitor.stream.embedded.inbox import EmbeddedInbox
from sla_monitor.stream.embedded.log import EmbeddedLog
from sla_monitor.stream.embedded.transport import register
from sla_monitor.stream.folding import Role
from sla_monitor.stream.status import State
from tests.stream.bench import T0, Listener, Told, obey

SIZES = {"t.events": 2, "t.desk": 1, "t.outcomes": 1, "t.dead-letters": 1}


def order(key: str, what: str) -> Record:
    return Record("t.events", key.encode(), codec.encode_record(ManagerStatus(manager_id=key, at=T0, status=what)), T0)


class Rig:
    def __init__(self, path) -> None:
        self.file = EmbeddedFile(path)
        self.log = EmbeddedLog(self.file, SIZES)
        self.inbox = EmbeddedInbox(self.file, SIZES)
        self.heard = Listener()
        self.worker: Worker | None = None

    def build(self, others=(), **settings) -> Worker:
        def prepare(app) -> None:
            register()
            app.embedded = self.file

        roles = [Role(log, lambda: Keyed((Told,), obey)) for log in (Log.EVENTS, Log.DESK, *others)]
        broker = Broker("sqlite://", prepare)
        self.worker = Worker(
            broker, self.log, roles, prefix="t.", clock=ManualClock(T0), observer=self.heard, **settings
        )
        return self.worker

    async def until(self, holds) -> None:
        async with asyncio.timeout(10):
            while not holds():  # noqa: ASYNC110 - the file, Faust and the partitions change it in turn
                await asyncio.sleep(0.001)

    def row(self, key: str) -> Told | None:
        for owner in self.worker.owners.values():
            value = owner._owned and owner._owned.rows.get(key.encode())
            if value:
                return codec.RowCodec((Told,)).decode(value)
        return None


@pytest.fixture
async def rig(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rig = Rig(tmp_path / "log.sqlite")
    yield rig
    if rig.worker is not None:
        await rig.worker.stop()
    rig.file.close()


async def test_what_is_appended_before_and_after_the_start_is_folded(rig):
    await rig.inbox.append([order("a", "1"), order("b", "ask")])
    worker = rig.build()
    await worker.start()
    await rig.until(lambda: rig.row("a") and rig.row("b"))
    await rig.inbox.append([order("a", "2")])
    await rig.until(lambda: rig.row("a").did == ["1", "2"])
    assert set(worker.owners) == {Partition("t.events", 0), Partition("t.events", 1), Partition("t.desk", 0)}
    await rig.until(lambda: all(owner.status().state is State.RUNNING for owner in worker.owners.values()))
    await rig.until(lambda: worker.owners[Partition("t.desk", 0)].status().place == 1)


async def test_a_stop_is_quick_and_another_worker_continues_where_it_ended(rig):
    await rig.build().start()
    await rig.inbox.append([order("a", "1")])
    await rig.until(lambda: rig.row("a"))
    begun = monotonic()
    await rig.worker.stop()
    assert monotonic() - begun < 2
    await rig.worker.wait()
    assert rig.worker.owners == {}
    await rig.inbox.append([order("a", "2")])
    await rig.build().start()
    await rig.until(lambda: rig.row("a") and rig.row("a").did == ["1", "2"])


async def test_the_worker_takes_no_signals_no_logging_and_leaves_no_files(rig, tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)], list(logging.root.handlers)
    await rig.build().start()
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)], list(logging.root.handlers)
    assert after == before
    assert {path.name.split("-")[0].split(".")[0] for path in tmp_path.iterdir()} == {"log"}


async def test_a_log_that_lost_records_ends_the_worker_with_its_message(rig):
    async def lost(partition):
        raise LogLost("records 3 to 7 are gone")

    rig.log.open = lost
    worker = rig.build()
    await worker.start()
    with pytest.raises(LogLost, match="records 3 to 7"):
        await asyncio.wait_for(worker.wait(), 10)


async def test_a_partition_that_stands_still_ends_the_worker(rig):
    async def hang(partition):
        await asyncio.Event().wait()

    rig.log.open = hang
    worker = rig.build(stall=0.5)
    await worker.start()
    with pytest.raises(Stalled, match=r"t\..*no progress"):
        await asyncio.wait_for(worker.wait(), 10)


async def test_a_process_that_stood_still_goes_on(rig):
    worker = rig.build(stall=1.5)
    await worker.start()
    await rig.until(lambda: len(worker.owners) == 3)
    time.sleep(2.2)  # noqa: ASYNC251 - as SIGSTOP does
    await rig.inbox.append([order("a", "1")])
    await rig.until(lambda: rig.row("a"))
    await asyncio.sleep(LOOK)
    assert not worker._ended.done()


async def test_a_log_that_is_missing_ends_the_worker(rig):
    worker = rig.build(others=(Log.PHONES,))
    await worker.start()
    with pytest.raises(Misconfigured, match=r"t\.phones"):
        await asyncio.wait_for(worker.wait(), 10)


async def test_partitions_are_kept_across_a_rebalance(rig):
    worker = rig.build()
    await worker.start()
    await rig.until(lambda: len(worker.owners) == 3)
    await rig.until(lambda: all(owner.status().state is State.RUNNING for owner in worker.owners.values()))
    owners = dict(worker.owners)
    await worker._app.consumer.subscribe(["t.events", "t.desk"])
    await rig.inbox.append([order("a", "1")])
    await rig.until(lambda: rig.row("a"))
    assert dict(worker.owners) == owners


async def test_a_partition_that_is_taken_away_is_let_go(rig):
    worker = rig.build()
    await worker.start()
    await rig.until(lambda: len(worker.owners) == 3)
    gone = worker.owners[Partition("t.desk", 0)]
    await worker._app.consumer.subscribe(["t.events"])
    await rig.until(lambda: len(worker.owners) == 2)
    assert gone.status().state is State.CLOSED
