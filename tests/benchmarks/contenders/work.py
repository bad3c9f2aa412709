"""The work of a benchmark, nothing of Kafka: decode a record of `sla.events`, fold it, encode what that gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from time import time
from typing import NamedTuple

from sla_monitor import codec
from sla_monitor.core import track
from sla_monitor.core.effects import Count, Effect, Log, Measure, Publish, Receive, address
from sla_monitor.stream.folding import Copies
from tests.benchmarks.workload import roster

WRITTEN = (Log.PHONES, Log.DESK, Log.NOTIFICATIONS, Log.OUTCOMES)
"""Where the records of `track` go for this workload."""


class Output(NamedTuple):
    """A record to append."""

    log: Log
    key: bytes
    value: bytes


RULES = roster()
_CODEC = codec.RowCodec(track.REDUCER.kinds)


def fold(
    rows: Callable[[bytes], bytes | None], key: bytes, value: bytes
) -> tuple[dict[bytes, bytes | None], list[Output]]:
    """(changed rows, what is to be appended) of one record; nothing of the record that holds the policy.

    rows: the bytes of the row at a key.
    """
    if key == codec.RULES_KEY:
        return {}, []
    copies, now = Copies(rows, _CODEC), int(time() * 1000)
    effects = track.REDUCER.fold(copies, key.decode(), codec.decode_record(value), now, RULES)
    return copies.puts, list(_outputs(effects))


def _outputs(effects: Iterable[Effect]) -> Iterator[Output]:
    for effect in effects:
        match effect:
            case Publish():
                yield Output(Log.OUTCOMES, effect.lead_id.encode(), codec.encode_outcome(effect))
            case Count() | Measure() | Receive():
                pass
            case _:
                log, to = address(effect)
                yield Output(log, to.encode(), codec.encode_record(effect))


class Site(NamedTuple):
    """Where a contender works, as its environment says."""

    servers: str
    prefix: str
    partitions: int

    @classmethod
    def of_environment(cls) -> Site:
        servers = os.environ["SLA_BROKER"].removeprefix("kafka://")
        return cls(servers, os.environ["SLA_TOPIC_PREFIX"], int(os.environ["SLA_KAFKA_PARTITIONS"]))

    def count(self, log: Log) -> int:
        """Partitions of a log."""
        return 1 if log is Log.DESK else self.partitions
