"""Who you are, and who is there: managers with their presence, shift and load, as the desk has them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from sla_monitor.codec import OURS, RowCodec
from sla_monitor.core.books import MANAGER
from sla_monitor.core.effects import Log
from sla_monitor.core.roster import AVAILABLE, PassedOver, Standing, Status, look, shift_of, status_ends
from sla_monitor.core.rules import Manager, Rules

from .context import VISITOR, Web
from .glance import Glance
from .rows import decoded, headed
from .views import moment
from .visitors import By, teams_of

STANDINGS = RowCodec((Standing,))


@dataclass(slots=True)
class Desk:
    """What the rows of the desk say. standings: by manager; loads: the open leads that each holds."""

    standings: dict[str, Standing] = field(default_factory=dict)
    loads: Counter[str] = field(default_factory=Counter)


class People:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._desk = Glance(self._look)

    async def me(self, request: web.Request) -> web.Response:
        """GET /v1/me"""
        me = request[VISITOR]
        return web.json_response(
            {
                "name": me.name,
                "role": me.role,
                "manager_id": me.manager_id or None,
                "teams": None if me.teams is None else sorted(me.teams),
                "sees_names": me.sees_names,
                "signed_in_by": me.by,
                "same_origin_only": me.by is not By.KEY,
            }
        )

    async def managers(self, request: web.Request) -> web.Response:
        """GET /v1/managers"""
        me, rules, now = request[VISITOR], self._web.rules(), self._web.clock.now()
        desk = await self._desk()
        seen = (manager for manager in rules.managers.values() if me.sees_manager(manager.id, rules))
        return web.json_response({"managers": [manager_view(manager, desk, rules, now) for manager in seen]})

    async def _look(self) -> Desk:
        rows = await self._web.reader.rows(self._web.topic(Log.DESK))
        return await asyncio.to_thread(desk_of, rows)


def desk_of(rows: Iterable[tuple[bytes, bytes]]) -> Desk:
    """In one pass that decodes managers' rows only."""
    desk, prefix = Desk(), MANAGER.encode()
    for key, row, header in headed((key, row) for key, row in rows if not key.startswith(OURS)):
        if header.status == Status.HELD:
            desk.loads[header.holder] += not header.started_at  # test leads are in no figure
        elif header.status == Status.MANAGER:
            standing = decoded(STANDINGS, key, row)
            if standing is not None:
                desk.standings[key.removeprefix(prefix).decode()] = standing
    return desk


def manager_view(manager: Manager, desk: Desk, rules: Rules, now: int) -> Mapping[str, Any]:
    """A manager as the desk would find them now. presence: available, or why they are given no lead."""
    shift = shift_of(rules, manager.id)
    standing = replace(desk.standings.get(manager.id) or Standing())
    look(standing, shift, now)
    ends = status_ends(standing, shift)
    said = standing.status not in {"", AVAILABLE} and now < ends
    return {
        "manager_id": manager.id,
        "name": manager.name or manager.id,
        "teams": sorted(teams_of(manager.id, rules)),
        "presence": standing.reason or AVAILABLE,
        "status": standing.status if said else AVAILABLE,
        "until": moment(ends) if said else None,
        "on_shift": standing.reason != PassedOver.OFF_SHIFT,
        "shift_changes_at": moment(shift.next_change(now) or 0) if shift else None,
        "open_leads": desk.loads[manager.id],
        "capacity": manager.capacity,
    }
