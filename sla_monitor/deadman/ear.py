"""What counts as a sign: Alertmanager's webhook with the watchdog firing, and pings."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from sla_monitor.errors import Misconfigured, Problem

logger = logging.getLogger(__name__)

WATCHDOG = "SlaWatchdog"
"""The alert that always fires (deploy/prometheus)."""
LARGEST = 1 << 20
"""Bytes of a body."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Alert(msgspec.Struct):
    status: str
    labels: dict[str, str]


class Webhook(msgspec.Struct):
    """What Alertmanager posts, as far as it matters: each alert has a status of its own."""

    alerts: list[Alert]
    externalURL: str = ""  # noqa: N815 - Alertmanager's name

    @property
    def watchdog(self) -> bool:
        return any(alert.status == "firing" and alert.labels.get("alertname") == WATCHDOG for alert in self.alerts)


class Ear:
    """sign: called with who gave it. status: what /healthz tells besides. token: who has it not is refused."""

    def __init__(self, sign: Callable[[str], None], status: Callable[[], dict[str, Any]], token: str | None) -> None:
        self._sign, self._status, self._token = sign, status, token
        self._decode = msgspec.json.Decoder(Webhook).decode
        self.signs = self.others = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Only after `start`."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self, host: str, port: int) -> None:
        """Raises Misconfigured when the address cannot be had."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/ping", self._authorized(self._ping))
        app.router.add_post("/ping", self._authorized(self._ping))
        app.router.add_post("/{path:.*}", self._authorized(self._webhook))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            message = f"cannot serve on {host}:{port} ({error.strerror}); name another"
            raise Misconfigured([Problem("--listen", "", message)]) from error

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _authorized(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if self._token is not None:
                given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
                if not hmac.compare_digest(given, f"Bearer {self._token}".encode()):
                    return web.json_response({"sign": False}, status=401, headers={"WWW-Authenticate": "Bearer"})
            return await handler(request)

        return handle

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive", **self._status(), "signs": self.signs, "others": self.others})

    async def _ping(self, request: web.Request) -> web.Response:
        return self._heard(f"a ping from {request.remote}")

    async def _webhook(self, request: web.Request) -> web.Response:
        try:
            told = self._decode(await request.read())
        except msgspec.MsgspecError as error:
            self.others += 1
            logger.warning("what %s posts to %s is no webhook of Alertmanager: %s", request.remote, request.path, error)
            return web.json_response({"sign": False, "detail": str(error)}, status=400)
        if told.watchdog:
            return self._heard(told.externalURL or f"Alertmanager on {request.remote}")
        self.others += 1
        return web.json_response({"sign": False, "detail": f"no {WATCHDOG} that fires"})

    def _heard(self, by: str) -> web.Response:
        self.signs += 1
        self._sign(by)
        return web.json_response({"sign": True})
