"""Facts: what happened, in the past tense. Every reducer is fed with these.

Instants (`at`, `received`, ...) are milliseconds since the Unix epoch, spans are milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .hashing import stable_hash
from .rules import Rules


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a fact from outside comes from. (`uri`, `id`) is its identity for deduplication.

    uri: the CloudEvents `source`; id: the CloudEvents `id`.
    source: the configured name of the key that sent it (a metric label), `other` if none.
    received: when it was accepted, ms. digest: a 32-bit hash of its data, to tell conflicts.
    hops: how often it was forwarded from a joined or merged lead.
    flags: what intake noticed: `future_time`, `unknown_manager`, `bad_number`, `own_number`.
    actor: who did it, by the name of their key, or, as `source:name`, as a source says; empty where nobody does.
    may: the teams upon whose leads they may act (`core.rights`), None for a source that is no person. person: who they
    are in the roster. Only doors of ours, where somebody is known, say these two.
    """

    uri: str = ""
    id: str = ""
    source: str = "other"
    received: int = 0
    digest: int = 0
    hops: int = 0
    flags: tuple[str, ...] = ()
    actor: str = ""
    may: tuple[str, ...] | None = None
    person: str = ""

    def uid(self) -> int:
        """The 63-bit hash of (uri, id) kept in rows for deduplication."""
        return stable_hash(f"{self.uri}\0{self.id}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCreated:
    lead_id: str
    at: int
    origin: Origin = Origin()
    owner_id: str | None = None
    team_id: str | None = None
    phones: tuple[str, ...] = ()  # E.164
    emails: tuple[str, ...] = ()
    channel: str | None = None
    priority: str | None = None
    language: str | None = None
    region: str | None = None
    skills: tuple[str, ...] = ()
    name: str | None = None
    test: bool = False
    shared: tuple[str, ...] = ()  # those of `phones` that many may have
    give_after: int = 0  # of a missed call: another leg may turn out answered until then, ms (R26)
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadAssigned:
    lead_id: str
    at: int
    owner_id: str  # empty: nobody has it any more
    origin: Origin = Origin()
    assigned_by: str | None = None  # human, rule, sla


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadUpdated:
    """What changes; `None` leaves a field as it is, an empty tuple empties it.

    part: the lead of which it was said, if that is part of `lead_id` (R25).
    """

    lead_id: str
    at: int
    origin: Origin = Origin()
    phones: tuple[str, ...] | None = None
    emails: tuple[str, ...] | None = None
    channel: str | None = None
    priority: str | None = None
    language: str | None = None
    region: str | None = None
    skills: tuple[str, ...] | None = None
    name: str | None = None
    shared: tuple[str, ...] = ()  # as in `LeadCreated`
    url: str | None = None
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadClosed:
    lead_id: str
    at: int
    reason: str  # converted, junk, duplicate, deleted, merged; not_missed (ours, R26)
    origin: Origin = Origin()
    merged_into: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadReopened:
    lead_id: str
    at: int
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadErased:
    lead_id: str
    at: int
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted:
    """A call is (origin.uri, call_id). It carries a lead_id or an E.164 number, or both.

    spoken_for: it fell into the clock of another lead of the number that was open then, while the one that it was
    matched to was not: it meets no clock of that one that comes later (R5). shared: many may have the number.
    """

    call_id: str
    at: int
    direction: str  # inbound, outbound
    origin: Origin = Origin()
    lead_id: str | None = None
    number: str | None = None
    manager_id: str | None = None
    internal: bool = False
    spoken_for: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    call_id: str
    at: int
    answered_by: str  # manager, customer, machine, ivr, queue, unknown
    origin: Origin = Origin()
    lead_id: str | None = None
    number: str | None = None
    manager_id: str | None = None
    spoken_for: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """Complete by itself: many PBXs send nothing else. `at` is the end."""

    call_id: str
    at: int
    direction: str  # inbound, outbound
    outcome: str  # answered, no_answer, busy, rejected, canceled, failed, voicemail, machine, invalid_number
    talk: int  # ms of human talk
    origin: Origin = Origin()
    lead_id: str | None = None
    number: str | None = None
    started_at: int | None = None
    answered_at: int | None = None
    ring: int | None = None  # ms
    manager_id: str | None = None
    internal: bool = False
    spoken_for: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRecorded:
    """automated: no human did it. stranger: nobody of the roster did, at a source whose people are known (R1)."""

    at: int
    kind: str  # message, email, meeting, manual
    manager_id: str
    origin: Origin = Origin()
    lead_id: str | None = None
    number: str | None = None
    spoken_for: bool = False
    shared: bool = False
    automated: bool = False
    stranger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadClaimed:
    lead_id: str
    at: int
    manager_id: str
    turn: int
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerStatus:
    manager_id: str
    at: int
    status: str  # available, busy, away, offline
    origin: Origin = Origin()
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesChanged:
    """The policy in force, resolved; ignored unless its version is higher (R33)."""

    version: int
    rules: Rules
    at: int


# Answers from one log to another.


@dataclass(frozen=True, slots=True)
class Candidate:
    """A manager the desk looked at; `passed_over` is why not, empty for the one chosen (R15)."""

    manager_id: str
    passed_over: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The desk's answer to ask `n` of a lead: a manager, or nobody (`None`) yet (R18)."""

    lead_id: str
    n: int
    at: int
    manager_id: str | None
    candidates: tuple[Candidate, ...] = ()
    others: tuple[tuple[str, int], ...] = ()  # of old records: (reason, count) beyond 20 candidates


@dataclass(frozen=True, slots=True, kw_only=True)
class Away:
    """The desk found the holder of a lead absent (R17). back: they are there again."""

    lead_id: str
    manager_id: str
    at: int
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answer to question `k`: all that was accepted before it has been applied (R8).

    by: the number that answers, or the lead_id that was asked.
    """

    lead_id: str
    k: int
    by: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """`into` accepted `lead_id` as one of its own (R25).

    undecided: whether its own clock was then. via, cycle: see `Join`.
    """

    lead_id: str
    into: str
    at: int
    started_at: int
    due_at: int
    undecided: bool = True
    via: str = ""
    cycle: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRefused:
    """`into` does not take `lead_id` (R25). reason: itself, joined, unknown, not_open, full."""

    lead_id: str
    into: str
    reason: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """`joined`, which `lead_id` has accepted, is no part of it (R25): answered, closed, erased or reopened since."""

    lead_id: str
    joined: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinedReopened:
    """`joined`, which is part of `lead_id`, was reopened: that means something only if `lead_id` is not open (R29)."""

    lead_id: str
    joined: str
    at: int
    reopened: LeadReopened


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """What `lead_id` is part of is not open any more: reopened, it is a lead of its own again (R29)."""

    lead_id: str
    at: int
    reopened: LeadReopened


@dataclass(frozen=True, slots=True, kw_only=True)
class PartErased:
    """`joined`, part of `lead_id` now or before, was erased; so is what it alone brought (R31).

    numbers: all it had. hops: how often it was passed on.
    """

    lead_id: str
    joined: str
    at: int
    numbers: tuple[str, ...]
    hops: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """A missed call that made no lead is part of `lead_id`, which takes its start (R26)."""

    lead_id: str
    started_at: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Preceded:
    """The number of `lead_id` was on `previous_lead_id` before, which is not open any more (R25)."""

    lead_id: str
    previous_lead_id: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What `joined` knew when `lead_id` took it: its numbers and its proofs (R25).

    phones: its own. parts: those of the leads that joined it. came ... late_given: of its clock, if `lead_id` has it
    from now on; due_at 0 if not. contact_breached: so was its contact target, which is not decided again.
    """

    lead_id: str
    joined: str
    at: int
    phones: tuple[str, ...] = ()
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shared: tuple[str, ...] = ()
    attempt_at: int = 0
    attempt_by: str = ""
    contact_at: int = 0
    contact_by: str = ""
    came: int = 0
    started_at: int = 0
    due_at: int = 0
    contact_due_at: int = 0
    first_holder: str = ""
    late_given: str = ""
    contact_breached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How an attempt to send a notice ended; comes back into the partition, never through a log.

    channel: the address that it was sent to. permanent: the same attempt fails again. refused: the receiver answered
    that it does not take this message now. asked: False if it was not even asked, as others took all the time.
    unsure: it may have arrived all the same.
    """

    lead_id: str
    notice_id: str
    attempt: int
    at: int
    error: str | None = None
    permanent: bool = False
    retry_after: int | None = None  # ms, as the receiver asked
    channel: str = ""
    refused: bool = False
    asked: bool = True
    unsure: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """How an attempt to post an outcome to a webhook ended; comes back into the partition, never through a log.

    entry: what tells the policy's entry that it went to from another of the same name. status: of HTTP, 0 if there was
    no answer. asked: False if the endpoint was not even asked. took: ms.
    """

    webhook: str
    lead_id: str
    outcome_id: str
    attempt: int
    at: int
    entry: int = 0
    status: int = 0
    error: str | None = None
    retry_after: int | None = None  # ms, as the endpoint asked
    asked: bool = True
    took: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEnabled:
    """Somebody wants an endpoint that was disabled to be tried again; written to every partition."""

    webhook: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded:
    """Somebody signed out: whoever serves the board refuses the session. digest: of what its cookie says.

    name: of the key. until: when the session would have ended by itself, ms.
    """

    digest: str
    name: str
    until: int
    at: int


@dataclass(frozen=True, slots=True)
class Due:
    """The row's own timer: `now` has reached the `next_due` of its header.

    blind: what others accepted before may still be on its way, and has been waited for long enough (R8).
    """

    now: int
    blind: bool = False


Call = CallStarted | CallAnswered | CallEnded
LeadFact = LeadCreated | LeadAssigned | LeadUpdated | LeadClosed | LeadReopened | LeadErased | LeadClaimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The monitor's own, not a producer's. key: of its row; partition: of the log of leads that it goes through."""

    key: str
    partition: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """What intake noticed of an event; no personal data. source: the name of the source. at: when it was accepted, ms.

    reason: `noticed.KNOWN_PERSON`, or why it has no effect or less than was meant. kind, uri, id: the event's type,
    `source` and `id`. who: the id that names nobody we know.
    """

    source: str
    at: int
    reason: str
    kind: str = ""
    uri: str = ""
    id: str = ""
    who: str = ""


Outside = LeadFact | Call | ContactRecorded | ManagerStatus
"""What producers send; everything else is ours."""
