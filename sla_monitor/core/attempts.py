"""What every attempt to deliver a notice keeps to: how long it may take, when it is made again, when it is given up."""

from __future__ import annotations

from typing import Any

from .effects import Bury, Count, Effect, Notify
from .hashing import stable_hash
from .people import head_of, quiet_until
from .rules import DAY, HOUR, MINUTE, SECOND, Rules

SEND_LIMIT = 30 * SECOND
"""An attempt that has not answered by then is lost. The shell sends within half of it, so two never overlap."""

BACKOFF = (5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR)
"""The wait after each failed attempt, the last one again and again: soon while it may help, rare when it did not."""

JITTER = 20
"""Percent by which a wait may be longer, so that notices which failed together do not return together."""

GIVE_UP = DAY
"""Nobody acts on a notice that is a day old. The day begins at the end of the quiet hours in which it came."""

KEEP_FAILED = 7 * DAY
"""How long a notice that finally failed stays visible, and a row without notices remembers what it has seen."""

UNANSWERED = "no attempt was answered"

STALE = frozenset({"assigned", "warning"})
"""Kinds that say nothing any more once a later turn runs; the others tell of something that stays true."""

PENDING = 1
"""The status in the header of a row that has something to deliver."""


def backoff(message_id: str, tries: int, retry_after: int | None) -> int:
    """The wait after so many failed attempts, ms, a little longer for some than for others.

    retry_after: what the receiver asked for, ms; it can neither shorten the wait nor ask for days.
    """
    wait = BACKOFF[min(tries, len(BACKOFF)) - 1]
    wait += wait * (stable_hash(f"{message_id}\0{tries}") % (JITTER + 1)) // 100
    return max(wait, min(retry_after or 0, BACKOFF[-1]))


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
    notice: Any, *, lead_id: str, manager_id: str, channel: str, error: str, now: int, rules: Rules
) -> list[Effect]:
    """Tell the head that a manager does not know of a lead; nobody, if it is the head who cannot be told.

    It names nobody's customer: an erasure may be on its way (R31). notice: its kind, turn and details.
    """
    head = head_of(rules, manager_id)
    if notice.kind == "undelivered" or head in (None, manager_id):
        return []
    said = {"holder_id": manager_id, "about": notice.kind, "channel": channel.partition(":")[0], "reason": error}
    kept = {name: notice.details[name] for name in ("source", "due_at") if name in notice.details}
    return [
        Notify(
            notice_id=f"{lead_id}:{notice.turn}:undelivered:{manager_id}:{head}",
            lead_id=lead_id,
            manager_id=head or "",
            kind="undelivered",
            turn=notice.turn,
            at=now,
            details={**kept, **said},
        )
    ]
