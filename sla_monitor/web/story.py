"""The whole story of a lead: every decision, who was looked at for it, and why they were passed over."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from sla_monitor.core.effects import Log
from sla_monitor.core.lead import Lead

from .context import VISITOR, Web
from .outcomes import sees
from .views import Views, lead_view
from .visitors import Visitor


class Stories:
    def __init__(self, context: Web, views: Views) -> None:
        self._web, self._views = context, views

    async def story(self, request: web.Request) -> web.Response:
        """GET /v1/leads/{id}/story"""
        visitor = request[VISITOR]
        lead = await self._views.known(request.match_info["id"], visitor)
        reader, window = self._web.reader, self._web.rules().limits.match_window
        # A lead can be decided about before it was created by its own account, but by no more than this.
        found = await reader.about(
            self._web.topic(Log.OUTCOMES), lead.lead_id.encode(), min(lead.created_at, lead.started_at) - window
        )
        view = {name: part for name, part in lead_view(lead).items() if name != "timeline"}
        outcomes = [msgspec.Raw(record.value) for record in found if record.value and sees(visitor, record)]
        told = {"lead": view, "name": visitor.shown(lead.name), **_customer(lead, visitor), "outcomes": outcomes}
        body = msgspec.json.encode(told)
        return web.Response(body=body, content_type="application/json")


def _customer(lead: Lead, visitor: Visitor) -> dict[str, Any]:
    """How the customer came and is reached; the latter for those who may know who it is."""
    known = visitor.sees_names
    return {
        "channel": lead.channel,
        "priority": lead.priority,
        "phones": lead.phones if known else (),
        "url": lead.url if known else None,
    }
