"""`sla-monitor worker` that counts what the wait for intake asks the brokers; `looking.py blind` never waits.

Says what it counted when it ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from sla_monitor import kafka_worker
from sla_monitor.cli import main
from sla_monitor.stream.horizon import Present

asked: Counter[str] = Counter()


class Blind(Present):
    """A horizon in whose place nobody waits."""

    def __init__(self, clock: Any, *_: Any) -> None:
        super().__init__(clock)

    async def run(self) -> None:
        await asyncio.Event().wait()


def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    async def counting(*args: Any) -> Any:
        asked[name] += 1
        return await call(*args)

    return counting


if __name__ == "__main__":
    topics: Any = kafka_worker.PublicTopics
    topics.ends = counted("ends", topics.ends)
    topics.passed = counted("passed", topics.passed)
    if sys.argv[1:] == ["blind"]:
        kafka_worker.IntakeHorizon = Blind  # type: ignore[assignment, misc]
    sys.argv[1:] = ["worker"]
    try:
        main()
    finally:
        sys.stdout.write(json.dumps(asked) + "\n")
