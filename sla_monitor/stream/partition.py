"""An owned partition: open, then gather, decide, commit, act, for ever."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

from sla_monitor import codec
from sla_monitor.clock import Clock, monotonic
from sla_monitor.core.events import RulesChanged
from sla_monitor.core.fold import Reducer
from sla_monitor.core.ledger import Ledger
from sla_monitor.core.rules import Rules
from sla_monitor.errors import GiveUp, TooLarge, TryAgain, Unavailable
from sla_monitor.records import Partition

from .backoff import Backoff
from .folding import Folding, Ground, Role, folds
from .horizon import Horizon, Present
from .index import Gauges, Index
from .observer import Committed, Observer, announce, announce_failure
from .pace import Pace, up_to
from .rechecks import Rechecks
from .status import State, Status
from .step import Batch, Log, Owned, Step
from .waiting import BOUNDS, Bounds, Gathered, Seeker, Source, Waiting

PATIENCE = 1.0
"""Seconds that due timers give way to records that wait, so that a backlog is read before they ask."""
FED = 50_000
"""Results that wait at most; beyond that they are dropped, and the timers of their rows try again."""
SLICE = 0.005
"""Seconds of folds before others get the event loop."""
QUIET = 60
"""Spans of silence, `idle` each, after which the place moves over what holds no record."""


class Owner:
    """Runs an owned partition. idle: seconds of silence after which it looks for what it missed; horizon: of timers."""

    def __init__(
        self,
        role: Role,
        partition: Partition,
        log: Log,
        source: Source,
        clock: Clock,
        observer: Observer,
        *,
        prefix: str,
        horizon: Horizon | None = None,
        bounds: Bounds = BOUNDS,
        idle: float = 1.0,
    ) -> None:
        self.role, self.partition = role, partition
        self._name = f"{partition.topic}/{partition.number}"
        self.pulse = monotonic()
        self._log, self._source, self._clock, self._observer = log, source, clock, observer
        self._prefix, self._bounds, self._idle = prefix, bounds, idle
        self._horizon = horizon or Present(clock)
        self._state = State.OPENING
        self._waiting = Waiting()
        self._fed: deque[tuple[Any, str]] = deque()
        self._rechecks = Rechecks(role.recheck, role.still)
        self._force = RulesChanged(version=0, rules=Rules(), at=0)
        self._owned: Owned | None = None
        self._place = self._passed = 0
        self._committed_at: int | None = None
        self._pace, self._backoff = Pace(bounds), Backoff()
        self._step: Gathered | None = None
        self._seeker = Seeker(source, idle, self._name)
        self._calm = self._heard = float("-inf")
        self._wake, self._room, self._free, self._quiet = (asyncio.Event() for _ in range(4))
        self._free.set()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    # what others ask of it

    def start(self) -> asyncio.Task[None]:
        """The task ends normally when stopped, and with an error only if the process must end."""
        self._task = asyncio.create_task(self._run(), name=self._name)
        return self._task

    async def put(self, batch: Batch) -> None:
        """Hand over what a fetch brought. Waits while too much waits.

        While the partition opens, or cannot commit, what is too much is dropped instead, so that others of
        the same intake go on; it shows as a gap and is read again.
        """
        while len(self._waiting) > self._bounds.waiting:
            if self._state is not State.RUNNING:
                return
            self._room.clear()
            await self._room.wait()
        self._waiting.put(batch)
        self._heard = monotonic()
        self._wake.set()
        if self._much():
            self._pace.hurry()

    def feed(self, fact: Any, key: str) -> None:
        """Bring a result back into the partition; it is folded in the next step, or dropped if that is closed."""
        if self._state is not State.CLOSED and len(self._fed) < FED:
            self._fed.append((fact, key))
            self._wake.set()

    def read_again(self) -> None:
        """What was on the way here may have been dropped: read again from what was seen."""
        self._waiting.clear()
        self._waiting.lost = True
        self._seeker.soon()
        self._room.set()
        self._wake.set()

    async def hold(self, limit: float) -> bool:
        """End the step at hand and begin no other until `resume`; false if it took longer than `limit` seconds."""
        self._free.clear()
        self._wake.set()
        self._pace.hurry()
        if self._state is State.OPENING:
            return False
        await up_to(limit, self._quiet)
        return self._quiet.is_set()

    def resume(self) -> None:
        self.read_again()
        self._free.set()

    async def stop(self, limit: float) -> None:
        """Let go of the partition; a step that takes longer than `limit` seconds is abandoned."""
        self._stopping = True
        self._free.set()
        self._wake.set()
        self._pace.hurry()
        if self._task is None:
            return
        if self._state is State.RUNNING:
            await asyncio.wait({self._task}, timeout=limit)
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=limit)
        self._state = State.CLOSED  # a task that never ran has not said so

    @property
    def rules(self) -> Rules:
        """The policy in force here; version 0 before any was applied."""
        return self._force.rules

    def status(self) -> Status:
        waits, version, end = self._waiting, self._force.version, self._source.end()
        seen, passed, at = waits.seen, self._passed, self._committed_at
        return Status(self._state, self._place, seen, len(waits), at, version, passed, end, waits.oldest)

    @property
    def reducer(self) -> Reducer | None:
        """None until the partition is open."""
        return None if self._state in (State.OPENING, State.CLOSED) else self._ground.reducer

    def gauges(self) -> Gauges | None:
        """None until the partition is open."""
        return None if self._state in (State.OPENING, State.CLOSED) else self._index.gauges()

    def ledger(self) -> Ledger | None:
        """What was decided here so far; None until the partition is open, or before anything was."""
        row = self._owned.rows.get(codec.LEDGER_KEY) if self._owned else None
        return codec.LEDGERS.decode(row) if row else None

    # open

    async def _run(self) -> None:
        try:
            while not self._stopping:
                await self._life()
        finally:
            self._state = State.CLOSED
            self._room.set()
            self._quiet.set()
            await self._forget()

    async def _life(self) -> None:
        """From one opening to the failure that makes another necessary."""
        try:
            await self._open()
            while not self._stopping:
                await self._turn()
        except GiveUp:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, opening anew reads what became of the step
            if not isinstance(error, TryAgain):
                self._blame(error)
            self._failed(error)
            self._state = State.OPENING
            await self._forget()
            self.pulse = monotonic()
            await self._backoff.wait()

    async def _open(self) -> None:
        began = monotonic()
        self._owned = owned = await self._log.open(self.partition)
        self._place = self._passed = owned.place
        self._waiting.restart(owned.place)
        rules = owned.rows.get(codec.RULES_KEY)
        self._force = codec.decode_rules_row(rules) if rules else RulesChanged(version=0, rules=Rules(), at=0)
        reducer = self.role.reducer()
        rows_codec = codec.RowCodec(reducer.kinds)
        self._ground = Ground(self.role, self.partition, self._prefix, lambda: owned.rows, reducer, rows_codec)
        self._index = Index(lambda: owned.rows, self.role.waiting)
        await self._index.build(self._name, reducer)
        await self._rechecks.resume(owned.rows, self._force.rules, self._clock.now())
        self._state = State.RUNNING
        self._calm = monotonic()
        self._observer.opened(self.role.log, self.partition.number, self._calm - began)

    async def _forget(self) -> None:
        owned, self._owned = self._owned, None
        if owned is not None:
            await owned.close()

    # gather

    async def _turn(self) -> None:
        self.pulse = monotonic()
        await self._collect()
        await self._pass()
        gathered = self._gather()
        if self._waiting.lost:
            await self._seeker.seek(self._waiting)
        if len(gathered):
            self._step = gathered
            self._pace.begin()
            await self._settle(gathered)
            self._step = None
        self._passed = self._waiting.seen
        if not len(gathered) and not self._waiting:
            await self._pass_over()
            await self._rest()

    async def _pass(self) -> None:
        """Wait while the partition is held."""
        while not self._free.is_set():
            self._quiet.set()
            self.pulse = monotonic()
            await up_to(self._idle, self._free)
        self._quiet.clear()

    async def _collect(self) -> None:
        """Wait for more, if a step has just been and little waits."""
        if not (self._much() or self._stopping):
            self._quiet.set()
            await self._pace.collect()
            self._quiet.clear()

    def _much(self) -> bool:
        return self._pace.enough(len(self._waiting) + len(self._fed))

    def _gather(self) -> Gathered:
        """All records that wait or, if there are none, all timers that are due; results go with either."""
        now = self._clock.now()
        gathered = Gathered(now, now, fed=[self._fed.popleft() for _ in range(min(len(self._fed), self._pace.most))])
        room = self._pace.most - len(gathered)
        if self._waiting and monotonic() - self._calm < PATIENCE:
            gathered.records = self._waiting.take(room, self._bounds.bytes)
            self._room.set()
        else:
            self._calm = monotonic()
            if self._clock.trusted():
                self._take_timers(gathered, min(room, self._bounds.timers))
        return gathered

    def _take_timers(self, gathered: Gathered, room: int) -> None:
        """Those within reach; for what is due beyond it, the horizon is asked to move on."""
        reach = self._horizon.reach()
        gathered.due = self._index.timers.take(reach.due, room)
        gathered.rechecks = self._rechecks.take(reach, room - len(gathered.due))
        if gathered.due or gathered.rechecks:
            gathered.now, gathered.blind = reach.now, reach.blind
        first = self._index.timers.first()
        if self._rechecks or (first is not None and reach.due < first[0] <= gathered.at):
            self._horizon.look(self._wake)

    async def _pass_over(self) -> None:
        """Marks of transactions are no records. A place before them looks lost once retention has deleted them."""
        if self._waiting.seen > self._place and monotonic() - self._heard >= QUIET * self._idle:
            await self._commit(Step(self._waiting.seen))
            self._place = self._waiting.seen

    async def _rest(self) -> None:
        """Until there is input or a timer is due; after a while of silence, look for what was missed."""
        self._calm = monotonic()
        self._wake.clear()
        if self._waiting or self._fed or self._stopping:
            return
        self._quiet.set()
        await up_to(self._until_due(), self._wake)
        self._quiet.clear()
        silent = monotonic() - self._heard >= self._idle
        self._waiting.lost |= silent and self._source.end() > self._waiting.seen

    def _until_due(self) -> float:
        """Real seconds to the next timer, at most `idle`."""
        first = self._index.timers.first()
        reach, now = self._horizon.reach(), self._clock.now()
        if self._rechecks.ready(reach):
            return 0.0
        if first is None or not self._clock.trusted() or reach.due < first[0] <= now:
            return self._idle
        left = (first[0] - now) / self._clock.speed / 1000
        return min(max(left, 0.0), self._idle)

    # decide

    async def _settle(self, gathered: Gathered) -> None:
        """Decide, commit and act."""
        folding = await self._fold(gathered)
        rows = self._ground.rows()
        changes = [(key, rows.get(key), value) for key, value in folding.step.rows.items()]
        began = monotonic()
        try:
            if changes or folding.step.records or folding.step.place != self._place:
                await self._commit(folding.step)
        except TooLarge as error:
            folding.undo()
            self._blame(error)
            self._failed(error)
            if len(gathered) == 1:  # of that alone, a record is tried once more and a timer later; the rest is dropped
                gathered.fed.clear()
                gathered.rechecks.clear()
            self._give_back(gathered, self._place)
            return
        self._committed(changes, folding)
        self._force = folding.force
        if folding.again:
            await self._rechecks.plan(self._ground.rows(), self._clock.now())
        self._act(folding, gathered, monotonic() - began)

    async def _fold(self, gathered: Gathered) -> Folding:
        """Until all is folded, or the step has taken long enough; what is left waits again."""
        folding = Folding(self._ground, self._place, gathered.now, self._force, blind=gathered.blind)
        most = self._bounds.seconds
        spent, slice_ = 0.0, min(SLICE, most)
        await asyncio.sleep(0)
        began = monotonic()
        for done, fold in enumerate(folds(folding, gathered, self._pace.suspect), 1):
            fold()
            if (taken := monotonic() - began) >= slice_:
                spent += taken
                if spent >= most:
                    self._give_back(gathered.split(done), folding.step.place)
                    break
                await asyncio.sleep(0)
                began = monotonic()
        folding.balance()
        return folding

    # commit

    async def _commit(self, step: Step) -> None:
        """Until it is done, or the partition is not ours any more, or the step is at fault."""
        owned = self._owned
        assert owned is not None
        while True:
            try:
                await owned.commit(step)
            except Unavailable as error:
                self._state = State.RETRYING
                self._failed(error)
                self.pulse = monotonic()
                await self._backoff.wait()
            else:
                self._state = State.RUNNING
                self._backoff.reset()
                return

    def _committed(self, changes: Sequence[tuple[bytes, bytes | None, bytes | None]], folding: Folding) -> None:
        self._place = folding.step.place
        self._committed_at = folding.now
        self._pace.committed()
        for key, old, new in changes:
            if not key.startswith(codec.OURS):
                self._index.moved(key, old, new)

    def _blame(self, error: Exception) -> None:
        """The step itself may be at fault."""
        gathered, self._step = self._step, None
        if gathered is None:
            raise error
        self._pace.blame(gathered, error)

    def _give_back(self, gathered: Gathered, place: int) -> None:
        """All of it waits again; the log has been folded up to `place`."""
        self._waiting.give_back(place, gathered.records)
        self._fed.extendleft(reversed(gathered.fed))
        self._rechecks.give_back(gathered.rechecks)
        for at, key in gathered.due:
            self._index.timers.push(at, key)

    # act

    def _act(self, folding: Folding, gathered: Gathered, seconds: float) -> None:
        """Nothing has been seen outside until here."""
        late = [max(0.0, gathered.at - at) / self._clock.speed for at, _ in gathered.due]
        log, number, acts = self.role.log, self.partition.number, folding.acts
        done = Committed(log, number, folding.now, acts, folding.ages, late, folding.stuck, seconds)
        announce(self._observer, done, self.feed)

    def _failed(self, error: Exception) -> None:
        announce_failure(self._observer, self.role.log, self.partition, error)
        self._room.set()
