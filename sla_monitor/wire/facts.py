"""From a valid event to a fact and the log it belongs to: numbers become E.164, managers their id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sla_monitor import numbering
from sla_monitor.core import events
from sla_monitor.core.effects import Log
from sla_monitor.core.rules import Rules, Source
from sla_monitor.core.spelling import key
from sla_monitor.numbering import Use

from . import models
from .reading import Event
from .reserved import actor_of

BAD_NUMBER = "bad_number"
WITHHELD_NUMBER = "withheld_number"
OWN_NUMBER = "own_number"
UNKNOWN_MANAGER = "unknown_manager"
NO_LEAD_NO_NUMBER = "no_lead_no_number"
"""What is counted of an event that `to_facts` sends nowhere."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What intake needs of the rules. Make one per policy in force, with `Directory.of`.

    ids: who somebody is at a source, by its name and their id there. aliases: extensions and phones that exactly one
    manager has. ours: our numbers and the managers', which no customer has. blocked: those of no one customer. Numbers
    are keys of their spellings.
    """

    managers: frozenset[str] = frozenset()
    ids: Mapping[tuple[str, str], str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    ours: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    sources: Mapping[str, Source] = field(default_factory=dict)

    @classmethod
    def of(cls, rules: Rules) -> Directory:
        roster = rules.managers.values()
        pairs = {
            (alias, manager.id) for manager in roster for alias in (*manager.extensions, *map(key, manager.phones))
        }
        owners = Counter(alias for alias, _ in pairs)
        return cls(
            managers=frozenset(rules.managers),
            ids={(source, given): manager.id for manager in roster for source, given in manager.ids.items()},
            aliases={alias: manager_id for alias, manager_id in pairs if owners[alias] == 1},
            ours=frozenset(map(key, rules.own_numbers)).union(*(map(key, manager.phones) for manager in roster)),
            blocked=frozenset(map(key, rules.blocked_numbers)),
            sources=rules.sources,
        )

    def manager(self, given: str, source: str) -> str | None:
        """The id of the manager that `given` names at a source; None if it names nobody, or several."""
        if (source, given) in self.ids:
            return self.ids[source, given]
        if given in self.managers:
            return given
        return self.aliases.get(given) or self.aliases.get(key(self.number(given, source).number or ""))

    def number(self, raw: str, source: str) -> numbering.Reading:
        """What a source wrote as a number."""
        how = self.sources.get(source) or _UNSAID
        return numbering.read(raw, how.default_region, international=how.international_without_plus)


class Routed(NamedTuple):
    """A fact, and where it goes."""

    log: Log
    key: str
    fact: events.Outside


def to_facts(event: Event, directory: Directory, received: int, source_name: str) -> Routed | None:
    """Where the event goes and as what; None if it has neither a lead nor a usable number (`NO_LEAD_NO_NUMBER`).

    received: ms. source_name: the configured name of the key, a metric label and the key in `sources`.
    """
    reading = _Reading(event, directory, received, source_name)
    fact = _MAKERS[type(event.data)](reading)
    if isinstance(fact, events.ManagerStatus):
        return Routed(Log.DESK, fact.manager_id, fact)
    if fact.lead_id is not None:
        return Routed(Log.EVENTS, fact.lead_id, fact)
    number = getattr(fact, "number", None)
    return Routed(Log.PHONES, key(number), fact) if number else None


class _Reading:
    """One event on its way to a fact; collects the flags that its origin will carry."""

    def __init__(self, event: Event, directory: Directory, received: int, source_name: str) -> None:
        self.event = event
        self.at = event.at
        self._directory = directory
        self._received = received
        self._source = source_name
        self._flags = list(event.flags)
        self._shared: set[str] = set()

    def origin(self) -> events.Origin:
        """Ask last: reading numbers and managers adds flags."""
        event = self.event
        return events.Origin(
            uri=event.source,
            id=event.id,
            source=self._source,
            received=self._received,
            digest=event.digest,
            flags=tuple(self._flags),
            actor=actor_of(self._source, event.actor),
        )

    def number(self, raw: str | None) -> str | None:
        if raw is None:
            return None
        use, number = self._directory.number(raw, self._source)
        if number is None:
            self._flag(WITHHELD_NUMBER if use is Use.WITHHELD else BAD_NUMBER)
        elif use is Use.SHARED or key(number) in self._directory.blocked:
            self._shared.add(number)
        return number

    def shared(self, *numbers: str | None) -> tuple[str, ...]:
        """Those that many may have."""
        return tuple(number for number in numbers if number in self._shared)

    def numbers(self, raw: Iterable[str]) -> tuple[str, ...]:
        """A lead's, each once, in the order given; by one of ours it would be one with the leads of others."""
        read = dict.fromkeys(filter(None, map(self.number, raw)))
        theirs = tuple(number for number in read if key(number) not in self._directory.ours)
        if len(theirs) < len(read):
            self._flag(OWN_NUMBER)
        return theirs

    def manager(self, given: str) -> str:
        """The id, or what was given, flagged. Without a roster nobody is unknown (R22)."""
        found = self._directory.manager(given, self._source)
        if found is None and self._directory.managers:
            self._flag(UNKNOWN_MANAGER)
        return found or given

    def caller(self, given: str | None) -> str | None:
        return None if given is None else self.manager(given)

    def owner(self, given: str | None) -> str | None:
        """The id, or what was given: the lead tells that its owner is unknown (R22)."""
        return given and (self._directory.manager(given, self._source) or given)

    def internal(self, said: bool | None, number: str | None) -> bool:
        """Said so by the source, or a call with one of our own numbers."""
        return bool(said) or key(number or "") in self._directory.ours

    def past(self, instant: int | None) -> int | None:
        """An instant inside the event is not after the event."""
        return None if instant is None else min(instant, self.at)

    def _flag(self, flag: str) -> None:
        if flag not in self._flags:
            self._flags.append(flag)


