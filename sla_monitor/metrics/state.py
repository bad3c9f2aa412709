"""What the partitions of a process show at a scrape, as samples of the state gauges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from . import catalogue as m


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPartition:
    """What an owned partition shows at a scrape. Instants in real seconds since 1970.

    waiting, lag: records that were fetched and are not folded; offsets to the end of the log. oldest_record: of those
    that wait. open_leads: by the name of the state, every open state named; None where rows are no leads. pending:
    rows with a notice to deliver; None where rows are none. posts, gone: there, rows with an outcome to post, and
    webhooks that are disabled. oldest: the earliest start of a customer's clock that
    waits, or the earliest notice. ledger: see `core.ledger.Ledger.counts`.
    """

    topic: str
    number: int
    state: str
    waiting: int = 0
    lag: int = 0
    version: int = 0
    committed_at: float | None = None
    next_due: float | None = None
    oldest_record: float | None = None
    open_leads: Mapping[str, int] | None = None
    pending: int | None = None
    posts: int = 0
    gone: int = 0
    oldest: float | None = None
    ledger: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state behind the gauges at one instant.

    managers: open leads by holder. topics: partitions that somebody must own. calendars: whether each is open.
    """

    ready: bool = False
    partitions: tuple[OwnedPartition, ...] = ()
    managers: Mapping[str, int] = field(default_factory=dict)
    topics: Mapping[str, int] = field(default_factory=dict)
    calendars: Mapping[str, bool] = field(default_factory=dict)


Sample = tuple[m.Metric, tuple[str, ...], float]


def samples(snapshot: Snapshot) -> Iterator[Sample]:
    yield m.READY, (), float(snapshot.ready)
    for manager, count in snapshot.managers.items():
        yield m.MANAGER_OPEN_LEADS, (manager,), count
    for topic, partitions in snapshot.topics.items():
        yield m.TOPIC_PARTITIONS, (topic,), partitions
    for name, is_open in snapshot.calendars.items():
        yield m.CALENDAR_OPEN, (name,), float(is_open)
    for owned in snapshot.partitions:
        yield from _of_partition(owned)
        yield from _of_rows(owned)


def _of_partition(owned: OwnedPartition) -> Iterator[Sample]:
    """How a partition is doing; what is not known has no series."""
    place = owned.topic, str(owned.number)
    for state in m.OWNED_STATE.values:
        yield m.PARTITION_STATE, (*place, state), float(state == owned.state)
    yield m.PARTITION_WAITING, place, owned.waiting
    yield m.LAG, place, owned.lag
    yield m.POLICY_VERSION, place, owned.version
    instants = (
        (m.PARTITION_COMMITTED, owned.committed_at),
        (m.NEXT_TIMER, owned.next_due),
        (m.OLDEST_RECORD, owned.oldest_record),
    )
    yield from ((metric, place, at) for metric, at in instants if at is not None)


def _of_rows(owned: OwnedPartition) -> Iterator[Sample]:
    """What the rows of an open partition say, of leads or of notices."""
    number = str(owned.number)
    for state, count in (owned.open_leads or {}).items():
        yield m.OPEN_LEADS, (number, state), count
    if owned.pending is not None:
        yield m.NOTICES_PENDING, (number,), owned.pending
        yield m.WEBHOOKS_PENDING, (number,), owned.posts
        yield m.WEBHOOKS_DISABLED, (number,), owned.gone
    if owned.oldest is not None:
        yield (m.OLDEST_WAITING if owned.pending is None else m.OLDEST_NOTICE), (number,), owned.oldest
    if owned.open_leads is None:
        return
    for values in product(*(label.values for label in m.LEDGER.labels[1:])):
        yield m.LEDGER, (number, *values), owned.ledger.get("/".join(values), 0)
