"""Folding facts over rows into a step. Nothing here awaits, and nothing changes what is committed."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from sla_monitor import codec
from sla_monitor.core.effects import (
    Act,
    Append,
    Beat,
    Bury,
    Count,
    Effect,
    Log,
    Measure,
    Post,
    Public,
    Publish,
    Receive,
    Relay,
    Send,
    address,
)
from sla_monitor.core.events import Due, RulesChanged, WebhookEnabled
from sla_monitor.core.fold import Plain, Reducer
from sla_monitor.core.ledger import Ledger, entry
from sla_monitor.core.relay import wanted
from sla_monitor.core.row import Header, Row
from sla_monitor.core.rules import MINUTE, Rules
from sla_monitor.errors import TooLarge
from sla_monitor.records import Partition, Record, Stored

from .step import ROW_BYTES, Step
from .waiting import Gathered

logger = logging.getLogger(__name__)


def _still(_header: Header, _rules: Rules) -> bool:
    return True


def _nobody(_key: str, _header: Header, _rules: Rules) -> list[Effect]:
    return []


class Read(NamedTuple):
    """A record as it is folded. stored: as a dead letter would keep it."""

    stored: Stored
    key: str
    fact: Any


def read_record(stored: Stored, _partition: Partition, _now: int) -> Read:
    """A record of ours. Raises Undecodable and UnicodeDecodeError."""
    fact = codec.decode_record(stored.value)
    key = (stored.key or b"").decode()
    if not isinstance(fact, RulesChanged) and (not key or key[0] == "\0"):
        raise codec.Undecodable("a record without a key of its own")
    return Read(stored, key, fact)


@dataclass(frozen=True, slots=True)
class Role:
    """What the owner of a partition of one log does.

    read: what a record that lies in a partition says at an instant. recheck: whether a row is asked again when a
    policy comes into force, or a webhook is enabled; None: no row ever is. still: whether it is at each opening too.
    on_stuck: what is to be done when the timer of a row fails. waiting: statuses of the oldest-waiting gauge.
    """

    log: Log | Public
    reducer: Callable[[], Reducer]
    read: Callable[[Stored, Partition, int], Read] = read_record
    recheck: Callable[[Header], bool] | None = None
    still: Callable[[Header, Rules], bool] = _still
    on_stuck: Callable[[str, Header, Rules], list[Effect]] = _nobody
    waiting: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Ground:
    """What a step is decided on: the committed rows, who folds over them, and where results go."""

    role: Role
    partition: Partition
    prefix: str
    rows: Callable[[], Mapping[bytes, bytes]]
    reducer: Reducer
    codec: codec.RowCodec

    def topic(self, log: Log | Public) -> str:
        return self.prefix + log


class Copies:
    """The rows as one fold sees them (`core.fold.Rows`); what it puts is kept apart in `puts`."""

    __slots__ = ("_codec", "_rows", "puts")

    def __init__(self, rows: Callable[[bytes], bytes | None], rows_codec: codec.RowCodec) -> None:
        self._rows = rows
        self._codec = rows_codec
        self.puts: dict[bytes, bytes | None] = {}

    def get(self, key: str) -> Any:
        raw = key.encode()
        value = self.puts[raw] if raw in self.puts else self._rows(raw)
        return None if value is None else self._codec.decode(value)

    def put(self, key: str, row: Row | None) -> None:
        value = None if row is None else self._codec.encode(row)
        if value is not None and len(value) > ROW_BYTES:
            raise TooLarge(f"a row of {len(value)} bytes; {ROW_BYTES} is the most")
        self.puts[key.encode()] = value


@dataclass(slots=True)
class Decided:
    """What one fold asks for, before it is made part of the step."""

    rows: dict[bytes, bytes | None]
    records: list[Record]
    acts: list[Act]


class Folding:
    """One step in the making. place: the position folded so far; force: the policy at hand; blind: see `Due`.

    again: whether rows are to be asked again behind it.
    """

    def __init__(self, ground: Ground, place: int, now: int, force: RulesChanged, *, blind: bool = False) -> None:
        self.step = Step(place)
        self.now = now
        self.force = force
        self.again = False
        self.acts: list[Act] = []
        self.ages: list[int] = []
        self.stuck = 0
        self._ground = ground
        self._blind = blind

    def record(self, stored: Stored) -> None:
        """Fold the next record; one that cannot be used becomes a dead letter."""
        try:
            stored, key, fact = self._ground.role.read(stored, self._ground.partition, self.now)
        except (codec.Undecodable, UnicodeDecodeError):
            self.bury(stored, "undecodable")
            return
        self.ages.append(self.now - stored.timestamp)
        if isinstance(fact, RulesChanged) and not self._enforce(stored, fact):
            return
        self.again |= isinstance(fact, (RulesChanged, WebhookEnabled))
        decided = self._decide(key, fact, stored)
        if isinstance(decided, str):
            self.bury(stored, decided)
        else:
            self._keep(decided)
        self.step.place = stored.offset + 1

    def bury(self, stored: Stored, reason: str) -> None:
        """Make the record a dead letter instead of folding it; without its data if that is beyond all bounds."""
        bury = Bury(reason=reason, data=len(stored.value or b"") <= ROW_BYTES)
        self._keep(Decided({}, [self._letter(bury, None, stored, "")], [bury]))
        self.step.place = stored.offset + 1

    def feed(self, fact: Any, key: str) -> None:
        """Fold a result that came back into the partition; one that cannot be folded is dropped."""
        decided = self._decide(key, fact, None)
        if not isinstance(decided, str):
            self._keep(decided)

    def due(self, key: bytes, *, recheck: bool = False) -> None:
        """Fold the timer of a row, if it is still due; `recheck` asks the row whether it is or not."""
        value = self._row(key)
        if value is None or not (recheck or codec.next_due(value) <= self.now):
            return
        decided = self._decide(key.decode(), Due(self.now, self._blind), None)
        if isinstance(decided, str):
            self.stick(key)
        elif self._spins(decided.rows.get(key, value)):
            logger.error("%s: a timer that does not move on", self._ground.role.log)
            self.stick(key)
        else:
            self._keep(decided)

    def stick(self, key: bytes) -> None:
        """Leave the row as it is, but try its timer again in a minute, and say so."""
        value = self._row(key)
        if value is None:
            return
        self.stuck += 1
        self._keep(Decided({key: codec.with_next_due(value, self.now + MINUTE)}, [], []))
        try:
            effects = self._ground.role.on_stuck(key.decode(), codec.read_header(value), self.force.rules)
            self._keep(self._effects(effects, key.decode(), None, None))
        except Exception as error:  # noqa: BLE001 - as for a fold
            _log_defect(self._ground.role.log, error)

    def balance(self) -> None:
        """Enter into the ledger what the step decides."""
        entries = Counter(name for act in self.acts if isinstance(act, Publish) and (name := entry(act)))
        if entries:
            row = self._row(codec.LEDGER_KEY)
            ledger: Ledger = codec.LEDGERS.decode(row) if row else Ledger(self.now)
            ledger.add(entries)
            self.step.rows[codec.LEDGER_KEY] = codec.LEDGERS.encode(ledger)

    def undo(self) -> None:
        """The step is given up: tell the reducer that its rows are what they were."""
        for key, value in reversed(self.step.rows.items()):
            self._moved(key, value, self._ground.rows().get(key))

    def _enforce(self, stored: Stored, fact: RulesChanged) -> bool:
        """Put a newer policy in force, for the folds that follow."""
        row = codec.encode_rules_row(fact)
        self.step.place = stored.offset + 1
        if fact.version <= self.force.version:
            self.acts.append(Count("ignored_version"))
            return False
        if len(row) > ROW_BYTES:
            self.bury(stored, "row_too_large")
            return False
        self.force = fact
        self.step.rows[codec.RULES_KEY] = row
        return True

    def _decide(self, key: str, fact: Any, stored: Stored | None) -> Decided | str:
        """What the reducer decides, or the reason why the fact is a dead letter."""
        ground = self._ground
        copies = Copies(self._row, ground.codec)
        at = "" if isinstance(fact, RulesChanged) else key
        try:
            effects = ground.reducer.fold(copies, at, fact, self.now, self.force.rules)
            decided = self._effects(effects, key, fact, stored)
        except TooLarge:
            return "row_too_large"
        except Exception as error:  # noqa: BLE001 - whatever a reducer raises, it must stop no partition
            _log_defect(ground.role.log, error)
            return "defect"
        decided.rows = copies.puts
        return decided

    def _effects(self, effects: Iterable[Effect], key: str, fact: Any, stored: Stored | None) -> Decided:
        ground, now = self._ground, self.now
        decided = Decided({}, [], [])
        for effect in effects:
            match effect:
                case Publish():
                    after = None if stored else self.step.place - 1
                    outcome = codec.encode_outcome(effect, after)
                    topic = ground.topic(Log.OUTCOMES)
                    decided.records.append(Record(topic, effect.lead_id.encode(), outcome, now))
                    decided.records += self._relays(effect, outcome)
                    decided.acts.append(effect)
                case Bury():
                    decided.records.append(self._letter(effect, fact, stored, key))
                    decided.acts.append(effect)
                case Send() | Post() | Count() | Receive() | Measure() | Beat():
                    decided.acts.append(effect)
                case _:
                    decided.records.append(self._appended(effect))
        return decided

    def _relays(self, outcome: Publish, body: bytes) -> Iterator[Record]:
        """What is published is in the same step handed on to the webhooks that want it; test leads to none (R30)."""
        to = wanted(outcome.type, self.force.rules)
        if to and not outcome.data.get("test"):
            outcome_id = codec.outcome_id(outcome)
            yield self._appended(Relay(lead_id=outcome.lead_id, outcome_id=outcome_id, to=to, body=body.decode()))

    def _appended(self, effect: Append) -> Record:
        log, key = address(effect)
        return Record(self._ground.topic(log), key.encode(), codec.encode_record(effect), self.now)

    def _letter(self, bury: Bury, fact: Any, stored: Stored | None, key: str) -> Record:
        """The dead letter of the record at hand, or of another fact that the reducer kept until now."""
        topic = self._ground.topic(self._ground.role.log)
        offset, raw, value, received = None, key.encode(), None, self.now
        if bury.note:
            value = codec.encode_note(bury.note)
        elif stored and (bury.fact is None or bury.fact == fact):
            offset, raw, value, received = stored.offset, stored.key or b"", stored.value, stored.timestamp
        elif bury.fact is not None:
            raw = bury.fact.lead_id.encode() if isinstance(bury.fact, Relay) else raw  # not the key of its row
            value = codec.encode_record(bury.fact)
        origin = getattr(fact if bury.fact is None else bury.fact, "origin", None)
        letter = codec.DeadLetter(
            reason=bury.reason,
            topic=topic,
            offset=offset,
            received=origin.received if origin and origin.received else received,
            key=raw if bury.data else None,
            value=value if bury.data else None,
            detail=bury.detail,
        )
        to = self._ground.topic(Log.DEAD_LETTERS)
        return Record(to, raw if bury.data else b"", codec.encode_dead_letter(letter), self.now)

    def _keep(self, decided: Decided) -> None:
        """Make it part of the step."""
        for key, value in decided.rows.items():
            old = self._row(key)
            if value != old:
                self.step.rows[key] = value
                self._moved(key, old, value)
        self.step.records += decided.records
        self.acts += decided.acts

    def _moved(self, key: bytes, old: bytes | None, new: bytes | None) -> None:
        if key.startswith(codec.OURS) or isinstance(self._ground.reducer, Plain):  # which derives nothing
            return
        before = None if old is None else codec.read_header(old)
        after = None if new is None else codec.read_header(new)
        self._ground.reducer.moved(key, before, after)

    def _row(self, key: bytes) -> bytes | None:
        """The row as the step so far leaves it."""
        rows = self.step.rows
        return rows[key] if key in rows else self._ground.rows().get(key)

    def _spins(self, value: bytes | None) -> bool:
        """Whether a timer would fire again at once, and for ever."""
        return value is not None and codec.next_due(value) <= self.now


def folds(folding: Folding, gathered: Gathered, suspect: int | bytes | None) -> Iterator[Callable[[], None]]:
    """Each input of a step as a call. suspect: an input that could not be committed by itself; not folded again."""
    for fact, key in gathered.fed:
        yield partial(folding.feed, fact, key)
    for record in gathered.records:
        yield partial(folding.bury, record, "poison") if record.offset == suspect else partial(folding.record, record)
    for _, row in gathered.due:
        yield partial(folding.stick if row == suspect else folding.due, row)
    for row in gathered.rechecks:
        if row != suspect:
            yield partial(folding.due, row, recheck=True)


def _log_defect(log: Log | Public, error: Exception) -> None:
    """Where a fold failed; neither the record nor the error's text, which may quote it."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: a fold failed with %s\n%s", log, type(error).__name__, trace)
