"""What becomes of what waits when the channels of a manager change: by the policy, or by another version's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from .effects import Count, Effect, Enqueue, Refresh, Withdraw
from .mailbox import LEGACY, LOG, Item, Mailbox, Queue, key_of


def settle(row: Mailbox, present: Sequence[str]) -> list[Item]:
    """Queues for the addresses of the rules in force: new ones get what waits in the others, old ones go.

    Returns what nobody is told any more: the manager has just left the policy.
    """
    known = [queue.address for queue in row.queues]
    if present and not row.left and known == list(present):
        return []
    pending = {item.notice_id: item for queue in row.queues for item in pending_in(queue)}
    gone = [item for queue in row.queues if not _stays(queue, present) for item in _close(queue, present)]
    new = [Queue(address) for address in present if address not in known] if known else []
    row.queues += new
    for queue in row.queues:
        if queue.address in present:
            _inherit(queue, pending.values() if queue in new else gone)
    left, row.left = row.left, not present
    return [] if present or left else list(pending.values())


def bequeath(row: Mailbox, present: Sequence[str]) -> list[Item]:
    """What was out to an address that is gone, and failed, goes to those that are there.

    Returns what nobody is told any more.
    """
    lost: list[Item] = []
    for gone in [queue for queue in row.queues if queue.address not in present]:
        if gone.out() is None and not any(item.test for item in gone.items()):
            row.queues.remove(gone)
            lost += [] if present else gone.items()
            for heir in (queue for queue in row.queues if queue.address in gone.heirs):
                _inherit(heir, gone.items())
    return lost


def _stays(queue: Queue, present: Sequence[str]) -> bool:
    return queue.address in present or (queue.address == LOG and any(item.test for item in queue.items()))


def _close(queue: Queue, present: Sequence[str]) -> list[Item]:
    """Leave the queue only what is out; the rest."""
    pending, out = pending_in(queue), queue.out()
    queue.waiting, queue.parcels, queue.heirs = [], [out] if out else [], [*present]
    return pending


def pending_in(queue: Queue) -> list[Item]:
    """What is not out."""
    begun = [item for parcel in queue.parcels if not parcel.out for item in parcel.items]
    return [*begun, *queue.waiting]


def _inherit(heir: Queue, items: Iterable[Item]) -> None:
    """What another channel cannot send any more, and the manager has by no other, before what came later."""
    known = {item.notice_id for item in heir.items()}
    fresh = {item.notice_id: replace(item) for item in items if not (item.test or item.told)}
    added = [item for notice_id, item in fresh.items() if notice_id not in known]
    heir.waiting = sorted([*added, *heir.waiting], key=lambda item: item.at) if added else heir.waiting


# from the version before


def hand_on(row: Mailbox | None, fact: Any) -> list[Effect]:
    """A mailbox of the version before was of one address: all of it goes to that of the manager, and so do facts."""
    effects: list[Effect] = []
    if row is not None:
        waiting = [*(item for parcel in row.parcels for item in parcel.items), *row.waiting]
        effects += [_posted(row, item) for item in waiting]
    if isinstance(fact, (Enqueue, Refresh, Withdraw)):
        manager = row.manager_id if row else fact.to.removeprefix(LEGACY).rpartition("-")[0]
        effects.append(_readdressed(fact, key_of(manager)))
    return [*effects, Count("ok")]


def _readdressed(fact: Enqueue | Refresh | Withdraw, to: str) -> Enqueue | Refresh | Withdraw:
    return replace(fact, to=to)


def _posted(row: Mailbox, item: Item) -> Enqueue:
    return Enqueue(
        to=key_of(row.manager_id),
        manager_id=row.manager_id,
        notice_id=item.notice_id,
        lead_id=item.lead_id,
        kind=item.kind,
        turn=item.turn,
        at=item.at,
        channel=row.channel,
        details=item.details,
    )
