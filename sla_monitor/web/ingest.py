"""Events in: read, check, append, and only then say 202."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sla_monitor import wire

from .context import KEY, Web
from .entrance import Entrance
from .limits import Gate, read_body
from .problems import Refused, problem

ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ARRAY = "application/json"
LINES = "application/x-ndjson"
HEADER = "ce-"

NOT_YOURS = "this key may not write as this source"


@dataclass(slots=True)
class Reading:
    """What became of the events of one request, by their index. refused: how many were of somebody else's source."""

    events: dict[int, wire.Event] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    rejected: int = 0
    refused: int = 0

    @property
    def total(self) -> int:
        return len(self.events) + self.rejected

    def reject(self, index: int, event_id: str | None, faults: Iterable[wire.Fault]) -> None:
        self.rejected += 1
        self.errors += [
            {"index": index, "id": event_id, "pointer": fault.pointer, "detail": fault.detail} for fault in faults
        ]


class Ingest:
    def __init__(self, context: Web) -> None:
        self._web = context
        self._limits = context.limits
        self._gate = Gate(context.limits)
        self._entrance = Entrance(context)

    async def one(self, request: web.Request) -> web.Response:
        """POST /v1/events"""
        binary = _is_binary(request)
        with self._admitted(request, self._limits.event):
            body = await read_body(request, self._limits.event, self._limits.body_seconds)
            received, reading = self._web.clock.now(), Reading()
            with _caught(reading, 0):
                reading.events[0] = self._parse(request, body, received, binary=binary)
            return await self._store(request, reading, received)

    async def batch(self, request: web.Request) -> web.Response:
        """POST /v1/events:batch"""
        kind = _media_type(request)
        if kind not in (BATCH, ARRAY, LINES):
            raise _unsupported(f"{BATCH}, {ARRAY} (an array) or {LINES}")
        with self._admitted(request, self._limits.batch):
            body = await read_body(request, self._limits.batch, self._limits.body_seconds)
            received = self._web.clock.now()
            reading = self._lines(body, received) if kind == LINES else self._array(body, received)
            return await self._store(request, reading, received)

    @contextmanager
    def _admitted(self, request: web.Request, cap: int) -> Iterator[None]:
        encoded = "Content-Encoding" in request.headers
        size = request.content_length
        with self._gate.admit(cap if encoded or size is None else min(size, cap)):
            yield

    def _parse(self, request: web.Request, body: bytes, received: int, *, binary: bool) -> wire.Event:
        if not binary:
            return wire.read(_decoded(body), received, self._limits.depth)
        attributes = [
            (name[len(HEADER) :].lower(), value)
            for name, value in request.headers.items()
            if name.lower().startswith(HEADER)
        ]
        try:
            return wire.parse_binary(attributes, body, received, self._limits.depth)
        except wire.Malformed as error:
            raise _not_json(error) from None

    def _array(self, body: bytes, received: int) -> Reading:
        items = _decoded(body)
        if not isinstance(items, list):
            raise Refused(400, "the body must be a JSON array of events")
        self._check_count(len(items))
        reading = Reading()
        for index, item in enumerate(items):
            with _caught(reading, index):
                reading.events[index] = self._bounded(wire.read(item, received, self._limits.depth))
        return reading

    def _lines(self, body: bytes, received: int) -> Reading:
        lines = [line for line in body.split(b"\n") if line.strip()]
        self._check_count(len(lines))
        reading = Reading()
        for index, line in enumerate(lines):
            with _caught(reading, index):
                reading.events[index] = self._bounded(wire.parse(line, received, self._limits.depth))
        return reading

    def _check_count(self, number: int) -> None:
        if number > self._limits.batch_events:
            raise Refused(413, f"a batch must have at most {self._limits.batch_events} events")

    def _bounded(self, event: wire.Event) -> wire.Event:
        if event.size > self._limits.event:
            raise wire.Invalid([wire.Fault("/data", f"must have at most {self._limits.event} bytes")], event.id)
        return event

    async def _store(self, request: web.Request, reading: Reading, received: int) -> web.Response:
        total = reading.total
        self._refuse_foreign(request, reading)
        await self._entrance.store(reading.events.values(), received, request.get(KEY))
        self._entrance.count("rejected", reading.rejected)
        return _answer(reading, total)

    def _refuse_foreign(self, request: web.Request, reading: Reading) -> None:
        """A key writes only as its own sources, and nobody as ours."""
        key = request.get(KEY)
        ours = {index for index, event in reading.events.items() if wire.reserved(event.source)}
        foreign = {index for index, event in reading.events.items() if key and not key.may_write(event.source)}
        for index in sorted(ours | foreign):
            event = reading.events.pop(index)
            detail = wire.RESERVED_DETAIL if index in ours else NOT_YOURS
            reading.reject(index, event.id, [wire.Fault("/source", detail)])
        reading.refused = len(ours | foreign)


def _decoded(body: bytes) -> Any:
    try:
        return wire.decode(body)
    except wire.Malformed as error:
        raise _not_json(error) from None


def _not_json(error: wire.Malformed) -> Refused:
    return Refused(400, f"the body {error.detail}")


@contextmanager
def _caught(reading: Reading, index: int) -> Iterator[None]:
    """Note what is wrong with one event, and go on with its neighbours."""
    try:
        yield
    except wire.Malformed as error:
        reading.reject(index, None, [wire.Fault("", error.detail)])
    except wire.Invalid as error:
        reading.reject(index, error.id, error.faults)


def _answer(reading: Reading, total: int) -> web.Response:
    accepted = len(reading.events)
    if not reading.errors:
        return web.json_response({"accepted": accepted}, status=202)
    status = 207 if accepted else 403 if reading.refused == total else 422
    reading.errors.sort(key=lambda error: error["index"])
    detail = f"{reading.rejected} of {total} events were rejected; send only these again, corrected"
    return problem(status, detail, accepted=accepted, errors=reading.errors)


def _is_binary(request: web.Request) -> bool:
    """Whether an event comes as headers and a body. Raises Refused (415) when it comes as neither mode."""
    kind = _media_type(request)
    if kind == ONE:
        return False
    if f"{HEADER}specversion" in request.headers and (kind == ARRAY or kind.endswith("+json")) and kind != BATCH:
        return True
    raise _unsupported(f"{ONE}, or application/json with ce-* headers")


def _media_type(request: web.Request) -> str:
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise _unsupported("in UTF-8")
    return request.content_type.lower()


def _unsupported(wanted: str) -> Refused:
    return Refused(415, f"Content-Type must be {wanted}", headers={"Accept-Post": f"{ONE}, {BATCH}, {LINES}"})
