"""What the partitions of a process show at a scrape, as samples of the state gauges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from . import catalogue as m

PARTITION_STATES = ("opening", "running", "retrying", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPartition:
    """What an owned partition shows at a scrape. Instants in ms.

    open_leads: by the name of the state, every open state named; None where rows are no leads.
    oldest: the earliest start of a customer's clock that waits.
    """

    topic: str
    number: int
    state: str
    waiting: int = 0
    version: int = 0
    committed_at: int | None = None
    next_due: int | None = None
    open_leads: Mapping[str, int] | None = None
    oldest: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state behind the gauges at one instant. managers: open leads by holder."""

    ready: bool = False
    partitions: tuple[OwnedPartition, ...] = ()
    managers: Mapping[str, int] = field(default_factory=dict)


Sample = tuple[m.Metric, tuple[str, ...], float]


def samples(snapshot: Snapshot) -> Iterator[Sample]:
    yield m.READY, (), float(snapshot.ready)
    for manager, count in snapshot.managers.items():
        yield m.MANAGER_OPEN_LEADS, (manager,), count
    for owned in snapshot.partitions:
        yield from _of_partition(owned)


def _of_partition(owned: OwnedPartition) -> Iterator[Sample]:
    number = str(owned.number)
    place = owned.topic, number
    for state in dict.fromkeys((*PARTITION_STATES, owned.state)):
        yield m.PARTITION_STATE, (*place, state), float(state == owned.state)
    yield m.PARTITION_WAITING, place, owned.waiting
    yield m.POLICY_VERSION, place, owned.version
    if owned.committed_at is not None:
        yield m.PARTITION_COMMITTED, place, owned.committed_at / 1000
    if owned.next_due is not None:
        yield m.NEXT_TIMER, place, owned.next_due / 1000
    for state, count in (owned.open_leads or {}).items():
        yield m.OPEN_LEADS, (number, state), count
    if owned.oldest is not None:
        yield m.OLDEST_WAITING, (number,), owned.oldest / 1000
