"""The whole core in memory: four logs, their reducers, a clock that tests move. No shell, no I/O.

Every fact and row passes through its bytes, as in the product. `Due` fires at exactly the instant of a header.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from sla_monitor import codec
from sla_monitor.core import assign, match, notifications, track
from sla_monitor.core.effects import Beat, Bury, Count, Log, Measure, Publish, Receive, Send, address
from sla_monitor.core.events import Due, ManagerStatus, RulesChanged, Sent
from sla_monitor.core.fold import Reducer
from sla_monitor.core.lead import OPEN_NUMBERS, OPEN_TESTS, Lead
from sla_monitor.core.mailbox import parts
from sla_monitor.core.rules import MINUTE, SECOND, Manager, Policy, Rules, Team
from sla_monitor.core.spelling import key

T0 = 1_900_000_000_000
"""The instant at which tests begin, ms."""

KEYED = (Log.PHONES, Log.EVENTS, Log.DESK, Log.NOTIFICATIONS)


def sales(*managers: str, head: str = "boris", policy: Policy | None = None, **changes: Any) -> Rules:
    """Rules with one team; by default anna and vera, around the clock, ten minutes."""
    people = {name: Manager(name) for name in (*(managers or ("anna", "vera")), head)}
    team = Team("sales", managers or ("anna", "vera"), head)
    return Rules(version=1, managers=people, teams={"sales": team}, policies=(policy or Policy(),), **changes)


class Fold:
    """The overlay of one fold over committed rows."""

    def __init__(self, log: PartitionInMemory) -> None:
        self.log = log
        self.puts: dict[str, bytes | None] = {}

    def get(self, key: str) -> Any:
        value = self.puts.get(key, self.log.rows.get(key)) if key in self.puts else self.log.rows.get(key)
        return None if value is None else self.log.codec.decode(value)

    def put(self, key: str, row: Any) -> None:
        self.puts[key] = None if row is None else self.log.codec.encode(row)


class PartitionInMemory:
    def __init__(self, reducer: Reducer) -> None:
        self.reducer = reducer
        self.codec = codec.RowCodec(reducer.kinds)
        self.rows: dict[str, bytes] = {}
        self.queue: deque[tuple[str, bytes]] = deque()

    def apply(self, key: str, fact: Any, now: int, rules: Rules) -> list[Any]:
        fold = Fold(self)
        effects = self.reducer.fold(fold, key, fact, now, rules)
        for name, value in fold.puts.items():
            old = self.rows.get(name)
            if value is None:
                self.rows.pop(name, None)
            else:
                self.rows[name] = value
            self.reducer.moved(name.encode(), old and codec.read_header(old), value and codec.read_header(value))
        return effects

    def next_due(self) -> tuple[int, str]:
        return min(((codec.next_due(value), key) for key, value in self.rows.items()), default=(codec.NEVER, ""))


class World:
    """Feed facts, move time, look at what was published."""

    def __init__(self, rules: Rules | None = None, *, at: int = T0) -> None:
        self.now = at
        self.rules = rules or sales()
        self.logs = {
            Log.PHONES: PartitionInMemory(match.REDUCER),
            Log.EVENTS: PartitionInMemory(track.REDUCER),
            Log.DESK: PartitionInMemory(assign.Desk()),
            Log.NOTIFICATIONS: PartitionInMemory(notifications.REDUCER),
        }
        self.outcomes: list[Publish] = []
        self.counts: list[tuple[Log, str]] = []
        self.buried: list[Bury] = []
        self.sent: list[Send] = []
        self.measures: list[Measure] = []
        self.received: list[str] = []
        self.beats: list[str] = []
        self.change_rules(self.rules)

    # in

    def change_rules(self, rules: Rules) -> None:
        self.rules = rules
        for log in KEYED:
            self._perform(
                log,
                self.logs[log].apply(
                    "", RulesChanged(version=rules.version, rules=rules, at=self.now), self.now, rules
                ),
            )
        self._recheck()
        self.run()

    def _recheck(self) -> None:
        """Every open lead is asked again."""
        for name, row in list(self.logs[Log.EVENTS].rows.items()):
            if codec.read_header(row).status in OPEN_NUMBERS | OPEN_TESTS:
                self._perform(Log.EVENTS, self.logs[Log.EVENTS].apply(name, Due(self.now), self.now, self.rules))

    def accept(self, fact: Any) -> None:
        """Append a fact from outside where ingest would."""
        lead_id, number = getattr(fact, "lead_id", None), getattr(fact, "number", None)
        if isinstance(fact, ManagerStatus):
            self._append(Log.DESK, fact.manager_id, fact)
        elif lead_id:
            self._append(Log.EVENTS, lead_id, fact)
        else:
            self._append(Log.PHONES, key(number or ""), fact)

    def feed(self, *facts: Any) -> None:
        """Accept facts and apply everything that follows at this instant."""
        for fact in facts:
            self.accept(fact)
        self.run()

    # time

    def run(self) -> None:
        """Apply what waits in the logs until nothing does."""
        while any(self.logs[log].queue for log in KEYED):
            for log in KEYED:
                self.step(log)

    def step(self, log: Log) -> None:
        """Apply one record of a log, if one waits."""
        partition = self.logs[log]
        if partition.queue:
            key, value = partition.queue.popleft()
            self._perform(log, partition.apply(key, codec.decode_record(value), self.now, self.rules))

    def to(self, at: int) -> None:
        """Move time, firing every timer at its instant."""
        while (due := self.next_due())[0] <= at:
            instant, log, key = due
            self.now = max(self.now, instant)
            before = self.logs[log].rows[key]
            self._perform(log, self.logs[log].apply(key, Due(self.now), self.now, self.rules))
            self.run()
            after = self.logs[log].rows.get(key)
            assert after is None or codec.next_due(after) > self.now, f"a timer of {log} spins: {before!r}"
        self.now = max(self.now, at)

    def after(self, span: int) -> None:
        self.to(self.now + span)

    def next_due(self) -> tuple[int, Log, str]:
        found = min((*self.logs[log].next_due(), index) for index, log in enumerate(KEYED))
        return found[0], KEYED[found[2]], found[1]

    # out

    def lead(self, lead_id: str) -> Lead:
        row = self.logs[Log.EVENTS].rows[lead_id]
        return self.logs[Log.EVENTS].codec.decode(row)

    def types(self, lead_id: str | None = None) -> list[str]:
        """The published outcomes in order, by type."""
        return [outcome.type for outcome in self.outcomes if lead_id in (None, outcome.lead_id)]

    def of(self, kind: str, lead_id: str | None = None) -> list[Publish]:
        return [o for o in self.outcomes if o.type == kind and lead_id in (None, o.lead_id)]

    def told(self, manager: str) -> list[str]:
        """The kinds of notices sent to a manager, in order."""
        return [send.kind for send in self.sent if send.manager_id == manager]

    def counted(self, result: str) -> int:
        return sum(1 for _, name in self.counts if name == result)

    def _append(self, log: Log, key: str, fact: Any) -> None:
        self.logs[log].queue.append((key, codec.encode_record(fact)))

    def _perform(self, log: Log, effects: list[Any]) -> None:
        for effect in effects:
            match effect:
                case Publish():
                    codec.encode_outcome(effect)
                    self.outcomes.append(effect)
                case Bury():
                    self.buried.append(effect)
                case Count():
                    self.counts.append((log, effect.result))
                case Measure():
                    self.measures.append(effect)
                case Receive(source):
                    self.received.append(source)
                case Beat(stage):
                    self.beats.append(stage)
                case Send():
                    self.sent += parts(effect)
                    result = Sent(
                        lead_id=effect.lead_id,
                        notice_id=effect.notice_id,
                        attempt=effect.attempt,
                        at=self.now,
                        channel=effect.channel,
                    )
                    self._perform(log, self.logs[log].apply(effect.key, result, self.now, self.rules))
                case _:
                    self._append(*address(effect), effect)


__all__ = ["MINUTE", "SECOND", "T0", "World", "sales"]
