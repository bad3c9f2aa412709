"""The public topics of Kafka come in here: a log without rows, whose steps only pass on what was sent.

Nothing relies on a foreign producer's partitions, keys or order: each event is keyed anew by its lead or number, and
what came twice or late is the reducers' business. Any event is taken from any of the topics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sla_monitor import codec, wire
from sla_monitor.core.effects import Accept, Bury, Count, Effect, Log, Public
from sla_monitor.core.events import Heartbeat
from sla_monitor.core.fold import Rows
from sla_monitor.core.heartbeat import PREFIX, Stage, passed
from sla_monitor.core.row import Header
from sla_monitor.core.rules import Rules
from sla_monitor.records import Partition, Stored

from .folding import Read, Role
from .placement import partition_of
from .step import ROW_BYTES

HOME: Mapping[str, frozenset[Public]] = {
    "lead": frozenset({Public.LEADS}),
    "call": frozenset({Public.CALLS}),
    "contact": frozenset({Public.LEADS, Public.CALLS}),
    "manager": frozenset({Public.MANAGERS}),
}
"""Where an event is expected, by the first word of its type; elsewhere it is taken as well, and counted."""

HEARTBEAT = PREFIX.encode()

ACCEPTED = "accepted"
TOMBSTONE = "tombstone"
OTHER_TOPIC = "other_topic"
KEY_MISMATCH = "key_mismatch"
PARTITION_MISMATCH = "partition_mismatch"
"""What is counted: the key is not the lead or number; the partition is not where Kafka's own clients put the key."""

MALFORMED, INVALID, OVERSIZE = "malformed", "invalid", "too_large"
"""Why an event becomes a dead letter: no JSON; not what docs/events.md describes; above SLA_EVENT_BYTES."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """A message of somebody else's, in structured mode. number: of its partition."""

    key: bytes | None
    value: bytes | None
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A reducer without rows. source: the name of a CloudEvents `source`. event: bytes; depth: levels of JSON.

    partitions: of this topic; leads: of the log of leads.
    """

    topic: Public
    routing: wire.Routing
    source: Callable[[str], str]
    event: int
    depth: int
    partitions: int
    leads: int

    @property
    def kinds(self) -> tuple[type, ...]:
        return ()

    def fold(self, _rows: Rows, _key: str, fact: Foreign, now: int, _rules: Rules) -> list[Effect]:
        """Effects of one message: received at the instant of the step."""
        if fact.value is None:
            return [Count(TOMBSTONE)]
        if len(fact.value) > self.event:
            detail = f"must have at most {self.event} bytes"
            return [Bury(reason=OVERSIZE, detail=detail, data=len(fact.value) <= ROW_BYTES)]
        if (fact.key or b"").startswith(HEARTBEAT):
            return self._pass(fact.value, now)
        try:
            event = wire.parse(fact.value, now, self.depth)
        except wire.Malformed as error:
            return [Bury(reason=MALFORMED, detail=error.detail)]
        except wire.Invalid as error:
            return [Bury(reason=INVALID, detail="; ".join(f"{at or '/'} {what}" for at, what in error.faults))]
        if wire.reserved(event.source):
            return [Bury(reason=INVALID, detail=f"/source {wire.RESERVED_DETAIL}")]
        return self._enter(fact, event, now)

    def moved(self, key: bytes, old: Header | None, new: Header | None) -> None:
        """There are no rows."""

    def _pass(self, value: bytes, now: int) -> list[Effect]:
        """A heartbeat; one that is not ours could say anything, and claim to come from tomorrow."""
        try:
            beat = codec.decode_record(value)
        except codec.Undecodable:
            beat = None
        if not isinstance(beat, Heartbeat) or partition_of(beat.key.encode(), self.leads) != beat.partition:
            return [Bury(reason=MALFORMED, detail="is no heartbeat of sla-monitor")]
        beat = replace(beat, at=min(beat.at, now))
        return [Accept(Log.EVENTS, beat.key, beat), passed(beat, Stage.INTAKE)]

    def _enter(self, fact: Foreign, event: wire.Event, now: int) -> list[Effect]:
        accept, counts, also = self.routing.enter(event, now, self.source(event.source))
        counted: list[Effect] = [*also, Count(ACCEPTED), *map(Count, counts)]
        if self.topic not in HOME[event.type.partition(".")[0]]:
            counted.append(Count(OTHER_TOPIC))
        if accept is None:
            return [*counted]
        return [accept, *counted, *map(Count, self._mismatches(fact, accept))]

    def _mismatches(self, fact: Foreign, accept: Accept) -> list[str]:
        found = [KEY_MISMATCH] if fact.key != accept.key.encode() else []
        if fact.key is not None and partition_of(fact.key, self.partitions) != fact.number:
            found.append(PARTITION_MISMATCH)
        return found


def read_foreign(stored: Stored, partition: Partition, now: int) -> Read:
    """Of a timestamp that cannot be, only the instant of reading is believed."""
    at = stored.timestamp if 0 <= stored.timestamp <= now else now
    value = None if stored.value is None else wire.structured(stored.headers, stored.value)
    stored = Stored(stored.offset, stored.key, value, at)
    return Read(stored, "", Foreign(stored.key, value, partition.number))


def intake_role(
    topic: Public,
    routing: wire.Routing,
    source: Callable[[str], str],
    *,
    event: int,
    depth: int,
    partitions: int,
    leads: int,
) -> Role:
    """What the owner of a partition of a public topic does. See `Intake`."""
    intake = Intake(
        topic=topic, routing=routing, source=source, event=event, depth=depth, partitions=partitions, leads=leads
    )
    return Role(topic, lambda: intake, read=read_foreign)
