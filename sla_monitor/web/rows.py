"""Rows as they are shown: one that is damaged takes no other from sight."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterable, Iterator
from typing import Any

from sla_monitor.codec import RowCodec, Undecodable, read_header
from sla_monitor.core.row import Header

logger = logging.getLogger(__name__)

DAMAGED = (Undecodable, struct.error, IndexError, UnicodeDecodeError)
"""What reading a row raises when its bytes are not as they were written."""

MOST_TOLD = 100
_told: set[bytes] = set()
"""Keys of the rows that the log has named already."""


def decoded(codec: RowCodec, key: bytes, row: bytes) -> Any:
    """A row; None if it is damaged, which the log is told once."""
    try:
        return codec.decode(row)
    except DAMAGED as error:
        _tell(key, error)
        return None


def headed(rows: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes, Header]]:
    """Rows with their headers, without those that have none that can be read."""
    for key, row in rows:
        try:
            yield key, row, read_header(row)
        except DAMAGED as error:
            _tell(key, error)


def _tell(key: bytes, error: Exception) -> None:
    if key not in _told and len(_told) < MOST_TOLD:
        _told.add(key)
        logger.error("the row %r cannot be read (%s); see docs/runbooks/unreadable-rows.md", key, type(error).__name__)
