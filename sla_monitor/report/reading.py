"""The clocks of a period, from the logs: the outcomes once, then the leads that still run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from sla_monitor.codec import OURS, RowCodec, read_header, rfc3339
from sla_monitor.core.effects import Log
from sla_monitor.core.lead import BUILT_IN, MISSED_CALL, OPEN, STATUSES, Lead
from sla_monitor.core.row import Header
from sla_monitor.records import Reader, between

from .clocks import Clock, Clocks
from .period import Period

logger = logging.getLogger(__name__)

LEADS = RowCodec((Lead,))

_OPEN = frozenset(number for number, status in enumerate(STATUSES) if status in OPEN)


async def read(reader: Reader, prefix: str, period: Period) -> Clocks:
    """Fold what is kept, beside the loop. Keeps the clocks of the period only. Raises Unavailable, LogLost."""
    clocks, topic = Clocks(period.begin, period.end), prefix + Log.OUTCOMES
    async for found in between(reader, topic, *await reader.bounds(topic)):
        await asyncio.to_thread(clocks.apply, [record.value for record in found])
    if clocks.unreadable:
        logger.warning("%d records of %s are no outcomes and are left out", clocks.unreadable, topic)
    rows = await reader.rows(prefix + Log.EVENTS)
    await asyncio.to_thread(_add_running, clocks, rows, period)
    return clocks


def is_wanted(key: bytes, row: bytes) -> bool:
    """Whether `read` looks at a row of the leads, or at what else lies among them."""
    return key.startswith(OURS) or read_header(row).status in _OPEN


def _add_running(clocks: Clocks, rows: Iterable[tuple[bytes, bytes]], period: Period) -> None:
    """Leads of which nothing was decided yet have no outcomes; of all rows only theirs are decoded."""
    for key, row in rows:
        if not key.startswith(OURS) and _runs(read_header(row), period):
            lead: Lead = LEADS.decode(row)
            if not lead.test:
                clocks.add(_clock(lead))


def _runs(header: Header, period: Period) -> bool:
    return header.status in _OPEN and period.begin <= header.started_at < period.end


def _clock(lead: Lead) -> Clock:
    return Clock(
        lead.lead_id,
        rfc3339(lead.started_at),
        team=lead.team_id or "",
        policy=lead.terms.get("name", BUILT_IN.name),
        source=lead.source,
        holder=lead.holder,
        missed=lead.channel == MISSED_CALL,
    )
