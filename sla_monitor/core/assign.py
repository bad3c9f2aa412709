"""The desk: the single place where managers are chosen (R15-R18). A fair choice needs one owner.

    the desk has of the lead   Ask n                     Hold             Free
    nothing, Waiting, Held     Held, or Waiting (R18)    Held             nothing
    Waiting or Held for n      as it was: a duplicate    Held             nothing

Whoever loses a lead, comes back or joins may have room: then the asks that wait for their team are
offered again, the oldest first. A manager's row is the timer of their presence and of their absence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from . import noticed
from .books import LEAD, MANAGER, SESSION, Books, named
from .effects import Ask, Count, Deliver, Effect, Free, Hold
from .events import Assigned, Away, Candidate, Due, ManagerStatus, Noticed, RulesChanged, SessionEnded
from .fold import Rows
from .noticed import Noted
from .people import team_of
from .roster import ABSENT, Held, PassedOver, Seat, SignedOut, Standing, Waiting, earliest, look, shift_of
from .row import Header
from .rules import Rules
from .strategies import enter, give, in_order

_NOTED = noticed.KEY.encode()


class Desk:
    """The reducer of the desk (`core.fold.Reducer`); the only one that sees more than one row."""

    kinds: ClassVar[tuple[type, ...]] = (Waiting, Held, Standing, SignedOut, Noted)

    def __init__(self) -> None:
        self._books = Books()
        self._read: dict[str, Standing] = {}  # managers' rows that have not been written since

    @property
    def loads(self) -> Mapping[str, int]:
        """How many open leads each manager holds, without those who hold none; test leads are in no figure (R30)."""
        held = {manager_id: len(rows) for manager_id, rows in self._books.holds.items()}
        return {manager_id: count for manager_id in held if (count := held[manager_id] - self._books.tests[manager_id])}

    def fold(self, rows: Rows, key: str, fact: Any, now: int, rules: Rules) -> list[Effect]:
        """Apply one fact. key: that of the record, or for `Due` that of the row."""
        sitting = Sitting(self._books, self._read, rows, now, rules)
        FACTS[type(fact)](sitting, key, fact)
        sitting.close()
        return sitting.effects

    def moved(self, key: bytes, old: Header | None, new: Header | None) -> None:
        """A row was written by a fold that ended well, or read at opening."""
        if key == _NOTED:
            return
        if self._read and key.startswith(MANAGER.encode()):
            self._read.pop(named(key), None)
        if old is not None:
            self._books.remove(key, old)
        if new is not None:
            self._books.add(key, new)


class Sitting:
    """One fold of the desk. The books stay as they are until it has ended well; what it changes is kept beside."""

    def __init__(self, books: Books, read: dict[str, Standing], rows: Rows, now: int, rules: Rules) -> None:
        self.books = books
        self._read = read
        self.rows = rows
        self.now = now
        self.rules = rules
        self.effects: list[Effect] = []
        self._lead_id: str | None = None
        self._loads: dict[str, int] = {}
        self._standings: dict[str, Standing] = {}
        self._roomier: set[str] = set()

    def close(self) -> None:
        """Offer what waits to whoever has room now, and write the managers who changed."""
        self.offer()
        for manager_id, standing in self._standings.items():
            self.rows.put(MANAGER + manager_id, standing)

    def count(self, result: str) -> None:
        self.effects.append(Count(result))

    # the lead at hand

    def take(self, lead_id: str) -> Waiting | Held | None:
        """Set the lead of this fold aside from the books; what the desk has of it."""
        self._lead_id = lead_id
        row: Waiting | Held | None = self.rows.get(LEAD + lead_id)
        return row

    def release(self, row: Waiting | Held | None) -> None:
        """Nobody holds the lead at hand any more."""
        if isinstance(row, Held):
            self._load(row.manager_id, -1)
            self._has_room(row.manager_id)

    def hold(self, lead_id: str, held: Held) -> None:
        self._load(held.manager_id, +1)
        self.rows.put(LEAD + lead_id, held)

    def _load(self, manager_id: str, change: int) -> None:
        self._loads[manager_id] = self._loads.get(manager_id, 0) + change
        if manager_id in self.rules.managers:
            self.change(manager_id).idle_since = self.now

    # managers

    def standing(self, manager_id: str) -> Standing:
        """The row of a manager of the roster, right as of now; only to be read."""
        standing = self._known(manager_id) or self._own(manager_id)
        if standing.changes_at is not None and standing.changes_at <= self.now:
            self.look_at(manager_id, since=standing.changes_at)
            return self._own(manager_id)
        return standing

    def change(self, manager_id: str) -> Standing:
        """The same, to be changed: it is written when the sitting closes."""
        self.standing(manager_id)
        return self._own(manager_id)

    def is_absent(self, manager_id: str) -> bool:
        """Whether a lead must not count on them (R17). Without a roster everybody is there (R22)."""
        if manager_id in self.rules.managers:
            return self.standing(manager_id).absent_since is not None
        return bool(self.rules.managers)

    def look_at(self, manager_id: str, since: int) -> None:
        """Find out whether they are there. since: when what has changed did."""
        standing = self._own(manager_id)
        look(standing, shift_of(self.rules, manager_id), self.now)
        if standing.reason in ABSENT:
            if standing.absent_since is None:
                standing.absent_since = since
            standing.tell_at = earliest(*(at for at, _, _ in self._to_be_told(manager_id, standing.absent_since)))
        elif standing.absent_since is not None:
            self._come_back(manager_id, standing)
        if not standing.reason:
            self._has_room(manager_id)

    def _own(self, manager_id: str) -> Standing:
        """A copy of the row as it is, to be changed; somebody new is about to come in."""
        standing = self._standings.get(manager_id)
        if standing is None:
            known = self._known(manager_id)
            standing = replace(known) if known else Standing(absent_since=self.now, changes_at=self.now)
            self._standings[manager_id] = standing
        return standing

    def _known(self, manager_id: str) -> Standing | None:
        """The row as it is, only to be read: a choice looks at the whole team and changes one of them."""
        standing: Standing | None = self._standings.get(manager_id) or self._read.get(manager_id)
        if standing is not None:
            return standing
        standing = self.rows.get(MANAGER + manager_id)
        if standing is not None:  # never one of our own, which may be given up half changed
            self._read[manager_id] = standing
        return standing

    def _come_back(self, manager_id: str, standing: Standing) -> None:
        enter(standing, self._present(manager_id))
        standing.absent_since = standing.tell_at = None
        for lead_id, held in self._held_by(manager_id):
            if held.told:
                self.rows.put(LEAD + lead_id, replace(held, told=False))
                back = Away(lead_id=lead_id, manager_id=manager_id, at=self.now, back=True)
                self.effects.append(Deliver(lead_id=lead_id, fact=back))

    def _present(self, newcomer: str) -> Iterator[Standing]:
        """Those of the newcomer's team who are there already, as far as their rows know."""
        team = team_of(self.rules, newcomer)
        for manager_id in team.managers if team else ():
            standing = self._known(manager_id)
            if standing and standing.absent_since is None:
                yield standing

    def _has_room(self, manager_id: str) -> None:
        team = team_of(self.rules, manager_id)
        if team is not None:
            self._roomier.add(team.id)

    # absence

    def tell(self, manager_id: str) -> None:
        """Tell the leads of an absent manager whose grace has run out."""
        standing = self.change(manager_id)
        if standing.absent_since is None:
            return
        left = []
        for at, lead_id, held in self._to_be_told(manager_id, standing.absent_since):
            if at <= self.now:
                self.tell_lead(lead_id, held)
            else:
                left.append(at)
        standing.tell_at = earliest(*left)

    def tell_all(self, manager_id: str) -> None:
        """Tell the leads of somebody who has left the roster: no grace brings them back."""
        for _, lead_id, held in self._to_be_told(manager_id, self.now):
            self.tell_lead(lead_id, held)

    def tell_lead(self, lead_id: str, held: Held) -> None:
        self.rows.put(LEAD + lead_id, replace(held, told=True))
        away = Away(lead_id=lead_id, manager_id=held.manager_id, at=self.now)
        self.effects.append(Deliver(lead_id=lead_id, fact=away))

    def _to_be_told(self, manager_id: str, since: int) -> Iterator[tuple[int, str, Held]]:
        """(when, lead, its row) for each lead that does not know yet of an absence that began at `since`."""
        for lead_id, held in self._held_by(manager_id):
            if not held.told:
                yield since + held.grace, lead_id, held

    def _held_by(self, manager_id: str) -> Iterator[tuple[str, Held]]:
        """The leads held when this fold began, but for the one at hand."""
        for key in sorted(self.books.holds.get(manager_id, ())):
            lead_id = named(key)
            if lead_id != self._lead_id:
                yield lead_id, self.rows.get(LEAD + lead_id)

    # choosing

    def offer(self) -> None:
        """Offer the asks that wait to the teams that have more room than before."""
        teams, self._roomier = sorted(self._roomier), set()
        for team_id in teams:
            self._offer(team_id)

    def _offer(self, team_id: str) -> None:
        for _, key in self.books.waits.get(team_id, ()):
            if all(seat.unable for seat in self.seats(team_id)):
                return
            lead_id = named(key)
            if lead_id != self._lead_id:
                answer = self.choose(lead_id, self.rows.get(LEAD + lead_id))
                if answer.manager_id is not None:
                    self.effects.append(Deliver(lead_id=lead_id, fact=answer))

    def look_around(self, team_id: str) -> None:
        """Find out who of a team is there."""
        team = self.rules.teams.get(team_id)
        for manager_id in team.managers if team else ():
            self.standing(manager_id)

    def seats(self, team_id: str) -> list[Seat]:
        """The managers of a team in the order to be tried; none, if there is no such team."""
        team = self.rules.teams.get(team_id)
        return in_order(team.strategy, map(self._seat, team.managers)) if team else []

    def _seat(self, manager_id: str) -> Seat:
        held = len(self.books.holds.get(manager_id, ())) + self._loads.get(manager_id, 0)
        return Seat(self.rules.managers[manager_id], self.standing(manager_id), held)

    def choose(self, lead_id: str, ask: Waiting) -> Assigned:
        """Give the lead to the first who can take it; the answer says why not to the others (R15)."""
        seats = self.seats(ask.team_id)
        verdicts = [(seat, seat.passed_over(ask)) for seat in seats]
        chosen = next((seat for seat, reason in verdicts if reason is None), None)
        if chosen is not None:
            give(replace(chosen, standing=self.change(chosen.manager.id)), seats)
            self.hold(lead_id, Held(chosen.manager.id, ask.grace, ask.n, test=ask.test))
        passed = [
            Candidate(seat.manager.id, reason or PassedOver.BEHIND) for seat, reason in verdicts if seat is not chosen
        ]
        return _answer(lead_id, ask.n, self.now, chosen, passed)


