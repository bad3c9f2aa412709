"""What lies in a file of the embedded log, read at once: for tests of what writes it."""

from __future__ import annotations

from sla_monitor.records import Stored
from sla_monitor.stream.embedded import EmbeddedFile, fetch


def records(file: EmbeddedFile, topic: str, number: int = 0, offset: int = 0, limit: int = 1_000_000) -> list[Stored]:
    """The records of a partition from an offset on."""
    extent = fetch.extents_of(file, topic)[number]
    return fetch.records(file, extent.id, offset, extent.end, limit)


def bounds(file: EmbeddedFile, topic: str) -> tuple[int, int]:
    """(first kept offset, next offset) of a log of one partition."""
    (extent,) = fetch.extents_of(file, topic)
    return extent.first, extent.end


def rows(file: EmbeddedFile, topic: str) -> dict[bytes, bytes]:
    """The rows of a log of one partition."""
    (extent,) = fetch.extents_of(file, topic)
    found: dict[bytes, bytes] = {}
    after: bytes | str = fetch.BEFORE_ALL
    while page := fetch.page(file, extent.id, after):
        found.update(page)
        after = page[-1][0]
    return found
