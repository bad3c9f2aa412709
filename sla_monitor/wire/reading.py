"""From bytes to a valid event, once, at the edge. Whatever is wrong is named by pointer, never by value."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, NoReturn
from urllib.parse import unquote
from zlib import crc32

from pydantic import ValidationError

from sla_monitor.errors import Rejected

from .models import DATA, EVENTS, Envelope, Wire

DEPTH = 32
"""Levels of nesting in one event."""

AHEAD = 5 * 60_000
"""How far ahead of its reception an event may be, ms (R32)."""

FUTURE_TIME = "future_time"

_MODELS: tuple[type[Wire], ...] = (Envelope, *DATA.values())
_KNOWN = {name for model in _MODELS for name in model.model_fields}


class Fault(NamedTuple):
    """pointer: RFC 6901, of known names only, because a key may be personal data too."""

    pointer: str
    detail: str


class Malformed(Rejected):
    """Bytes that are no JSON."""

    def __init__(self, detail: str) -> None:
        super().__init__("", detail)


class Invalid(Rejected):
    """An event with faults, all of them. id: the event's id if it has one."""

    def __init__(self, faults: Sequence[Fault], event_id: str | None) -> None:
        super().__init__(*faults[0])
        self.faults = tuple(faults)
        self.id = event_id


@dataclass(frozen=True, slots=True)
class Event:
    """A valid event. at: ms. size: bytes of its data, written compactly. digest: 32-bit hash of type and data.

    actor: who did it, as the source says.
    """

    type: str
    id: str
    source: str
    at: int
    data: Wire
    size: int
    digest: int
    flags: tuple[str, ...] = ()
    actor: str = ""


