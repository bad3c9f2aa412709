"""The topics that an installation needs, and those that a cluster has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, NoError, TopicAlreadyExistsError, for_code

from sla_monitor.core.effects import Log, Public
from sla_monitor.core.rules import DAY
from sla_monitor.errors import Misconfigured, Problem
from sla_monitor.settings import Settings

from .access import Access
from .refusals import FORBIDDEN, explained, forbidden
from .rows import ROWS

ONE = (Log.DESK, Log.DEAD_LETTERS)
"""Of these there is one partition: a fair choice needs one owner, and letters are read by people."""
OWNED: tuple[Log | Public, ...] = (Log.PHONES, Log.EVENTS, Log.DESK, Log.NOTIFICATIONS, *Public)
"""What a worker owns; each has its rows, or at least its place, beside it."""
LIMIT, SEEN = 20.0, 0.1
"""Seconds for an answer; seconds between two looks for what was made."""
BATCH_BYTES = 2 << 20
"""A step writes batches of up to 1 MiB, and one row of up to 256 KiB beyond that."""


REPLICAS = 3
"""Copies of a topic, where there are as many brokers."""


@dataclass(frozen=True, slots=True)
class Topic:
    """As it is to be. settings: what is not Kafka's default."""

    name: str
    partitions: int
    replicas: int
    settings: Mapping[str, str]


class Found(NamedTuple):
    """As it is. replicas: of the partition that has the fewest. settings: those that we care for, if asked for."""

    partitions: int
    replicas: int
    settings: Mapping[str, str]


class Cluster(NamedTuple):
    brokers: int
    topics: Mapping[str, Found]


def wanted(settings: Settings, brokers: int = REPLICAS) -> list[Topic]:
    """Every topic, those of rows included; a log and its rows are equal."""
    keep: dict[str, int] = {
        Log.OUTCOMES: settings.outcomes_retention,
        Log.DEAD_LETTERS: settings.dead_letters_retention,
    }
    replicas = settings.kafka_replication or min(REPLICAS, brokers)
    safe = {"min.insync.replicas": str(max(1, replicas - 1)), "unclean.leader.election.enable": "false"}
    topics = []
    for log in (*Log, *Public):
        name, count = settings.topic_prefix + log, 1 if log in ONE else settings.kafka_partitions
        kept = _kept(keep.get(log, settings.events_retention), log)
        topics.append(Topic(name, count, replicas, {**kept, **safe}))
        if log in OWNED:
            topics.append(Topic(name + ROWS, count, replicas, {**_compacted(settings.events_retention), **safe}))
    return topics


def _kept(span: int, log: Log | Public) -> Mapping[str, str]:
    """Of foreign producers' timestamps none is believed: an old one would be deleted before it was read.

    Nor their compression: unpacked by the brokers, a batch has to fit `max.message.bytes`; of a few KB it could fill
    the memory of every worker that reads it, one after another. Of our own timestamps all are believed: a compressed
    clock is soon further ahead of the broker than the hour that Kafka accepts.
    """
    ours = {"message.timestamp.after.max.ms": str(2**63 - 1)}
    foreign = {"message.timestamp.type": "LogAppendTime", "compression.type": "uncompressed"}
    common = {"cleanup.policy": "delete", "retention.ms": str(span), "max.message.bytes": str(BATCH_BYTES)}
    return common | (foreign if log in set(Public) else ours)


def _compacted(span: int) -> Mapping[str, str]:
    """Small segments, compacted early: opening reads what is not compacted yet; erased data is gone in time."""
    return {
        "cleanup.policy": "compact",
        "segment.bytes": str(64 << 20),
        "min.cleanable.dirty.ratio": "0.1",
        "max.compaction.lag.ms": str(span),
        "delete.retention.ms": str(DAY),
        "max.message.bytes": str(BATCH_BYTES),
    }


def findings(topics: Iterable[Topic], there: Mapping[str, int]) -> list[Problem]:
    """What a worker cannot work with: topics that are missing, or have another number of partitions."""
    remedy = "run `sla-monitor topics apply`"
    more = (
        "a count is never changed in place, for keys would move and their rows would not: "
        "docs/runbooks/more-partitions.md says what to do"
    )
    found = []
    for topic in topics:
        count = there.get(topic.name)
        if count is None:
            found.append(Problem("Kafka", topic.name, f"is missing; {remedy}"))
        elif count != topic.partitions:
            found.append(Problem("Kafka", topic.name, f"has {count} partitions, not {topic.partitions}; {more}"))
    return found


def differences(topics: Iterable[Topic], there: Mapping[str, Found], servers: str) -> list[Problem]:
    """Settings and replicas that are not as they are to be, each with the command that changes them."""
    problems = []
    for topic in topics:
        found = there.get(topic.name)
        if found is None:
            continue
        off = {name: value for name, value in topic.settings.items() if found.settings.get(name) != value}
        if off:
            what = ", ".join(f"{name} {found.settings.get(name)}, not {value}" for name, value in off.items())
            problems.append(Problem("Kafka", topic.name, f"has {what}; run `{_alter(servers, topic.name, off)}`"))
        if found.replicas < topic.replicas:
            what = f"is kept on {found.replicas} brokers, not {topic.replicas}"
            problems.append(Problem("Kafka", topic.name, f"{what}; kafka-reassign-partitions.sh puts it on more"))
    return problems


