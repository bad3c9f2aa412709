"""Partitions are taken and let go of in rebalances, and a stop may come in the middle of one."""

from __future__ import annotations

import asyncio

import pytest
from faust.types import TP

from sla_monitor.records import Partition
from sla_monitor.stream.agents import Ownership

HERE = TP("t.events", 0)


class StubbornOwner:
    """Does not end its step when held, and stops when it is let."""

    def __init__(self, partition: Partition) -> None:
        self.partition = partition
        self.stopping, self.may_stop = asyncio.Event(), asyncio.Event()

    def start(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    async def hold(self, limit: float) -> bool:
        return False

    async def stop(self, limit: float) -> None:
        self.stopping.set()
        await self.may_stop.wait()


@pytest.fixture
async def ownership() -> Ownership:
    made = Ownership(["t.events"], StubbornOwner, lambda _: None)  # type: ignore[arg-type]
    await made.assigned(None, [HERE])
    return made


async def test_a_stop_in_the_middle_of_a_revocation_lets_go_once(ownership: Ownership):
    (owner,) = ownership.owners.values()
    both = [asyncio.create_task(work) for work in (ownership.revoked(None, [HERE]), ownership.stop())]
    await owner.stopping.wait()
    owner.may_stop.set()
    await asyncio.gather(*both)
    assert ownership.owners == {}


async def test_after_a_stop_nothing_is_taken(ownership: Ownership):
    (owner,) = ownership.owners.values()
    owner.may_stop.set()
    await ownership.stop()
    await ownership.assigned(None, [HERE])
    assert ownership.owners == {}
