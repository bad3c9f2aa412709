"""What a call or a record proves: an attempt, a contact, or nothing for a named reason (R1-R3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b

from .events import Call, CallAnswered, CallEnded, CallStarted, ContactRecorded
from .rules import Bounds
from .spelling import key


class Reason(StrEnum):
    """Why something proves nothing; empty when it proves an attempt or a contact."""

    NONE = ""
    LIVE = "live"  # not ended, and nothing proven so far
    INTERNAL = "internal"
    OWN_NUMBER = "own_number"
    INBOUND = "inbound"  # the customer's attempt, not ours
    MACHINE = "machine"  # voicemail, machine, IVR or queue, but no human
    TOO_SHORT = "too_short"  # below min_talk
    NOT_RUNG = "not_rung"  # below min_ring
    FAILED = "failed"
    AUTOMATED = "automated"  # no human did it
    STRANGER = "unknown_manager"  # nobody of the roster did it, at a source whose people are known


@dataclass(frozen=True, slots=True)
class Proof:
    """attempt_at, contact_at: the instants proven, ms. by: the manager's id if known.

    spoken_for: to a clock that came after it it proves nothing, for it was another's (R5).
    """

    attempt_at: int | None
    contact_at: int | None
    by: str | None
    reason: str
    spoken_for: bool = False


@dataclass(slots=True)
class CallSeen:
    """All that is known of a call, live or ended. Instants in ms; `*_at` of an answer is its first one.

    call: `call_key`. told_at, outcome, talk, ring: as `call.ended` says.
    """

    call: str
    direction: str | None = None
    number: str | None = None
    manager_id: str | None = None
    internal: bool = False
    started_at: int | None = None
    manager_at: int | None = None
    customer_at: int | None = None
    unknown_at: int | None = None
    machine_at: int | None = None
    queued_at: int | None = None
    ended_at: int | None = None
    told_at: int | None = None
    outcome: str = ""
    talk: int = 0
    ring: int | None = None
    spoken_for: bool = False  # as match said last, when it knew most

    @property
    def answered_at(self) -> int | None:
        """When a human of the far side answered; `unknown` counts as human unless a machine was recognised (R2)."""
        unknown = None if self.machine_at is not None else self.unknown_at
        if self.direction is None:
            return _first(self.manager_at, self.customer_at, unknown)
        return _first(self.customer_at if self.direction == "outbound" else self.manager_at, unknown)


ANSWERED_BY = {
    "manager": "manager_at",
    "customer": "customer_at",
    "unknown": "unknown_at",
    "machine": "machine_at",
    "ivr": "queued_at",
    "queue": "queued_at",
}
"""The field of `CallSeen` that keeps when each of them answered."""

_REACHED = frozenset({"answered", "busy", "rejected", "voicemail", "machine"})
"""Outcomes of an outbound call that are an attempt however short it rang (R1)."""


_PROVES = {"answered": 3, "failed": 0, "invalid_number": 0} | dict.fromkeys(_REACHED - {"answered"}, 2)
"""How much an outcome proves; the others, which only rang, 1."""


def call_key(uri: str, call_id: str) -> str:
    """A call is (source, call_id); 16 hexadecimal digits that stand for it."""
    return blake2b(f"{uri}\0{call_id}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def applied(call: CallSeen | None, fact: Call) -> CallSeen:
    """What is known of the call after this fact, whatever order the facts come in.

    Of several managers the one that the end names, else the first one named.
    """
    seen = replace(call) if call else CallSeen(call_key(fact.origin.uri, fact.call_id))
    seen.number = fact.number or seen.number
    seen.manager_id = seen.manager_id or fact.manager_id
    seen.spoken_for = fact.spoken_for
    if isinstance(fact, CallAnswered):
        name = ANSWERED_BY[fact.answered_by]
        setattr(seen, name, _first(getattr(seen, name), fact.at))
    elif isinstance(fact, CallStarted):
        _begin(seen, fact, fact.at)
    else:
        _begin(seen, fact, fact.started_at)
        _end(seen, fact)
    return seen


def _begin(seen: CallSeen, fact: CallStarted | CallEnded, started_at: int | None) -> None:
    seen.direction = fact.direction
    seen.internal = seen.internal or fact.internal
    seen.started_at = _first(seen.started_at, started_at)


def _end(seen: CallSeen, fact: CallEnded) -> None:
    """Several ends are the legs of one call: the one that proves most tells how it ended, in whatever order (R1)."""
    rang = None if fact.started_at is None else (fact.answered_at or fact.at) - fact.started_at
    ring = rang if fact.ring is None else fact.ring
    if seen.ended_at is None or _weight(fact.outcome, fact.talk, ring, fact.at) > _weight(
        seen.outcome, seen.talk, seen.ring, seen.ended_at
    ):
        seen.manager_id = fact.manager_id or seen.manager_id
        seen.ended_at, seen.told_at = fact.at, fact.answered_at
        seen.outcome, seen.talk, seen.ring = fact.outcome, fact.talk, ring


def _weight(outcome: str, talk: int, ring: int | None, at: int) -> tuple[int, int, bool, int, int]:
    """What an end proves: talk, that the phone was reached, that it rang, and for how long; unknown is enough (R1)."""
    return _PROVES.get(outcome, 1), talk, ring is None, ring or 0, at


def proof(call: CallSeen, limits: Bounds, own_numbers: Collection[str]) -> Proof:
    """What the call proves so far; more may follow while it is live."""
    contact = _contact(call, limits)
    reason = _nothing(call, limits, own_numbers, contact)
    if reason:
        return Proof(None, None, call.manager_id, reason)
    attempt = call_start(call) if call.direction == "outbound" else contact
    return Proof(attempt, contact, call.manager_id, Reason.NONE, call.spoken_for)


def contact_proof(fact: ContactRecorded) -> Proof:
    """A message, mail or manual record is an attempt, a meeting a contact (R1, R2); what no human did is neither."""
    if fact.automated or (fact.stranger and fact.kind in ("message", "email")):
        return Proof(None, None, fact.manager_id, Reason.AUTOMATED if fact.automated else Reason.STRANGER)
    contact = fact.at if fact.kind == "meeting" else None
    return Proof(fact.at, contact, fact.manager_id, Reason.NONE, fact.spoken_for)


def live_state(call: CallSeen) -> str | None:
    """`ringing` (in the queue too) or `talking` with a human; None when it is over or does not concern the customer."""
    if call.ended_at is not None or call.internal:
        return None
    if call.answered_at is not None:
        return "talking"
    return None if call.machine_at is not None else "ringing"


def talk_began(call: CallSeen) -> int | None:
    """When human talk began, whatever its length (R3); None when no human of the far side is known to have answered."""
    if call.ended_at is None or call.outcome != "answered":
        return call.answered_at if call.ended_at is None else None
    if call.answered_at is not None or not call.talk or _no_human(call):
        return call.answered_at
    return call.ended_at - call.talk if call.told_at is None else call.told_at


def legs(one: tuple[int, int], other: tuple[int, int], limits: Bounds) -> bool:
    """Whether two calls of a number are one to the customer: they rang at once, or one soon after the other (R26)."""
    return one[0] <= other[1] + limits.missed_settle and other[0] <= one[1] + limits.missed_settle


def call_start(call: CallSeen) -> int:
    """When the call started; if nobody said so, as far back as is known of it (R3)."""
    if call.started_at is not None:
        return call.started_at
    answered = _first(call.answered_at, call.told_at, call.machine_at, call.queued_at)
    if answered is None:
        answered = (call.ended_at or 0) - call.talk
    return answered - (call.ring or 0)


def _no_human(call: CallSeen) -> bool:
    """Whether only a machine answered, or only a queue, an IVR or the manager's own leg of a click-to-call.

    An `answered_at` after the latter three is the far side's, or that of the human who took it from the queue.
    """
    if call.machine_at is not None:
        return True
    near = max((at for at in (call.manager_at, call.queued_at) if at is not None), default=None)
    return near is not None and (call.told_at is None or call.told_at <= near)


def _contact(call: CallSeen, limits: Bounds) -> int | None:
    """Only an ended call tells how long they spoke."""
    spoke = call.ended_at is not None and call.talk >= limits.min_talk
    return talk_began(call) if spoke else None


def _nothing(call: CallSeen, limits: Bounds, own_numbers: Collection[str], contact: int | None) -> Reason:
    """Why it proves nothing, `NONE` if it proves something."""
    if call.internal:
        return Reason.INTERNAL
    if key(call.number or "") in own_numbers:
        return Reason.OWN_NUMBER
    if contact is not None:
        return Reason.NONE
    if call.ended_at is None:
        return Reason.NONE if call.direction == "outbound" and _picked_up(call) else Reason.LIVE
    return _outbound(call, limits) if call.direction == "outbound" else _inbound(call)


def _picked_up(call: CallSeen) -> bool:
    """Whether the far side answered, human or not: an attempt whatever its ring."""
    return _first(call.answered_at, call.machine_at, call.queued_at) is not None


def _outbound(call: CallSeen, limits: Bounds) -> Reason:
    if call.outcome in ("failed", "invalid_number"):
        return Reason.FAILED
    if call.outcome in _REACHED or _picked_up(call):
        return Reason.NONE
    ring = _ring(call)
    return Reason.NONE if ring is None or ring >= limits.min_ring else Reason.NOT_RUNG


def _inbound(call: CallSeen) -> Reason:
    if call.outcome in ("voicemail", "machine"):
        return Reason.MACHINE
    if call.outcome != "answered":
        return Reason.INBOUND
    return Reason.MACHINE if talk_began(call) is None else Reason.TOO_SHORT


def _ring(call: CallSeen) -> int | None:
    """How long it rang, ms; None if unknown, which counts as enough (R1)."""
    if call.ring is not None or call.started_at is None or call.ended_at is None:
        return call.ring
    return (call.ended_at if call.told_at is None else call.told_at) - call.started_at


def _first(*instants: int | None) -> int | None:
    return min((instant for instant in instants if instant is not None), default=None)
