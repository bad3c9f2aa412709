"""What is known of a lead's notices: one row a lead. It brings each to the mailbox of its manager (`mailbox.py`), where
leads come together, and remembers what has reached whom, so that whoever was told something learns what became of it.

    track -- Notify, LeadState --> the lead's row -- Enqueue, Refresh --> the mailbox of a manager
                                        ^                                        |
                                        '---------------- Told ------------------'

A notice and what is so of its lead take the same way, so neither overtakes the other. When something that was so is
not any more, a notice of it that waits is withdrawn, and a manager whom it had reached gets one notice of the
difference; whoever was told nothing hears nothing of the end (`standing.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import dispatch
from .attempts import KEEP_FAILED
from .effects import Count, Drop, Effect, Enqueue, LeadState, Notify, Refresh, Told, Withdraw
from .events import Heartbeat, Sent
from .fold import Keyed
from .hashing import stable_hash
from .heartbeat import Stage, passed
from .mailbox import LOG, Mailbox, key_of
from .row import Header
from .rules import Rules
from .standing import CHANGES, ENDS, OPEN, Heard, difference, live, said, stands

KNOWN = 64
"""Notices remembered to tell a repeated one; track does not repeat itself across more."""

WAITED = frozenset({"waiting", "quiet", "sending"})
"""States of a notice in a row of the version before, where the lead's row sent what goes to log:// itself."""


@dataclass(slots=True)
class Left:
    """A notice to log:// that a row of the version before holds."""

    notice_id: str
    manager_id: str
    kind: str
    turn: int
    at: int
    test: bool = False
    state: str = "waiting"
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Notices:
    """told_at: when the last notice came. known: hashes of their ids, newest last. boxes: the mailboxes that got some.

    state: what is so of the lead. heard: by manager, what they were told last. notices: of the version before.
    """

    lead_id: str
    told_at: int
    known: list[int] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    state: LeadState | None = None
    heard: dict[str, Heard] = field(default_factory=dict)
    notices: list[Left] = field(default_factory=list)
    kept_until: int = 0

    def header(self) -> Header:
        return Header(self.over_at)

    @property
    def over_at(self) -> int:
        """When to see whether anybody still has to know, ms."""
        return max(self.told_at + KEEP_FAILED, self.kept_until)


Row = Notices | Mailbox


def decide(row: Row | None, fact: Any, now: int, rules: Rules) -> tuple[Row | None, list[Effect]]:
    """Apply a fact to the notices of a lead, or to a mailbox; a heartbeat has come the whole way."""
    if isinstance(fact, Heartbeat):
        return row, [passed(fact, Stage.NOTIFY)]
    if isinstance(row, Mailbox) or isinstance(fact, (Enqueue, Refresh, Withdraw)):
        return dispatch.decide(row if isinstance(row, Mailbox) else None, fact, now, rules)
    return _decide(row, fact, now)


def _decide(row: Notices | None, fact: Any, now: int) -> tuple[Notices | None, list[Effect]]:
    """Apply a Notify, LeadState, Told, Drop or Due to the notices of a lead."""
    if isinstance(fact, (Notify, LeadState)):
        row = row or Notices(fact.lead_id, now)
    if row is None:
        stale = isinstance(fact, (Sent, Told))
        return None, [Count("ignored_stale" if stale else "ok")] if stale or isinstance(fact, Drop) else []
    effects = _hand_on(row) + _apply(row, fact, now)
    return (None if _is_over(row, fact, now) else row), effects


def _apply(row: Notices, fact: Any, now: int) -> list[Effect]:
    match fact:
        case Notify():
            return _accept(row, fact, now)
        case LeadState():
            return _refresh(row, fact)
        case Told():
            return _hear(row, fact)
        case Drop():
            return [*_withdraw(row, fact.turn, now), Count("ok")]
        case _:
            return []


