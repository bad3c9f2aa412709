"""What a mailbox does: takes notices in, sends what may go now, learns how it ended, and knows when to look again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from . import queue as machine
from .attempts import KEEP_FAILED, STALE, given_up, held_until, limit_of, undelivered
from .effects import Count, Effect, Enqueue, LeadState, Refresh, Send, Told, Withdraw
from .events import Sent
from .mailbox import (
    BUNDLE,
    DIGEST,
    LEGACY,
    LOG,
    MOST_BYTES,
    Item,
    Mailbox,
    Parcel,
    Queue,
    addresses,
    bundle,
    bundled,
    digest,
)
from .moving import bequeath, hand_on, pending_in, settle
from .queue import BACKOFF, GIVE_UP, UNANSWERED
from .rules import Rules
from .standing import CHANGES, ERASED, named_anew, said, stands

LONGEST_WAIT = 4
"""The last step of `BACKOFF` that is used, ten minutes: a mailbox asks by one attempt for all that waits in it."""

PATIENCE = 4
"""Attempts without success after which the next message has its turn: it may be this one alone that does not pass."""


def decide(row: Mailbox | None, fact: Any, now: int, rules: Rules) -> tuple[Mailbox | None, list[Effect]]:
    """Apply an Enqueue, Refresh, Withdraw, Sent or Due."""
    key = row.key if row else getattr(fact, "to", "")
    if key.startswith(LEGACY):
        return None, hand_on(row, fact)
    if isinstance(fact, Enqueue):
        row = row or Mailbox(fact.to, fact.manager_id, now)
    if row is None:
        return None, [Count("ignored_stale")] if isinstance(fact, Sent) else [Count("ok")]
    work = Work(row, now, rules)
    match fact:
        case Enqueue():
            work.take(fact)
        case Refresh():
            work.refresh(fact.state)
        case Withdraw():
            work.withdraw(fact.lead_id, fact.turn)
        case Sent():
            work.settle(fact)
        case _:
            pass
    work.go_on()
    forgotten = not any(True for queue in row.queues if queue.waiting or queue.parcels) and now >= row.wakes_at
    return (None if forgotten else row), work.effects


class Work:
    """One fact's work on a mailbox. effects: what it asks for."""

    def __init__(self, row: Mailbox, now: int, rules: Rules) -> None:
        self.row, self.now, self.rules = row, now, rules
        self.effects: list[Effect] = []
        self._ends: dict[str, int | None] = {}
        self._leave(settle(row, addresses(rules, row.manager_id)))

    def _held(self, kind: str) -> int | None:
        """When the quiet hours end in which notices of this kind have to wait now, ms; None: they may go."""
        if kind not in self._ends:
            self._ends[kind] = held_until(self.rules, self.row.manager_id, kind, self.now)
        return self._ends[kind]

    # whom and where

    def _leave(self, pending: list[Item]) -> None:
        """The manager is not in the policy any more: nothing is sent, and the head is told once.

        Of what has become of a lead nobody else need know.
        """
        self.row.left_told &= self.row.left
        missed = [item for item in pending if not (item.kind in CHANGES or item.test or item.told)]
        if missed and not self.row.left_told:
            self.row.left_told = self._tell_head(missed[0], self._first(), "left")
        self.effects += [Count("dropped") for _ in pending]

    # what comes in

    def take(self, fact: Enqueue) -> None:
        """A notice joins those that wait, and a channel that was left alone for long is tried again."""
        row, now = self.row, self.now
        row.told_at, row.head = now, fact.head or row.head
        since = self._held(fact.kind) or fact.at
        item = Item(
            fact.notice_id, fact.lead_id, fact.kind, fact.turn, fact.at, since, dict(fact.details), test=fact.test
        )
        if row.left and not fact.test:
            self._leave([item])
            return
        fresh = [queue for queue in self._queues_for(fact) if all(i.notice_id != item.notice_id for i in queue.items())]
        for queue in fresh:
            queue.waiting.append(replace(item))
            queue.pause = min(queue.pause, max(now, queue.not_before))
            for parcel in queue.parcels:
                if not parcel.out:
                    parcel.next_try = min(parcel.next_try, max(now, queue.not_before))
        self.effects.append(Count("ok" if fresh else "duplicate"))
        self._make_room()

    def _first(self) -> str:
        return self.row.queues[0].address if self.row.queues else LOG

    def _queues_for(self, fact: Enqueue) -> list[Queue]:
        """One that is named, if it is still the manager's; else all. Test leads have the log alone (R30)."""
        present = (LOG,) if fact.test else addresses(self.rules, self.row.manager_id)
        wanted = (fact.channel,) if fact.channel in present else present
        return [self._queue(address) for address in wanted]

    def _queue(self, address: str) -> Queue:
        found = next((queue for queue in self.row.queues if queue.address == address), None)
        if found is None:
            found = Queue(address)
            self.row.queues.append(found)
        return found

    def _make_room(self) -> None:
        """Beyond its bound a row gives up what has waited longest, the quiet before the urgent."""
        size = sum(item.size() for item in self.row.items())
        manager = self.rules.managers.get(self.row.manager_id)
        urgent = manager.urgent if manager else ()
        while size > MOST_BYTES and (waiting := [(item, queue) for queue in self.row.queues for item in queue.waiting]):
            item, queue = min(waiting, key=lambda pair: (pair[0].kind in urgent, pair[0].at))
            queue.waiting.remove(item)
            self._fail(queue, item, 0, "too many notices wait for this manager")
            size -= item.size()

    def refresh(self, state: LeadState) -> None:
        """Keep what still holds; nothing of an erased lead but that it is gone (R31)."""
        manager, erased = self.row.manager_id, state.phase == ERASED

        def over(item: Item) -> bool:
            gone = erased and item.kind not in CHANGES
            return item.lead_id == state.lead_id and (gone or not stands(item.kind, item.turn, manager, state))

        self._remove(over)
        for item in (item for queue in self.row.queues for item in pending_in(queue)):
            if item.lead_id == state.lead_id and item.kind in CHANGES:
                item.turn, item.details = state.turn, said(state)
        if erased:
            self._wipe(state.lead_id)
        if state.renewed:
            for item in (item for item in self.row.items() if item.lead_id == state.lead_id):
                item.details = named_anew(item.details, state)

    def withdraw(self, lead_id: str, turn: int | None) -> None:
        """What is stale now that `turn` runs, or all of an erased lead."""

        def over(item: Item) -> bool:
            stale = turn is None or (item.turn < turn and item.kind in STALE)
            return item.lead_id == lead_id and stale

        self._remove(over)
        if turn is None:
            self._wipe(lead_id)

    def _wipe(self, lead_id: str) -> None:
        """What is out, or tells that the lead is gone, keeps no data of it (R31)."""
        for item in self.row.items():
            if item.lead_id == lead_id:
                item.details = {}

    def _remove(self, over: Callable[[Item], bool]) -> None:
        """A message that is out ends by itself; if it arrives, its notices count as told."""
        for queue in self.row.queues:
            queue.waiting = [item for item in queue.waiting if not over(item)]
            for parcel in queue.parcels:
                for item in filter(over, parcel.items):
                    item.over = True
                if not parcel.out:
                    self._drop(parcel)
            queue.tidy()
        self.effects.append(Count("ok"))

    def _drop(self, parcel: Parcel) -> None:
        """What does not hold any more goes; what may have arrived counts as told: a word too many harms less."""
        if parcel.unsure:
            self._tell(item for item in parcel.items if item.over)
        parcel.items = [item for item in parcel.items if not item.over]

    def _tell(self, items: Iterable[Item]) -> None:
        self.effects += [
            Told(lead_id=item.lead_id, manager_id=self.row.manager_id, kind=item.kind, turn=item.turn, at=self.now)
            for item in items
        ]

    # how an attempt ended

    def settle(self, fact: Sent) -> None:
        """The answer to the attempt that is out. That a message arrived is believed of any attempt of it."""
        for queue in self.row.queues:
            for parcel in queue.parcels:
                if parcel.message_id == fact.notice_id and queue.address == (fact.channel or queue.address):
                    if fact.error is None:
                        self._arrived(queue, parcel)
                        return
                    if parcel.out and parcel.attempt == fact.attempt:
                        self._failed(queue, parcel, fact, fact.error)
                        return
        self.effects.append(Count("ignored_stale"))

    def _arrived(self, queue: Queue, parcel: Parcel) -> None:
        queue.parcels.remove(parcel)
        queue.head_told, queue.failures, queue.pause = False, 0, 0
        self._tell(parcel.items)
        self._need_not_say(queue, parcel.items)
        self.effects += [Count("sent")] * (len(parcel.items) if queue.address == LOG else 1)

    def _need_not_say(self, queue: Queue, arrived: list[Item]) -> None:
        """What arrived by one channel is not lost with another; and of one change one word is enough."""
        told = {item.notice_id for item in arrived}
        changed = {(item.lead_id, item.kind) for item in arrived if item.kind in CHANGES}
        for other in self.row.queues:
            for item in other.items():
                item.told |= item.notice_id in told
        more = {item.lead_id for item in queue.waiting if (item.lead_id, item.kind) not in changed}
        queue.waiting = [
            item for item in queue.waiting if item.lead_id in more or (item.lead_id, item.kind) not in changed
        ]

    def _failed(self, queue: Queue, parcel: Parcel, fact: Sent, error: str) -> None:
        parcel.unsure |= fact.unsure
        self._drop(parcel)
        machine.failed(parcel, error, asked=fact.asked, refused=fact.refused)
        queue.not_before = self.now + min(max(fact.retry_after or 0, BACKOFF[0]), BACKOFF[-1])
        if not parcel.items:
            self.effects.append(Count("dropped"))
        if fact.permanent and len(parcel.items) > 1 and queue.address != LOG:
            self._fall_apart(queue, parcel)
        elif fact.permanent:
            self._give_up(queue, parcel, DAY_IS_OVER)
        else:
            self._wait(queue, parcel, fact)
        queue.tidy()
        self.effects += [Count("retried")] if parcel.items else []

    def _wait(self, queue: Queue, parcel: Parcel, fact: Sent) -> None:
        """Until the next attempt; a receiver that gave no answer is left alone by the others too."""
        queue.failures += fact.asked and not fact.refused
        tries = min(max(queue.failures, parcel.tries), LONGEST_WAIT)
        span = machine.wait(parcel.message_id, tries if fact.asked else 1, fact.retry_after, BACKOFF[-1])
        self._give_up(queue, parcel, self.now)
        last = min((item.since + GIVE_UP for item in parcel.items), default=self.now)
        parcel.next_try = machine.next_attempt(self.now, span, last) or self.now
        queue.pause = self.now if fact.refused else parcel.next_try

    def _fall_apart(self, queue: Queue, parcel: Parcel) -> None:
        """A digest that is never taken says nothing of its notices: each is tried by itself."""
        for item in parcel.items:
            item.alone = True
        queue.waiting = [*parcel.items, *queue.waiting]
        parcel.items = []
        self.effects.append(Count("retried"))

    # giving up

    def _give_up(self, queue: Queue, parcel: Parcel, at: int) -> None:
        """Fail what is a day old at an instant; what is left stays to be tried."""
        old = [item for item in parcel.items if at >= item.since + GIVE_UP]
        parcel.items = [item for item in parcel.items if at < item.since + GIVE_UP]
        for item in old:
            self._fail(queue, item, parcel.tries, parcel.error or UNANSWERED)

    def _fail(self, queue: Queue, item: Item, tries: int, error: str) -> None:
        where = {"lead_id": item.lead_id, "manager_id": self.row.manager_id, "channel": queue.address, "error": error}
        self.effects += given_up(item, tries=tries, **where)
        if not queue.head_told and not item.test and not item.told:
            queue.head_told = self._tell_head(item, queue.address, error)

    def _tell_head(self, item: Item, channel: str, error: str) -> bool:
        """Whether there is a head to be told."""
        where = {"lead_id": item.lead_id, "manager_id": self.row.manager_id, "channel": channel, "error": error}
        told = undelivered(item, now=self.now, rules=self.rules, head=self.row.head, **where)
        self.effects += told
        return bool(told)

    # time

    def go_on(self) -> None:
        """Do what is due by now; then say when time alone may change the row."""
        row = self.row
        for parcel in filter(None, (queue.out() for queue in row.queues)):
            if parcel.next_try <= self.now:
                machine.lost(parcel)
                parcel.unsure = True
                self._drop(parcel)
        self._leave(bequeath(row, addresses(self.rules, row.manager_id)))
        wakes = [self._go_on(queue) for queue in row.queues if queue.waiting or queue.parcels]
        row.wakes_at = min(wakes, default=row.told_at + KEEP_FAILED)

    def _go_on(self, queue: Queue) -> int:
        """When time alone may change the queue, ms."""
        again = 0
        if queue.out() is None:
            self._expire(queue)
            again = self._send_next(queue)
        parcel = queue.out()
        return parcel.next_try if parcel else min(again, *_expiries(queue))

    def _expire(self, queue: Queue) -> None:
        """What is a day old and was never sent for want of an answer to others; a message begun has a last attempt."""
        for item in [item for item in queue.waiting if self.now >= item.since + GIVE_UP]:
            queue.waiting.remove(item)
            self._fail(queue, item, 0, UNANSWERED)
        for parcel in queue.parcels:
            if parcel.next_try + GIVE_UP <= self.now:
                self._give_up(queue, parcel, self.now)
        queue.tidy()

    def _send_next(self, queue: Queue) -> int:
        """Send what may go now; else when to look again, ms."""
        ends = [end for item in queue.items() if (end := self._held(item.kind))]
        choices = self._choices(queue)
        if not choices:
            return min(ends, default=self.row.told_at + KEEP_FAILED)
        at, _, parcel = min(choices, key=lambda choice: (max(choice[0], self.now), choice[1]))
        if at <= self.now:
            self._attempt(queue, parcel or self._pack(queue))
        return min([at, *ends])

    def _choices(self, queue: Queue) -> list[tuple[int, int, Parcel | None]]:
        """What may go next, as (from when on, attempts so far, the parcel; None: one that is yet to be packed)."""
        begun = [parcel for parcel in queue.parcels if not all(self._held(item.kind) for item in parcel.items)]
        choices: list[tuple[int, int, Parcel | None]] = []
        for parcel in begun:
            choices.append((max(parcel.next_try, queue.pause, queue.not_before), parcel.tries, parcel))
            if not self._passed_by(parcel):
                return choices
        probed = queue.failures and len(begun) > 1  # nothing gets through: another message would tell no more
        if not probed and not all(self._held(item.kind) for item in queue.waiting):
            choices.append((max(self._room(queue), queue.pause, queue.not_before), 0, None))
        return choices

    def _passed_by(self, parcel: Parcel) -> bool:
        return parcel.tries >= PATIENCE or machine.passed_by(parcel)

    def _room(self, queue: Queue) -> int:
        """When there is room for another message: at most `digest_after` notices go out within `digest_window`, unless
        so much waits that some of it would be given up.
        """
        limits, recent = self.rules.limits, self._recent(queue)
        full = queue.address != LOG and len(recent) >= limits.digest_after and queue.size() < MOST_BYTES // 4
        return recent[-limits.digest_after] + limits.digest_window if full else self.now

    def _recent(self, queue: Queue) -> list[int]:
        return [at for at in queue.recent if at > self.now - self.rules.limits.digest_window]

    def _pack(self, queue: Queue) -> Parcel:
        """The first notice that waits or, if more would go out than should within the window, all of them as one."""
        most, recent = self.rules.limits.digest_after, self._recent(queue)
        free = [item for item in queue.waiting if not self._held(item.kind)]
        apart = [item for item in free if not item.alone]
        if queue.address == LOG:
            items = bundled(free)
        elif not free[0].alone and len(apart) > 1 and len(recent) + len(apart) > most:
            items = apart
        else:
            items = free[:1]
        taken = {id(item) for item in items}
        queue.waiting = [item for item in queue.waiting if id(item) not in taken]
        queue.recent = [] if queue.address == LOG else [*recent, *[self.now] * len(items)][-most:]
        first = items[0].notice_id
        several = f"{BUNDLE if queue.address == LOG else DIGEST}:{first}"
        parcel = Parcel(several if len(items) > 1 else first, items)
        queue.parcels.append(parcel)
        return parcel

    def _attempt(self, queue: Queue, parcel: Parcel) -> None:
        self.row.attempts += 1
        machine.begin(parcel, self.row.attempts, self.now, limit_of(queue.address))
        self.effects.append(self._send(queue, parcel))

    def _send(self, queue: Queue, parcel: Parcel) -> Send:
        row, one = self.row, parcel.items[0]
        many = parcel.message_id != one.notice_id
        kind, details = one.kind, one.details
        if many:
            logged = queue.address == LOG
            kind, details = (BUNDLE, bundle(parcel.items)) if logged else (DIGEST, digest(parcel.items))
        return Send(
            key=row.key,
            notice_id=parcel.message_id,
            lead_id="" if many else one.lead_id,
            manager_id=row.manager_id,
            channel=queue.address,
            kind=kind,
            turn=0 if many else one.turn,
            at=self.now,
            attempt=parcel.attempt,
            limit=limit_of(queue.address),
            test=not many and one.test,
            details=details,
        )


def _expiries(queue: Queue) -> list[int]:
    """When what is not out will have waited for a day, ms; in quiet hours too."""
    begun = [(parcel.next_try, min(item.since for item in parcel.items)) for parcel in queue.parcels]
    return [DAY_IS_OVER, *(item.since + GIVE_UP for item in queue.waiting), *(max(at) + GIVE_UP for at in begun)]


DAY_IS_OVER = 1 << 62
"""An instant by which every notice is a day old."""
