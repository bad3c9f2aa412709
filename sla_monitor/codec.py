"""Bytes of the logs: records and rows, and the outcomes as CloudEvents.

A record is `Name {json}`: the name of a fact or effect (`wire_names`), a space, its fields. A row is a fixed header
(`HEADER`, then the holder's bytes), then its name, a space, and as MessagePack the fields that have not their default:
all open rows are kept in memory, and JSON would take a third more of it. Rows of an older version whose header is the
same are read through `upgrades`; what was added to a record since has a default.
"""

from __future__ import annotations

import re
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from functools import lru_cache, reduce
from operator import attrgetter
from typing import Any, TypedDict, get_type_hints
from urllib.parse import quote

import msgspec

from .core import effects, events
from .core.instants import in_utc
from .core.ledger import Ledger
from .core.row import Header, Row
from .errors import GiveUp
from .upgrades import steps_of
from .wire_names import RECORDS, ROWS

HEADER = struct.Struct(">BqBqH")  # version, next_due, status, started_at, length of the holder
VERSION = 3
READ = (2, VERSION)
"""The versions that are read; the newest is written. They have one header, so what needs only that reads them all."""
NEVER = (1 << 63) - 1

OURS = b"\0"
"""What the keys of the rows begin with that are no reducer's."""
RULES_KEY = OURS + b"rules"
"""The row that keeps the policy in force (R33)."""
LEDGER_KEY = OURS + b"ledger"
"""The row that counts what was decided in a partition of leads."""

_encode = msgspec.json.Encoder().encode
_plain = re.compile("[A-Za-z0-9_.~-]*").fullmatch
_pack = msgspec.msgpack.Encoder().encode
_decoders: dict[bytes, Callable[[bytes], Any]] = {
    name: msgspec.json.Decoder(kind).decode for kind, name in RECORDS.items()
}


class Undecodable(GiveUp):
    """Bytes that are no record or row of this version."""


def encode_record(fact: object) -> bytes:
    """The bytes of a fact or an appended effect; `Accept` and `Deliver` are written as the fact they carry."""
    if isinstance(fact, (effects.Accept, effects.Deliver)):
        fact = fact.fact
    return RECORDS[type(fact)] + b" " + _encode(fact)


def decode_record(value: bytes | None) -> Any:
    """The fact of a record. Raises Undecodable."""
    name, _, body = (value or b"").partition(b" ")
    decode = _decoders.get(name)
    if decode is None:
        raise Undecodable("not a record of this version")
    try:
        return decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Undecodable("a record whose fields do not fit") from error


class RowCodec:
    """Bytes of the rows of one log. rows: the dataclasses it may hold."""

    def __init__(self, rows: Iterable[type]) -> None:
        kinds = tuple(rows)
        self._makers = {ROWS[kind]: (kind, _given(kind)) for kind in kinds}
        self._writers = {kind: (ROWS[kind] + b" ", *_mirror(kind)) for kind in kinds}

    def encode(self, row: Row) -> bytes:
        header = row.header()
        holder = header.holder.encode()
        due = NEVER if header.next_due is None else header.next_due
        name, mirror, read = self._writers[type(row)]
        head = HEADER.pack(VERSION, due, header.status, header.started_at, len(holder))
        return b"".join((head, holder, name, _pack(mirror(*read(row)))))

    def decode(self, value: bytes) -> Any:
        """The row, afresh: the caller owns it. Raises Undecodable."""
        name, body = fields_of(value)
        try:
            kind, given = self._makers[name]
            return kind(**given(body))
        except (KeyError, TypeError, msgspec.MsgspecError) as error:
            raise Undecodable("a row whose fields do not fit") from error


def fields_of(value: bytes) -> tuple[bytes, bytes]:
    """(wire name, MessagePack of its fields) of a row, as the present version has them. Raises Undecodable."""
    version = value[0]
    if version not in READ:
        raise _of_another_version("row", version)
    name, _, body = value[HEADER.size + HEADER.unpack_from(value)[4] :].partition(b" ")
    return name, body if version == VERSION else _upgraded(name, version, body)


def _upgraded(name: bytes, version: int, body: bytes) -> bytes:
    steps = steps_of(name, version, VERSION)
    if not steps:
        return body
    try:
        return _pack(reduce(lambda fields, step: step(fields), steps, msgspec.msgpack.decode(body)))
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError, AttributeError) as error:
        raise Undecodable(f"a row of version {version} whose fields do not fit") from error


def _of_another_version(what: str, version: int) -> Undecodable:
    return Undecodable(f"a {what} of version {version}; this program reads versions {READ[0]} to {VERSION}")


def next_due(value: bytes) -> int:
    """The instant in a row's header, ms; `NEVER` when its timer is off."""
    return int.from_bytes(value[1:9])


def read_header(value: bytes) -> Header:
    """The header of a row's bytes, without decoding the rest."""
    _, due, status, started_at, length = HEADER.unpack_from(value)
    holder = value[HEADER.size : HEADER.size + length].decode()
    return Header(None if due == NEVER else due, status, started_at, holder)


def with_next_due(value: bytes, due: int) -> bytes:
    """The same row with another instant in its header."""
    return value[:1] + due.to_bytes(8) + value[9:]


