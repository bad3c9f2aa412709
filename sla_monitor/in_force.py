"""Which policy is in force, and how another one comes into force (R33)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from operator import attrgetter

from . import codec
from .core.effects import Log
from .core.events import RulesChanged
from .core.rules import Rules
from .errors import TryAgain
from .logs import KEYED, Logs
from .policy import same
from .records import Record

POLL = 1.0
"""Seconds between two looks for another policy in force: any process may have applied it."""

_version = attrgetter("version")


async def rules_in_force(logs: Logs, log: Log = Log.EVENTS) -> list[Rules]:
    """The policy that each partition of a log decides by; the built-in one, version 0, before any was applied."""
    topic = logs.topic(log)
    rows = [await logs.reader.row(topic, codec.RULES_KEY, number) for number in range(logs.topics[topic])]
    return [codec.decode_rules_row(row).rules if row else Rules() for row in rows]


async def newest_rules(logs: Logs) -> Rules:
    """The policy that was written last: in force, or as soon as a worker reads it. Version 0: none was written."""
    place = await logs.reader.place(logs.topic(Log.DESK))  # before the rows, which may move on meanwhile
    newest = max(await rules_in_force(logs, Log.DESK), key=_version)
    async for record in logs.records(Log.DESK, place):  # the shortest of the logs that have it
        if record.key == codec.RULES_KEY:
            newest = max(newest, codec.decode_record(record.value).rules, key=_version)
    return newest


async def apply_rules(logs: Logs, rules: Rules, now: int) -> tuple[Rules, bool]:
    """Write a policy to every partition with a higher version, if it says anything new.

    The version is the second it was applied in, or one more than the last.
    Returns the policy with its version, and whether it was new.
    """
    newest = await newest_rules(logs)
    if newest.version and same(newest, rules):
        return newest, False
    applied = replace(rules, version=max(newest.version + 1, now // 1000))
    value = codec.encode_record(RulesChanged(version=applied.version, rules=applied, at=now))
    written = [partition for log in KEYED for partition in logs.partitions(log)]
    await logs.inbox.append([Record(topic, codec.RULES_KEY, value, now, number) for topic, number in written])
    return applied, True


async def apply_first(logs: Logs, rules: Rules, now: int) -> None:
    """Write a policy where none has been written yet."""
    if not (await newest_rules(logs)).version:
        await apply_rules(logs, rules, now)


async def follow_rules(logs: Logs, known: Callable[[], Rules], adopt: Callable[[Rules], None]) -> None:
    """Adopt every policy that comes into force, whoever applied it, until cancelled. Raises LogLost."""
    while True:
        with suppress(TryAgain, codec.Undecodable):  # a newer program may have written it
            force = max(await rules_in_force(logs), key=_version)
            if force.version > known().version:
                adopt(force)
        await asyncio.sleep(POLL)
