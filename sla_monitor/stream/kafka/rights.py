"""The least that each role has to be allowed on Kafka, as ACLs: what is told, given and checked."""

from __future__ import annotations

import asyncio
import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError

from sla_monitor.core.effects import Log, Public
from sla_monitor.errors import Misconfigured, Problem

from .access import Access
from .internals.protocol import allow, operations
from .refusals import REMEDY, explained
from .rows import ROWS
from .topics import OWNED

LIMIT = 20.0
"""Seconds for all answers."""


class Role(StrEnum):
    """Who connects; each should be a user of its own."""

    INGEST = "ingest"  # a foreign producer
    WORKER = "worker"
    WEB = "web"
    AUDIT = "audit"
    ADMIN = "admin"  # who runs the other commands


class Kind(Enum):
    """What a right is about; the number is the protocol's."""

    TOPIC = 2
    GROUP = 3
    TRANSACTIONAL_ID = 5

    def __str__(self) -> str:
        """As an option of Kafka's tools."""
        return self.name.lower().replace("_", "-")


class Operation(Enum):
    """What may be done; the number is the protocol's. Who may read or write may describe as well."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10

    def __str__(self) -> str:
        """As Kafka's tools call it."""
        return self.name.title().replace("_", "")


EVERYTHING = frozenset(operation.value for operation in Operation)


class Right(NamedTuple):
    """prefixed: whatever begins with the name."""

    operation: Operation
    kind: Kind
    name: str
    prefixed: bool = False


WORKERS = "workers"
"""The group of the workers, without the prefix."""

_ROWS = tuple(log + ROWS for log in OWNED)
_KEYED = tuple(log for log in OWNED if isinstance(log, Log))
_ALL = (*Log, *Public, *_ROWS)

TOPICS: Mapping[Role, Mapping[Operation, Sequence[str]]] = {
    Role.INGEST: {Operation.WRITE: tuple(Public)},
    Role.WORKER: {
        Operation.READ: (*OWNED, *_ROWS),
        Operation.WRITE: (*_KEYED, Log.OUTCOMES, Log.DEAD_LETTERS, *_ROWS),
    },
    Role.WEB: {
        Operation.READ: (Log.EVENTS + ROWS, Log.DESK + ROWS, Log.OUTCOMES),
        Operation.WRITE: (Log.PHONES, Log.EVENTS, Log.DESK, Public.LEADS),  # heartbeats come in like leads
        Operation.DESCRIBE: _ALL,
    },
    Role.AUDIT: {
        Operation.READ: (Log.EVENTS, Log.EVENTS + ROWS, Log.OUTCOMES),
        Operation.DESCRIBE: _ALL,
    },
    Role.ADMIN: {
        Operation.CREATE: _ALL,
        Operation.DESCRIBE: _ALL,
        Operation.DESCRIBE_CONFIGS: _ALL,
        Operation.READ: (Log.DESK, Log.OUTCOMES, Log.DEAD_LETTERS, *(log + ROWS for log in _KEYED)),
        Operation.WRITE: _KEYED,
    },
}
"""What each may do with topics, by their names without the prefix."""


def rights(role: Role, prefix: str) -> Iterator[Right]:
    """All that a role needs, and nothing else. prefix: of the topics."""
    for operation, topics in TOPICS[role].items():
        for topic in topics:
            yield Right(operation, Kind.TOPIC, prefix + topic)
    if role is Role.ADMIN:
        yield Right(Operation.DESCRIBE, Kind.GROUP, prefix + WORKERS)
    if role is Role.WORKER:
        yield Right(Operation.READ, Kind.GROUP, prefix + WORKERS)
        for log in OWNED:  # a partition's producer has the id of the partition
            yield Right(Operation.WRITE, Kind.TRANSACTIONAL_ID, f"{prefix}{log}-", prefixed=True)


def commands(role: Role, principal: str, prefix: str, servers: str) -> Iterator[str]:
    """Those of Kafka's own tool that give a principal the rights of a role."""
    groups: dict[tuple[Kind, Operation, bool], list[str]] = defaultdict(list)
    for right in rights(role, prefix):
        groups[right.kind, right.operation, right.prefixed].append(right.name)
    tool = f"kafka-acls.sh --bootstrap-server {servers} --command-config client.properties --add"
    for (kind, operation, prefixed), names in groups.items():
        pattern = " --resource-pattern-type prefixed" if prefixed else ""
        of = "".join(f" --{kind} {name}" for name in names)
        yield f"{tool} --allow-principal {shlex.quote(principal)} --operation {operation}{pattern}{of}"


async def give(access: Access, role: Role, principal: str, prefix: str) -> None:
    """Make the ACLs; the user has to be allowed to. Raises Misconfigured, Unavailable."""
    admin = AIOKafkaAdminClient(**access.client())
    try:
        async with asyncio.timeout(LIMIT):
            await admin.start()
            for operation, kind, name, prefixed in rights(role, prefix):
                await allow(admin, principal, operation.value, kind.value, name, prefixed=prefixed)
    except (KafkaError, TimeoutError, OSError) as error:
        raise await explained(access, error, "ACLs were not made") from error
    finally:
        await admin.close()


async def require(access: Access, role: Role, prefix: str) -> None:
    """Look whether this user may do with topics and group what its role needs.

    Raises Misconfigured naming every right that is missing; Unavailable.
    """
    needed = list(rights(role, prefix))
    admin = AIOKafkaAdminClient(**access.client())
    try:
        async with asyncio.timeout(LIMIT):
            await admin.start()
            denied = await _denied(admin, needed)
    except (KafkaError, TimeoutError, OSError) as error:
        raise await explained(access, error, "the rights of this user are not known") from error
    finally:
        await admin.close()
    names: dict[Operation, list[str]] = defaultdict(list)
    for right in denied:
        names[right.operation].append(right.name)
    if names:
        said = f"is not allowed; {REMEDY}"
        raise Misconfigured([Problem("Kafka", ", ".join(of), f"{operation} {said}") for operation, of in names.items()])


async def _denied(admin: AIOKafkaAdminClient, needed: Sequence[Right]) -> list[Right]:
    """Those that this user has not; topics that are missing are nobody's. Transactional ids tell when they are used."""
    topics = await operations(admin, [right.name for right in needed if right.kind is Kind.TOPIC])
    denied = [right for right in needed if right.operation.value not in topics.get(right.name, EVERYTHING)]
    groups = [right for right in needed if right.kind is Kind.GROUP]
    return denied + [right for right in groups if not await _sees(admin, right.name)]


async def _sees(admin: AIOKafkaAdminClient, group: str) -> bool:
    """Asked beforehand: a member that may not join would wait for ever."""
    try:
        await admin.find_coordinator(group)
    except GroupAuthorizationFailedError:
        return False
    except GroupCoordinatorNotAvailableError:
        pass  # the first question about a group has the cluster make a place for groups
    return True
