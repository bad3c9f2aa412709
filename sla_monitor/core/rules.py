"""The policy, resolved: what a policy file says, with every default filled in, in milliseconds.

`policy.py` builds it from the file; the logs carry it (R33); reducers only read it.
Field names follow the policy file. The defaults here are the built-ins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

NOTICES = (
    "assigned",
    "warning",
    "reassigned_away",
    "breached",
    "escalated",
    "unassignable",
    "no_team",
    "taken",
    "answered",
    "closed",
    "joined",
    "retracted",
    "contact_breached",
    "missed_call",
    "absent",
    "stuck",
    "undelivered",
)
"""The kinds of notices about a lead."""

URGENT = ("escalated", "unassignable", "no_team", "stuck")
"""The kinds that come in quiet hours too: without the head nobody looks after the lead."""

Intervals = tuple[tuple[int, int], ...]
"""Open spans of one local day as (from, to) minutes after midnight; `to` may pass 1440 (over midnight)."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours: a zone, a week, and dates that replace their weekday (holidays are empty dates).

    week: seven tuples, Monday first. dates: ISO date -> intervals.
    """

    timezone: str = "UTC"
    week: tuple[Intervals, ...] = (((0, 1440),),) * 7
    dates: Mapping[str, Intervals] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manager:
    """shift: the name of a calendar, or None for always. capacity: open leads at once, None for no limit.

    days_off: ISO dates on which the shift does not begin. quiet: hours of every day in which notices wait, but for
    those of the kinds in `urgent`.
    """

    id: str
    name: str = ""
    shift: str | None = None
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    capacity: int | None = None
    weight: int = 1
    extensions: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()  # E.164
    ids: Mapping[str, str] = field(default_factory=dict)  # the name of a source -> who they are there
    notify: tuple[str, ...] = ("log://",)
    days_off: tuple[str, ...] = ()
    quiet: Intervals = ()
    urgent: tuple[str, ...] = URGENT


@dataclass(frozen=True, slots=True)
class Template:
    """A team's own words for a notice, with placeholders in braces; None: the built-in ones."""

    title: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Team:
    """name: as people read it, the id if empty. templates: by the kind of the notice and the language."""

    id: str
    managers: tuple[str, ...] = ()
    head: str | None = None
    strategy: str = "round_robin"  # weighted, least_loaded, longest_idle
    templates: Mapping[str, Mapping[str, Template]] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """What is promised for the leads that match. Spans in ms, warn_at in percent of the target.

    title: as people read it, the name if empty.
    """

    name: str = "default"
    match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # field of the lead -> accepted values
    team: str | None = None
    target: int = 10 * MINUTE
    response: str = "attempt"  # contact
    calendar: str | None = None
    require_skills: tuple[str, ...] = ()
    warn_at: tuple[int, ...] = (60, 85)
    on_breach: str = "reassign"  # notify
    max_turns: int = 3
    escalate_to: str = "head"  # head, or the id of a manager
    allowance: int = 2 * SECOND
    unowned: str = "assign"  # wait
    unowned_after: int = MINUTE
    on_absence: str = "wait"  # reassign
    absence_grace: int = MINUTE
    contact_target: int | None = None
    join_same_number: bool = True
    apply_to_open: bool = False
    objective: float = 0.95
    notify_owner: bool = True
    title: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """How a source behaves: R34. default_region: ISO country of numbers without a country code.

    international_without_plus: whether it writes country codes, but no plus. rejected: what becomes of a call that its
    PBX rejected (R26).
    """

    name: str
    calls: str = "live"  # after_end
    max_delay: int = 2 * MINUTE
    default_region: str | None = None
    international_without_plus: bool = False
    rejected: str = "lead"  # ignore


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint that outcomes are posted to. types: those it gets, without `.v1`; empty for all of them.

    secret_file: where its signing secrets are read. allow_private: whether its host may have an address of our own
    network, and be spoken to without TLS.
    """

    name: str
    url: str
    secret_file: str
    types: tuple[str, ...] = ()
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """The `limits` of the policy file, ms."""

    min_ring: int = 10 * SECOND
    min_talk: int = 15 * SECOND
    short_abandon: int = 5 * SECOND
    missed_settle: int = 30 * SECOND
    match_window: int = 30 * MINUTE
    max_event_age: int = 24 * HOUR
    retract_window: int = 7 * DAY
    max_hold_ringing: int = 2 * MINUTE
    max_hold_talking: int = 2 * HOUR
    max_catch_up: int = 60 * SECOND
    erase_within: int = 7 * DAY
    digest_after: int = 5  # a number of notices, not a span
    digest_window: int = MINUTE


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a decision may depend on besides the row and the fact. Never empty of policies."""

    version: int = 0
    calendars: Mapping[str, Hours] = field(default_factory=dict)
    managers: Mapping[str, Manager] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)
    policies: tuple[Policy, ...] = (Policy(),)
    sources: Mapping[str, Source] = field(default_factory=dict)
    limits: Bounds = Bounds()
    own_numbers: tuple[str, ...] = ()
    blocked_numbers: tuple[str, ...] = ()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
