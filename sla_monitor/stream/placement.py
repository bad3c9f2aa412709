"""Which partition a key belongs to."""

from __future__ import annotations

from aiokafka.partitioner import murmur2


def partition_of(key: bytes, partitions: int) -> int:
    """Kafka's placement, on both logs, so that a move to Kafka keeps the order within a key."""
    return 0 if partitions == 1 else (murmur2(key) & 0x7FFFFFFF) % partitions
