"""The OpenAPI document, from the routes and the models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from sla_monitor import __version__, wire
from sla_monitor.core.lead import OPEN, Status
from sla_monitor.core.roster import AVAILABLE, PassedOver
from sla_monitor.keys import Scope
from sla_monitor.wire.examples import EXAMPLES

from .actions import Action, Presence
from .context import Route
from .ingest import ARRAY, BATCH, LINES, ONE
from .sessions import COOKIE
from .visitors import By, Role

STATUSES = [AVAILABLE, PassedOver.BUSY, PassedOver.AWAY, PassedOver.OFFLINE]
"""What a manager may say of themselves."""
PRESENCES = [*STATUSES, PassedOver.OFF_SHIFT]

_TEXT, _INTEGER = {"type": "string"}, {"type": "integer"}


def _problem(errors: Mapping[str, Any] | None = None, **more: Mapping[str, Any]) -> dict[str, Any]:
    """Problem details (RFC 9457). errors: what each of the `errors` has."""
    named = {"type": _TEXT, "title": _TEXT, "status": _INTEGER, "detail": _TEXT}
    one = {"type": "object", "required": [*errors], "properties": errors} if errors else {}
    listed = {"errors": {"type": "array", "items": one}} if errors else {}
    return {"type": "object", "required": [*named], "properties": {**named, **more, **listed}}


_WHERE = {"pointer": _TEXT, "detail": _TEXT}
PROBLEMS = {
    "Problem": _problem(),
    "EventsProblem": _problem({"index": _INTEGER, "id": {"type": ["string", "null"]}, **_WHERE}, accepted=_INTEGER),
    "ActProblem": _problem(_WHERE),
}
ACCEPTED = {
    "description": "All of it is durable; duplicates too.",
    "content": {"application/json": {"schema": {"type": "object", "properties": {"accepted": {"type": "integer"}}}}},
}
WHY = {
    "207": "A part was rejected; the rest is durable.",
    "400": "Not HTTP or not JSON. Nothing was stored.",
    "401": "A known key is needed.",
    "403": "You may not do this; or there are no keys and this is another machine; or another site's page asks.",
    "404": "Not known, or not yet.",
    "408": "The body came too slowly.",
    "410": "The cursor is too old.",
    "413": "Too large. Nothing was stored.",
    "415": "Not a media type or encoding that is read.",
    "422": "None of it could be used. Nothing was stored.",
    "429": "Too much at once. Nothing was stored; see Retry-After.",
    "503": "Not known to be stored, or not ready; send it again with the same ids, see Retry-After.",
}
_EVENT = {"$ref": "#/components/schemas/Event"}
_INGEST_ERRORS = ("400", "401", "403", "408", "413", "415", "422", "429", "503")


def problems(*statuses: str, of: str = "Problem") -> dict[str, Any]:
    """Responses with problem details. of: the name of their schema."""
    content = {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{of}"}}}
    return {status: {"description": WHY[status], "content": content} for status in statuses}


ONE_EVENT = {
    "requestBody": {
        "required": True,
        "description": "Structured mode; or binary mode: application/json data with percent-encoded ce-* headers.",
        "content": {ONE: {"schema": _EVENT, "example": EXAMPLES["lead.created.v1"]}, ARRAY: {"schema": {}}},
    },
    "responses": {"202": ACCEPTED, **problems(*_INGEST_ERRORS, of="EventsProblem")},
}
MANY_EVENTS = {
    "requestBody": {
        "required": True,
        "content": {
            BATCH: {"schema": {"type": "array", "items": _EVENT}},
            ARRAY: {"schema": {"type": "array", "items": _EVENT}},
            LINES: {"schema": {"type": "string"}},
        },
    },
    "responses": {"202": ACCEPTED, **problems("207", *_INGEST_ERRORS, of="EventsProblem")},
}


def answer(schema: Mapping[str, Any], *statuses: str) -> dict[str, Any]:
    """An operation that answers JSON, or these problems."""
    found = {"description": "OK", "content": {"application/json": {"schema": schema}}}
    return {"responses": {"200": found, **problems("401", "403", *statuses)}}


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": [*properties], "properties": properties}


_BOOLEAN = {"type": "boolean"}
_OR_NULL = {"type": ["string", "null"]}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}

ME = answer(
    _object(
        name=_TEXT,
        role={"enum": [*Role]},
        manager_id=_OR_NULL,
        teams={"type": ["array", "null"], "items": _TEXT, "description": "null: all of them."},
        sees_names=_BOOLEAN | {"description": "Whether customers' names are shown in full."},
        signed_in_by={"enum": [*By]},
        same_origin_only=_BOOLEAN | {"description": "Whether requests that change something must come from our pages."},
    )
)
MANAGERS = answer(
    _object(
        managers={
            "type": "array",
            "items": _object(
                manager_id=_TEXT,
                name=_TEXT,
                teams={"type": "array", "items": _TEXT},
                presence={"enum": PRESENCES, "description": "available, or why they are given no lead just now."},
                status={"enum": STATUSES, "description": "As it was said last, while that holds."},
                until=_INSTANT | {"description": "When the status ends."},
                on_shift=_BOOLEAN,
                shift_changes_at=_INSTANT | {"description": "When their shift begins or ends next; null: never."},
                open_leads=_INTEGER | {"description": "That they hold, but for those escalated to them."},
                capacity={"type": ["integer", "null"], "description": "Open leads at once; null: any number."},
            ),
        }
    ),
    "503",
)
_SECONDS = {"type": ["integer", "null"]}
TESTS = {
    "name": "test",
    "in": "query",
    "schema": {"enum": ["true"]},
    "description": "The test leads, which are on no other list.",
}
LEADS = {"parameters": [TESTS]} | answer(
    _object(
        now=_INSTANT,
        speed={"type": "number", "description": "Seconds of the server's clock in one second; 1 but in a demo."},
        open={"type": "integer", "description": "How many there are; leads has the 200 most urgent."},
        unreadable={"type": "integer", "description": "Leads that are not listed: their rows are damaged."},
        counts={"type": "object", "additionalProperties": {"type": "integer"}, "description": "By status."},
        leads={
            "type": "array",
            "description": "Nobody free, escalated, late (breached), the others; each by customer_due_at.",
            "items": _object(
                lead_id=_TEXT,
                name=_OR_NULL | {"description": "The customer's, as you may see it."},
                status={"enum": [status for status in Status if status in OPEN]},
                source=_TEXT,
                team_id=_OR_NULL,
                turn={"type": "integer"},
                holder_id=_OR_NULL,
                holder_name=_OR_NULL,
                due_at=_INSTANT | {"description": "By when the holder is to respond, in their turn."},
                customer_due_at=_INSTANT | {"description": "By when the customer was to be answered."},
                breached=_BOOLEAN | {"description": "Whether that has passed, and nobody had responded by then."},
                seconds_left=_SECONDS | {"description": "Until customer_due_at; negative once it has passed."},
                holder_seconds_left=_SECONDS
                | {"description": "Until due_at; null where no time runs for anybody: nobody free, escalated."},
            ),
        },
    ),
    "503",
)
BOARD = {
    "description": "Made for the page at /, and may change with it; programs follow /v1/outcomes.",
    "responses": {
        "200": {"description": "Server-sent events.", "content": {"text/event-stream": {"schema": _TEXT}}},
        **problems("401", "403", "429", "503"),
    },
}
STORY = answer(
    _object(
        lead={"type": "object", "description": "As /v1/leads/{id} has it, without the timeline."},
        name=_OR_NULL | {"description": "The customer's, as you may see it."},
        channel=_OR_NULL,
        priority=_OR_NULL,
        phones={"type": "array", "items": _TEXT, "description": "E.164; none unless you see names."},
        url=_OR_NULL | {"description": "Where its source shows it; null unless you see names."},
        outcomes={"type": "array", "items": {"type": "object"}, "description": "Every one that is kept, in order."},
    ),
    "404",
    "503",
)
SIGN_IN = {
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": _object(key=_TEXT)}},
    },
    "responses": {
        "303": {"description": "Signed in: a cookie that no script can read, for 12 hours."},
        **problems("403", "408", "413", "503"),
    },
}
SIGN_OUT = {"responses": {"303": {"description": "Signed out."}, **problems("403")}}


def _body(kind: type[BaseModel]) -> dict[str, Any]:
    return {"required": True, "content": {ARRAY: {"schema": kind.model_json_schema()}}}


_WRITTEN = {
    "description": "Durable, as this event; what becomes of it, the lead and the outcomes tell.",
    "content": {"application/json": {"schema": _object(source=_TEXT, id=_TEXT, type=_TEXT)}},
}
_ACT_ERRORS = ("400", "401", "403", "404", "408", "413", "415", "422", "503")
ACT = {"requestBody": _body(Action), "responses": {"202": _WRITTEN, **problems(*_ACT_ERRORS, of="ActProblem")}}
PRESENCE = {
    "requestBody": _body(Presence),
    "responses": {"202": _WRITTEN, **problems(*_ACT_ERRORS, of="ActProblem")},
}


def _pages(**statuses: str) -> dict[str, Any]:
    """Responses that are pages for people."""
    content = {"text/html": {"schema": {"type": "string"}}}
    return {"responses": {status[1:]: {"description": what, "content": content} for status, what in statuses.items()}}


_BAD_LINK = {
    "_403": "Forged, or the manager has left the roster.",
    "_410": "The link has expired, or the lead is gone.",
}
CLAIM_PAGE = _pages(
    _200="The lead, and a button while it can be claimed. Nothing is claimed.",
    _503="Cannot be read now; look again.",
    **_BAD_LINK,
)
CLAIM = _pages(
    _200="The lead is the manager's.",
    _202="Not known yet; the page links to itself.",
    _409="Somebody was faster, or the lead was answered or closed.",
    _503="Not known to be stored; tap again.",
    **_BAD_LINK,
)


def openapi(routes: Iterable[Route]) -> dict[str, Any]:
    """OpenAPI 3.1 of these routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "sla-monitor", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Begun by POST /sign-in."},
            },
            "schemas": {**PROBLEMS, **_events()},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", route.path)
    in_path = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    about = dict(route.about)
    about["parameters"] = in_path + about.get("parameters", [])
    about.setdefault("responses", {"200": {"description": "OK"}})
    return {"summary": route.summary, "security": _security(route.scope), **about}


def _security(scope: Scope | None) -> list[dict[str, list[str]]]:
    """Sessions send no events."""
    ways = () if scope is None else ("key",) if scope == "write" else ("key", "session")
    return [{way: [scope or ""]} for way in ways]


def _events() -> dict[str, Any]:
    """A schema for each type, told apart by `type`. Their own definitions come along under `$defs`."""
    names = {kind: kind.removesuffix(".v1").replace(".", "_") for kind in wire.DATA}
    mapping = {kind: f"#/components/schemas/{name}" for kind, name in names.items()}
    event = {
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    return {"Event": event, **{name: wire.schema(kind) for kind, name in names.items()}}