def _answer(lead_id: str, n: int, now: int, chosen: Seat | None, passed: list[Candidate]) -> Assigned:
    """The answer to ask n: the chosen one is listed first, the others in the order tried."""
    return Assigned(
        lead_id=lead_id,
        n=n,
        at=now,
        manager_id=chosen.manager.id if chosen else None,
        candidates=(*([Candidate(chosen.manager.id)] if chosen else []), *passed),
    )


# facts


def on_ask(sitting: Sitting, _: str, fact: Ask) -> None:
    """Older asks come first; what nobody can take is answered so once, and waits."""
    row = sitting.take(fact.lead_id)
    if row is not None and row.n == fact.n:
        sitting.count("duplicate")
        return
    sitting.release(row)
    sitting.look_around(fact.team_id)  # whoever turns out to be back is offered the older asks first
    sitting.offer()
    ask = Waiting(fact.n, fact.team_id, fact.at, fact.grace, fact.skills, fact.language, fact.had, fact.test)
    answer = sitting.choose(fact.lead_id, ask)
    if answer.manager_id is None:
        sitting.rows.put(LEAD + fact.lead_id, ask)
    sitting.effects.append(Deliver(lead_id=fact.lead_id, fact=answer))
    sitting.count("ok")


def on_hold(sitting: Sitting, _: str, fact: Hold) -> None:
    """Whoever it names holds the lead; if they are absent, it learns so at once."""
    row = sitting.take(fact.lead_id)
    sitting.release(row)
    held = Held(fact.manager_id, fact.grace, row.n if row else 0, test=fact.test)
    sitting.hold(fact.lead_id, held)
    if sitting.is_absent(fact.manager_id):
        sitting.tell_lead(fact.lead_id, held)
    sitting.count("ok")


