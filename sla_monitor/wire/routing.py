"""From a valid event to the log that owns it, by the policy in force: the same way in for HTTP and for Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from sla_monitor.core import noticed
from sla_monitor.core.effects import Accept, Log
from sla_monitor.core.events import ContactRecorded, LeadAssigned, LeadCreated, Noticed
from sla_monitor.core.rules import MINUTE, Rules
from sla_monitor.numbering import Use

from .facts import (
    BAD_NUMBER,
    NO_LEAD_NO_NUMBER,
    OWN_NUMBER,
    UNKNOWN_MANAGER,
    WITHHELD_NUMBER,
    Directory,
    Routed,
    to_facts,
)
from .reading import Event

UNKNOWN_OWNER = "unknown_owner"

SAMPLED = frozenset({BAD_NUMBER, NO_LEAD_NO_NUMBER, OWN_NUMBER, WITHHELD_NUMBER, UNKNOWN_MANAGER, UNKNOWN_OWNER})
"""What is noticed of an event, besides being counted: it has no effect, or less than was meant."""

EVERY = MINUTE
"""One sample of a source and reason is noticed so often."""

MESSAGES = ("message", "email")


class Entry(NamedTuple):
    """accept: where the event's fact goes; None: nowhere. counts: what is counted of it. also: what was noticed."""

    accept: Accept | None
    counts: tuple[str, ...]
    also: tuple[Accept, ...] = ()


class Routing:
    """rules: those in force. known: the sources of which somebody known has written (R1)."""

    def __init__(self, rules: Callable[[], Rules]) -> None:
        self.known: set[str] = set()
        self._kept: set[str] = set()
        self._told: dict[str, int] = {}
        self._rules = rules
        self._directory_of: tuple[Rules, Directory] | None = None
        self._noticed: dict[tuple[str, str], int] = {}

    def learn(self, known: Iterable[str]) -> None:
        """The known sources that the desk keeps."""
        self._kept |= set(known)
        self.known |= self._kept

    def unsent(self) -> None:
        """What was noticed last may not be stored: that somebody is known is told again with the next message."""
        self._told.clear()

    def enter(self, event: Event, received: int, source: str) -> Entry:
        """received: ms. source: the name of the source, for its region and as a label."""
        directory = self._directory()
        routed = to_facts(event, directory, received, source)
        if routed is None:
            if _withheld(event, directory, source):
                return Entry(None, (WITHHELD_NUMBER,))
            return Entry(None, (NO_LEAD_NO_NUMBER,), self._sample(event, received, source, [NO_LEAD_NO_NUMBER]))
        flags = routed.fact.origin.flags
        also: list[Accept] = []
        if isinstance(routed.fact, ContactRecorded) and routed.fact.kind in MESSAGES and directory.managers:
            routed, also = self._message(routed, routed.fact, received, source)
        reasons = [*_odd(event, flags), *_strangers(routed, directory)]
        also += self._sample(event, received, source, reasons)
        return Entry(Accept(routed.log, routed.key, routed.fact), flags, tuple(also))

    def _message(
        self, routed: Routed, fact: ContactRecorded, received: int, source: str
    ) -> tuple[Routed, list[Accept]]:
        """Once a source has had one message of somebody known, those of strangers prove nothing (R1).

        That is told once a minute until the desk is known to keep it.
        """
        if UNKNOWN_MANAGER in fact.origin.flags:
            return routed._replace(fact=replace(fact, stranger=source in self.known)), []
        if fact.automated:
            return routed, []
        self.known.add(source)
        if source in self._kept or received - self._told.get(source, -EVERY) < EVERY:
            return routed, []
        self._told[source] = received
        return routed, [_notice(Noticed(source=source, at=received, reason=noticed.KNOWN_PERSON))]

    def _sample(self, event: Event, received: int, source: str, reasons: Iterable[str]) -> tuple[Accept, ...]:
        """A few of what has no effect, so that somebody can look at them."""
        found = []
        for reason in SAMPLED.intersection(reasons):
            if received - self._noticed.get((source, reason), -EVERY) >= EVERY:
                self._noticed[source, reason] = received
                who = _who(event, reason)
                found.append(
                    _notice(
                        Noticed(
                            source=source,
                            at=received,
                            reason=reason,
                            kind=event.type,
                            uri=event.source,
                            id=event.id,
                            who=who,
                        )
                    )
                )
        return tuple(found)

    def _directory(self) -> Directory:
        """Made once a policy."""
        rules = self._rules()
        if self._directory_of is None or self._directory_of[0] is not rules:
            self._directory_of = rules, Directory.of(rules)
        return self._directory_of[1]


def _notice(fact: Noticed) -> Accept:
    return Accept(Log.DESK, noticed.KEY, fact)


def _withheld(event: Event, directory: Directory, source: str) -> bool:
    """Whether a call of nobody is one whose caller gave no number: nobody's mistake."""
    number = getattr(event.data, "customer_number", None)
    return number is not None and directory.number(number, source).use is Use.WITHHELD


def _odd(event: Event, flags: Iterable[str]) -> list[str]:
    """What was noticed. Callers may withhold a number; a lead that has a word for it is odd, one without any is not."""
    said = any(phone.strip() for phone in getattr(event.data, "phones", None) or ())
    return [flag for flag in flags if said or flag != WITHHELD_NUMBER]


def _strangers(routed: Routed, directory: Directory) -> list[str]:
    fact = routed.fact
    owner = fact.owner_id if isinstance(fact, LeadCreated | LeadAssigned) else None
    return [UNKNOWN_OWNER] if owner and directory.managers and owner not in directory.managers else []


def _who(event: Event, reason: str) -> str:
    """The id that names nobody, for whoever maps it; one that may be a phone number is a person's."""
    name = {UNKNOWN_MANAGER: "manager_id", UNKNOWN_OWNER: "owner_id"}.get(reason, "")
    given = str(getattr(event.data, name, None) or "")
    return given if sum(map(str.isdigit, given)) < PERSONAL and "@" not in given else ""


PERSONAL = 9
"""An id with so many digits may be a phone number."""
