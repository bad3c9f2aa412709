"""The shell as the machine drives it: steps over copies that are committed or lost, and a journal of all that was.

A step folds some of the records that wait, or some of the timers that are due. A crash before the commit loses the
copies; one after it loses what was to be done outside. Either way the partition opens anew, as in the product.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sla_monitor import codec
from sla_monitor.core import assign
from sla_monitor.core.effects import Bury, Count, Log, Measure, Publish, Receive, Send, address
from sla_monitor.core.events import Due, RulesChanged, Sent
from sla_monitor.core.lead import OPEN_NUMBERS, OPEN_TESTS, Lead
from sla_monitor.core.mailbox import parts
from sla_monitor.core.rules import Rules
from tests.world import KEYED, T0, World

RULES = "\0rules"
ENDLESS = 500
"""So many rounds at one instant are a loop."""


@dataclass(frozen=True)
class Fold:
    """One committed fold. before, after: the row at its key."""

    log: Log
    key: str
    fact: Any
    now: int
    effects: tuple[Any, ...]
    before: bytes | None
    after: bytes | None
    rules: Rules

    @property
    def outcomes(self) -> list[Publish]:
        return [effect for effect in self.effects if isinstance(effect, Publish)]


@dataclass(frozen=True)
class Accepted:
    """A fact from outside, and how many folds were committed when it was appended."""

    fact: Any
    at: int
    folds: int


@dataclass
class Draft:
    """A step in the making."""

    log: Log
    rules: Rules
    rows: dict[str, bytes | None] = field(default_factory=dict)
    folds: list[Fold] = field(default_factory=list)
    again: bool = False  # open rows are to be asked about a new policy


class Copies:
    """The rows as one fold sees them."""

    def __init__(self, shell: Shell, draft: Draft) -> None:
        self._draft, self._partition = draft, shell.logs[draft.log]
        self.puts: dict[str, bytes | None] = {}

    def raw(self, key: str) -> bytes | None:
        for layer in (self.puts, self._draft.rows):
            if key in layer:
                return layer[key]
        return self._partition.rows.get(key)

    def get(self, key: str) -> Any:
        value = self.raw(key)
        return None if value is None else self._partition.codec.decode(value)

    def put(self, key: str, row: Any) -> None:
        self.puts[key] = None if row is None else self._partition.codec.encode(row)


class Shell(World):
    """A world whose steps can crash.

    sending: what becomes of a notice: ok, failed or lost. stalled: a log at rest. lagging: keys whose partition is.
    """

    def __init__(self, rules: Rules, *, at: int = T0) -> None:
        self.journal: list[Fold] = []
        self.accepted: list[Accepted] = []
        self.in_force = dict.fromkeys(KEYED, Rules())
        self.fed: deque[tuple[str, Sent]] = deque()
        self.rechecks: deque[str] = deque()
        self.sending = "ok"
        self.stalled: Log | None = None
        self.lagging: tuple[str, ...] = ()
        self.crashes = 0
        super().__init__(rules, at=at)
        self.run()

    # in

    def change_rules(self, rules: Rules) -> None:
        self.rules = rules
        for log in KEYED:
            self._append(log, RULES, RulesChanged(version=rules.version, rules=rules, at=self.now))

    def accept(self, fact: Any) -> None:
        self.accepted.append(Accepted(fact, self.now, len(self.journal)))
        super().accept(fact)

    # steps

    def run(self) -> None:
        for _ in range(ENDLESS):
            if not any(self.waits(log) for log in KEYED):
                return
            for log in KEYED:
                self.step(log, 3)
        raise AssertionError("L2: the logs talk to each other for ever")

    def waits(self, log: Log) -> bool:
        if log is self.stalled:
            return False
        fed = log is Log.NOTIFICATIONS and self.fed
        queued = any(key not in self.lagging for key, _ in self.logs[log].queue)
        return bool(queued or fed or (log is Log.EVENTS and self.rechecks))

    def step(self, log: Log, n: int = 1, crash: str = "") -> None:
        """Fold what came back, and up to n records. crash: `before` or `after` the commit."""
        if log is self.stalled:
            return
        queue = self.logs[log].queue
        fed, again = self._take_fed(log), self._take_rechecks(log)
        picked = [i for i, (key, _) in enumerate(queue) if key not in self.lagging][:n]
        waiting = [queue[i] for i in picked]
        inputs: list[tuple[str, Any]] = [*fed]
        inputs += [(key, codec.decode_record(value)) for key, value in waiting]
        inputs += [(key, Due(self.now)) for key in again]
        if inputs and self._settle(log, inputs, crash, again):
            for i in reversed(picked):
                del queue[i]

    def fire(self, log: Log, n: int = 1, crash: str = "", *, blind: bool = False) -> None:
        """Fold up to n timers that are due. blind: they have waited for others long enough."""
        due = sorted((codec.next_due(value), key) for key, value in self.logs[log].rows.items())
        inputs = [(key, Due(self.now, blind)) for at, key in due[:n] if at <= self.now]
        if inputs:
            self._settle(log, inputs, crash, ())

    def to(self, at: int) -> None:
        """Move time with everything up and running: each timer fires at its instant."""
        self.run()
        firings = 0
        while (due := self.next_due())[0] <= at:
            firings = 0 if due[0] > self.now else firings + 1
            assert firings < ENDLESS, f"I17: time stands still for {due[1]} {due[2]}"
            self.now = max(self.now, due[0])
            self.fire(due[1])
            self.run()
        self.now = max(self.now, at)

    def next_due(self) -> tuple[int, Log, str]:
        awake = [log for log in KEYED if log is not self.stalled]
        at, i, key = min((self.logs[log].next_due()[0], i, self.logs[log].next_due()[1]) for i, log in enumerate(awake))
        return at, awake[i], key

    def row(self, lead_id: str) -> Lead | None:
        """The row of a lead, if there is one."""
        return self.lead(lead_id) if lead_id in self.logs[Log.EVENTS].rows else None

    def _take_fed(self, log: Log) -> list[tuple[str, Sent]]:
        taken = list(self.fed) if log is Log.NOTIFICATIONS else []
        if taken:
            self.fed.clear()
        return taken

    def _take_rechecks(self, log: Log) -> list[str]:
        taken = list(self.rechecks) if log is Log.EVENTS else []
        if taken:
            self.rechecks.clear()
        return taken

    # a step

    def _settle(self, log: Log, inputs: list[tuple[str, Any]], crash: str, again: Iterable[str]) -> bool:
        """Decide, commit and act; whether it was committed."""
        draft = self._draft(log, inputs, again)
        if crash == "before":
            self._crash(log)
            repeated = self._draft(log, inputs, again)
            assert repeated == draft, "I10: the same step decides the same"
            self._crash(log)
            return False
        acts = self._commit(draft)
        if crash == "after":
            self._crash(log)
        else:
            self._act(acts)
        return True

    def _draft(self, log: Log, inputs: list[tuple[str, Any]], again: Iterable[str]) -> Draft:
        draft = Draft(log, self.in_force[log])
        for key, fact in inputs:
            if isinstance(fact, RulesChanged):
                if fact.version <= draft.rules.version:
                    continue
                draft.rules = fact.rules
                draft.again = True
            if isinstance(fact, Due) and key not in again and not self._is_due(draft, key):
                continue
            self._fold(draft, key, fact)
        return draft

    def _is_due(self, draft: Draft, key: str) -> bool:
        value = Copies(self, draft).raw(key)
        return value is not None and codec.next_due(value) <= self.now

    def _fold(self, draft: Draft, key: str, fact: Any) -> None:
        partition = self.logs[draft.log]
        copies = Copies(self, draft)
        before = copies.raw(key)
        at = "" if key == RULES else key
        effects = partition.reducer.fold(copies, at, fact, self.now, draft.rules)
        for name, value in copies.puts.items():
            old = draft.rows[name] if name in draft.rows else partition.rows.get(name)
            if value != old:
                draft.rows[name] = value
                partition.reducer.moved(
                    name.encode(), old and codec.read_header(old), value and codec.read_header(value)
                )
        after = Copies(self, draft).raw(key)
        spins = isinstance(fact, Due) and after is not None and codec.next_due(after) <= self.now
        assert not spins, f"I17: a timer of {draft.log} spins at {key}: {after!r}"
        draft.folds.append(Fold(draft.log, key, fact, self.now, tuple(effects), before, after, draft.rules))

    def _commit(self, draft: Draft) -> list[Send]:
        partition = self.logs[draft.log]
        self.in_force[draft.log] = draft.rules
        for key, value in draft.rows.items():
            if value is None:
                partition.rows.pop(key, None)
            else:
                partition.rows[key] = value
        if draft.again and draft.log is Log.EVENTS:
            self._plan_rechecks()
        self.journal += draft.folds
        return [effect for fold in draft.folds for effect in self._append_all(fold)]

    def _append_all(self, fold: Fold) -> list[Send]:
        """Append what a fold asked for; what is left are acts."""
        acts = []
        for effect in fold.effects:
            match effect:
                case Publish():
                    codec.encode_outcome(effect)
                    self.outcomes.append(effect)
                case Bury():
                    self.buried.append(effect)
                case Count():
                    self.counts.append((fold.log, effect.result))
                case Measure():
                    self.measures.append(effect)
                case Receive():
                    self.received.append(effect)
                case Send():
                    acts.append(effect)
                case _:
                    self._append(*address(effect), effect)
        return acts

    def _act(self, acts: list[Send]) -> None:
        self.sent += [part for send in acts for part in parts(send)]
        if self.sending == "lost":
            return
        error = "refused" if self.sending == "failed" else None
        self.fed += [
            (
                send.key,
                Sent(
                    lead_id=send.lead_id,
                    notice_id=send.notice_id,
                    attempt=send.attempt,
                    at=self.now,
                    channel=send.channel,
                    error=error,
                ),
            )
            for send in acts
        ]

    # crashes

    def _crash(self, log: Log) -> None:
        """Forget everything but what is committed, and open anew."""
        self.crashes += 1
        partition = self.logs[log]
        if log is Log.DESK:
            partition.reducer = assign.Desk()
            for key, value in partition.rows.items():
                partition.reducer.moved(key.encode(), None, codec.read_header(value))
        if log is Log.NOTIFICATIONS:
            self.fed.clear()
        if log is Log.EVENTS:
            self._plan_rechecks()

    def _plan_rechecks(self) -> None:
        self.rechecks.clear()
        rows = self.logs[Log.EVENTS].rows.items()
        self.rechecks += [key for key, value in rows if codec.read_header(value).status in OPEN_NUMBERS | OPEN_TESTS]