async def require(access: Access, settings: Settings) -> dict[str, int]:
    """Topic -> partitions of all that is needed. Raises Misconfigured naming all that is missing; Unavailable."""
    topics = wanted(settings)
    cluster = await look(access)
    problems = findings(topics, counts(cluster.topics))
    if problems:
        raise Misconfigured(problems)
    return {topic.name: topic.partitions for topic in topics}


async def apply(access: Access, settings: Settings) -> tuple[list[str], list[Problem]]:
    """Make what is missing: (the names of it, what differs in what was there, which stays as it is).

    Raises Misconfigured when a count would have to change, or a broker refuses; Unavailable.
    """
    cluster = await look(access, settings)
    topics = wanted(settings, cluster.brokers)
    unequal = [problem for problem in findings(topics, counts(cluster.topics)) if problem.path in cluster.topics]
    if unequal:
        raise Misconfigured(unequal)
    missing = [topic for topic in topics if topic.name not in cluster.topics]
    if missing:
        await _create(access, missing)
    return [topic.name for topic in missing], differences(topics, cluster.topics, access.servers)


async def look(access: Access, settings: Settings | None = None) -> Cluster:
    """What there is. settings: of the installation whose topics are looked at closely. Raises Unavailable."""
    async with administering(access, "topics are not known") as admin:
        # All topics: where brokers make topics by themselves, a question for one that is missing would make it.
        described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
        brokers = len((await admin.describe_cluster())["brokers"])
        ours = [topic for topic in wanted(settings) if topic.name in described] if settings else []
        close = await _settings(access, admin, ours)
    topics = {
        name: Found(len(partitions), min(len(one["replicas"]) for one in partitions), close.get(name, {}))
        for name, partitions in described.items()
        if partitions
    }
    return Cluster(brokers, topics)


def counts(topics: Mapping[str, Found]) -> dict[str, int]:
    """Topic -> partitions."""
    return {name: found.partitions for name, found in topics.items()}


async def _settings(access: Access, admin: AIOKafkaAdminClient, topics: Iterable[Topic]) -> dict[str, dict[str, str]]:
    """Topic -> the settings that we care for, as they are."""
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=dict(topic.settings)) for topic in topics]
    found = {}
    for answer in await admin.describe_configs(asked):
        for code, why, _, name, entries in answer.resources:
            if for_code(code) is not NoError:
                raise await explained(access, for_code(code)(why or ""), f"the settings of {name} are not known")
            found[name] = {key: value for key, value, *_ in entries}
    return found


async def _create(access: Access, topics: Collection[Topic]) -> None:
    new = [NewTopic(t.name, t.partitions, t.replicas, topic_configs=dict(t.settings)) for t in topics]
    async with administering(access, "topics were not made") as admin:
        answer = await admin.create_topics(new)
    problems: list[Problem] = []
    for name, code, *why in answer.topic_errors:
        refusal = for_code(code)
        if issubclass(refusal, FORBIDDEN):
            problems += forbidden(refusal(), f"{name} was not made").problems
        elif refusal not in (NoError, TopicAlreadyExistsError):
            problems.append(Problem("Kafka", name, f"was not made: {refusal.__name__} {why[0] if why else ''}".strip()))
    if problems:
        raise Misconfigured(problems)
    await _seen(access, {topic.name for topic in topics})


async def _seen(access: Access, names: set[str]) -> None:
    """Brokers hear of new topics a moment after the answer; a worker that starts at once must not miss any."""
    async with administering(access, "topics were made and are not seen") as admin:
        while not names <= set(await admin.list_topics()):  # noqa: ASYNC110 - a broker tells nobody
            await asyncio.sleep(SEEN)


@asynccontextmanager
async def administering(access: Access, failed: str) -> AsyncIterator[AIOKafkaAdminClient]:
    """Raises Unavailable, which says what failed."""
    admin = AIOKafkaAdminClient(**access.client())
    try:
        async with asyncio.timeout(LIMIT):
            await admin.start()
            yield admin
    except (KafkaError, TimeoutError, OSError) as error:
        raise await explained(access, error, failed) from error
    finally:
        await admin.close()


def _alter(servers: str, topic: str, settings: Mapping[str, Any]) -> str:
    """Said, not done: aiokafka has no incremental change, and would reset every setting that it does not name."""
    added = ",".join(f"{name}={value}" for name, value in settings.items())
    return (
        f"kafka-configs.sh --bootstrap-server {servers} --entity-type topics --entity-name {topic} "
        f"--alter --add-config {added}"
    )
