"""Brokers with which the promise may not hold."""

from __future__ import annotations

from collections.abc import Mapping

from sla_monitor.errors import Problem

from .access import Access
from .internals.protocol import features
from .topics import administering

FEATURE, FORGETFUL = "metadata.version", range(30, 34)
"""Of Kafka 4.3.0 (level 30) to 4.4.0 (33); the version itself is told nobody."""


async def doubtful(access: Access) -> list[Problem]:
    """What is to be known of the brokers that there are. Raises Unavailable."""
    async with administering(access, "the brokers' versions are not known") as admin:
        return findings(await features(admin))


def findings(levels: Mapping[int, Mapping[str, int]]) -> list[Problem]:
    """levels: broker -> feature -> the highest that it has."""
    affected = sorted(broker for broker, known in levels.items() if known.get(FEATURE) in FORGETFUL)
    if not affected:
        return []
    which = "broker " + str(affected[0]) if len(affected) == 1 else "brokers " + ", ".join(map(str, affected))
    what = (
        "of Kafka 4.3 or 4.4, which may leave transactions open for ever when a partition has no leader (KAFKA-20734): "
        "docs/runbooks/hanging-transaction.md says which versions do not"
    )
    return [Problem("Kafka", which, what)]
