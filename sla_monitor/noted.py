"""What intake noticed of the sources, as the desk keeps it: read by every door, so that none forgets it (R1)."""

from __future__ import annotations

from .codec import RowCodec
from .core import noticed
from .core.noticed import Noted
from .records import Reader

KEY = noticed.KEY.encode()
"""The key of its row in the log of the desk."""

_CODEC = RowCodec((Noted,))


async def read_noted(reader: Reader, desk: str) -> Noted:
    """desk: the topic of its log. Raises Unavailable, Undecodable."""
    row = await reader.row(desk, KEY)
    found: Noted = _CODEC.decode(row) if row else Noted()
    return found
