"""What was wrong once and stays wrong: told by all the outcomes of a lead, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import NamedTuple

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY
from sla_monitor.logs import Logs
from sla_monitor.stream.placement import partition_of

from .findings import Finding, Wrong
from .published import GIVEN, Outcome, outcome_of


class Told(NamedTuple):
    """An outcome where it lies. at: ms."""

    offset: int
    at: int
    outcome: Outcome


Story = Sequence[Told]


async def stories(logs: Logs, keys: Collection[bytes]) -> Mapping[bytes, Story]:
    """All that is kept of what was decided about some leads. Raises Unavailable, LogLost, Undecodable."""
    found: dict[bytes, list[Told]] = defaultdict(list)
    async for record in logs.records(Log.OUTCOMES):
        if record.key is not None and record.key in keys:
            found[record.key].append(Told(record.offset, record.timestamp, outcome_of(record)))
    return found


def look_back(key: bytes, story: Story, partitions: int, complete_since: int, again: int) -> Iterator[Finding]:
    """Whatever is wrong in the past of a lead. again: ms after which a lead that was forgotten may begin anew."""

    def finding(kind: Wrong, told: Told, what: str) -> Finding:
        partition, lead_id = partition_of(key, partitions), key.decode(errors="replace")
        return Finding(kind=kind, lead_id=lead_id, partition=partition, since=told.at, what=what)

    for first, second in _doubled(story, again):
        what = f"{second.outcome.id} at the offsets {first.offset} and {second.offset}"
        yield finding(Wrong.DOUBLED, second, what)
    for breach in _overtaken(story):
        if breach.at > complete_since + DAY:  # who had it then may have been told before the first that is kept
            what = f"nothing followed the breach of turn {breach.outcome.data.turn} before the next"
            yield finding(Wrong.UNFOLLOWED, breach, what)


def _doubled(story: Story, again: int) -> Iterator[tuple[Told, Told]]:
    """The same decision twice. One of a lead that was forgotten meanwhile is another's."""
    seen: dict[str, Told] = {}
    for told in story:
        before = seen.get(told.outcome.id)
        if before is not None and told.at - before.at < again:
            yield before, told
        seen[told.outcome.id] = told


def _overtaken(story: Story) -> Iterator[Told]:
    """Breaches with another behind them and nothing in between that must be, unless a later turn had begun (R16)."""
    once = list({told.outcome.id: told for told in reversed(story)}.values())[::-1]
    for at, told in enumerate(once):
        rest = once[at + 1 :]
        between = list(takewhile(lambda after: not after.outcome.breach, rest))
        if not told.outcome.breach or len(between) == len(rest) or any(after.outcome.follows for after in between):
            continue
        if not any(b.outcome.kind in GIVEN and b.outcome.data.turn > told.outcome.data.turn for b in once[:at]):
            yield told