_UNSAID = Source("")
_Data = TypeVar("_Data", bound=models.Wire)
_Fact = events.Outside
_MAKERS: dict[type[models.Wire], Callable[[_Reading], _Fact]] = {}


def _makes(kind: type[_Data]) -> Callable[[Callable[[_Reading, _Data], _Fact]], Callable[[_Reading, _Data], _Fact]]:
    """Register the maker of the fact of one kind of data."""

    def register(maker: Callable[[_Reading, _Data], _Fact]) -> Callable[[_Reading, _Data], _Fact]:
        def make(reading: _Reading) -> _Fact:
            data: Any = reading.event.data
            return maker(reading, data)

        _MAKERS[kind] = make
        return maker

    return register


@_makes(models.LeadCreated)
def _lead_created(reading: _Reading, data: models.LeadCreated) -> events.LeadCreated:
    phones = reading.numbers(data.phones or ())
    return events.LeadCreated(
        lead_id=data.lead_id,
        at=reading.at,
        origin=reading.origin(),
        owner_id=reading.owner(data.owner_id),
        team_id=data.team_id,
        phones=phones,
        emails=tuple(data.emails or ()),
        channel=data.channel,
        priority=data.priority,
        language=data.language,
        region=data.region,
        skills=tuple(data.skills or ()),
        name=data.name,
        url=data.url,
        test=bool(data.test),
        shared=reading.shared(*phones),
    )


@_makes(models.LeadAssigned)
def _lead_assigned(reading: _Reading, data: models.LeadAssigned) -> events.LeadAssigned:
    return events.LeadAssigned(
        lead_id=data.lead_id,
        at=reading.at,
        origin=reading.origin(),
        owner_id=reading.owner(data.owner_id) or "",
        assigned_by=data.assigned_by,
    )


@_makes(models.LeadUpdated)
def _lead_updated(reading: _Reading, data: models.LeadUpdated) -> events.LeadUpdated:
    phones = None if data.phones is None else reading.numbers(data.phones)
    return events.LeadUpdated(
        lead_id=data.lead_id,
        at=reading.at,
        origin=reading.origin(),
        phones=phones,
        emails=None if data.emails is None else tuple(data.emails),
        channel=data.channel,
        priority=data.priority,
        language=data.language,
        region=data.region,
        skills=None if data.skills is None else tuple(data.skills),
        name=data.name,
        shared=reading.shared(*phones or ()),
        url=data.url,
    )


