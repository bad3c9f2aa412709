"""The server of a process that takes no events: probes and metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from sla_monitor.errors import Misconfigured, Problem

from .probes import Probes, Shown
from .problems import answer_problems


@dataclass(frozen=True, slots=True)
class Health:
    """See `Watched`."""

    unready: Callable[[], list[str]]
    metrics: Shown


class WatchServer:
    """Nothing it says is about a lead or a person, so it serves whoever can reach it. Port 0: any that is free."""

    def __init__(self, health: Health, host: str, port: int) -> None:
        self._health, self._host, self._asked = health, host, port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Only after `start`."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def start(self) -> None:
        """Raises Misconfigured when the address cannot be had."""
        probes = Probes(self._health)
        app = web.Application(middlewares=[answer_problems])
        app.router.add_get("/healthz", probes.healthz)
        app.router.add_get("/readyz", probes.readyz)
        app.router.add_get("/metrics", probes.metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._asked).start()
        except OSError as error:
            message = f"cannot serve on {self._host}:{self._asked} ({error.strerror}); name another SLA_LISTEN"
            raise Misconfigured([Problem("SLA_LISTEN", "", message)]) from error

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
