"""Effects: what a decision asks the outside to do, in the imperative.

Those with a `log` are written to that log under `key` in the same step as the row, and are the facts
of the reducer that owns it. `Publish` goes to `sla.outcomes`, `Bury` to `sla.dead-letters`.
`Send`, `Post`, `Count`, `Receive`, `Measure` and `Beat` are acts of the shell after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .events import (
    Absorbed,
    Asked,
    Assigned,
    Away,
    Declined,
    Heartbeat,
    Joined,
    JoinedReopened,
    JoinRefused,
    Merged,
    Noticed,
    Outside,
    Parted,
    PartErased,
    Preceded,
)
from .spelling import key


class Log(StrEnum):
    """Our logs, by the name of the topic without its prefix."""

    PHONES = "phones"
    EVENTS = "events"
    DESK = "desk"
    NOTIFICATIONS = "notifications"
    OUTCOMES = "outcomes"
    DEAD_LETTERS = "dead-letters"


class Public(StrEnum):
    """The topics that foreign producers write to, without the prefix; on Kafka only."""

    LEADS = "leads"
    CALLS = "calls"
    MANAGERS = "managers"


# to the log that owns it, by intake


@dataclass(frozen=True, slots=True)
class Accept:
    """Append an event from outside, or a heartbeat, where everything about its key comes together."""

    log: Log
    key: str
    fact: Outside | Heartbeat | Noticed


# to the desk, keyed by lead_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Find a manager for turn `turn` of a lead; replaces whatever the desk has of it.

    n numbers the asks of a lead. had: who held it already. skills: all are needed.
    """

    lead_id: str
    n: int
    at: int
    team_id: str
    turn: int
    skills: tuple[str, ...] = ()
    language: str | None = None
    had: tuple[str, ...] = ()
    grace: int = 60_000  # absence_grace of the lead's policy, ms
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The lead is held by a manager that the desk did not choose; replaces whatever it has of it."""

    lead_id: str
    manager_id: str
    at: int
    grace: int  # absence_grace of the lead's policy, ms
    test: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """The lead is held by nobody who counts: no longer open, or escalated."""

    lead_id: str
    at: int


# to the numbers, keyed by number


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNumber:
    """A lead with this number is open: its calls are wanted, from `since` on (R5, R24)."""

    number: str
    lead_id: str
    since: int  # when it came
    at: int
    join: bool  # whether another open lead of the number may take it (R25)
    absorb: bool = False  # whether a lead made of a missed call is to be absorbed (R26)
    due_at: int = 0  # the due of its clock
    shared: bool = False  # many may have the number: nothing joins by it


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseNumber:
    """The lead is no longer open for this number, from `at` on (R23).

    collect: it is answered, and still gets the calls of the number. erase: what is kept of it goes at once (R31).
    joined: another lead has its clock (R25).
    """

    number: str
    lead_id: str
    at: int
    collect: bool = False
    erase: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Answer `Asked` when everything accepted before this is applied (R8). `to`: a number or a lead_id."""

    lead_id: str
    k: int
    to: str
    at: int
    log: Log  # PHONES for a number, EVENTS for a lead


# to a lead, keyed by lead_id


