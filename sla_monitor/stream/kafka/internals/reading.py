"""Records as brokers keep them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

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


class Batch(NamedTuple):
    """offset: the last that the batch takes. records: `bare` ones."""

    offset: int
    records: list[Any]


def whole(key: bytes | None) -> bytes | None:
    """As a consumer's `key_deserializer`: what comes are not records but `Batch`es, for who reads millions.

    So `max_records` are batches. One that is read from the middle on comes whole.
    """
    return key


class _WholeBatch:
    """A batch of aiokafka's that has one record: itself."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __iter__(self) -> Iterator[Batch]:
        yield Batch(self._batch.next_offset - 1, list(self._batch))

    def __next__(self) -> Any:
        return next(self._batch)  # the record of a control batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)


class _WholeRecords:
    """See `MemoryRecords`."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def has_next(self) -> bool:
        more: bool = self._records.has_next()
        return more

    def next_batch(self) -> _WholeBatch:
        return _WholeBatch(self._records.next_batch())


class _PartitionRecords(fetcher.PartitionRecords):
    """Reads on where aiokafka would give up for ever: at a header whose name is no UTF-8."""

    def __init__(self, tp: TopicPartition, records: Any, *how: Any) -> None:
        super().__init__(tp, records, *how)
        self._raw = records.raw
        self._read(records)

    def _read(self, records: Any) -> None:
        self._records: Any = _WholeRecords(records) if self._key_deserializer is whole else records

    def _consumer_record(self, tp: TopicPartition, record: Any) -> Any:
        return record if self._key_deserializer in (bare, whole) else super()._consumer_record(tp, record)

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except UnicodeDecodeError:
            self._read(_LenientRecords(self._raw, self.next_fetch_offset))
            self._records_iterator = self._unpack_records()
            return super().__next__()


def read_our_way() -> None:
    """Let consumers of this process read what brokers accept, `bare` or `whole`: aiokafka has no place to say so."""
    fetcher.MemoryRecords, fetcher.PartitionRecords = _Records, _PartitionRecords


def passed(consumer: Any, at: TopicPartition) -> int:
    """The position of a consumer in a partition, which markers move as well; -1 while it has none."""
    assignment = consumer._subscription.subscription.assignment  # noqa: SLF001 - `position()` would wait for one
    state = assignment.state_value(at)
    return state.position if state is not None and state.has_valid_position else -1
