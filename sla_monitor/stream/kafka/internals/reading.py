"""Records as brokers keep them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record import default_records, memory_records
from aiokafka.record.util import decode_varint_py
from aiokafka.structs import TopicPartition


class _Bytes(bytearray):
    """Text that is no UTF-8 becomes lone surrogates, which no event may have."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        return _Bytes(found) if isinstance(at, slice) else found

    def decode(self, *_: object) -> str:
        return super().decode(errors="surrogateescape")


class _LenientBatch(default_records._DefaultRecordBatchPy):  # noqa: SLF001 - see the package's docstring
    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        self._buffer: Any = _Bytes(self._buffer)

    def _read_msg(self) -> Any:
        return super()._read_msg(decode_varint_py)  # the other one takes no subclass


class _LenientRecords:
    """The batches of a fetch from that of an offset on. See `MemoryRecords`."""

    def __init__(self, raw: bytes, offset: int) -> None:
        self._batches = deque(batch for batch in _batches(raw) if batch.next_offset > offset)

    def has_next(self) -> bool:
        return bool(self._batches)

    def next_batch(self) -> _LenientBatch:
        return self._batches.popleft()


def _batches(raw: bytes) -> Iterator[_LenientBatch]:
    records = memory_records._MemoryRecordsPy(raw)  # noqa: SLF001 - see the package's docstring
    while records.has_next():
        yield _LenientBatch(records._next_slice)  # noqa: SLF001 - likewise
        records._cache_next()  # noqa: SLF001 - likewise


class _Records(memory_records.MemoryRecords):
    def __init__(self, raw: bytes) -> None:
        super().__init__(raw)
        self.raw = raw


def bare(key: bytes | None) -> bytes | None:
    """As a consumer's `key_deserializer`: records come as they lie in their batch, which halves the work for each.

    They do not know their topic and partition.
    """
    return key


class _PartitionRecords(fetcher.PartitionRecords):
    """Reads on where aiokafka would give up for ever: at a header whose name is no UTF-8."""

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record if self._key_deserializer is bare else super()._consumer_record(tp, record)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except UnicodeDecodeError:
            self._records: Any = _LenientRecords(self._records.raw, self.next_fetch_offset)
            self._records_iterator = self._unpack_records()
            return super().__next__()


def read_our_way() -> None:
    """Let consumers of this process read whatever brokers accept, and `bare`: aiokafka has no other place to say so."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Records, _PartitionRecords


def passed(consumer: Any, at: TopicPartition) -> int:
    """The position of a consumer in a partition, which markers move as well; -1 while it has none."""
    assignment = consumer._subscription.subscription.assignment  # noqa: SLF001 - `position()` would wait for one
    state = assignment.state_value(at)
    return state.position if state is not None and state.has_valid_position else -1