class _Twice(dict[str, Any]):
    """An object in which a key came twice; of two values neither can be trusted."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _Twice(found)


_decode = json.JSONDecoder(object_pairs_hook=_object).decode
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def decode(raw: bytes) -> Any:
    """JSON -> Python, with doubtful objects marked for `read`; a byte order mark is passed over. Raises Malformed."""
    try:
        return _decode(raw.removeprefix(BOM_UTF8).decode())
    except UnicodeDecodeError:
        raise Malformed("is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"is not JSON: line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Malformed("is nested too deep") from None
    except ValueError:
        raise Malformed("has a number of too many digits") from None


def parse(raw: bytes, received: int, depth: int = DEPTH) -> Event:
    """One event in structured mode. received: ms. Raises Malformed, Invalid."""
    return read(decode(raw), received, depth)


def parse_binary(attributes: Iterable[tuple[str, str]], body: bytes, received: int, depth: int = DEPTH) -> Event:
    """One event in binary mode. attributes: names without their prefix, values still percent-encoded."""
    event: dict[str, Any] = {}
    for name, value in attributes:
        if name in event:
            raise Invalid([Fault(_pointer([name]), "is given twice")], None)
        event[name] = _unquoted(name, value)
    if body:
        event["data"] = decode(body)
    return read(event, received, depth)


def _unquoted(name: str, value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Invalid([Fault(_pointer([name]), "is not percent-encoded UTF-8")], None) from None


def read(value: Any, received: int, depth: int = DEPTH) -> Event:
    """A decoded value -> an event. received: ms. Raises Invalid with every fault of the event."""
    faults = list(_unsafe(value, depth))
    if faults or not isinstance(value, dict):
        _reject(faults or [Fault("", "must be a JSON object")], value)
    kind = value.get("type")
    model = EVENTS.get(kind) if isinstance(kind, str) else None
    try:
        event = (model or Envelope).model_validate(value)
    except ValidationError as error:
        _reject([*_unknown_type(value, model), *map(_fault, error.errors(include_url=False))], value)
    if model is None:
        _reject(_unknown_type(value, model), value)
    if event.time > received + AHEAD:
        _reject([Fault("/time", "is more than 5 minutes ahead")], value)
    return _timed(_event(event, value["data"]), received)


def _event(event: Envelope, data: Any) -> Event:
    canonical = _canonical(data).encode()
    digest = crc32(canonical, crc32(event.type.encode()))
    actor = event.actor or ""
    return Event(event.type, event.id, event.source, event.time, event.data, len(canonical), digest, actor=actor)


def _timed(event: Event, received: int) -> Event:
    return event if event.at <= received else replace(event, at=received, flags=(FUTURE_TIME,))


def _unknown_type(value: Mapping[str, Any], model: type[Envelope] | None) -> list[Fault]:
    return [Fault("/type", "is not a known event type")] if model is None and isinstance(value.get("type"), str) else []


def _reject(faults: Sequence[Fault], value: Any) -> NoReturn:
    event_id = value.get("id") if isinstance(value, dict) else None
    usable = isinstance(event_id, str) and len(event_id) <= 256 and event_id.isprintable()
    raise Invalid(faults, event_id if usable else None) from None  # pydantic's error repeats the input


def _unsafe(value: Any, depth: int, path: tuple[str | int, ...] = ()) -> Iterable[Fault]:
    """What no model looks at, because it may hide in fields we ignore."""
    if isinstance(value, str):
        if not value.isascii() and not _encodable(value):
            yield Fault(_pointer(path), "has a lone surrogate")
    elif isinstance(value, float):
        if value - value != 0:
            yield Fault(_pointer(path), "must be a finite number")
    elif isinstance(value, dict | list):
        yield from _unsafe_inside(value, depth, path)


def _unsafe_inside(value: dict[str, Any] | list[Any], depth: int, path: tuple[str | int, ...]) -> Iterable[Fault]:
    if len(path) >= depth:
        yield Fault(_pointer(path), f"is nested more than {depth} deep")
        return
    if isinstance(value, _Twice):
        yield Fault(_pointer(path), "has a key twice")
    items: Iterable[tuple[str | int, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(key, str) and not key.isascii() and not _encodable(key):
            yield Fault(_pointer(path), "has a key with a lone surrogate")
        if isinstance(item, str) and item.isascii():
            continue  # the common case, without a call
        yield from _unsafe(item, depth, (*path, key))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pointer(path: Sequence[str | int]) -> str:
    """An RFC 6901 pointer that ends before the first name that is not ours."""
    parts = []
    for part in path:
        if isinstance(part, str) and part not in _KNOWN:
            break
        parts.append(f"/{part}")
    return "".join(parts)


def _fault(error: Any) -> Fault:
    detail = _DETAILS.get(error["type"], _fixed("is not valid"))(error)
    return Fault(_pointer(error["loc"]), detail)


def _said(error: Any) -> str:
    return str(error["msg"])


def _fixed(text: str) -> Callable[[Any], str]:
    return lambda error: text.format(**error.get("ctx", {}))


_DETAILS: dict[str, Callable[[Any], str]] = {
    "missing": _fixed("is required"),
    "string_type": _fixed("must be a string"),
    "string_too_short": _fixed("must have at least {min_length} character"),
    "string_too_long": _fixed("must have at most {max_length} characters"),
    "string_pattern_mismatch": _fixed("has characters that are not allowed here"),
    "bool_type": _fixed("must be true or false"),
    "int_type": _fixed("must be a whole number"),
    "float_type": _fixed("must be a number"),
    "list_type": _fixed("must be an array"),
    "dict_type": _fixed("must be an object"),
    "model_type": _fixed("must be an object"),
    "model_attributes_type": _fixed("must be an object"),
    "literal_error": _fixed("must be {expected}"),
    "too_long": _fixed("must have at most {max_length} entries"),
    "greater_than_equal": _fixed("must be {ge} or more"),
    "less_than_equal": _fixed("must be {le} or less"),
    "instant": _said,
    "place": _said,
    "span": _said,
    "scalar": _said,
}
"""Our words for pydantic's kinds of error; none of them repeats the input."""
