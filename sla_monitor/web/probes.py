"""What machines ask: alive, ready, the metrics, the contracts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from sla_monitor import wire
from sla_monitor.metrics import CONTENT_TYPE

from .problems import Refused, problem


class Shown(Protocol):
    """What a process has to show to Prometheus: `render` takes what `take` gave, and may run in a thread."""

    def take(self) -> Any: ...

    def render(self, state: Any) -> bytes: ...


class Watched(Protocol):
    """A process as machines see it. unready: the reasons why not to rely on it, none if all is well."""

    @property
    def unready(self) -> Callable[[], list[str]]: ...

    @property
    def metrics(self) -> Shown: ...


class Probes:
    def __init__(self, context: Watched) -> None:
        self._web = context

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(self, _request: web.Request) -> web.Response:
        reasons = self._web.unready()
        if reasons:
            return problem(503, "not ready", headers={"Retry-After": "1"}, reasons=reasons)
        return web.json_response({"status": "ready"})

    async def metrics(self, _request: web.Request) -> web.Response:
        state = self._web.metrics.take()
        body = await asyncio.to_thread(self._web.metrics.render, state)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


class Contracts:
    """document: the OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._schemas = {kind: json.dumps(wire.schema(kind)).encode() for kind in wire.DATA}

    async def openapi(self, _request: web.Request) -> web.Response:
        return web.json_response(self._document)

    async def schemas(self, _request: web.Request) -> web.Response:
        return web.json_response({"schemas": {kind: f"/v1/schemas/{kind}" for kind in self._schemas}})

    async def schema(self, request: web.Request) -> web.Response:
        found = self._schemas.get(request.match_info["type"])
        if found is None:
            raise Refused(404, "no such event type")
        return web.Response(body=found, content_type="application/schema+json")
