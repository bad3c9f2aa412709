"""The reducer of `sla.notifications`: notices for people (`deliver`) and outcomes for webhooks (`relay`), side by side.

They share the log because what a lead's decision says to either is written in the step of that decision, and an
erasure reaches both. They share no row: nothing that becomes of the one delays the other.
"""

from __future__ import annotations

from typing import Any, ClassVar

from . import deliver, relay
from .effects import Drop, Effect, LeadState, Relay
from .events import Due, Posted, WebhookEnabled
from .fold import Plain, Rows
from .rules import Rules


class Notifications(Plain):
    """See `core.fold.Reducer`."""

    kinds: ClassVar[tuple[type, ...]] = (*deliver.REDUCER.kinds, *relay.KINDS)

    def fold(self, rows: Rows, key: str, fact: Any, now: int, rules: Rules) -> list[Effect]:
        """Apply one fact to whichever it is for; only an erasure is for both."""
        match fact:
            case Relay():
                return relay.accept(rows, fact, now, rules)
            case Posted():
                return relay.settle(rows, fact, now, rules)
            case WebhookEnabled():
                return relay.enable(rows, fact, now)
            case Due() if key.startswith((relay.OUTBOX, relay.ENDPOINT)):
                return relay.due(rows, key, now, rules)
            case Drop(turn=None) | LeadState(phase="erased"):
                relay.forget(rows, fact.lead_id)
        return deliver.REDUCER.fold(rows, key, fact, now, rules)


REDUCER = Notifications()
