"""Outcomes and rows of a made-up stretch of work, folded as the product does it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sla_monitor import codec
from sla_monitor.core.effects import Log
from sla_monitor.core.lead import Lead
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.period import Period
from sla_monitor.report.reading import _add_running
from tests.world import World

MOSCOW = ZoneInfo("Europe/Moscow")


def clocks_of(world: World, period: Period) -> Clocks:
    """What `reading.read` returns, without a log."""
    clocks = Clocks(period.begin, period.end)
    clocks.apply(codec.encode_outcome(outcome) for outcome in world.outcomes)
    _add_running(clocks, ((key.encode(), row) for key, row in world.logs[Log.EVENTS].rows.items()), period)
    return clocks


def leads(world: World) -> list[Lead]:
    return [world.lead(lead_id) for lead_id in world.logs[Log.EVENTS].rows]