def _is_over(row: Notices, fact: Any, now: int) -> bool:
    """Whether nothing more has to be known: the lead is erased, or nothing came for long and nobody is to hear."""
    if isinstance(fact, Drop) and fact.turn is None:
        return True
    if now < row.over_at:
        return False
    if row.heard and row.state is not None and row.state.phase == OPEN:
        row.kept_until = now + KEEP_FAILED
        return False
    return True


def _accept(row: Notices, fact: Notify, now: int) -> list[Effect]:
    """Unless what it says was over in the very step that asked for it."""
    row.told_at = now
    mark = stable_hash(fact.notice_id)
    if mark in row.known:
        return [Count("duplicate")]
    row.known = [*row.known, mark][-KNOWN:]
    if row.state and not stands(fact.kind, fact.turn, fact.manager_id, row.state):
        return [Count("ignored_stale")]
    return [Count("ok"), _enqueue(row, fact)]


def _enqueue(row: Notices, notice: Notify, channel: str = "") -> Enqueue:
    """Test leads are told of in the log alone (R30)."""
    to = key_of(notice.manager_id)
    if to not in row.boxes:
        row.boxes.append(to)
    return Enqueue(
        to=to,
        manager_id=notice.manager_id,
        notice_id=notice.notice_id,
        lead_id=notice.lead_id,
        kind=notice.kind,
        turn=notice.turn,
        at=notice.at,
        channel=LOG if notice.test else channel,
        head=row.state.head if row.state else "",
        test=notice.test,
        details=notice.details,
    )


def _refresh(row: Notices, state: LeadState) -> list[Effect]:
    """What does not hold any more is withdrawn, then whoever heard of it is told the difference."""
    row.state = state
    effects: list[Effect] = [Count("ok"), *(Refresh(to=to, state=state) for to in row.boxes)]
    for manager, heard in row.heard.items():
        effects += _tell(row, manager, heard, state)
    return effects


def _hear(row: Notices, fact: Told) -> list[Effect]:
    """A notice has arrived. What it says may have changed while it was on its way."""
    state = row.state
    if state is None or not (live(fact.kind) or fact.kind in CHANGES):
        return []
    if fact.kind == "contact_breached" and state.phase != OPEN:
        return []  # it says nothing about who is to respond
    heard = row.heard.setdefault(fact.manager_id, Heard("", 0))
    heard.hear(fact.kind, fact.turn)
    return _tell(row, fact.manager_id, heard, state)


def _tell(row: Notices, manager: str, heard: Heard, state: LeadState) -> list[Effect]:
    """One notice of the difference, unless it is on its way. Whoever ended it themselves knows."""
    kind = difference(heard, manager, state)
    if not kind and state.phase in ENDS and state.by == manager:
        heard.hear(ENDS[state.phase], state.turn)
    telling = ":".join((row.lead_id, str(state.turn), kind, manager)) if kind else ""
    if kind and heard.telling.endswith(f":{kind}:{manager}"):
        return []
    heard.telling = telling
    return [_enqueue(row, _notice(row, manager, kind, state))] if kind else []


def _notice(row: Notices, manager: str, kind: str, state: LeadState) -> Notify:
    return Notify(
        notice_id=row.heard[manager].telling,
        lead_id=row.lead_id,
        manager_id=manager,
        kind=kind,
        turn=state.turn,
        at=state.at,
        test=state.test,
        details=said(state),
    )


# from the version before


def _withdraw(row: Notices, turn: int | None, now: int) -> Iterator[Effect]:
    yield from (Withdraw(to=to, lead_id=row.lead_id, turn=turn, at=now) for to in row.boxes)


def _hand_on(row: Notices) -> list[Effect]:
    """What waits in the lead's own row goes to the mailboxes."""
    left, row.notices = row.notices, []
    effects: list[Effect] = []
    for notice in left:
        if notice.state in WAITED:
            fields = {name: getattr(notice, name) for name in ("notice_id", "manager_id", "kind", "turn", "at", "test")}
            asked = Notify(lead_id=row.lead_id, details=notice.details, **fields)
            effects.append(_enqueue(row, asked, LOG))
    return effects


REDUCER = Keyed((Notices, Mailbox), decide)
