"""Whether the ledger, which is counted in the rows, says what was published."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from sla_monitor.codec import Undecodable, fields_of
from sla_monitor.core.effects import Log
from sla_monitor.logs import Logs
from sla_monitor.stream.placement import partition_of

from .findings import Finding, Wrong
from .published import Outcome

KEY = b"\0ledger"
"""The row of a partition of leads that counts what was decided there."""

COUNTED = {"sla.met.v1": "met", "sla.breached.v1": "breached", "sla.breach_retracted.v1": "retracted"}


class Ledger(msgspec.Struct, frozen=True):
    """since: its first entry, ms. counts: by `turn/measure/outcome`, as `first/response/met`."""

    since: int
    counts: dict[str, int] = {}


_decode = msgspec.msgpack.Decoder(Ledger).decode


async def ledgers(logs: Logs) -> dict[int, Ledger]:
    """By partition; none where nothing was decided yet. Raises Unavailable, Undecodable."""
    topic, found = logs.topic(Log.EVENTS), {}
    for number in range(logs.topics[topic]):
        row = await logs.reader.row(topic, KEY, number)
        if row is not None:
            found[number] = _ledger(row)
    return found


def _ledger(row: bytes) -> Ledger:
    name, body = fields_of(row)
    try:
        if name == b"Ledger":
            return _decode(body)
    except msgspec.MsgspecError as error:
        raise Undecodable("a ledger whose fields do not fit") from error
    raise Undecodable("a ledger's row that holds none")


class Tally:
    """Counts what is published, by partition of the leads, from the first entry of its ledger on.

    partitions: how many there are. began: the first decision that was counted, ms.
    """

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._floors: dict[int, int] | None = None
        self.counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self.began: dict[int, int] = {}

    def begin(self, known: Mapping[int, Ledger]) -> None:
        """Before anything is counted: from when on. Only the first time says anything."""
        if self._floors is None:
            self._floors = {number: ledger.since for number, ledger in known.items()}

    def add(self, key: bytes, at: int, outcome: Outcome) -> None:
        kind = COUNTED.get(outcome.type)
        number = partition_of(key, self._partitions)
        if kind and not outcome.data.test and at >= (self._floors or {}).get(number, 0):
            self.began.setdefault(number, at)
            self.counts[number][f"{outcome.data.evaluated}/{outcome.data.measure}/{kind}"] += 1


class Books(NamedTuple):
    """The ledgers before and after the outcomes were read: what was counted lies between them, or they differ."""

    before: Mapping[int, Ledger]
    after: Mapping[int, Ledger]
    tally: Tally
    complete_since: int

    def incomparable(self) -> list[str]:
        """Ledgers that count other decisions than those that are kept, in words."""
        return [
            f"the ledger of partition {number} counts from another decision on than the outcomes that were read"
            for number, ledger in self.after.items()
            if not self._comparable(number, ledger)
        ]

    def differences(self, now: int) -> list[Finding]:
        return [
            Finding(kind=Wrong.LEDGER, lead_id="", partition=number, since=now, what=what)
            for number, ledger in self.after.items()
            if self._comparable(number, ledger) and (what := self._difference(number, ledger))
        ]

    def _comparable(self, number: int, ledger: Ledger) -> bool:
        return self.complete_since <= ledger.since <= self.tally.began.get(number, ledger.since)

    def _difference(self, number: int, ledger: Ledger) -> str:
        before = self.before[number].counts if number in self.before else {}
        published = self.tally.counts[number]
        wrong = [
            f"{name}: {ledger.counts.get(name, 0)} in the ledger, {published[name]} published"
            for name in sorted({*ledger.counts, *published})
            if not before.get(name, 0) <= published[name] <= ledger.counts.get(name, 0)
        ]
        return "; ".join(wrong)