@dataclass(frozen=True, slots=True)
class Deliver:
    """Append a fact to the log of leads: a matched call, a forwarded one, a lead made of a missed call, an answer.

    lead_id is the key; a call matched by its number carries the same lead_id in the fact.
    """

    lead_id: str
    fact: (
        Outside
        | Assigned
        | Away
        | Asked
        | Joined
        | JoinRefused
        | Declined
        | JoinedReopened
        | Parted
        | PartErased
        | Absorbed
        | Merged
        | Preceded
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """`joining` proposes to be one with `lead_id`, which answers `Joined` if it is open, else `JoinRefused` (R25).

    due_at, cycle: of its clock, which comes with `Merged`; cycle 0 in old records. hops: how often it was passed on;
    via: who was asked first then.
    """

    lead_id: str
    joining: str
    at: int
    started_at: int
    due_at: int
    merge: bool = False
    hops: int = 0
    via: str = ""
    cycle: int = 0


# to the notifications, keyed by lead_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Tell one manager. kind: one of `rules.NOTICES`.

    notice_id: deterministic, `lead:turn:kind[:qualifier]:manager`. turn: older turns' notices are dropped.
    details: what the text needs (due_at, reason, from, to, name, phone ...).
    """

    notice_id: str
    lead_id: str
    manager_id: str
    kind: str
    turn: int
    at: int
    test: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadState:
    """What is so of a lead, as far as people are told of it; written whenever it is not what it was.

    phase: see `standing`. holder: nobody while nobody can take it. head: who is told of what goes wrong. spoken:
    whether somebody has spoken with the customer. absent: whether the holder is not there. why, by, into: why it came
    to this, whose doing it was, and which lead took it. details: what every text may need. renewed: whether what texts
    say of the customer is not to be said any more as it was (R31).
    """

    lead_id: str
    phase: str
    turn: int
    holder: str
    head: str
    at: int
    spoken: bool = False
    absent: bool = False
    why: str = ""
    by: str = ""
    into: str = ""
    test: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    renewed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Forget the notices of a lead that are older than `turn`, or all of them (`turn` None: erased).

    Written by versions that knew no `LeadState`.
    """

    lead_id: str
    turn: int | None
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Post an outcome to webhooks. to: their names. body: the outcome as it is published."""

    lead_id: str
    outcome_id: str
    to: tuple[str, ...]
    body: str


# between the notices of a lead and the mailboxes of managers


@dataclass(frozen=True, slots=True, kw_only=True)
class Enqueue:
    """Bring a notice to a manager. to: the key of the mailbox. head: of the lead; the others: see `Notify`.

    channel: the only address that is to get it; empty for all that the manager has when it goes out.
    """

    to: str
    manager_id: str
    notice_id: str
    lead_id: str
    kind: str
    turn: int
    at: int
    channel: str = ""
    head: str = ""
    test: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What is so of a lead now: a mailbox keeps what still holds. to: its key."""

    to: str
    state: LeadState


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """The same as `Drop`, of what a mailbox has of the lead. to: the key of the mailbox."""

    to: str
    lead_id: str
    turn: int | None
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A notice of a lead has reached a manager."""

    lead_id: str
    manager_id: str
    kind: str
    turn: int
    at: int


# published


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """An outcome. Its id is `lead:turn:type[:qualifier]`; type without `.v1`. data: JSON values only."""

    type: str
    lead_id: str
    turn: int
    at: int
    qualifier: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bury:
    """Put the fact at hand among the dead letters, with the reason. data: False leaves its content out (R31).

    note: what to keep instead where no fact from outside is at hand; JSON values, no personal data.
    detail: what is wrong with it, for who sent it; no personal data.
    """

    reason: str
    fact: Outside | Relay | None = None
    data: bool = True
    note: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""


# acts after the commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One attempt to send a notice to one channel address, within `limit` ms.

    key: of the row that waits for the answer. at: the instant of the attempt. A digest has no lead of its own; its
    details are `count`, `leads`, the `items` that it lists, each with what the text of a notice needs, and the ids of
    all its `notices`. So has a bundle, which lists them all: see `mailbox.parts`.
    """

    key: str
    notice_id: str
    lead_id: str
    manager_id: str
    channel: str
    kind: str
    turn: int
    at: int
    attempt: int
    limit: int
    test: bool
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One attempt to post an outcome to a webhook, within `limit` ms."""

    webhook: str
    lead_id: str
    outcome_id: str
    attempt: int
    limit: int
    body: str


@dataclass(frozen=True, slots=True)
class Count:
    """Name what became of the fact: the log field and the label of `sla_events_total`."""

    result: str


@dataclass(frozen=True, slots=True)
class Receive:
    """Count a lead that came in and was given a promise."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A first proof: open and wall milliseconds since the start, for the response histograms."""

    source: str
    kind: str  # attempt, contact
    open: int
    wall: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Tell that a heartbeat has come through a stage. partition: see `Heartbeat`; at: when it was sent, ms."""

    stage: str
    partition: int
    at: int


ToNotifications = Notify | LeadState | Drop | Enqueue | Refresh | Withdraw | Told | Relay
Append = Accept | Ask | Hold | Free | OpenNumber | CloseNumber | Question | Deliver | Join | ToNotifications
Act = Publish | Bury | Send | Post | Count | Receive | Measure | Beat
"""What somebody outside the logs cares for, after the commit."""
Effect = Append | Act


def address(effect: Append) -> tuple[Log, str]:
    """The log that an appended effect goes to, and its key there."""
    match effect:
        case Accept():
            return effect.log, effect.key
        case Question():
            return effect.log, key(effect.to) if effect.log is Log.PHONES else effect.to
        case Ask() | Hold() | Free():
            return Log.DESK, effect.lead_id
        case OpenNumber() | CloseNumber():
            return Log.PHONES, key(effect.number)
        case Notify() | LeadState() | Drop() | Told() | Relay():
            return Log.NOTIFICATIONS, effect.lead_id
        case Enqueue() | Refresh() | Withdraw():
            return Log.NOTIFICATIONS, effect.to
    return Log.EVENTS, effect.lead_id
