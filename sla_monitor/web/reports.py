"""Reports over HTTP: figures, and the sheets to print."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from sla_monitor.core.rules import Rules
from sla_monitor.report import reading, sheet, written
from sla_monitor.report.clock import Clock
from sla_monitor.report.clocks import Clocks
from sla_monitor.report.figures import By, Report, report
from sla_monitor.report.home import home
from sla_monitor.report.names import Names, names_of
from sla_monitor.report.period import Period, choose, zone_named
from sla_monitor.report.words import WORDS

from .context import VISITOR, Web
from .problems import Refused
from .visitors import Visitor

T = TypeVar("T")

PARAMETERS = [
    {"name": "by", "in": "query", "schema": {"enum": list(By), "default": By.MANAGER}},
    {"name": "from", "in": "query", "schema": {"type": "string", "format": "date"}},
    {"name": "to", "in": "query", "schema": {"type": "string", "format": "date"}},
    {"name": "last", "in": "query", "schema": {"type": "string", "examples": ["week", "month", "7d"]}},
    {"name": "week", "in": "query", "schema": {"type": "string", "examples": ["2026-W47"]}},
    {"name": "timezone", "in": "query", "schema": {"type": "string", "examples": ["Europe/Moscow"]}},
    {"name": "team", "in": "query", "schema": {"type": "string"}},
    {"name": "manager", "in": "query", "schema": {"type": "string"}},
    {"name": "excel", "in": "query", "schema": {"enum": sorted(WORDS)}},
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants to see, and who asks. managers: of the roster, whom they see."""

    period: Period
    by: By
    team: str
    manager: str
    excel: str
    visitor: Visitor
    managers: frozenset[str]

    def sees(self, clock: Clock, manager: str) -> bool:
        """All figures of a manager whom the visitor sees; of others those of leads that the visitor sees."""
        return manager in self.managers or self.knows(clock)

    def knows(self, clock: Clock) -> bool:
        """Leads of the visitor's teams, and those that were the visitor's."""
        return self.visitor.sees_of(clock.team or None, clock.holder)

    @classmethod
    def of(cls, request: web.Request, context: Web) -> Asked:
        """Raises Refused (400)."""
        query, rules = request.query, context.rules()
        try:
            where = zone_named(query["timezone"]) if query.get("timezone") else home(rules)
            period = choose(
                where,
                context.clock.now(),
                since=query.get("from", ""),
                until=query.get("to", ""),
                last=query.get("last", ""),
                week=query.get("week", ""),
                most=context.limits.report_days,
            )
        except ValueError as error:
            raise Refused(400, str(error)) from None
        by = query.get("by", By.MANAGER)
        if by not in set(By):
            raise Refused(400, f"by must be one of {', '.join(By)}")
        excel = query.get("excel", "")
        if excel not in {"", *WORDS}:
            raise Refused(400, f"excel must be one of {', '.join(sorted(WORDS))}")
        visitor = request[VISITOR]
        managers = frozenset(name for name in rules.managers if visitor.sees_manager(name, rules))
        return cls(period, By(by), query.get("team", ""), query.get("manager", ""), excel, visitor, managers)

    def write_csv(self, made: Report, names: Names) -> str:
        return written.csv_for_people(made, names, self.excel) if self.excel else written.csv_text(made, names)


class Reports:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._looking, self._waiting = asyncio.Lock(), 0
        self._seen: tuple[Period, Clocks] | None = None

    async def style(self, _request: web.Request) -> web.Response:
        """GET /report/sheet.css"""
        return web.Response(text=sheet.style(), content_type="text/css")

    async def data(self, request: web.Request) -> web.Response:
        """GET /v1/report"""
        asked, rules = Asked.of(request, self._web), self._web.rules()
        clocks = await self._clocks(asked.period)
        if "text/csv" not in request.headers.get("Accept", ""):
            return web.json_response(await asyncio.to_thread(_told, clocks, asked, rules, written.value))
        text = await asyncio.to_thread(_told, clocks, asked, rules, asked.write_csv)
        name = f"report-{asked.period.first}-{asked.period.last}-{asked.by}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=_bytes(text), content_type="text/csv", charset="utf-8", headers=headers)

    async def sheet(self, request: web.Request) -> web.Response:
        """GET /report/sheet"""
        asked, rules = Asked.of(request, self._web), self._web.rules()
        if not asked.manager:
            raise Refused(400, "name a manager")
        if asked.manager in rules.managers and not asked.visitor.sees_manager(asked.manager, rules):
            raise Refused(404, "no such manager")
        clocks = await self._clocks(asked.period)
        shown = await asyncio.to_thread(
            sheet.sheet_of, clocks, asked.period, rules, asked.manager, asked.sees, asked.knows
        )
        if asked.manager not in rules.managers and not shown.total.received:
            raise Refused(404, "no such manager")
        return _html(_bytes(sheet.html(shown, f'<link rel="stylesheet" href="{sheet.STYLE}">')))

    async def _clocks(self, period: Period) -> Clocks:
        """The log is read once at a time, whoever asks. Raises Refused (429), Unavailable, LogLost."""
        if self._waiting >= self._web.limits.reports:
            raise Refused(429, "too many reports are being made", headers={"Retry-After": "5"})
        self._waiting += 1
        try:
            async with self._looking:
                if self._seen is None or self._seen[0] != period:
                    self._seen = None  # two periods at once would take twice the memory
                    self._seen = seen = period, await reading.read(self._source(), period)
                    asyncio.get_running_loop().call_later(self._web.limits.report_seconds, self._forget, seen)
                return self._seen[1]
        finally:
            self._waiting -= 1

    def _source(self) -> reading.Source:
        web = self._web
        return reading.Source(web.reader, web.prefix, web.rules(), web.clock.now())

    def _forget(self, seen: tuple[Period, Clocks]) -> None:
        if self._seen is seen:
            self._seen = None


def _told(clocks: Clocks, asked: Asked, rules: Rules, write: Callable[[Report, Names], T]) -> T:
    """In a thread: the figures, written."""
    made = report(clocks, asked.period, asked.by, team=asked.team, manager=asked.manager, sees=asked.sees)
    return write(made, names_of(rules))


def _html(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/html", charset="utf-8")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
