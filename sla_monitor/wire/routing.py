"""From a valid event to the log that owns it, by the policy in force: the same way in for HTTP and for Kafka."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sla_monitor.core.effects import Accept
from sla_monitor.core.rules import Rules

from .facts import NO_LEAD_NO_NUMBER, Directory, to_facts
from .reading import Event


class Entry(NamedTuple):
    """accept: where the event's fact goes; None: nowhere. counts: what is counted of it."""

    accept: Accept | None
    counts: tuple[str, ...]


class Routing:
    """rules: those in force."""

    def __init__(self, rules: Callable[[], Rules]) -> None:
        self._rules = rules
        self._known: tuple[Rules, Directory] | None = None

    def enter(self, event: Event, received: int, source: str) -> Entry:
        """received: ms. source: the name of the source, for its region and as a label."""
        routed = to_facts(event, self._directory(), received, source)
        if routed is None:
            return Entry(None, (NO_LEAD_NO_NUMBER,))
        return Entry(Accept(routed.log, routed.key, routed.fact), routed.fact.origin.flags)

    def _directory(self) -> Directory:
        """Made once a policy."""
        rules = self._rules()
        if self._known is None or self._known[0] is not rules:
            self._known = rules, Directory.of(rules)
        return self._known[1]
