"""The topics that an installation needs, and those that a cluster has."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

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
LIMIT = 20.0
"""Seconds for an answer."""
BATCH_BYTES = 2 << 20
"""A step writes batches of up to 1 MiB, and one row of up to 256 KiB beyond that."""


@dataclass(frozen=True, slots=True)
class Topic:
    """configs: what is not Kafka's default."""

    name: str
    partitions: int
    configs: Mapping[str, str]


def wanted(settings: Settings) -> list[Topic]:
    """Every topic, those of rows included; a log and its rows are equal."""
    keep: dict[str, int] = {
        Log.OUTCOMES: settings.outcomes_retention,
        Log.DEAD_LETTERS: settings.dead_letters_retention,
    }
    topics = []
    for log in (*Log, *Public):
        name, count = settings.topic_prefix + log, 1 if log in ONE else settings.kafka_partitions
        topics.append(Topic(name, count, _kept(keep.get(log, settings.events_retention), log)))
        if log in OWNED:
            topics.append(Topic(name + ROWS, count, _compacted(settings.events_retention)))
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


async def existing(access: Access) -> dict[str, int]:
    """Topic -> partitions. Raises Unavailable."""
    return (await _look(access))[0]


def findings(topics: Iterable[Topic], there: Mapping[str, int]) -> list[Problem]:
    """What is missing, or has another number of partitions."""
    remedy = "run `sla-monitor topics apply`"
    more = "a count is never changed in place, for keys would move and their rows would not: use another topic prefix"
    found = []
    for topic in topics:
        count = there.get(topic.name)
        if count is None:
            found.append(Problem("Kafka", topic.name, f"is missing; {remedy}"))
        elif count != topic.partitions:
            found.append(Problem("Kafka", topic.name, f"has {count} partitions, not {topic.partitions}; {more}"))
    return found


async def require(access: Access, settings: Settings) -> dict[str, int]:
    """Topic -> partitions of all that is needed. Raises Misconfigured naming all that is missing; Unavailable."""
    topics, there = wanted(settings), await existing(access)
    problems = findings(topics, there)
    if problems:
        raise Misconfigured(problems)
    return {topic.name: topic.partitions for topic in topics}


async def apply(access: Access, settings: Settings) -> list[str]:
    """Make what is missing; the names of it. Raises Misconfigured when a count would have to change; Unavailable."""
    there, brokers = await _look(access)
    missing = [topic for topic in wanted(settings) if topic.name not in there]
    unequal = [problem for problem in findings(wanted(settings), there) if problem.path in there]
    if unequal:
        raise Misconfigured(unequal)
    replicas = settings.kafka_replication or min(3, brokers)
    new = [NewTopic(t.name, t.partitions, replicas, topic_configs=_durable(t.configs, replicas)) for t in missing]
    if new:
        await _create(access, new)
    return [topic.name for topic in missing]


def _durable(configs: Mapping[str, str], replicas: int) -> dict[str, str]:
    return {**configs, "min.insync.replicas": str(max(1, replicas - 1)), "unclean.leader.election.enable": "false"}


async def _create(access: Access, new: list[NewTopic]) -> None:
    admin = AIOKafkaAdminClient(**access.client())
    try:
        async with asyncio.timeout(LIMIT):
            await admin.start()
            answer = await admin.create_topics(new)
    except (KafkaError, TimeoutError, OSError) as error:
        raise await explained(access, error, "topics were not made") from error
    finally:
        await admin.close()
    for name, code, *why in answer.topic_errors:
        refusal = for_code(code)
        if issubclass(refusal, FORBIDDEN):
            raise forbidden(refusal(), f"{name} was not made")
        if code and refusal is not TopicAlreadyExistsError:
            raise Misconfigured([Problem("Kafka", name, f"was not made: {refusal.__name__} {why[0] if why else ''}")])


async def _look(access: Access) -> tuple[dict[str, int], int]:
    """(topic -> partitions, number of brokers)."""
    admin = AIOKafkaAdminClient(**access.client())
    try:
        async with asyncio.timeout(LIMIT):
            await admin.start()
            described = await admin.describe_topics()
            cluster = await admin.describe_cluster()
    except (KafkaError, TimeoutError, OSError) as error:
        raise await explained(access, error, "topics are not known") from error
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in described}, len(cluster["brokers"])
