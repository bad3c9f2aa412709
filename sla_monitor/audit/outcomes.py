"""What was published: which decisions there are, and which breaches nothing has followed yet."""

from __future__ import annotations

from typing import NamedTuple

from sla_monitor.core.effects import Log
from sla_monitor.core.rules import DAY
from sla_monitor.logs import Logs
from sla_monitor.records import Stored

from .following import Following
from .hashes import Hashes
from .ledger import Tally
from .published import outcome_of

ENDS = frozenset({"lead.closed", "lead.joined", "lead.erased"})
"""After these a breach may still be decided, and nothing need follow it (R29)."""


class Breach(NamedTuple):
    """at: ms."""

    turn: int
    at: int


class Outcomes:
    """Follows the log of outcomes, in about 10 bytes for each of them.

    pending: by the key of a lead, the breach that nothing has followed. suspects: leads with an id that came
    twice, or a breach that another came after. complete_since: nothing later is missing, ms. tally: counts decisions.
    """

    def __init__(self, logs: Logs, tally: Tally) -> None:
        self._log, self._tally = Following(logs, Log.OUTCOMES), tally
        self._ids, self._leads = Hashes(), Hashes()
        self.count = 0
        self.complete_since = 0
        self.pending: dict[bytes, Breach] = {}
        self.suspects: set[bytes] = set()
        self._ended: dict[bytes, int] = {}  # leads that ended of late, and when

    async def read(self, now: int) -> None:
        """All that was published since the last time. Raises Unavailable, LogLost, Undecodable."""
        async for record in self._log.news(now):
            self._take(record)
        self.complete_since = self._log.since
        self._ended = {key: at for key, at in self._ended.items() if at > now - DAY}

    def __contains__(self, name: bytes) -> bool:
        """Whether there is an outcome with this id."""
        return name in self._ids

    def about(self, key: bytes) -> bool:
        """Whether anything was decided about a lead."""
        return key in self._leads

    def _take(self, record: Stored) -> None:
        outcome, key = outcome_of(record), record.key or b""
        self.count += 1
        self._tally.add(key, record.timestamp, outcome)
        self._leads.add(key)
        if not self._ids.add(outcome.id.encode()):
            self.suspects.add(key)
        if outcome.kind in ENDS:
            self._ended[key] = record.timestamp
        elif outcome.kind == "lead.reopened":
            self._ended.pop(key, None)
        if outcome.breach:
            if key in self._ended:
                return
            if key in self.pending:
                self.suspects.add(key)
            self.pending[key] = Breach(outcome.data.turn, record.timestamp)
        elif outcome.follows:
            self.pending.pop(key, None)
