"""The board as server-sent events: first all that somebody sees, then what changes, a few times a second at most.

It is made for our own page and may change with it; programs follow `GET /v1/outcomes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
from aiohttp import web

from sla_monitor.keys import Scope
from sla_monitor.report.home import home

from .context import VISITOR, Web
from .live import PACE, Live, Viewer
from .outcomes import HEADERS
from .picture import Line, Shown, Urgency
from .problems import Refused
from .scene import Difference
from .today import News
from .visitors import Visitor

AT_ONCE = 1000
"""Leads of one message: the most urgent are on the screen while the others are on their way."""
NEWS = 30
BEAT = 10.0
"""Seconds between two messages at most, by which the page knows that it is alive."""
AGAIN = b"retry: 1000\n\n"
"""How soon a page comes back, ms."""
READ: Scope = "read"


class Broadcast:
    """stop: set when the server shuts down; every stream then ends."""

    def __init__(self, context: Web, live: Live) -> None:
        self._web, self._live = context, live
        self._open = 0
        context.access.sessions.when_ended(self._look_again)
        self.stop = asyncio.Event()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/board/stream"""
        if self._open >= self._web.limits.streams:
            raise Refused(429, "too many people look at the board", headers={"Retry-After": "30"})
        self._open += 1  # before anything is waited for: many may come at once
        try:
            return await self._show(request, await self._live.join())
        finally:
            self._open -= 1

    async def _show(self, request: web.Request, viewer: Viewer) -> web.StreamResponse:
        try:
            response = web.StreamResponse(headers=HEADERS)
            await response.prepare(request)
            await self._send(request, response, viewer)
        finally:
            self._live.leave(viewer)
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, viewer: Viewer) -> None:
        """Until the client goes (ConnectionError), may look no longer, or the scene or the server ends."""
        visitor, version = request[VISITOR], self._web.rules().version
        await response.write(AGAIN + self._hello(visitor))
        while not (viewer.gone or self.stop.is_set() or self._web.rules().version != version):
            if not self._still(request, visitor):
                return
            viewer.wake.clear()
            for message in self._messages(viewer, visitor):
                await response.write(message)
            await self._news(viewer)

    def _look_again(self) -> None:
        """Somebody signed out: their streams end now."""
        for viewer in self._live.viewers:
            viewer.wake.set()

    def _still(self, request: web.Request, visitor: Visitor) -> bool:
        """Whether they are who they were: sessions end, keys are taken away."""
        try:
            return self._web.access.visitor(request, READ, self._web.rules())[0] == visitor
        except Refused:
            return False

    async def _news(self, viewer: Viewer) -> None:
        """Return when there is something to tell, a moment later, or when it is time to say that all is well."""
        stopping, waking = (asyncio.ensure_future(event.wait()) for event in (self.stop, viewer.wake))
        try:
            await asyncio.wait({stopping, waking}, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({stopping}, timeout=PACE)
        finally:
            stopping.cancel()
            waking.cancel()

    # what is told

    def _hello(self, visitor: Visitor) -> bytes:
        rules = self._web.rules()
        managers = (manager for manager in rules.managers.values() if visitor.sees_manager(manager.id, rules))
        teams = (team for team in rules.teams.values() if visitor.sees_team(team.id))
        policies = (policy for policy in rules.policies if policy.team is None or visitor.sees_team(policy.team))
        return _event(
            "hello",
            now=self._web.clock.now(),
            speed=self._web.clock.speed,
            beat=BEAT,
            zone=home(rules).key,
            managed=bool(rules.managers),
            fields=Line._fields,
            names={manager.id: manager.name or manager.id for manager in managers},
            teams={team.id: team.name or team.id for team in teams},
            policies={policy.name: policy.title or policy.name for policy in policies},
        )

    def _messages(self, viewer: Viewer, visitor: Visitor) -> Iterator[bytes]:
        """What they have not been told; something, always."""
        untold, viewer.untold = viewer.untold, Difference()
        if untold.people:
            yield self._people(viewer, visitor)
        yield from self._leads(viewer, visitor, untold.leads)
        if untold.hour:
            yield self._hour(viewer, visitor)
        if untold.news:
            yield self._news_of(viewer, visitor)
        yield _event("beat", now=self._web.clock.now(), unready=self._unready(viewer))

    def _unready(self, viewer: Viewer) -> list[str]:
        """Why not to rely on what is shown."""
        damaged = len(viewer.scene.picture.damaged)
        lost = [f"leads whose rows are damaged and not shown: {damaged}"] if damaged else []
        return self._web.unready() + lost

    def _leads(self, viewer: Viewer, visitor: Visitor, keys: Iterable[bytes]) -> Iterator[bytes]:
        leads = viewer.scene.picture.leads
        there = [shown for key in keys if (shown := leads.get(key)) is not None and shown.seen_by(visitor)]
        seen = {shown.line.lead_id for shown in there}
        gone = viewer.told & {key.decode() for key in keys} - seen
        viewer.told -= gone
        viewer.told |= seen
        there.sort(key=_urgency)
        if gone:
            yield _event("gone", ids=[*gone])
        some = iter(there)
        while batch := list(islice(some, AT_ONCE)):
            yield b"event: leads\ndata: [%s]\n\n" % b",".join(shown.to(visitor) for shown in batch)

    def _people(self, viewer: Viewer, visitor: Visitor) -> bytes:
        rules = self._web.rules()
        people = [one for one in viewer.scene.people if visitor.sees_manager(one["manager_id"], rules)]
        return _event("people", managers=people)

    def _hour(self, viewer: Viewer, visitor: Visitor) -> bytes:
        """Responses as [when, ms it took, in time, ms that were promised, lead id]."""
        today = viewer.scene.today
        seen = (one for one in today.responses.values() if visitor.sees_of(one.team_id, one.holder_id))
        points = [(one.at, one.took, one.in_time, one.promised, one.lead_id) for one in seen]
        answered_at = max((at for team_id, at in today.answered.items() if visitor.sees_team(team_id)), default=0)
        return _event("hour", responses=points, answered_at=answered_at)

    def _news_of(self, viewer: Viewer, visitor: Visitor) -> bytes:
        """The newest first."""
        news = reversed(viewer.scene.today.news)
        seen = (one for one in news if visitor.sees_of(one.team_id, one.holder_id, one.by, one.to))
        return _event("news", items=[_item(one) for one in islice(seen, NEWS)])


def _urgency(shown: Shown) -> Urgency:
    return shown.line.urgency


def _item(news: News) -> dict[str, Any]:
    named = news._asdict()
    return {name: named[name] for name in ("at", "kind", "lead_id", "by", "to", "reason")}


def _event(kind: str, **data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode(data))