@_makes(models.LeadClosed)
def _lead_closed(reading: _Reading, data: models.LeadClosed) -> events.LeadClosed:
    return events.LeadClosed(
        lead_id=data.lead_id,
        at=reading.at,
        origin=reading.origin(),
        reason=data.reason,
        merged_into=data.merged_into,
    )


@_makes(models.LeadReopened)
def _lead_reopened(reading: _Reading, data: models.LeadReopened) -> events.LeadReopened:
    return events.LeadReopened(lead_id=data.lead_id, at=reading.at, origin=reading.origin())


@_makes(models.LeadErased)
def _lead_erased(reading: _Reading, data: models.LeadErased) -> events.LeadErased:
    return events.LeadErased(lead_id=data.lead_id, at=reading.at, origin=reading.origin())


@_makes(models.CallStarted)
def _call_started(reading: _Reading, data: models.CallStarted) -> events.CallStarted:
    number, manager_id = reading.number(data.customer_number), reading.caller(data.manager_id)
    return events.CallStarted(
        call_id=data.call_id,
        at=reading.at,
        origin=reading.origin(),
        direction=data.direction,
        lead_id=data.lead_id,
        number=number,
        manager_id=manager_id,
        internal=reading.internal(data.internal, number),
        shared=bool(reading.shared(number)),
    )


@_makes(models.CallAnswered)
def _call_answered(reading: _Reading, data: models.CallAnswered) -> events.CallAnswered:
    number, manager_id = reading.number(data.customer_number), reading.caller(data.manager_id)
    return events.CallAnswered(
        call_id=data.call_id,
        at=reading.at,
        origin=reading.origin(),
        answered_by=data.answered_by,
        lead_id=data.lead_id,
        number=number,
        manager_id=manager_id,
        shared=bool(reading.shared(number)),
    )


@_makes(models.CallEnded)
def _call_ended(reading: _Reading, data: models.CallEnded) -> events.CallEnded:
    number, manager_id = reading.number(data.customer_number), reading.caller(data.manager_id)
    return events.CallEnded(
        call_id=data.call_id,
        at=reading.at,
        origin=reading.origin(),
        direction=data.direction,
        outcome=data.outcome,
        talk=data.talk_seconds,
        lead_id=data.lead_id,
        number=number,
        started_at=reading.past(data.started_at),
        answered_at=reading.past(data.answered_at),
        ring=data.ring_seconds,
        manager_id=manager_id,
        internal=reading.internal(data.internal, number),
        shared=bool(reading.shared(number)),
    )


@_makes(models.ContactRecorded)
def _contact_recorded(reading: _Reading, data: models.ContactRecorded) -> events.ContactRecorded:
    number, manager_id = reading.number(data.customer_number), reading.manager(data.manager_id)
    return events.ContactRecorded(
        at=reading.at,
        origin=reading.origin(),
        kind=data.kind,
        automated=bool(data.automated),
        manager_id=manager_id,
        lead_id=data.lead_id,
        number=number,
        shared=bool(reading.shared(number)),
    )


@_makes(models.LeadClaimed)
def _lead_claimed(reading: _Reading, data: models.LeadClaimed) -> events.LeadClaimed:
    manager_id = reading.manager(data.manager_id)
    return events.LeadClaimed(
        lead_id=data.lead_id,
        at=reading.at,
        origin=reading.origin(),
        manager_id=manager_id,
        turn=data.turn,
    )


@_makes(models.ManagerStatus)
def _manager_status(reading: _Reading, data: models.ManagerStatus) -> events.ManagerStatus:
    manager_id = reading.manager(data.manager_id)
    return events.ManagerStatus(
        manager_id=manager_id,
        at=reading.at,
        origin=reading.origin(),
        status=data.status,
        until=data.until,
    )
