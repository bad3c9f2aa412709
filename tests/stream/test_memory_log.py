"""The log in memory keeps the promises of the ports too: the contract suite, run on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sla_monitor.records import Partition, Stored
from tests.contract.ports import PARTITIONS
from tests.contract.test_ports import *  # noqa: F403 - every test of the suite
from tests.stream.memory_log import MemoryLog


class MemoryPorts:
    def __init__(self) -> None:
        self.inbox = MemoryLog(PARTITIONS)

    def log(self) -> MemoryLog:
        return self.inbox

    async def read(self, topic: str, number: int = 0) -> list[Stored]:
        return list(self.inbox.logs[Partition(topic, number)])

    async def skip(self, topic: str, count: int) -> None:
        self.inbox.ends[Partition(topic, 0)] += count

    async def lose_before(self, topic: str, offset: int) -> None:
        self.inbox.firsts[Partition(topic, 0)] = offset

    async def lose_from(self, topic: str, offset: int) -> None:
        self.inbox.ends[Partition(topic, 0)] = offset

    async def make_anew(self, topic: str) -> None:
        self.inbox.births[Partition(topic, 0)] += 1
        self.inbox.logs[Partition(topic, 0)].clear()

    @contextmanager
    def unwritable(self) -> Iterator[None]:
        self.inbox.unavailable = True
        yield
        self.inbox.unavailable = False


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()
