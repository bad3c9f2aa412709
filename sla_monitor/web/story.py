"""The whole story of a lead: every decision, who was looked at for it, and why they were passed over."""

from __future__ import annotations

import msgspec
from aiohttp import web

from sla_monitor.core.effects import Log

from .context import VISITOR, Web
from .views import Views, lead_view


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
        outcomes = [msgspec.Raw(record.value) for record in found if record.value]
        body = msgspec.json.encode({"lead": view, "name": visitor.shown(lead.name), "outcomes": outcomes})
        return web.Response(body=body, content_type="application/json")