def on_free(sitting: Sitting, _: str, fact: Free) -> None:
    row = sitting.take(fact.lead_id)
    sitting.release(row)
    sitting.rows.put(LEAD + fact.lead_id, None)
    sitting.count("ok")


def on_status(sitting: Sitting, _: str, fact: ManagerStatus) -> None:
    """The newest status by event time counts, in whatever order they arrive."""
    if fact.manager_id not in sitting.rules.managers:
        sitting.count("ignored_unknown_manager")
        return
    standing = sitting.change(fact.manager_id)
    order = fact.at, fact.origin.uri, fact.origin.id
    if order <= standing.order:
        sitting.count("duplicate" if order == standing.order else "ignored_older")
        return
    standing.status, standing.order, standing.until = fact.status, order, fact.until
    sitting.look_at(fact.manager_id, since=min(fact.at, sitting.now))
    sitting.count("ok")


def on_noticed(sitting: Sitting, _: str, fact: Noticed) -> None:
    """Kept beside the people: it changes nobody's choice."""
    noted = sitting.rows.get(noticed.KEY) or Noted()
    noted.take(fact)
    sitting.rows.put(noticed.KEY, noted)


def on_rules(sitting: Sitting, _: str, __: RulesChanged) -> None:
    """The roster is another: who left is gone for the leads they hold, who came may have room."""
    roster = sitting.rules.managers
    for manager_id in sorted(sitting.books.managers - roster.keys()):
        sitting.rows.put(MANAGER + manager_id, None)
    for manager_id in sorted(sitting.books.holds.keys() - roster.keys()):
        if sitting.is_absent(manager_id):
            sitting.tell_all(manager_id)
    for manager_id in sorted(roster):
        sitting.look_at(manager_id, since=sitting.now)


def on_session_ended(sitting: Sitting, _: str, fact: SessionEnded) -> None:
    """Kept until the session would have ended by itself: the desk is the home of what all who serve must know."""
    if fact.until > sitting.now:
        sitting.rows.put(SESSION + fact.digest, SignedOut(fact.name, fact.until))
    sitting.count("ok")


def on_due(sitting: Sitting, key: str, _: Due) -> None:
    """The timer of a manager: their presence may have changed, or a grace has run out; or of a session's end."""
    if key.startswith(SESSION):
        sitting.rows.put(key, None)
        return
    sitting.tell(key.removeprefix(MANAGER))


FACTS: Mapping[type, Callable[[Sitting, str, Any], None]] = {
    Ask: on_ask,
    Hold: on_hold,
    Free: on_free,
    ManagerStatus: on_status,
    Noticed: on_noticed,
    RulesChanged: on_rules,
    SessionEnded: on_session_ended,
    Due: on_due,
}
