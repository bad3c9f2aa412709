"""What the group is told, which later openings take for proof that there were rows."""

from __future__ import annotations

import asyncio

import pytest

from sla_monitor.records import Partition
from sla_monitor.stream.status import State, Status
from sla_monitor.stream.telling import Telling

EVENTS = Partition("sla.events", 0)


class Owning:
    """A partition in one state, seven records on."""

    def __init__(self, state: State) -> None:
        self._state = state

    def status(self) -> Status:
        return Status(self._state, place=7, seen=7, waiting=0, committed_at=None, version=0, passed=7)


async def told_first(*owners: tuple[Partition, Owning]) -> dict[Partition, int]:
    """What the group is told first."""
    told: asyncio.Queue[dict[Partition, int]] = asyncio.Queue()
    telling = asyncio.create_task(Telling({EVENTS.topic: 0.01}, dict(owners), told.put).run())
    try:
        return await asyncio.wait_for(told.get(), 5)
    finally:
        telling.cancel()


@pytest.mark.parametrize("state", [State.OPENING, State.CLOSED])
async def test_nothing_is_told_of_a_partition_that_may_never_have_been_opened(state):
    other = Partition(EVENTS.topic, 1)
    assert await told_first((EVENTS, Owning(state)), (other, Owning(State.RUNNING))) == {other: 7}


@pytest.mark.parametrize("state", [State.RUNNING, State.RETRYING])
async def test_the_group_is_told_how_far_an_open_partition_is(state):
    assert await told_first((EVENTS, Owning(state))) == {EVENTS: 7}