def encode_rules_row(fact: events.RulesChanged) -> bytes:
    """The row at `RULES_KEY`: a header like any other row's, then the record."""
    return HEADER.pack(VERSION, NEVER, 0, 0, 0) + encode_record(fact)


def decode_rules_row(value: bytes) -> events.RulesChanged:
    """The policy in force. Raises Undecodable."""
    if value[0] not in READ:
        raise _of_another_version("policy row", value[0])
    fact = decode_record(value[HEADER.size :])
    if not isinstance(fact, events.RulesChanged):
        raise Undecodable("a policy row that holds no policy")
    return fact


def _given(kind: type) -> Callable[[bytes], dict[str, Any]]:
    """Decodes the fields that are there; the class fills in its defaults ten times as fast as msgspec would."""
    typed: Any = TypedDict
    decoder: msgspec.msgpack.Decoder[dict[str, Any]] = msgspec.msgpack.Decoder(
        typed(kind.__name__, get_type_hints(kind), total=False)
    )
    return decoder.decode


def _mirror(kind: type) -> tuple[type[msgspec.Struct], Callable[[Any], tuple[Any, ...]]]:
    """A struct of the same fields, which msgspec writes without those that have their default, and what reads them all.

    A row has two fields at least: of one alone `attrgetter` would give the value, not a tuple.
    """
    described = [(field.name, Any, _default(field)) for field in fields(kind)]
    mirror = msgspec.defstruct(kind.__name__, described, omit_defaults=True, gc=False)
    return mirror, attrgetter(*(name for name, *_ in described))


def _default(field: Field[Any]) -> Any:
    """As a struct has it."""
    if field.default_factory is not MISSING:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field() if field.default is MISSING else field.default


LEDGERS = RowCodec((Ledger,))
"""The row at `LEDGER_KEY`."""


def outcome_id(outcome: effects.Publish) -> str:
    """`lead:turn:type[:qualifier]`, each part percent-encoded: the same for the same decision."""
    parts = [outcome.lead_id, str(outcome.turn), outcome.type]
    if outcome.qualifier:
        parts.append(outcome.qualifier)
    return ":".join(map(_percent_encoded, parts))


def _percent_encoded(part: str) -> str:
    return part if _plain(part) else quote(part, safe="")


def encode_outcome(outcome: effects.Publish, after: int | None = None) -> bytes:
    """An outcome as CloudEvents JSON. after: the offset of the last record applied before a timer's decision."""
    data: dict[str, Any] = {"lead_id": outcome.lead_id, "turn": outcome.turn, **legible(outcome.data)}
    if after is not None:
        data["after"] = after
    return _cloud_event(outcome_id(outcome), outcome.type, outcome.at, outcome.lead_id, data)


def encode_test(webhook: str, at: int) -> tuple[str, bytes]:
    """(id, event) by which somebody tries whether a webhook takes outcomes."""
    event_id = ":".join(("test", _percent_encoded(webhook), str(at)))
    return event_id, _cloud_event(event_id, "webhook.test", at, webhook, {"webhook": webhook})


def _cloud_event(event_id: str, kind: str, at: int, subject: str, data: Mapping[str, Any]) -> bytes:
    return _encode(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/sla-monitor",
            "type": kind + ".v1",
            "time": rfc3339(at),
            "subject": subject,
            "datacontenttype": "application/json",
            "data": data,
        }
    )


def legible(data: Mapping[str, Any]) -> dict[str, Any]:
    """An outcome's details as people and integrators read them: instants (`*_at`, `until`) as RFC 3339."""
    return {name: rfc3339(value) if name.endswith("_at") or name == "until" else value for name, value in data.items()}


@lru_cache(4096)
def rfc3339(at: int) -> str:
    """An instant in ms as RFC 3339 in UTC with milliseconds. Known by heart: a step's outcomes share theirs."""
    return in_utc(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that could not be used. topic, offset: where it lay; offset None if it was no record of its own.

    received: when it was accepted, ms. key, value: as they were; None where they are left out (R31).
    detail: what is wrong with it, if more than the reason is known.
    """

    reason: str
    topic: str
    offset: int | None
    received: int
    key: bytes | None
    value: bytes | None
    detail: str = ""


def encode_note(note: Mapping[str, Any]) -> bytes:
    """What a dead letter that stands for no record says instead of one."""
    return _encode(note)


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """JSON; bytes that are no UTF-8 are written as `{"base64": ...}`."""
    return _encode(legible_letter(letter))


def legible_letter(letter: DeadLetter) -> dict[str, Any]:
    """The fields of a dead letter as JSON has them."""
    return {field.name: _legible(getattr(letter, field.name)) for field in fields(letter)}


def decode_dead_letter(value: bytes) -> DeadLetter:
    """Raises Undecodable."""
    try:
        data = msgspec.json.decode(value)
        key, value_ = _raw(data.pop("key")), _raw(data.pop("value"))
        return DeadLetter(key=key, value=value_, **data)
    except (msgspec.MsgspecError, UnicodeDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Undecodable("not a dead letter") from error


def _legible(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


def _raw(value: Any) -> bytes | None:
    if isinstance(value, dict):
        return b64decode(value["base64"])
    return None if value is None else value.encode()
