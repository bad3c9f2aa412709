"""The desk's rows, who is there, and who may take a lead (R15).

A manager's row keeps what was last found of their presence, and until when that holds; so it is the
manager's timer too. Reasons why somebody is passed over are named here and published as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

from .calendar import ALWAYS, OpenTime
from .people import shift
from .row import Header
from .rules import HOUR, Manager, Rules

STATUS_LASTS = 12 * HOUR
"""How long a status without an end of its own counts, at most (R15)."""

AVAILABLE = "available"


class PassedOver(StrEnum):
    """Why a manager does not get a lead."""

    OFF_SHIFT = "off_shift"
    BUSY = "busy"
    AWAY = "away"
    OFFLINE = "offline"
    AT_CAPACITY = "at_capacity"
    LACKS_SKILL = "lacks_skill"
    LACKS_LANGUAGE = "lacks_language"
    HAD_IT = "had_it"
    BEHIND = "behind"  # could take it, but the strategy put another first


ABSENT = frozenset({PassedOver.OFF_SHIFT, PassedOver.AWAY, PassedOver.OFFLINE})
"""Who holds a lead and is this is absent (R17); somebody busy is there."""


class Status(IntEnum):
    """What a row of the desk is, in its header."""

    WAITING = 1
    HELD = 2
    MANAGER = 3
    SIGNED_OUT = 4


@dataclass(slots=True)
class Waiting:
    """An ask that was answered with nobody, and waits for somebody (R18). In the header: its team and `since`.

    n: the number of the ask. grace: ms, for the manager who gets it (R17).
    """

    n: int
    team_id: str
    since: int
    grace: int
    skills: tuple[str, ...] = ()
    language: str | None = None
    had: tuple[str, ...] = ()
    test: bool = False

    def header(self) -> Header:
        return Header(None, Status.WAITING, self.since, self.team_id)


@dataclass(slots=True)
class Held:
    """A lead that a manager holds.

    n: the ask that was answered so, 0 if none was. told: whether the holder's present absence was announced.
    test: a test lead takes its holder's time as any other, and is in no figure; in the header, as a start.
    """

    manager_id: str
    grace: int
    n: int = 0
    told: bool = False
    test: bool = False

    def header(self) -> Header:
        return Header(None, Status.HELD, int(self.test), self.manager_id)


@dataclass(slots=True)
class Standing:
    """A manager of the roster. Instants in ms.

    status, order, until: the last status, its (time, source, id), and the end it named.
    reason, changes_at: why they are not there to be given a lead, and when that is to be looked at again.
    absent_since: when the present absence began. tell_at: when the next lead they hold is to learn of it.
    last_given: rank of the last lead we gave them among those of the team. idle_since: when they last
    got or gave back a lead. virtual_time: what they were given, each lead worth 1/weight.
    """

    absent_since: int | None = None
    status: str = ""
    order: tuple[int, str, str] = (0, "", "")
    until: int | None = None
    reason: str = ""
    changes_at: int | None = None
    tell_at: int | None = None
    last_given: int = 0
    idle_since: int = 0
    virtual_time: int = 0

    def header(self) -> Header:
        return Header(earliest(self.changes_at, self.tell_at), Status.MANAGER)


@dataclass(slots=True)
class SignedOut:
    """A session that was ended before its time, which all who serve the board refuse until then. name: of its key."""

    name: str
    until: int

    def header(self) -> Header:
        return Header(self.until, Status.SIGNED_OUT)


class Needs(Protocol):
    """What a lead asks of a manager."""

    skills: tuple[str, ...]
    language: str | None
    had: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seat:
    """A manager as the desk sees them while it chooses. held: the open leads they hold."""

    manager: Manager
    standing: Standing
    held: int

    @property
    def unable(self) -> PassedOver | None:
        """Why they can take no lead at all just now."""
        if self.standing.reason:
            return PassedOver(self.standing.reason)
        capacity = self.manager.capacity
        return PassedOver.AT_CAPACITY if capacity is not None and self.held >= capacity else None

    def passed_over(self, needs: Needs) -> PassedOver | None:
        """Why they cannot take this lead (R15)."""
        return self.unable or _unfit(self.manager, needs)


def _unfit(manager: Manager, needs: Needs) -> PassedOver | None:
    if needs.skills and not set(needs.skills) <= set(manager.skills):
        return PassedOver.LACKS_SKILL
    if needs.language and manager.languages and needs.language not in manager.languages:
        return PassedOver.LACKS_LANGUAGE
    return PassedOver.HAD_IT if manager.id in needs.had else None


def look(standing: Standing, shift: OpenTime | None, now: int) -> None:
    """Find out anew whether they are there, and until when that holds. shift: None is always."""
    ends = status_ends(standing, shift)
    in_force = standing.status not in {"", AVAILABLE} and now < ends
    on_shift = shift is None or shift.is_open(now)
    if on_shift:
        standing.reason = PassedOver(standing.status) if in_force else ""
    else:
        standing.reason = PassedOver.OFF_SHIFT
    standing.changes_at = earliest(ends if in_force else None, shift.next_change(now) if shift else None)


def status_ends(standing: Standing, shift: OpenTime | None) -> int:
    """When the last status expires: at the end it named, else at the next shift start, or after 12 hours (R15)."""
    if standing.until is not None:
        return standing.until
    at = standing.order[0]
    start = _next_start(shift, at) if shift else None
    return at + STATUS_LASTS if start is None else min(start, at + STATUS_LASTS)


def _next_start(shift: OpenTime, at: int) -> int | None:
    """The first instant after `at` at which the shift begins."""
    change = shift.next_change(at)
    if change is None or shift.is_open(change):
        return change
    return shift.next_change(change)


def shift_of(rules: Rules, manager_id: str) -> OpenTime | None:
    """When a manager works; None: always."""
    worked = shift(rules, manager_id)
    return None if worked is ALWAYS else worked


def earliest(*instants: int | None) -> int | None:
    return min((at for at in instants if at is not None), default=None)
