"""What every attempt to deliver a notice keeps to: how long it may take, when it has to wait, how it is given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .effects import Bury, Count, Effect, Notify
from .people import head_of, quiet_until
from .rules import DAY, MINUTE, SECOND, Rules

SEND_LIMIT = 30 * SECOND
"""An attempt that has not answered by then is lost. The shell sends within half of it, so two never overlap."""

MAIL_LIMIT = 2 * MINUTE
"""The same for mail, whose servers let senders wait on purpose."""

MAIL = frozenset({"mailto", "mailtos"})

KEEP_FAILED = 7 * DAY
"""How long a row that has nothing to do remembers what it has seen."""

STALE = frozenset({"assigned", "warning"})
"""Kinds that a `Drop` of an earlier version means."""

PENDING = 1
"""The status in the header of a row that has something to deliver."""


def limit_of(address: str) -> int:
    """How long an attempt to send to a channel address may take, ms."""
    return MAIL_LIMIT if address.partition("://")[0].lower() in MAIL else SEND_LIMIT


def held_until(rules: Rules, manager_id: str, kind: str, now: int) -> int | None:
    """The end of the quiet hours in which a notice of this kind has to wait now, ms; None: it may go."""
    manager = rules.managers.get(manager_id)
    return None if manager is None or kind in manager.urgent else quiet_until(rules, manager_id, now)


def given_up(notice: Any, *, lead_id: str, manager_id: str, channel: str, tries: int, error: str) -> tuple[Bury, Count]:
    """A notice that is not to be tried again: a dead letter without personal data. notice: its id and its kind."""
    note = {
        "lead_id": lead_id,
        "notice_id": notice.notice_id,
        "manager_id": manager_id,
        "kind": notice.kind,
        "channel": channel.partition(":")[0],  # the rest of an address may hold a secret
        "attempts": tries,
        "error": error,
    }
    return Bury(reason="notification_failed", note=note), Count("failed")


def undelivered(
    notice: Any, *, lead_id: str, manager_id: str, channel: str, error: str, now: int, rules: Rules, head: str = ""
) -> list[Effect]:
    """Tell the head that a manager does not know of a lead; nobody, if it is the head who cannot be told.

    It names nobody's customer: an erasure may be on its way (R31). notice: its kind, turn and details. head: who is
    told of a manager without a team.
    """
    head = head_of(rules, manager_id) or head
    if notice.kind == "undelivered" or head in ("", manager_id):
        return []
    said: Mapping[str, Any] = {
        "holder_id": manager_id,
        "about": notice.kind,
        "channel": channel.partition(":")[0],
        "reason": error,
    }
    kept = {name: notice.details[name] for name in ("source", "due_at") if name in notice.details}
    return [
        Notify(
            notice_id=f"{lead_id}:{notice.turn}:undelivered:{manager_id}:{head}",
            lead_id=lead_id,
            manager_id=head,
            kind="undelivered",
            turn=notice.turn,
            at=now,
            details={**kept, **said},
        )
    ]
