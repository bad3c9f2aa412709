"""What people do on the board: each act becomes the event that it is, and goes the way of every event."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar
from uuid import uuid4

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sla_monitor import wire
from sla_monitor.claims import SOURCE as CLAIM
from sla_monitor.claims import Claim
from sla_monitor.core.case import Case
from sla_monitor.core.lead import Lead, Phase
from sla_monitor.core.rights import may_claim
from sla_monitor.documents import plain_message
from sla_monitor.wire.values import Id, Instant

from .context import KEY, VISITOR, Web
from .entrance import Entrance, Person
from .limits import read_body
from .problems import Refused
from .views import Views, moment
from .visitors import Visitor

SOURCE = "/sla-monitor/board"
"""The CloudEvents `source` of all acts but claims, which are the same as by a link."""

B = TypeVar("B", bound=BaseModel)


class Action(BaseModel):
    """What to do with a lead. manager_id: who gets it, yourself if left out. turn: the one you saw."""

    model_config = ConfigDict(strict=True, extra="forbid")

    action: Literal["claim", "reassign", "close"]
    manager_id: Id | None = Field(None, description="Who gets the lead; you, for a claim that names nobody.")
    turn: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="For a claim: the turn that you saw; if it is over by then, the claim is too late."
    )
    reason: Literal["converted", "junk", "duplicate", "deleted"] | None = Field(None, description="To close.")


class Presence(BaseModel):
    """Where a manager is."""

    model_config = ConfigDict(strict=True, extra="forbid")

    status: Literal["available", "busy", "away", "offline"]
    until: Instant | None = Field(None, description="Then they are available again; the next shift's start without.")


class Actions:
    def __init__(self, context: Web, views: Views) -> None:
        self._web, self._views = context, views
        self._entrance = Entrance(context)

    async def on_lead(self, request: web.Request) -> web.Response:
        """POST /v1/leads/{id}/actions"""
        lead = await self._views.known(request.match_info["id"], request[VISITOR])
        act = await self._read(request, Action)
        if act.action != "close" and lead.phase is Phase.JOINED:
            raise Refused(409, "this lead became part of another; act on that one")
        perform = {"claim": self._claim, "reassign": self._reassign, "close": self._close}[act.action]
        return await perform(request, lead, act)

    async def on_manager(self, request: web.Request) -> web.Response:
        """PUT /v1/managers/{id}/status"""
        visitor, rules, manager_id = request[VISITOR], self._web.rules(), request.match_info["id"]
        if manager_id not in rules.managers or not visitor.sees_manager(manager_id, rules):
            raise Refused(404, "no such manager")
        if not visitor.acts_for(manager_id, rules):
            raise Refused(403, "this is another's presence; a head of the team may say it")
        said = await self._read(request, Presence)
        if said.until is not None and said.until <= self._web.clock.now():
            raise _wrong("until", "must be later than now")
        data = {"manager_id": manager_id, "status": said.status, "until": moment(said.until or 0)}
        return await self._write(request, "manager.status.v1", data)

    async def _claim(self, request: web.Request, lead: Lead, act: Action) -> web.Response:
        visitor = request[VISITOR]
        manager_id = act.manager_id or visitor.manager_id
        if not manager_id:
            raise _wrong("manager_id", "is needed: this key is no manager's")
        if not visitor.acts_for(manager_id, self._web.rules()):
            raise Refused(403, "you may claim for yourself only")
        self._check_roster(manager_id)
        if not may_claim(self._case(lead), manager_id):
            raise Refused(403, "this lead is of another team than theirs")
        claim = Claim(lead.lead_id, act.turn or lead.turn, manager_id, 0)
        data = {"lead_id": lead.lead_id, "manager_id": manager_id, "turn": claim.turn}
        return await self._write(request, "lead.claimed.v1", data, CLAIM, claim.event_id)

    async def _reassign(self, request: web.Request, lead: Lead, act: Action) -> web.Response:
        visitor = _leading(request)
        if act.manager_id is None:
            raise _wrong("manager_id", "is needed: who gets the lead")
        self._check_roster(act.manager_id)
        if not visitor.sees_manager(act.manager_id, self._web.rules()):
            raise Refused(403, "they are in none of your teams")
        data = {"lead_id": lead.lead_id, "owner_id": act.manager_id, "assigned_by": "human"}
        return await self._write(request, "lead.assigned.v1", data)

    async def _close(self, request: web.Request, lead: Lead, act: Action) -> web.Response:
        _leading(request)
        if act.reason is None:
            raise _wrong("reason", "is needed: converted, junk, duplicate or deleted")
        return await self._write(request, "lead.closed.v1", {"lead_id": lead.lead_id, "reason": act.reason})

    def _case(self, lead: Lead) -> Case:
        return Case(lead, self._web.clock.now(), self._web.rules())

    def _check_roster(self, manager_id: str) -> None:
        managers = self._web.rules().managers
        if managers and manager_id not in managers:
            raise _wrong("manager_id", "is no manager of the policy")

    async def _write(
        self, request: web.Request, kind: str, data: dict[str, Any], source: str = SOURCE, event_id: str = ""
    ) -> web.Response:
        """Durable when it answers; what became of it, the lead and the outcomes tell."""
        named, visitor = event_id or str(uuid4()), request[VISITOR]
        by = Person(visitor.manager_id, visitor.may, visitor.name)
        await self._entrance.make(kind, source, named, data, by, request.get(KEY))
        return web.json_response({"source": source, "id": named, "type": kind}, status=202)

    async def _read(self, request: web.Request, kind: type[B]) -> B:
        """The body. Raises Refused: 400, 408, 413, 415, 422."""
        if request.content_type != "application/json":
            raise Refused(415, "Content-Type must be application/json")
        limits = self._web.limits
        body = await read_body(request, limits.event, limits.body_seconds)
        try:
            return kind.model_validate(wire.decode(body))
        except wire.Malformed as error:
            raise Refused(400, f"the body {error.detail}") from None
        except ValidationError as error:
            found = error.errors(include_url=False)
            faults = [(_field(kind, details["loc"]), plain_message(details)) for details in found]
            raise _wrong(*faults[0], *faults[1:]) from None


def _field(kind: type[BaseModel], path: tuple[int | str, ...]) -> str:
    """The field that is wrong; an unknown one is not repeated."""
    return str(path[0]) if path and path[0] in kind.model_fields else ""


def _leading(request: web.Request) -> Visitor:
    visitor: Visitor = request[VISITOR]
    if not visitor.leads:
        raise Refused(403, "only a head of the team may do this")
    return visitor


def _wrong(name: str, detail: str, *others: tuple[str, str]) -> Refused:
    """A body that cannot be used, and every mistake in it."""
    errors = [{"pointer": where and f"/{where}", "detail": what} for where, what in ((name, detail), *others)]
    return Refused(422, "nothing was done; correct what `errors` names", errors=errors)
